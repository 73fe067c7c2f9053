"""What a run is, by what LangChain and LangGraph say of it: never by parts of a name."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from honeyhive.models import EventType


@dataclasses.dataclass(frozen=True, slots=True)
class RunKind:
    """A kind of run: the event it is recorded as, and how it is called where it has no name.

    ``may_vanish`` says that nobody reports the end of such a run when its task is cancelled: chains and text models catch
    every ``BaseException``, tools and retrievers only ``Exception``, and a chat model's ``agenerate`` waits in a
    ``gather`` that a cancellation leaves without a word.
    """

    event_type: EventType
    word: str
    may_vanish: bool


CHAIN: Final = RunKind(EventType.chain, "chain", may_vanish=False)
CHAT_MODEL: Final = RunKind(EventType.model, "model", may_vanish=True)
TEXT_MODEL: Final = RunKind(EventType.model, "model", may_vanish=False)
TOOL: Final = RunKind(EventType.tool, "tool", may_vanish=True)
RETRIEVER: Final = RunKind(EventType.tool, "retriever", may_vanish=True)

# `ls_integration` is inherited by everything below; only the graph itself has it without a node.
_GRAPHS: Final = {"langgraph": "graph", "langchain_create_agent": "agent"}
_NODE_TAG: Final = "graph:step:"
_POSITION_TAGS: Final = (_NODE_TAG, "seq:step:")
_FRAMEWORK_KEYS: Final = ("ls_", "lc_", "checkpoint_ns")

# Names that have a meaning of their own in an event's metadata: a program that calls its own run's metadata so would
# change the status and the bill of every event below that run.
_EVENT_KEYS: Final = frozenset(
    {
        "status",
        "cost",
        "cost_source",
        "prompt_tokens",
        "completion_tokens",
        "total_tokens",
        "cache_read_input_tokens",
        "cache_write_input_tokens",
        "reasoning_tokens",
    }
)


def class_name(serialized: Mapping[str, Any] | None, *, otherwise: str) -> str:
    """The name of the class that *serialized* describes, for a run that was given none; *otherwise* when it has none."""
    serialized = serialized or {}
    path: Sequence[Any] = serialized.get("id") or ()
    for candidate in (serialized.get("name"), *path[-1:]):
        if isinstance(candidate, str) and candidate:
            return candidate
    return otherwise


def chain_kind(metadata: Mapping[str, Any] | None, tags: Sequence[str] | None, run_type: str | None) -> str | None:
    """What more than a chain a run is: a ``graph``, ``agent`` or ``node``, or its run type, such as ``prompt``."""
    for tag in tags or ():
        if tag.startswith(_NODE_TAG):
            return "node"
    if metadata and "langgraph_node" not in metadata:
        return _GRAPHS.get(metadata.get("ls_integration", "")) or run_type
    return run_type


def run_metadata(metadata: Mapping[str, Any] | None, tags: Sequence[str] | None, **facts: object) -> dict[str, object]:
    """The metadata of a run's event: *facts* that are known, the user's metadata and tags, LangGraph's position."""
    known: dict[str, object] = {}
    for key, value in (metadata or {}).items():
        if key in _EVENT_KEYS:
            known["run_metadata"] = {**cast("dict[str, object]", known.get("run_metadata", {})), key: value}
        elif not key.startswith(_FRAMEWORK_KEYS):
            known[key] = value
    own_tags = [tag for tag in tags or () if not tag.startswith(_POSITION_TAGS)]
    if own_tags:
        known["tags"] = own_tags
    known.update({key: value for key, value in facts.items() if value is not None})
    return known


def is_handover(error: BaseException) -> bool:
    """Whether *error* is how LangGraph hands a ``Command`` to the graph above, which is no failure."""
    return _is_langgraph(error, "ParentCommand")


def is_pause(error: BaseException) -> bool:
    """Whether *error* is how LangGraph stops a graph that is to go on later: an interrupt, a drain."""
    return _is_langgraph(error, "GraphBubbleUp") and not is_handover(error)


def interrupts(error: BaseException) -> list[dict[str, object]]:
    """What a pause asks a human or another process for, with the ids that the answer has to name."""
    if not _is_langgraph(error, "GraphInterrupt") or not error.args:
        return []
    return [{"id": getattr(item, "id", None), "value": getattr(item, "value", None)} for item in error.args[0]]


def _is_langgraph(error: BaseException, name: str) -> bool:
    # Such an error exists only where LangGraph has been imported; importing it here would cost half a second.
    kind = getattr(sys.modules.get("langgraph.errors"), name, None)
    return isinstance(kind, type) and isinstance(error, kind)
