"""OTLP bytes back into spans: the reading half of the codec."""

import dataclasses
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final, cast

from honeyhive.events.wire import WireError, read_fields, read_varint

_DOUBLE: Final = struct.Struct("<d")
_UINT64: Final = struct.Struct("<Q")
_SIGN_BIT: Final = 1 << 63
_MAX_DEPTH: Final = 64
RECORD_TAG: Final = b"\x0a"


@dataclasses.dataclass(frozen=True, slots=True)
class SpanPoint:
    """A span event (``name`` at ``time_ns``) or, with ids instead of a name, a link."""

    name: str
    time_ns: int
    attributes: Mapping[str, object]
    trace_id: bytes = b""
    span_id: bytes = b""
    trace_state: str = ""


@dataclasses.dataclass(slots=True)
class DecodedSpan:
    """One span as it stands on the wire, with the scope and resource it was sent under.

    Times are Unix nanoseconds; ``kind`` and ``status_code`` are OTLP numbers.
    """

    trace_id: bytes = b""
    span_id: bytes = b""
    parent_span_id: bytes = b""
    trace_state: str = ""
    name: str = ""
    kind: int = 0
    start_ns: int = 0
    end_ns: int = 0
    attributes: dict[str, object] = dataclasses.field(default_factory=dict[str, object])
    points: list[SpanPoint] = dataclasses.field(default_factory=list[SpanPoint])
    links: list[SpanPoint] = dataclasses.field(default_factory=list[SpanPoint])
    status_code: int = 0
    status_message: str = ""
    flags: int = 0
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: Mapping[str, object] = dataclasses.field(default_factory=dict[str, object])
    schema_url: str = ""
    resource: Mapping[str, object] = dataclasses.field(default_factory=dict[str, object])


def record_bounds(buffer: bytes, position: int = 0) -> Iterator[tuple[int, int, int]]:
    """Of each whole record of a segment, from *position* on: where it starts, where its body starts, and where both end."""
    end = len(buffer)
    while position < end and buffer[position : position + 1] == RECORD_TAG:
        try:
            length, start = read_varint(buffer, position + 1)
        except WireError:
            return
        if start + length > end:
            return
        yield position, start, start + length
        position = start + length


def split_records(buffer: bytes) -> tuple[list[bytes], int]:
    """The bodies of the records of a segment, and how many bytes of a torn record are left at its end."""
    bodies: list[bytes] = []
    whole = 0
    for _, start, whole in record_bounds(buffer):
        bodies.append(buffer[start:whole])
    return bodies, len(buffer) - whole


def count_spans(body: bytes) -> int:
    """How many spans a ``ResourceSpans`` has; raises `WireError` on bytes that are none."""
    scopes = (value for number, value in read_fields(body) if number == 2 and isinstance(value, bytes))
    return sum(number == 2 for scope in scopes for number, _ in read_fields(scope))


def decode_request(buffer: bytes) -> Iterator[DecodedSpan]:
    """Every span of an ``ExportTraceServiceRequest``; raises `WireError` on bytes that are none."""
    for number, value in read_fields(buffer):
        if number == 1 and isinstance(value, bytes):
            yield from decode_resource_spans(value)


def decode_resource_spans(
    body: bytes, *, unreadable: Callable[[WireError], object] | None = None
) -> Iterator[DecodedSpan]:
    """Every span of one ``ResourceSpans``.

    *unreadable* is called with what is wrong with the body, a scope or a span, and the rest is read on; without it the first
    such `WireError` is raised.
    """
    try:
        resource, scopes = _resource_and_scopes(body)
    except WireError as error:
        _report(error, unreadable)
        return
    for scope_spans in scopes:
        yield from _decode_scope_spans(scope_spans, resource, unreadable)


def _resource_and_scopes(body: bytes) -> tuple[dict[str, object], list[bytes]]:
    resource: dict[str, object] = {}
    scopes: list[bytes] = []
    for number, value in read_fields(body):
        if number == 1:
            resource = _attributes(value, field=1)
        elif number == 2:
            scopes.append(_bytes(value))
    return resource, scopes


@dataclasses.dataclass(slots=True)
class _Scope:
    name: str = ""
    version: str = ""
    attributes: dict[str, object] = dataclasses.field(default_factory=dict[str, object])
    schema_url: str = ""


def _decode_scope_spans(
    body: bytes, resource: Mapping[str, object], unreadable: Callable[[WireError], object] | None
) -> Iterator[DecodedSpan]:
    try:
        scope, spans = _scope_and_spans(body)
    except WireError as error:
        _report(error, unreadable)
        return
    for span in spans:
        try:
            decoded = decode_span(span)
        except WireError as error:
            _report(error, unreadable)
            continue
        decoded.scope_name, decoded.scope_version = scope.name, scope.version
        decoded.scope_attributes, decoded.schema_url, decoded.resource = scope.attributes, scope.schema_url, resource
        yield decoded


