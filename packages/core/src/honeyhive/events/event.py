"""The event record: one span of work as HoneyHive knows it (``facts/honeyhive-api.md`` §3)."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Self

from honeyhive.errors import EventError


class EventType(StrEnum):
    """What an event is: a call of a model, a tool, a chain of steps, or the session around them all."""

    model = "model"
    tool = "tool"
    chain = "chain"
    session = "session"
    generic = "generic"


class Status(StrEnum):
    """How an event ended (design decision 9); ``metadata.status`` on the record."""

    OK = "ok"
    ERROR = "error"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    WAITING = "waiting"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one provider call.

    Totals are inclusive: ``input_tokens`` contains the cached ones and ``output_tokens`` the reasoning ones; details are
    subsets and are never subtracted (design decision 11). None means that the provider did not say.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost: float | None = None

    @property
    def total(self) -> int | None:
        """The provider's total, or the sum of input and output when it gave both."""
        if self.total_tokens is not None:
            return self.total_tokens
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens


def _empty() -> dict[str, Any]:
    return {}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, complete.

    ``start_time`` and ``end_time`` are Unix milliseconds, ``duration`` is milliseconds. ``event_id``, ``session_id`` and
    ``parent_id`` are UUID strings; ``parent_id`` is None on the session event only, whose ``event_id`` is the session id.
    Raises `EventError`, naming the field, when a required field is missing or has the wrong type.
    """

    event_id: str
    session_id: str
    event_type: EventType
    event_name: str
    start_time: float
    end_time: float
    parent_id: str | None = None
    project: str | None = None
    source: str | None = None
    error: str | None = None
    config: Mapping[str, Any] = dataclasses.field(default_factory=_empty)
    inputs: Mapping[str, Any] = dataclasses.field(default_factory=_empty)
    outputs: Mapping[str, Any] = dataclasses.field(default_factory=_empty)
    metadata: Mapping[str, Any] = dataclasses.field(default_factory=_empty)
    metrics: Mapping[str, Any] = dataclasses.field(default_factory=_empty)
    feedback: Mapping[str, Any] = dataclasses.field(default_factory=_empty)
    user_properties: Mapping[str, Any] = dataclasses.field(default_factory=_empty)
    children_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in _TEXT_FIELDS:
            _require(self, name, str, "a text")
        for name in _TIME_FIELDS:
            _require(self, name, (int, float), "a number of Unix milliseconds")
        for name in MAPPING_FIELDS:
            _require(self, name, Mapping, "a mapping")

    @property
    def duration(self) -> float:
        """Milliseconds from start to end."""
        return self.end_time - self.start_time

    def to_dict(self) -> dict[str, Any]:
        """The record in its JSON form, every field of ``facts/honeyhive-api.md`` §3.1 that a client sets."""
        record = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        record["event_type"] = str(self.event_type)
        record["duration"] = self.duration
        record["children_ids"] = list(self.children_ids)
        for name in MAPPING_FIELDS:
            record[name] = dict(record[name])
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The event of a JSON form; raises `EventError` on an unknown or missing field."""
        known = {field.name for field in dataclasses.fields(cls)}
        unknown = sorted(record.keys() - known - {"duration"})
        missing = sorted(
            {"event_id", "session_id", "event_type", "event_name", "start_time", "end_time"} - record.keys()
        )
        if unknown or missing:
            message = f"not an event record: unknown fields {unknown}, missing fields {missing}"
            raise EventError(message)
        values = {name: record[name] for name in known & record.keys()}
        values["children_ids"] = tuple(values.get("children_ids", ()))
        try:
            values["event_type"] = EventType(values["event_type"])
        except ValueError:
            message = f"event_type is {values['event_type']!r}; it is one of {', '.join(EventType)}"
            raise EventError(message) from None
        return cls(**values)


MAPPING_FIELDS: Final = ("config", "inputs", "outputs", "metadata", "metrics", "feedback", "user_properties")
_TEXT_FIELDS: Final = ("event_id", "session_id", "event_name")
_TIME_FIELDS: Final = ("start_time", "end_time")


def _require(event: Event, name: str, kind: type | tuple[type, ...], description: str) -> None:
    value = getattr(event, name)
    if not isinstance(value, kind):
        message = f"event field {name} is {type(value).__name__}; it must be {description}"
        raise EventError(message)
