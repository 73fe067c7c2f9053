"""Attributes that mean one field each, by table: the conventions' names on the left, the record's on the right."""

from collections.abc import Callable, Mapping
from typing import Final

from honeyhive.events.conventions.reading import Reading, items, parsed, text, texts

# Of several names for one field, the first in this order wins.
_FIELDS: Final = {
    # The model and who serves it. OpenInference has the host in `llm.provider` and the family of the API in `llm.system`.
    "gen_ai.request.model": ("config.model",),
    "llm.request.model_name": ("config.model",),
    "llm.model_name": ("config.model",),
    "llm.request.model": ("config.model",),
    "langfuse.observation.model.name": ("config.model",),
    "embedding.model_name": ("config.model",),
    "decision.request.model_name": ("config.model",),
    "decision.model_name": ("config.model",),
    "reranker.model_name": ("config.model",),
    "gen_ai.provider.name": ("config.provider", "metadata.provider"),
    "llm.provider": ("config.provider", "metadata.provider"),
    "decision.provider": ("config.provider", "metadata.provider"),
    "gen_ai.system": ("config.provider", "metadata.provider", "metadata.system"),
    "llm.system": ("config.provider", "metadata.provider", "metadata.system"),
    "decision.system": ("config.provider", "metadata.provider", "metadata.system"),
    "gen_ai.response.model": ("metadata.response_model",),
    "llm.response.model_name": ("metadata.response_model",),
    "decision.response.model_name": ("metadata.response_model",),
    "gen_ai.response.id": ("metadata.response_id",),
    # What kind of step it was.
    "gen_ai.operation.name": ("metadata.operation_name",),
    "openinference.span.kind": ("metadata.span_kind",),
    "traceloop.span.kind": ("metadata.span_kind",),
    "langfuse.observation.type": ("metadata.span_kind",),
    "langsmith.span.kind": ("metadata.span_kind",),
    "llm.request.type": ("metadata.request_type",),
    # Who and where.
    "gen_ai.conversation.id": ("metadata.conversation_id",),
    "session.id": ("metadata.session_id",),
    "user.id": ("metadata.user_id", "user_properties.user_id"),
    "user.name": ("user_properties.name",),
    "user.full_name": ("user_properties.full_name",),
    "user.email": ("user_properties.email",),
    "user.roles": ("user_properties.roles",),
    "user.hash": ("user_properties.hash",),
    "gen_ai.user": ("metadata.user_id", "user_properties.user_id"),
    "llm.user": ("metadata.user_id", "user_properties.user_id"),
    "honeyhive_user_id": ("metadata.user_id", "user_properties.user_id"),
    "gen_ai.agent.name": ("metadata.agent_name",),
    "agent.name": ("metadata.agent_name",),
    "gen_ai.agent.id": ("metadata.agent_id",),
    "gen_ai.agent.description": ("metadata.agent_description",),
    "gen_ai.agent.version": ("metadata.agent_version",),
    "gen_ai.workflow.name": ("metadata.workflow_name",),
    "traceloop.workflow.name": ("metadata.workflow_name",),
    "graph.node.id": ("metadata.graph_node_id",),
    "graph.node.name": ("metadata.graph_node_name",),
    "graph.node.parent_id": ("metadata.graph_node_parent_id",),
    # Tools.
    "gen_ai.tool.name": ("metadata.tool_name",),
    "tool.name": ("metadata.tool_name",),
    "gen_ai.tool.description": ("metadata.tool_description",),
    "tool.description": ("metadata.tool_description",),
    "gen_ai.tool.type": ("metadata.tool_type",),
    "gen_ai.tool.status": ("metadata.tool_status",),
    "gen_ai.tool.call.id": ("metadata.tool_call_id",),
    "tool_call.id": ("metadata.tool_call_id",),
    "tool.id": ("metadata.tool_call_id",),
    "mcp.method.name": ("metadata.mcp_request_type",),
    "mcp.session.id": ("metadata.mcp_session_id",),
    "mcp.server.name": ("metadata.mcp_server_name",),
    "mcp.client.name": ("metadata.mcp_client_name",),
    "mcp.tool.name": ("metadata.mcp_tool_name",),
    # Retrieval.
    "gen_ai.retrieval.query.text": ("inputs.query",),
    "reranker.query": ("inputs.query",),
    "gen_ai.retrieval.top_k": ("config.top_k",),
    "reranker.top_k": ("config.top_k",),
    "gen_ai.data_source.id": ("metadata.data_source_id",),
    # The rest of what HoneyHive has a name for.
    "input.mime_type": ("metadata.input_mime_type",),
    "output.mime_type": ("metadata.output_mime_type",),
    "gen_ai.openai.api_base": ("metadata.openai_api_base",),
    "gen_ai.openai.response.system_fingerprint": ("metadata.openai_system_fingerprint",),
    "gen_ai.openai.system_fingerprint": ("metadata.openai_system_fingerprint",),
    "gen_ai.response.system_fingerprint": ("metadata.openai_system_fingerprint",),
    "honeyhive_error_type": ("metadata.error_type",),
    # Parameters with names of their own; those under `gen_ai.request.` are read by their prefix.
    "llm.top_k": ("config.top_k",),
    "llm.frequency_penalty": ("config.frequency_penalty",),
    "llm.presence_penalty": ("config.presence_penalty",),
    "llm.chat.stop_sequences": ("config.stop_sequences",),
    "llm.request.repetition_penalty": ("config.repetition_penalty",),
    "llm.request.reasoning_effort": ("config.reasoning_effort",),
    "llm.is_streaming": ("config.stream",),
    "gen_ai.is_streaming": ("config.stream",),
    "langsmith.request.streaming": ("config.stream",),
    "gen_ai.openai.request.seed": ("config.seed",),
    "gen_ai.openai.request.service_tier": ("config.service_tier",),
    "gen_ai.openai.request.response_format": ("config.response_format",),
    # Tags.
    "tag.tags": ("metadata.tags",),
    "langfuse.trace.tags": ("metadata.tags",),
    "langsmith.span.tags": ("metadata.tags",),
}

