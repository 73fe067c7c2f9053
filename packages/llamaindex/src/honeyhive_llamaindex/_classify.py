"""Which of LlamaIndex's spans become events, and as what.

LlamaIndex opens a span for each method that its instrumentation decorates: a single query opens twelve. The table
below lists the operations that a reader of a session asks about. Every other span is passed over, and what runs inside it
is shown below the nearest span that is kept.
"""

import inspect
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from honeyhive.integration import EventType


class Role(StrEnum):
    """What the object behind a kept span is."""

    LLM = "llm"
    EMBEDDING = "embedding"
    RETRIEVER = "retriever"
    QUERY_ENGINE = "query engine"
    SYNTHESIZER = "synthesizer"
    CHAT_ENGINE = "chat engine"
    TOOL = "tool"
    AGENT = "agent"
    WORKFLOW = "workflow"
    STEP = "step"


_LLM_METHODS: Final = frozenset(
    f"{kind}{name}" for kind in ("", "a", "stream_", "astream_") for name in ("chat", "complete")
)
_DENSE_METHODS: Final = frozenset(
    f"{kind}{name}"
    for kind in ("", "a")
    for name in ("get_query_embedding", "get_text_embedding", "get_text_embedding_batch")
)

# LlamaIndex's base class → what its subclasses are, and which of their methods are kept.
_KEPT: Final[Mapping[str, tuple[Role, frozenset[str]]]] = {
    "BaseLLM": (Role.LLM, _LLM_METHODS),
    "MultiModalLLM": (Role.LLM, _LLM_METHODS),
    "BaseEmbedding": (Role.EMBEDDING, _DENSE_METHODS),
    "BaseRetriever": (Role.RETRIEVER, frozenset({"retrieve", "aretrieve"})),
    "BaseQueryEngine": (Role.QUERY_ENGINE, frozenset({"query", "aquery"})),
    "BaseSynthesizer": (Role.SYNTHESIZER, frozenset({"synthesize", "asynthesize"})),
    "BaseChatEngine": (Role.CHAT_ENGINE, frozenset({"chat", "achat", "stream_chat", "astream_chat"})),
    # `__call__` of a tool is passed over because it does nothing but call `call`.
    "AsyncBaseTool": (Role.TOOL, frozenset({"call", "acall"})),
    # An agent is a workflow whose steps are LlamaIndex's own; what matters in them are models and tools.
    "BaseWorkflowAgent": (Role.AGENT, frozenset({"run"})),
    "AgentWorkflow": (Role.AGENT, frozenset({"run"})),
    "Workflow": (Role.WORKFLOW, frozenset({"run"})),
}
_PACKAGES: Final = frozenset({"llama_index", "workflows"})

_EVENT_TYPES: Final[Mapping[Role, EventType]] = {
    Role.LLM: EventType.model,
    Role.EMBEDDING: EventType.model,
    Role.RETRIEVER: EventType.tool,
    Role.TOOL: EventType.tool,
}

_STREAMING_RESPONSES: Final = frozenset({"StreamingResponse", "AsyncStreamingResponse", "StreamingAgentChatResponse"})


def operation_of(span_id: str) -> str:
    """The ``Class.method`` (or function) that *span_id* starts with; a UUID follows it."""
    return span_id.rsplit("-", 5)[0]


def role_of(operation: str, instance: object, parent: Role | None) -> Role | None:
    """What a span is kept as; None when it is passed over. *parent* is the role of the span around it."""
    if instance is None:
        # A workflow's runtime calls steps as plain functions, directly inside the span of the run.
        return Role.STEP if parent is Role.WORKFLOW else None
    return _role_of_method(type(instance), operation.rpartition(".")[2])


@lru_cache(1024)
def _role_of_method(owner: type, method: str) -> Role | None:
    for base in owner.__mro__:
        found = _KEPT.get(base.__name__)
        if found is not None and base.__module__.partition(".")[0] in _PACKAGES:
            role, methods = found
            return role if method in methods else None
    return None


def event_type_of(role: Role) -> EventType:
    """The type of the event that stands for a span of *role*."""
    return _EVENT_TYPES.get(role, EventType.chain)


def event_name_of(operation: str, role: Role, instance: object) -> str:
    """What the event is called: a tool by its own name, everything else ``Class.method``."""
    if role is Role.TOOL:
        name: Any = getattr(getattr(instance, "metadata", None), "name", None)
        return name if isinstance(name, str) and name else operation
    return ".".join(operation.rsplit(".", 2)[-2:])


def stream_of(result: object) -> object | None:
    """The stream in what a span returned, which outlives the span; None when the result is complete."""
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        return result
    if type(result).__name__ not in _STREAMING_RESPONSES:
        return None
    inner: object = vars(result).get("response_gen")
    return inner if inspect.isgenerator(inner) or inspect.isasyncgen(inner) else result
