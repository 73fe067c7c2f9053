"""Messages and model responses as plain records: role, content, tool calls."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from langchain_core.messages import BaseMessage, ToolMessage
from langchain_core.outputs import Generation, LLMResult
from langchain_core.prompt_values import ChatPromptValue

_ROLES: Final = {
    "human": "user",
    "HumanMessageChunk": "user",
    "ai": "assistant",
    "AIMessageChunk": "assistant",
    "SystemMessageChunk": "system",
    "ToolMessageChunk": "tool",
    "FunctionMessageChunk": "function",
}
# Where the integrations put what a provider says about its response, by the names that the event's metadata has.
_RESPONSE_FACTS: Final = {
    "finish_reason": ("finish_reason", "stop_reason", "done_reason"),
    "response_model": ("model_name", "model"),
    "response_id": ("id",),
}
# How deep messages are looked for in a chain's input and output: ``{"messages": [...]}`` and one level more.
_DEPTH: Final = 3


def message_record(message: BaseMessage) -> dict[str, object]:
    """One message; one of a class that nobody knows has its type as role."""
    kind = message.type
    record: dict[str, object] = {
        "role": getattr(message, "role", None) or _ROLES.get(kind, kind),
        "content": message.content,
    }
    if message.name:
        record["name"] = message.name
    calls = _tool_calls(message)
    if calls:
        record["tool_calls"] = calls
    call_id = getattr(message, "tool_call_id", None)
    if call_id:
        record["tool_call_id"] = call_id
    return record


def _tool_calls(message: BaseMessage) -> list[dict[str, object]]:
    """The calls that a model asks for; one whose arguments could not be parsed has them as text, and the reason."""
    calls = [
        {"id": call["id"], "name": call["name"], "arguments": call["args"]}
        for call in cast("list[dict[str, Any]]", getattr(message, "tool_calls", None) or ())
    ]
    calls.extend(
        {"id": call["id"], "name": call["name"], "arguments": call["args"], "error": call.get("error")}
        for call in cast("list[dict[str, Any]]", getattr(message, "invalid_tool_calls", None) or ())
    )
    return calls


def chat_history(messages: Sequence[Sequence[BaseMessage]]) -> dict[str, object]:
    """The inputs of a chat model's run."""
    return {"chat_history": [message_record(message) for batch in messages for message in batch]}


def prompt_history(prompts: Sequence[str]) -> dict[str, object]:
    """The inputs of a text model's run, in the form that a chat model's have."""
    return {"chat_history": [{"role": "user", "content": prompt} for prompt in prompts]}


def model_outputs(response: LLMResult) -> dict[str, object]:
    """The outputs of a model's run: its first candidate, and all of them where there are more."""
    records = [_candidate_record(candidate) for candidate in _candidates(response)]
    if len(records) > 1:
        return {**records[0], "candidates": records}
    return records[0] if records else {}


def response_facts(response: LLMResult) -> dict[str, object]:
    """What the provider says about its response: why it stopped, which model it really was, its id."""
    candidates = _candidates(response)
    if not candidates:
        return {}
    message = getattr(candidates[0], "message", None)
    said: list[Mapping[str, Any]] = [
        source
        for source in (getattr(message, "response_metadata", None), candidates[0].generation_info, response.llm_output)
        if source
    ]
    facts: dict[str, object] = {}
    for fact, names in _RESPONSE_FACTS.items():
        values = (source.get(name) for source in said for name in names)
        facts[fact] = next((value for value in values if isinstance(value, str) and value), None)
    return {fact: value for fact, value in facts.items() if value is not None}


def _candidates(response: LLMResult) -> list[Generation]:
    return [cast("Generation", candidate) for candidates in response.generations for candidate in candidates]


def _candidate_record(candidate: Generation) -> dict[str, object]:
    message = getattr(candidate, "message", None)
    if isinstance(message, BaseMessage):
        return message_record(message)
    return {"role": "assistant", "content": candidate.text}


def chain_inputs(inputs: object) -> dict[str, object] | None:
    """The inputs of a chain; None for those that are not there (yet).

    A stream has not read its input when it starts: LangChain then says ``{"input": ""}`` (``Runnable.transform``), and
    gives the real one with the end.
    """
    recorded = None if inputs is None else as_mapping(inputs, "input")
    return None if recorded is not None and len(recorded) == 1 and _is_empty(recorded.get("input")) else recorded


def _is_empty(value: object) -> bool:
    return isinstance(value, str) and not value


def tool_outputs(output: object) -> dict[str, object]:
    """The outputs of a tool's run; of a tool message, what it says to the model."""
    return {"result": output.content if isinstance(output, ToolMessage) else with_records(output)}


def tool_failure(output: object) -> str | None:
    """The error that a tool reported in its message instead of raising it."""
    if not isinstance(output, ToolMessage) or output.status != "error":
        return None
    return output.content if isinstance(output.content, str) else "the tool reported an error"


def as_mapping(value: object, name: str) -> dict[str, object]:
    """*value* as an event's mapping: itself where it is one with names for keys, else under *name*."""
    recorded = with_records(value)
    if isinstance(recorded, dict) and all(type(key) is str for key in cast("dict[object, object]", recorded)):
        return cast("dict[str, object]", recorded)
    return {name: recorded}


def with_records(value: object, depth: int = _DEPTH) -> object:
    """*value* with records for its messages; anything else stays as it is, for the core to encode."""
    if isinstance(value, BaseMessage):
        return message_record(value)
    if isinstance(value, ChatPromptValue):
        return {"messages": [message_record(message) for message in value.messages]}
    if depth == 0:
        return value
    if type(value) is dict:
        mapping = cast("Mapping[object, object]", value)
        return {key: with_records(item, depth - 1) for key, item in mapping.items()}
    if type(value) is list or type(value) is tuple:
        items = cast("Sequence[object]", value)
        # A long list of numbers or texts is not walked through.
        return (
            items if items and isinstance(items[0], (str, int, float)) else [with_records(i, depth - 1) for i in items]
        )
    return value
