"""What LlamaIndex hands over, as plain data: messages, documents, arguments and answers.

Objects are read by the names of their attributes, so that no module of LlamaIndex has to be imported. Vectors, media and
the objects behind the spans are never read.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Final

from honeyhive_llamaindex._classify import Role

_PARAMETERS: Final = ("temperature", "max_tokens", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty")
_INTEGRATIONS: Final = frozenset({"llms", "embeddings", "multi_modal_llms"})
_TEXT_BLOCKS: Final = frozenset({"text", "tool_call", "cache"})


def chat_history(messages: Sequence[Any]) -> list[dict[str, object]]:
    """LlamaIndex's *messages* as ``{role, content, tool_calls, …}``."""
    return [message_of(message) for message in messages]


def message_of(message: Any) -> dict[str, object]:
    """One chat message; ``content`` is a text, or a list of parts when there is more than text in it."""
    blocks: list[Any] = list(getattr(message, "blocks", ()))
    found: dict[str, object] = {"role": _role(message), "content": _content(message, blocks)}
    calls = [_tool_call(block) for block in blocks if block.block_type == "tool_call"]
    if calls:
        found["tool_calls"] = calls
    extra: Mapping[str, object] = getattr(message, "additional_kwargs", {})
    found.update({name: extra[name] for name in ("tool_call_id", "name") if isinstance(extra.get(name), str)})
    return found


def answer_of(response: Any) -> dict[str, object]:
    """The ``outputs`` of a model event: the message of a chat *response*, or the text of a completion as one."""
    message = getattr(response, "message", None)
    return message_of(message) if message is not None else {"role": "assistant", "content": response.text}


def documents_of(nodes: Sequence[Any]) -> list[dict[str, object]]:
    """Retrieved *nodes* as ``{id, score, content, metadata}``."""
    return [
        {
            "id": scored.node.node_id,
            "score": None if scored.score is None else float(scored.score),
            "content": _text_of_node(scored.node),
            "metadata": scored.node.metadata,
        }
        for scored in nodes
    ]


def config_of_model(instance: object) -> dict[str, object]:
    """What is known of a model before it is called: the provider, by its integration package, and parameters."""
    fields = vars(instance)
    config = {name: fields.get(name) for name in _PARAMETERS}
    config["provider"] = _provider(type(instance))
    return {name: value for name, value in config.items() if isinstance(value, (str, int, float))}


def config_of_call(payload: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, object]:
    """What a call says of itself: the model, by LlamaIndex's *payload* of it, and parameters among its *arguments*."""
    config = {name: arguments.get(name) for name in _PARAMETERS}
    names = (payload.get("model_name"), payload.get("model"))
    config["model"] = next((name for name in names if isinstance(name, str) and name != "unknown"), None)
    return {name: value for name, value in config.items() if isinstance(value, (str, int, float))}


def inputs_of(role: Role, arguments: inspect.BoundArguments, tags: Mapping[str, object]) -> dict[str, object]:
    """The ``inputs`` of a span of *role* that was called with *arguments*; a model call's come with its start event."""
    values = arguments.arguments
    first: Any = next(iter(values.values()), None)
    match role:
        case Role.RETRIEVER | Role.QUERY_ENGINE | Role.SYNTHESIZER:
            return {"query": getattr(first, "query_str", first)}
        case Role.CHAT_ENGINE:
            return {"message": first}
        case Role.EMBEDDING:
            return {"texts": [first] if isinstance(first, str) else first}
        case Role.TOOL:
            return _tool_arguments(values)
        case Role.AGENT:
            # The arguments of a run also hold the state of its broker: only the user's message is read.
            message = getattr(values.get("start_event"), "user_msg", None)
            return {"message": message if isinstance(message, str) else getattr(message, "content", None)}
        case Role.STEP:
            return {"event": tags.get("llamaindex.step.input_summary")}
        case Role.LLM | Role.WORKFLOW:
            return {}


def outputs_of(role: Role, result: Any) -> dict[str, object]:
    """The ``outputs`` of a span of *role* that returned *result*; empty where an event of LlamaIndex's brings them."""
    match role:
        case Role.RETRIEVER:
            return {"documents": documents_of(result)}
        case Role.QUERY_ENGINE | Role.SYNTHESIZER | Role.CHAT_ENGINE:
            return {"result": getattr(result, "response", None)}
        case Role.EMBEDDING:
            is_batch = bool(result) and isinstance(result[0], list)
            vectors = result if is_batch else [result]
            return {"count": len(vectors), "dimensions": len(vectors[0])}
        case Role.TOOL:
            return {"result": getattr(result, "content", None)}
        case Role.AGENT:
            message = getattr(getattr(result, "result", None), "response", None)
            return {"result": getattr(message, "content", None)}
        case Role.WORKFLOW:
            return {"result": getattr(result, "result", None)}
        case Role.LLM | Role.STEP:
            return {}


def _role(message: Any) -> str:
    role = getattr(message, "role", None)
    return str(getattr(role, "value", "user"))


def _content(message: Any, blocks: list[Any]) -> object:
    if all(block.block_type in _TEXT_BLOCKS for block in blocks):
        return message.content
    return [_part(block) for block in blocks if block.block_type not in {"tool_call", "cache"}]


def _part(block: Any) -> dict[str, object]:
    """One block of a message of several kinds; media is described, not copied."""
    kind = block.block_type
    if kind == "text":
        return {"type": kind, "text": block.text}
    if kind == "thinking":
        return {"type": kind, "text": block.content}
    return {"type": kind, "mime_type": getattr(block, f"{kind}_mimetype", None)}


def _tool_call(block: Any) -> dict[str, object]:
    return {"id": block.tool_call_id, "name": block.tool_name, "arguments": block.tool_kwargs}


def _tool_arguments(values: Mapping[str, Any]) -> dict[str, object]:
    """The arguments of a tool by name; what is passed on as ``*args`` and ``**kwargs`` is unpacked."""
    found = {name: value for name, value in values.items() if name not in {"args", "kwargs"}}
    if values.get("args"):
        found["args"] = list(values["args"])
    return {**found, **values.get("kwargs", {})}


def _text_of_node(node: Any) -> str | None:
    text = getattr(node, "text", None)
    if text is None:  # a multimodal node
        text = getattr(getattr(node, "text_resource", None), "text", None)
    return text if isinstance(text, str) else None


def _provider(owner: type) -> str | None:
    """``openai`` for a class of, or derived from, ``llama_index.llms.openai``."""
    for base in owner.__mro__:
        package, _, rest = base.__module__.partition(".")
        kind, _, integration = rest.partition(".")
        if package == "llama_index" and kind in _INTEGRATIONS and integration:
            return integration.partition(".")[0]
    return None
