"""What kind of event a foreign span is, by what its attributes say and never by its name.

A name such as ``generate_report`` or ``google_search`` says nothing (``facts/honeyhive-api.md`` §7.1 row 29): a span that does
not tell what it is counts as a tool, as it does for HoneyHive.
"""

from collections.abc import Mapping
from typing import Final

from honeyhive import semconv
from honeyhive.events.event import EventType

_MODEL: Final = EventType.model
_TOOL: Final = EventType.tool
_CHAIN: Final = EventType.chain

_LANGFUSE: Final = {
    "generation": _MODEL,
    "embedding": _MODEL,
    "span": _CHAIN,
    "chain": _CHAIN,
    "agent": _CHAIN,
    "tool": _TOOL,
    "retriever": _TOOL,
    "evaluator": _TOOL,
    "guardrail": _TOOL,
    "event": _TOOL,
}
_LANGSMITH: Final = {
    "llm": _MODEL,
    "embedding": _MODEL,
    "chain": _CHAIN,
    "prompt": _CHAIN,
    "parser": _CHAIN,
    "tool": _TOOL,
    "retriever": _TOOL,
}
_OPERATIONS: Final = {
    "chat": _MODEL,
    "generate_content": _MODEL,
    "text_completion": _MODEL,
    "embeddings": _MODEL,
    "create_agent": _CHAIN,
    "invoke_agent": _CHAIN,
    "invoke_workflow": _CHAIN,
    "plan": _CHAIN,
    "execute_task": _CHAIN,
    "execute_tool": _TOOL,
    "retrieval": _TOOL,
    "vector_db_retrieve": _TOOL,
    "fetch_response": _TOOL,
    "search_memory": _TOOL,
    "create_memory": _TOOL,
    "update_memory": _TOOL,
    "upsert_memory": _TOOL,
    "delete_memory": _TOOL,
    "create_memory_store": _TOOL,
    "delete_memory_store": _TOOL,
}
_OPENINFERENCE: Final = {
    "LLM": _MODEL,
    "EMBEDDING": _MODEL,
    "DECISION": _MODEL,
    "CHAIN": _CHAIN,
    "AGENT": _CHAIN,
    "PROMPT": _CHAIN,
    "TOOL": _TOOL,
    "RETRIEVER": _TOOL,
    "RERANKER": _TOOL,
    "GUARDRAIL": _TOOL,
    "EVALUATOR": _TOOL,
}
_TRACELOOP: Final = {"workflow": _CHAIN, "task": _CHAIN, "agent": _CHAIN, "tool": _TOOL}
_REQUEST_TYPES: Final = {"chat": _MODEL, "completion": _MODEL, "embedding": _MODEL, "rerank": _TOOL}

# The first that says something decides. langfuse and langsmith come before the operation: langsmith's exporter writes
# ``chat`` for a prompt template and ``embeddings`` for a retriever beside the true kind.
_SIGNALS: Final = (
    ("langfuse.observation.type", _LANGFUSE),
    ("langsmith.span.kind", _LANGSMITH),
    (semconv.GEN_AI_OPERATION, _OPERATIONS),
    (semconv.OPENINFERENCE_KIND, _OPENINFERENCE),
    ("traceloop.span.kind", _TRACELOOP),
    ("llm.request.type", _REQUEST_TYPES),
)
_MODEL_NAMES: Final = ("gen_ai.request.model", "llm.request.model_name", "llm.model_name", "llm.request.model")

_SAYING: Final = frozenset((semconv.EVENT_TYPE, semconv.EVENT_TYPE_RAW, *(name for name, _ in _SIGNALS), *_MODEL_NAMES))


def event_type_of(attributes: Mapping[str, object]) -> EventType:
    """The type of the event that a span with *attributes* is; a tool where they do not say.

    ``honeyhive_event_type`` decides, then 1.x's ``honeyhive_event_type_raw``, then the conventions' own kinds, then a requested
    model's name. Never raises.
    """
    if _SAYING.isdisjoint(attributes):
        return _TOOL
    for name in (semconv.EVENT_TYPE, semconv.EVENT_TYPE_RAW):
        explicit = attributes.get(name)
        if isinstance(explicit, str) and explicit in EventType.__members__:
            return EventType(explicit)
    for name, types in _SIGNALS:
        said = attributes.get(name)
        found = types.get(said) if isinstance(said, str) else None
        if found is not None:
            return found
    return _MODEL if any(isinstance(attributes.get(name), str) for name in _MODEL_NAMES) else _TOOL