def _scope_and_spans(body: bytes) -> tuple[_Scope, list[bytes]]:
    scope = _Scope()
    spans: list[bytes] = []
    for number, value in read_fields(body):
        if number == 1:
            _read_scope(_bytes(value), scope)
        elif number == 2:
            spans.append(_bytes(value))
        elif number == 3:
            scope.schema_url = _text(value)
    return scope, spans


def _read_scope(body: bytes, scope: _Scope) -> None:
    for number, value in read_fields(body):
        if number == 1:
            scope.name = _text(value)
        elif number == 2:
            scope.version = _text(value)
        elif number == 3:
            key, item = _key_value(_bytes(value), _MAX_DEPTH)
            scope.attributes[key] = item


def _report(error: WireError, unreadable: Callable[[WireError], object] | None) -> None:
    if unreadable is None:
        raise error
    unreadable(error)


def decode_span(body: bytes) -> DecodedSpan:  # noqa: C901, PLR0912  one branch a field of the message
    """One span, by the bytes inside its entry of ``ScopeSpans``; raises `WireError` on bytes that are none."""
    span = DecodedSpan()
    for number, value in read_fields(body):
        match number:
            case 1:
                span.trace_id = _bytes(value)
            case 2:
                span.span_id = _bytes(value)
            case 3:
                span.trace_state = _text(value)
            case 4:
                span.parent_span_id = _bytes(value)
            case 5:
                span.name = _text(value)
            case 6:
                span.kind = _integer(value)
            case 7:
                span.start_ns = _integer(value)
            case 8:
                span.end_ns = _integer(value)
            case 9:
                key, item = _key_value(_bytes(value), _MAX_DEPTH)
                span.attributes[key] = item
            case 10:
                span.dropped_attributes = _integer(value)
            case 11:
                span.points.append(_decode_point(_bytes(value)))
            case 12:
                span.dropped_events = _integer(value)
            case 13:
                span.links.append(_decode_link(_bytes(value)))
            case 14:
                span.dropped_links = _integer(value)
            case 15:
                for field, item in read_fields(_bytes(value)):
                    if field == 2:
                        span.status_message = _text(item)
                    elif field == 3:
                        span.status_code = _integer(item)
            case 16:
                span.flags = _integer(value)
            case _:
                pass
    return span


def _decode_point(body: bytes) -> SpanPoint:
    time_ns, name, attributes = 0, "", dict[str, object]()
    for number, value in read_fields(body):
        if number == 1:
            time_ns = _integer(value)
        elif number == 2:
            name = _text(value)
        elif number == 3:
            key, item = _key_value(_bytes(value), _MAX_DEPTH)
            attributes[key] = item
    return SpanPoint(name, time_ns, attributes)


def _decode_link(body: bytes) -> SpanPoint:
    trace_id, span_id, trace_state, attributes = b"", b"", "", dict[str, object]()
    for number, value in read_fields(body):
        if number == 1:
            trace_id = _bytes(value)
        elif number == 2:
            span_id = _bytes(value)
        elif number == 3:
            trace_state = _text(value)
        elif number == 4:
            key, item = _key_value(_bytes(value), _MAX_DEPTH)
            attributes[key] = item
    return SpanPoint("", 0, attributes, trace_id, span_id, trace_state)


def _attributes(value: int | bytes, *, field: int) -> dict[str, object]:
    pairs = (_key_value(_bytes(item), _MAX_DEPTH) for number, item in read_fields(_bytes(value)) if number == field)
    return dict(pairs)


def _key_value(body: bytes, depth: int) -> tuple[str, object]:
    key, item = "", cast("object", None)
    for number, value in read_fields(body):
        if number == 1:
            key = _text(value)
        elif number == 2:
            item = _any_value(_bytes(value), depth)
    return key, item


def _any_value(body: bytes, depth: int) -> object:
    if depth == 0:  # one value that is too deep must not cost the other events of its record
        return f"<nested deeper than {_MAX_DEPTH} levels>"
    result: object = None
    for number, value in read_fields(body):
        match number:
            case 1:
                result = _text(value)
            case 2:
                result = bool(value)
            case 3:
                raw = _integer(value)
                result = raw - (1 << 64) if raw >= _SIGN_BIT else raw
            case 4:
                result = _DOUBLE.unpack(_UINT64.pack(_integer(value)))[0]
            case 5:
                items = (item for field, item in read_fields(_bytes(value)) if field == 1)
                result = [_any_value(_bytes(item), depth - 1) for item in items]
            case 6:
                items = (item for field, item in read_fields(_bytes(value)) if field == 1)
                result = dict(_key_value(_bytes(item), depth - 1) for item in items)
            case 7:
                result = _bytes(value)
            case _:
                pass
    return result


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    message = "a number stands where OTLP has a message or bytes"
    raise WireError(message)


def _integer(value: int | bytes) -> int:
    if isinstance(value, int):
        return value
    message = "bytes stand where OTLP has a number"
    raise WireError(message)


def _text(value: int | bytes) -> str:
    return _bytes(value).decode("utf-8", "replace")