# Frameworks that name themselves where the provider should stand; who serves the model is then not known.
_FRAMEWORKS: Final = frozenset({"langchain", "crewai", "llamaindex", "haystack"})


def _tags(value: object) -> object:
    found = items(value)
    if found or not isinstance(value, str):
        return texts(found) or None
    return [tag.strip() for tag in value.split(",")]


def _provider(value: object) -> object:
    return value if isinstance(value, str) and value not in _FRAMEWORKS else None


_CONVERTED: Final[dict[str, Callable[[object], object]]] = {
    "config.model": text,
    "config.provider": _provider,
    "config.stop_sequences": parsed,
    "metadata.provider": _provider,
    "metadata.tags": _tags,
}


_CALLED: Final = {
    target: tuple(name for name, targets in _FIELDS.items() if target in targets)
    for target in ("config.model", "config.provider", "metadata.response_model")
}


def called(attributes: Mapping[str, object], target: str) -> str | None:
    """What `read_rules` makes of *target*: ``config.model``, ``config.provider`` or ``metadata.response_model``."""
    convert = _CONVERTED.get(target, text)
    values = (convert(attributes[name]) for name in _CALLED[target] if name in attributes)
    return next((value for value in values if isinstance(value, str) and value), None)


def read_rules(reading: Reading) -> None:
    """Put every attribute that means one field into that field."""
    for name, targets in _FIELDS.items():
        if name not in reading.attributes:
            continue
        value = reading.take(name)
        if value is None:
            continue
        for target in targets:
            field, _, key = target.partition(".")
            convert = _CONVERTED.get(target)
            reading.put(field, key, value if convert is None else convert(value))
