"""Spans read as events: the one meaning that client and server share (design decision 2)."""

import dataclasses
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import orjson

from honeyhive import semconv
from honeyhive.events.decode import DecodedSpan, decode_resource_spans
from honeyhive.events.event import Event, EventType, Status
from honeyhive.events.identity import event_id_of

_STATUS_ERROR: Final = 2
_KINDS: Final = {2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}
_NO_SPAN_ID: Final = b"\0" * 8
_MODEL_OPERATIONS: Final = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
_CHAIN_OPERATIONS: Final = frozenset({"invoke_agent", "create_agent", "invoke_workflow"})
_OPENINFERENCE_TYPES: Final = {"LLM": EventType.model, "CHAIN": EventType.chain, "AGENT": EventType.chain}
_IDENTITY: Final = frozenset(
    {
        semconv.SESSION_ID,
        semconv.PROJECT,
        semconv.SOURCE,
        semconv.EVENT_TYPE,
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


def read_records(bodies: list[bytes]) -> Iterator[Event | Update]:
    """Every event and update of some ``ResourceSpans`` bodies; raises `WireError` on bytes that are none."""
    for body in bodies:
        for span in decode_resource_spans(body):
            yield read_span(span)


def read_span(span: DecodedSpan) -> Event | Update:
    """The event, or the update of an event, that one span stands for."""
    fields, rest = _split_fields(span)
    session_id = _text(span.attributes.get(semconv.SESSION_ID)) or str(
        uuid.UUID(bytes=span.trace_id.ljust(16, b"\0")[:16])
    )
    error = _error(span)
    target = _text(span.attributes.get(semconv.UPDATE_TARGET))
    if target is not None:
        return Update(event_id=target, session_id=session_id, time=span.start_ns / 1e6, error=error, fields=fields)
    event_type = _event_type(span)
    return Event(
        event_id=_text(span.attributes.get(semconv.EVENT_ID)) or event_id_of(span.trace_id, span.span_id),
        session_id=session_id,
        parent_id=_parent_id(span, event_type, session_id),
        event_type=event_type,
        event_name=_text(span.attributes.get(semconv.EVENT_NAME)) or span.name,
        start_time=span.start_ns / 1e6,
        end_time=max(span.start_ns, span.end_ns) / 1e6,
        project=_text(span.attributes.get(semconv.PROJECT)),
        source=_text(span.attributes.get(semconv.SOURCE)),
        error=error,
        config=fields["config"],
        inputs=fields["inputs"],
        outputs=fields["outputs"],
        metadata=_metadata(span, fields["metadata"], rest),
        metrics=fields["metrics"],
        feedback=fields["feedback"],
        user_properties=fields["user_properties"],
    )


def _parent_id(span: DecodedSpan, event_type: EventType, session_id: str) -> str | None:
    if event_type is EventType.session:
        return None
    named = _text(span.attributes.get(semconv.PARENT_ID))
    if named is not None:
        return named
    if span.parent_span_id and span.parent_span_id != _NO_SPAN_ID:
        return event_id_of(span.trace_id, span.parent_span_id)
    return session_id


def _event_type(span: DecodedSpan) -> EventType:
    explicit = span.attributes.get(semconv.EVENT_TYPE)
    if isinstance(explicit, str) and explicit in EventType.__members__:
        return EventType(explicit)
    operation = str(span.attributes.get(semconv.GEN_AI_OPERATION))
    if operation in _MODEL_OPERATIONS:
        return EventType.model
    if operation in _CHAIN_OPERATIONS:
        return EventType.chain
    return _OPENINFERENCE_TYPES.get(str(span.attributes.get(semconv.OPENINFERENCE_KIND)), EventType.tool)


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
        if name is not key and dot and field in fields:
            fields[field][item] = value if name in texts else _parsed(value)
        else:
            rest[key] = value
    return fields, rest


def _parsed(value: object) -> object:
    """*value*, or the container that it is the JSON text of."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _error(span: DecodedSpan) -> str | None:
    explicit = _text(span.attributes.get(semconv.ERROR))
    if explicit is not None or span.status_code != _STATUS_ERROR:
        return explicit
    if span.status_message:
        return span.status_message
    for point in span.points:
        message = _text(point.attributes.get(semconv.EXCEPTION_MESSAGE))
        if message:
            return message
    return _text(span.attributes.get(semconv.ERROR_TYPE)) or "error"


def _metadata(span: DecodedSpan, metadata: dict[str, Any], rest: Mapping[str, object]) -> dict[str, Any]:
    """The event's own metadata, then what the span says beyond the record: attributes, ids, service and process."""
    merged: dict[str, Any] = {
        semconv.STATUS: str(Status.ERROR if span.status_code == _STATUS_ERROR else Status.OK),
        **{key: _plain(value) for key, value in rest.items()},
        **metadata,
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
    }
    for key in (semconv.SERVICE_NAME, semconv.PROCESS_PID):
        if key in span.resource:
            merged[key] = span.resource[key]
    if span.kind in _KINDS:
        merged.setdefault("span_kind", _KINDS[span.kind])
    if span.links:
        merged["links"] = [event_id_of(link.trace_id, link.span_id) for link in span.links]
    return merged


def _plain(value: object) -> object:
    return {"type": "bytes", "size": len(value)} if isinstance(value, bytes) else value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
