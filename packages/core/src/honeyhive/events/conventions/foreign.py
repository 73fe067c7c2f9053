"""A foreign span in HoneyHive's terms, whichever convention it keeps."""

import dataclasses
from collections.abc import Mapping
from typing import Final

from honeyhive.events.conventions.genai import read_genai
from honeyhive.events.conventions.kinds import event_type_of
from honeyhive.events.conventions.langfuse import read_langfuse
from honeyhive.events.conventions.langsmith import read_langsmith
from honeyhive.events.conventions.openinference import read_openinference
from honeyhive.events.conventions.reading import Reading
from honeyhive.events.conventions.rules import called, read_rules
from honeyhive.events.conventions.traceloop import read_traceloop
from honeyhive.events.conventions.usage import plain_usage, read_usage
from honeyhive.events.event import EventType, Usage

# What the names of all conventions begin with; a span that has none of them is not looked at.
_HEADS: Final = frozenset(
    {
        "gen_ai",
        "llm",
        "openinference",
        "traceloop",
        "langfuse",
        "langsmith",
        "input",
        "output",
        "tool",
        "tool_call",
        "retrieval",
        "reranker",
        "embedding",
        "decision",
        "evaluations",
        "annotations",
        "session",
        "user",
        "metadata",
        "tag",
        "agent",
        "graph",
        "prompt",
        "mcp",
        "operation",
        "honeyhive_user_id",
        "honeyhive_error_type",
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class ModelCall:
    """What a price is looked up by; ``usage.cost`` is the one that was reported, if any."""

    usage: Usage
    model: str | None
    provider: str | None


def concerns(reading: Reading) -> bool:
    """Whether any convention has something to say of the span."""
    return any(name.partition(".")[0] in _HEADS for name in reading.attributes) or any(
        point.name.partition(".")[0] in _HEADS for point in reading.points
    )


def read_conventions(reading: Reading) -> None:
    """Read all that the conventions say of one span into *reading*; never raises.

    The exact comes before the whole, so that what is told twice is read once: OpenTelemetry, then OpenInference, then the
    others. A request's own messages go before ``input.value``, which repeats them.
    """
    read_rules(reading)
    read_usage(reading)
    read_genai(reading)
    read_openinference(reading)
    read_traceloop(reading)
    read_langfuse(reading)
    read_langsmith(reading)


def model_call_of(attributes: Mapping[str, object]) -> ModelCall | None:
    """The model call that a foreign span with *attributes* is; None for another event, or one without tokens."""
    if event_type_of(attributes) is not EventType.model:
        return None
    usage = plain_usage(attributes)
    if usage is None:
        usage = read_usage(Reading(attributes, event_type=EventType.model))
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    return ModelCall(
        usage,
        model=called(attributes, "config.model") or called(attributes, "metadata.response_model"),
        provider=called(attributes, "config.provider"),
    )
