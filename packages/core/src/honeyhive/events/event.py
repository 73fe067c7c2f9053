"""The event record: one span of work as HoneyHive knows it (``facts/honeyhive-api.md`` §3)."""

import dataclasses
import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Self, cast

import orjson

from honeyhive.errors import EventError
from honeyhive.events.usage import Usage
from honeyhive.events.values import to_json

__all__ = ["MAPPING_FIELDS", "SECONDS_OF_OUR_DAYS", "Event", "EventType", "Status", "Usage"]


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


def _empty() -> dict[str, Any]:
    return {}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, complete.

    ``start_time`` and ``end_time`` are Unix milliseconds, ``duration`` is milliseconds. ``event_id``, ``session_id`` and
    ``parent_id`` are texts: UUIDs where we make them, whatever they say where others do. ``parent_id`` is None on the session
    event only, whose ``event_id`` is the session id. An array as ``outputs`` becomes ``{"value": [...]}``, as HoneyHive has it.
    Raises `EventError`, naming the field, when a required field is missing or a field has the wrong type or unit.
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
        outputs: object = self.outputs
        if isinstance(outputs, (list, tuple)):
            object.__setattr__(self, "outputs", {"value": list(cast("list[object]", outputs))})
        for name in _TEXT_FIELDS:
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                _refuse(name, value, "a text that is not empty")
        for name in _OPTIONAL_TEXT_FIELDS:
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                _refuse(name, value, "a text or None")
        if type(self.event_type) is not EventType:
            _refuse("event_type", self.event_type, f"an EventType: {', '.join(EventType)}")
        for name in MAPPING_FIELDS:
            value = getattr(self, name)
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in cast("Any", value)):
                _refuse(name, cast("object", value), "a mapping with texts as keys")
        children: object = self.children_ids
        if type(children) is not tuple or not all(isinstance(item, str) for item in cast("tuple[object]", children)):
            _refuse("children_ids", children, "a tuple of texts")
        _check_times(self.start_time, self.end_time)

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

    def to_json(self) -> bytes:
        """The JSON form in UTF-8, its fields always in the same order; values without JSON form are described."""
        return to_json(self.to_dict())

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The event of a JSON form; a ``null`` mapping is an empty one.

        Raises `EventError`, naming the field, when one is unknown, missing, or not what `Event` takes, and when ``duration``
        is not the time between start and end in milliseconds: then one of the three is in another unit.
        """
        if not isinstance(cast("object", record), Mapping):
            message = f"not an event record: {type(record).__name__}, where a mapping is wanted"
            raise EventError(message)
        unknown = sorted(str(key) for key in record.keys() - _FIELDS - {"duration"})
        missing = sorted(_REQUIRED_FIELDS - record.keys())
        if unknown or missing:
            message = f"not an event record: unknown fields {unknown}, missing fields {missing}"
            raise EventError(message)
        values = {name: value for name, value in record.items() if name != "duration"}
        for name in MAPPING_FIELDS:
            if values.get(name, ()) is None:
                del values[name]
        children = values.pop("children_ids", None)
        if children is not None:
            values["children_ids"] = tuple(cast("list[Any]", children)) if isinstance(children, list) else children
        values["event_type"] = _event_type(values["event_type"])
        event = cls(**values)
        _check_duration(event, record.get("duration"))
        return event

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """The event of a JSON text; raises `EventError` as `from_dict` does, and on a text that is no JSON object."""
        try:
            record: object = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            message = f"not an event record: {error}"
            raise EventError(message) from None
        if not isinstance(record, dict):
            message = f"not an event record: a JSON {type(record).__name__}, where an object is wanted"
            raise EventError(message)
        return cls.from_dict(cast("dict[str, Any]", record))


MAPPING_FIELDS: Final = ("config", "inputs", "outputs", "metadata", "metrics", "feedback", "user_properties")
_TEXT_FIELDS: Final = ("event_id", "session_id", "event_name")
_OPTIONAL_TEXT_FIELDS: Final = ("parent_id", "project", "source", "error")
_FIELDS: Final = frozenset(field.name for field in dataclasses.fields(Event))
_REQUIRED_FIELDS: Final = frozenset({*_TEXT_FIELDS, "event_type", "start_time", "end_time"})

# Times are taken for milliseconds from 1970 to the year 5138. As such, seconds of our days lie in the first months of 1970,
# and microseconds behind the end.
_LATEST_MS: Final = 1e14
SECONDS_OF_OUR_DAYS: Final = (1e9, 1e10)
_DURATION_SLACK_MS: Final = 2.0


def _check_times(start_time: object, end_time: object) -> None:
    for name, value in (("start_time", start_time), ("end_time", end_time)):
        is_number = type(value) is int or (isinstance(value, float) and math.isfinite(value))
        if not is_number:
            _refuse(name, value, "a number of Unix milliseconds")
        if not 0 <= cast("float", value) < _LATEST_MS:
            message = f"event field {name} is {value}; it must be in Unix milliseconds, not micro- or nanoseconds"
            raise EventError(message)
    first, last = cast("float", start_time), cast("float", end_time)
    if SECONDS_OF_OUR_DAYS[0] <= first < SECONDS_OF_OUR_DAYS[1]:
        message = f"event field start_time is {first}, which are seconds; it must be in Unix milliseconds"
        raise EventError(message)
    if last < first:
        message = f"event field end_time is {last}, before start_time, {first}"
        raise EventError(message)


def _check_duration(event: Event, duration: object) -> None:
    if duration is None:
        return
    if isinstance(duration, bool) or not isinstance(duration, (int, float)):
        _refuse("duration", duration, "a number of milliseconds")
    if not abs(cast("float", duration) - event.duration) <= _DURATION_SLACK_MS:  # NaN too is another time
        message = (
            f"event field duration is {duration}, and end_time - start_time is {event.duration:g}; all three are in "
            "milliseconds"
        )
        raise EventError(message)


def _event_type(value: object) -> EventType:
    if isinstance(value, str) and value in EventType.__members__:
        return EventType(value)
    message = f"event field event_type is {value!r}; it is one of {', '.join(EventType)}"
    raise EventError(message)


def _refuse(name: str, value: object, wanted: str) -> None:
    message = f"event field {name} is {type(value).__name__}; it must be {wanted}"
    raise EventError(message)
