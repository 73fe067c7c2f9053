"""Spans read as events: the one meaning that client and server share (design decision 2)."""

import dataclasses
import math
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

from honeyhive import semconv
from honeyhive.events.conventions import Reading, concerns, event_type_of, read_conventions
from honeyhive.events.conventions.indexed import rebuilt
from honeyhive.events.conventions.reading import parsed
from honeyhive.events.decode import DecodedSpan, SpanPoint, decode_resource_spans
from honeyhive.events.event import SECONDS_OF_OUR_DAYS, Event, EventType, Status
from honeyhive.events.identity import event_id_of
from honeyhive.events.media import describe_bytes
from honeyhive.events.wire import WireError

_STATUS_ERROR: Final = 2
_KINDS: Final = {2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}
_NO_SPAN_ID: Final = b"\0" * 8
_UNNAMED: Final = "unknown"
_EXCEPTION_EVENT: Final = "exception"
# What the decoder makes is not deeper, and neither are the few levels that a convention puts around it; what is, comes
# from JSON text and has a JSON form.
_MAX_DECODED: Final = 80
# HoneyHive's 1.x names its scope after the tracer's address, and spreads mappings over dotted names.
_SCOPE_OF_1X: Final = "honeyhive."
# Names of identity, ours first, then those that 1.x and the programs instrumented with it write.
_SESSION_IDS: Final = (
    semconv.SESSION_ID,
    "honeyhive_session_id",
    "traceloop.association.properties.session_id",
)
_PROJECTS: Final = (semconv.PROJECT, "honeyhive_project", "traceloop.association.properties.project")
_SOURCES: Final = (semconv.SOURCE, "honeyhive_source", "traceloop.association.properties.source")
_IDENTITY: Final = frozenset(
    {
        *_SESSION_IDS,
        *_PROJECTS,
        *_SOURCES,
        "traceloop.association.properties.parent_id",
        semconv.EVENT_TYPE,
        semconv.EVENT_TYPE_RAW,
        semconv.EVENT_NAME,
        semconv.EVENT_ID,
        semconv.PARENT_ID,
        semconv.ERROR,
        semconv.TEXT_KEYS,
        semconv.UPDATE_TARGET,
    }
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A later word on an event: mappings to merge into the event of *event_id*, from any process."""

    event_id: str
    session_id: str
    time: float
    error: str | None
    fields: Mapping[str, Mapping[str, Any]]


def read_records(
    bodies: Iterable[bytes], *, unreadable: Callable[[WireError], object] | None = None
) -> Iterator[Event | Update]:
    """Every event and update of some ``ResourceSpans`` bodies.

    *unreadable* is called for each body, scope or span that is no OTLP, and the rest is read on: then nothing that the bytes
    may be raises. Without it the first `WireError` is raised.
    """
    for body in bodies:
        for span in decode_resource_spans(body, unreadable=unreadable):
            yield read_span(span)


def read_span(span: DecodedSpan) -> Event | Update:
    """The event, or the update of an event, that one span stands for; never raises, whatever the span says.

    What HoneyHive's own attributes say goes before what other conventions do; attributes that nobody reads stay in the
    metadata by their names. A span without a name is called ``unknown``, as the server has it.
    """
    attributes = span.attributes
    fields, rest = _split_fields(span)
    session_id = _first_text(attributes, _SESSION_IDS) or str(uuid.UUID(bytes=_exactly(span.trace_id, 16)))
    target = _text(attributes.get(semconv.UPDATE_TARGET))
    if target is not None:
        return Update(
            event_id=target, session_id=session_id, time=span.start_ns / 1e6, error=_error(span, None), fields=fields
        )
    event_type = event_type_of(attributes)
    reading = Reading(rest, span.points, span.start_ns, event_type)
    if concerns(reading):
        read_conventions(reading)
        fields = {name: {**_plain(reading.fields[name]), **fields[name]} for name in semconv.FIELDS}
    start_ms, end_ms, is_clock_set = _times(span)
    metadata = _metadata(span, fields["metadata"], reading)
    if not is_clock_set:
        metadata["clock_unset"] = True
    return Event(
        event_id=_text(attributes.get(semconv.EVENT_ID)) or _span_id(span.trace_id, span.span_id),
        session_id=session_id,
        parent_id=_parent_id(span, event_type, session_id),
        event_type=event_type,
        event_name=_text(attributes.get(semconv.EVENT_NAME)) or span.name or _UNNAMED,
        start_time=start_ms,
        end_time=end_ms,
        project=_first_text(attributes, _PROJECTS),
        source=_first_text(attributes, _SOURCES),
        error=_error(span, reading.error),
        config=fields["config"],
        inputs=fields["inputs"],
        outputs=fields["outputs"],
        metadata=metadata,
        metrics=fields["metrics"],
        feedback=fields["feedback"],
        user_properties=fields["user_properties"],
    )


def _times(span: DecodedSpan) -> tuple[float, float, bool]:
    """Start and end in Unix milliseconds, and whether the clock that they were read from had been set.

    A clock that starts at 1970 with its computer says nothing but how long the span took.
    """
    start_ms, end_ms = span.start_ns / 1e6, max(span.start_ns, span.end_ns) / 1e6
    if SECONDS_OF_OUR_DAYS[0] <= start_ms < SECONDS_OF_OUR_DAYS[1]:
        return 0.0, end_ms - start_ms, False
    return start_ms, end_ms, True


def _span_id(trace_id: bytes, span_id: bytes) -> str:
    return event_id_of(_exactly(trace_id, 16), _exactly(span_id, 8))


def _exactly(identifier: bytes, size: int) -> bytes:
    """*identifier* in the size that OpenTelemetry has: foreign bytes may have any."""
    return identifier.ljust(size, b"\0")[:size]


def _parent_id(span: DecodedSpan, event_type: EventType, session_id: str) -> str | None:
    if event_type is EventType.session:
        return None
    named = _text(span.attributes.get(semconv.PARENT_ID))
    if named is not None:
        return named
    if span.parent_span_id and span.parent_span_id != _NO_SPAN_ID:
        return _span_id(span.trace_id, span.parent_span_id)
    return session_id


def _split_fields(span: DecodedSpan) -> tuple[dict[str, dict[str, Any]], dict[str, object]]:
    """The mapping fields of the event, and the attributes that belong to none of them."""
    listed = span.attributes.get(semconv.TEXT_KEYS)
    names = cast("list[object]", listed) if isinstance(listed, list) else []
    texts = {name for name in names if isinstance(name, str)}
    fields: dict[str, dict[str, Any]] = {field: {} for field in semconv.FIELDS}
    rest: dict[str, object] = {}
    for key, value in span.attributes.items():
        if key in _IDENTITY:
            continue
        name = key.removeprefix(semconv.FIELD_PREFIX)
        field, dot, item = name.partition(".")
        if name is key or field not in fields:
            rest[key] = value
        elif dot:
            fields[field][item] = _plain(value if name in texts else _parsed(value))
        else:
            fields[field].update(_whole(_plain(_parsed(value))))
    if span.scope_name.startswith(_SCOPE_OF_1X):
        fields = {field: rebuilt(values) for field, values in fields.items()}
    return fields, rest


def _whole(value: object) -> Mapping[str, Any]:
    """A field that came in one attribute: a mapping as it is, anything else under ``value``."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {"value": value}


def _parsed(value: object) -> object:
    """*value*, or the container that it is the JSON text of."""
    return parsed(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


def _error(span: DecodedSpan, told: str | None) -> str | None:
    explicit = _text(span.attributes.get(semconv.ERROR))
    if explicit is not None or (span.status_code != _STATUS_ERROR and told is None):
        return explicit
    if span.status_message and span.status_code == _STATUS_ERROR:
        return span.status_message
    if told is not None:
        return told
    for point in span.points:
        message = _text(point.attributes.get(semconv.EXCEPTION_MESSAGE))
        if message:
            return message
    return _text(span.attributes.get(semconv.ERROR_TYPE)) or "error"


def _metadata(span: DecodedSpan, metadata: Mapping[str, Any], reading: Reading) -> dict[str, Any]:
    """The event's own metadata, then what the span says beyond the record: attributes, ids, service and process."""
    is_error = span.status_code == _STATUS_ERROR or reading.error is not None
    merged: dict[str, Any] = {
        semconv.STATUS: str(Status.ERROR if is_error else Status.OK),
        **_plain(reading.left()),
        **metadata,
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
    }
    for key in (semconv.SERVICE_NAME, semconv.PROCESS_PID):
        if key in span.resource:
            merged[key] = _plain(span.resource[key])
    if span.kind in _KINDS:
        merged.setdefault("span_kind", _KINDS[span.kind])
    if span.links:
        merged["links"] = [_span_id(link.trace_id, link.span_id) for link in span.links]
    if span.scope_name != semconv.SCOPE_NAME:
        merged |= _origin(span)
    merged |= _points(span, reading)
    return merged


def _origin(span: DecodedSpan) -> dict[str, Any]:
    """Where a foreign span comes from: its instrumentation, its resource, and what got lost before it came to us."""
    lifted = (semconv.SERVICE_NAME, semconv.PROCESS_PID)
    said = {
        "instrumentor": span.scope_name,
        "scope.name": span.scope_name,
        "scope.version": span.scope_version,
        "scope.attributes": _plain(span.scope_attributes),
        "resource": _plain({key: value for key, value in span.resource.items() if key not in lifted}),
        "link_attributes": [_plain(link.attributes) for link in span.links] if _any_said(span.links) else None,
        "dropped_attributes_count": span.dropped_attributes,
        "dropped_events_count": span.dropped_events,
        "dropped_links_count": span.dropped_links,
    }
    return {name: value for name, value in said.items() if value}


def _any_said(links: list[SpanPoint]) -> bool:
    return any(link.attributes for link in links)


def _points(span: DecodedSpan, reading: Reading) -> dict[str, Any]:
    """The span events that no convention has read; an exception of ours is the event's error already."""
    is_ours = span.scope_name == semconv.SCOPE_NAME
    told = [
        {"name": point.name, "time": point.time_ns / 1e6, "attributes": _plain(point.attributes)}
        for index, point in enumerate(span.points)
        if index not in reading.taken_points and not (is_ours and point.name == _EXCEPTION_EVENT)
    ]
    return {"span_events": told} if told else {}


def _plain(value: Any, depth: int = _MAX_DECODED) -> Any:
    """*value* with a JSON form all the way down: bytes are described, numbers that JSON has not are None."""
    if isinstance(value, (bytes, bytearray)):
        return describe_bytes(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth == 0:
        return value
    if isinstance(value, Mapping):
        return {key: _plain(item, depth - 1) for key, item in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth - 1) for item in cast("list[Any]", value)]
    return value


def _first_text(attributes: Mapping[str, object], names: Iterable[str]) -> str | None:
    return next((found for found in (_text(attributes.get(name)) for name in names) if found is not None), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
