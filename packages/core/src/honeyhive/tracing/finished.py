"""A third party's finished span on its way out: encoded by the worker, with everything it had (links, flags, counts)."""

import copy
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from opentelemetry.trace import SpanContext, StatusCode, TraceState

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.conventions import event_type_of, model_call_of
from honeyhive.events.event import EventType
from honeyhive.events.values import utf8
from honeyhive.events.wire import delimited, varint
from honeyhive.export.shedding import shed_note
from honeyhive.tracing.capture import CapturePolicy, is_body
from honeyhive.tracing.limits import limited_others
from honeyhive.tracing.parts import cost_parts, static_part

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from honeyhive.tracing.channel import Channel

_FIXED32: Final = struct.Struct("<I").pack
_FIXED64: Final = struct.Struct("<Q").pack
_FLAGS_TAG: Final = b"\x85\x01"  # Span.flags = 16, fixed32
_LINK_FLAGS_TAG: Final = b"\x35"  # Link.flags = 6, fixed32
_REMOTE_IS_KNOWN: Final = 0x100
_IS_REMOTE: Final = 0x200
_DROPPED_ATTRIBUTES: Final = b"\x50"  # Span.dropped_attributes_count = 10
_DROPPED_POINTS: Final = b"\x60"  # Span.dropped_events_count = 12
_DROPPED_LINKS: Final = b"\x70"  # Span.dropped_links_count = 14
_POINT_TIME: Final = b"\x09"  # Event.time_unix_nano = 1, fixed64
_POINT_DROPPED: Final = b"\x20"  # Event.dropped_attributes_count = 4
_LINK_DROPPED: Final = b"\x28"  # Link.dropped_attributes_count = 5
_OTLP_STATUS: Final = {StatusCode.OK: 1, StatusCode.ERROR: 2}
_TYPES: Final = {event_type: otlp.attribute(semconv.EVENT_TYPE, str(event_type)) for event_type in EventType}

# What identifies the event is said by us alone, whatever the span has under these names.
_OURS: Final = frozenset(
    {semconv.SESSION_ID, semconv.PROJECT, semconv.SOURCE, semconv.PARENT_ID, semconv.EVENT_TYPE, semconv.EVENT_ID}
)
_USAGE: Final = ("gen_ai.usage.", "llm.token_count.", "llm.cost.", "llm.usage.", "langfuse.observation.usage")

# About what a span, an attribute, a span event or link, and an item take beside their texts.
_SPAN_SIZE: Final = 256
_ATTRIBUTE_SIZE: Final = 48
_POINT_SIZE: Final = 64
_ITEM_SIZE: Final = 11  # of a sequence, a number
_NUMBERS: Final = frozenset({int, float, bool})


class FinishedSpan:
    """A span of the OpenTelemetry SDK and what we say of it; ``encode`` makes its bytes.

    ``resource`` is None where the span's resource is the tracer's own, ``event_type`` where its attributes say it. What is
    written of it, and how much, is as the tracer of *channel* has it.
    """

    __slots__ = (
        "attributes",
        "capture",
        "context",
        "end_ns",
        "event_type",
        "has_usage",
        "identity",
        "kind",
        "more",
        "most",
        "name",
        "parent",
        "parent_id",
        "resource",
        "start_ns",
        "status",
    )

    def __init__(
        self,
        span: "ReadableSpan",
        attributes: Mapping[str, Any],
        identity: bytes,
        *,
        event_type: EventType | None,
        has_usage: bool,
        parent_id: str | None,
        resource: bytes | None,
        channel: "Channel",
    ) -> None:
        self.name, self.kind, self.context, self.parent = span.name, span.kind, span.context, span.parent
        self.start_ns, self.end_ns, self.status = span.start_time or 0, span.end_time, span.status
        # The span itself, a dozen objects, waits only where there is more of it than is said here.
        self.more = span if _has_more(span) else None
        self.attributes = attributes
        self.identity = identity
        self.event_type = event_type
        self.has_usage = has_usage
        self.parent_id = parent_id
        self.resource = resource
        self.capture = channel.capture
        self.most = channel.settings.max_attributes

    @property
    def size(self) -> int:
        """About how many bytes the span will take; counted without encoding it."""
        size = _SPAN_SIZE + len(self.name) + _size_of(self.attributes)
        if self.status.description:
            size += len(self.status.description)
        if self.more is not None:
            for point in (*self.more.events, *self.more.links):
                size += _POINT_SIZE + _size_of(point.attributes or {})
        return size

    def shed(self) -> "tuple[FinishedSpan, int]":
        """The span without its bodies, and about how many bytes it takes."""
        kept = copy.copy(self)
        size, kept.more = self.size, None
        kept.attributes = {key: value for key, value in self.attributes.items() if not is_body(key)}
        kept.identity = self.identity + shed_note(size - kept.size)
        return kept, kept.size

    def encode(self, *, is_priced: bool = True) -> bytes:
        """The span as an entry of ``ScopeSpans.spans``, with the price of a model call that its instrumentor does not tell."""
        context, parent = self.context, self.parent
        if context is None:
            message = "a span without a context cannot be exported"
            raise ValueError(message)
        event_type = event_type_of(self.attributes) if self.event_type is None else self.event_type
        attributes, excess = limited_others(self.attributes, self.most)
        flags = context.trace_flags & 0xFF | _REMOTE_IS_KNOWN
        if parent is not None and parent.is_remote:
            flags |= _IS_REMOTE
        parts = [
            otlp.identity(
                context.trace_id.to_bytes(16, "big"),
                context.span_id.to_bytes(8, "big"),
                parent.span_id.to_bytes(8, "big") if parent is not None else b"",
            ),
            static_part(self.name, None, self.kind.value + 1),
            otlp.times(self.start_ns, self.end_ns or self.start_ns),
            self.identity,
            _TYPES[event_type],
            _FLAGS_TAG + _FIXED32(flags),
            *self._encoded(attributes),
        ]
        if is_priced and event_type is EventType.model:
            parts.extend(self._cost())
        if self.parent_id is not None:
            parts.append(otlp.attribute(semconv.PARENT_ID, self.parent_id))
        if context.trace_state:
            parts.append(_trace_state(context.trace_state))
        if self.more is not None:
            parts.extend(self._points(self.more))
        if excess or self.more is not None:
            parts.extend(_dropped_counts(self.more, excess))
        code = _OTLP_STATUS.get(self.status.status_code)
        if code is not None:
            description = self.status.description
            if self.capture is not None and description:
                description = self.capture.error(description, "error")
            parts.append(otlp.status(code, description))
        return otlp.span(parts)

    def _points(self, span: "ReadableSpan") -> Iterable[bytes]:
        capture = self.capture
        for point in span.events:
            if capture is None or capture.reads_point(point.name):
                yield _point(point, _read(point.attributes, capture))
        for link in span.links:
            yield _link(link, _read(link.attributes, capture))

    def _encoded(self, attributes: Mapping[str, Any]) -> list[bytes]:
        if self.has_usage and _OURS.isdisjoint(attributes):
            return otlp.attributes(attributes.items())
        return otlp.attributes(
            (key, value)
            for key, value in attributes.items()
            if key not in _OURS and (self.has_usage or not key.startswith(_USAGE))
        )

    def _cost(self) -> Iterable[bytes]:
        call = model_call_of(self.attributes)
        if call is None or call.usage.cost is not None:
            return ()
        return cost_parts(call.usage, call.model, call.provider)


def _size_of(attributes: Mapping[str, Any]) -> int:
    size = _ATTRIBUTE_SIZE * len(attributes)
    for value in attributes.values():
        if type(value) is str:
            size += len(value)
        elif type(value) is not int and type(value) is not float:
            size += _size_of_value(value)
    return size


def _size_of_value(value: Any) -> int:
    """About what *value* takes; OpenTelemetry allows sequences, and newer versions of it bytes and nested values."""
    if isinstance(value, (str, bytes)):
        return len(value)
    if isinstance(value, Mapping):
        return _size_of(cast("Mapping[str, Any]", value))
    if isinstance(value, Sequence):
        items = cast("Sequence[Any]", value)
        return _ITEM_SIZE * len(items) + sum(0 if type(item) in _NUMBERS else _size_of_value(item) for item in items)
    return 0


def _has_more(span: "ReadableSpan") -> bool:
    """Whether *span* has events or links, or something of it was dropped; looked at where it lies, because asking copies."""
    held: Any = span
    if held._events or held._links:  # noqa: SLF001  the SDK's own lists
        return True
    return bool(span.dropped_attributes or span.dropped_events or span.dropped_links)


def _dropped_counts(span: "ReadableSpan | None", excess: int) -> list[bytes]:
    if span is None:
        return [_DROPPED_ATTRIBUTES + varint(excess)]
    counts = (
        (_DROPPED_ATTRIBUTES, span.dropped_attributes + excess),
        (_DROPPED_POINTS, span.dropped_events),
        (_DROPPED_LINKS, span.dropped_links),
    )
    return [tag + varint(count) for tag, count in counts if count]


def _trace_state(state: TraceState) -> bytes:
    """The members that others put there: ours says of each event what its own ids say."""
    header = ",".join([f"{key}={value}" for key, value in state.items() if key != semconv.TRACESTATE_KEY])
    return otlp.trace_state(header) if header else b""


def _read(attributes: Mapping[str, Any] | None, capture: CapturePolicy | None) -> Mapping[str, Any]:
    return (attributes or {}) if capture is None else capture.attributes(attributes)


def _point(point: Any, attributes: Mapping[str, Any]) -> bytes:
    body = [_POINT_TIME + _FIXED64(point.timestamp), delimited(b"\x12", utf8(point.name))]
    body.extend(otlp.attribute(key, value, b"\x1a") for key, value in attributes.items())
    dropped = getattr(attributes, "dropped", 0)
    if dropped:
        body.append(_POINT_DROPPED + varint(dropped))
    return delimited(b"\x5a", b"".join(body))


def _link(link: Any, attributes: Mapping[str, Any]) -> bytes:
    context: SpanContext = link.context
    body = [
        b"\x0a\x10" + context.trace_id.to_bytes(16, "big") + b"\x12\x08" + context.span_id.to_bytes(8, "big"),
        *(otlp.attribute(key, value, b"\x22") for key, value in attributes.items()),
        _LINK_FLAGS_TAG + _FIXED32(context.trace_flags & 0xFF | _REMOTE_IS_KNOWN | (_IS_REMOTE * context.is_remote)),
    ]
    if context.trace_state:
        body.append(delimited(b"\x1a", utf8(context.trace_state.to_header())))
    dropped = getattr(attributes, "dropped", 0)
    if dropped:
        body.append(_LINK_DROPPED + varint(dropped))
    return delimited(b"\x6a", b"".join(body))


def scope_field(scope: Any) -> bytes:
    """``ScopeSpans.scope`` with the scope's attributes, and ``ScopeSpans.schema_url``."""
    if scope is None:
        return otlp.scope("")
    attributes: Mapping[str, Any] = scope.attributes or {}
    if not attributes and not scope.schema_url:
        return otlp.scope(scope.name, scope.version)
    body = delimited(b"\x0a", utf8(scope.name))
    if scope.version:
        body += delimited(b"\x12", utf8(scope.version))
    body += b"".join(otlp.attribute(key, value, b"\x1a") for key, value in attributes.items())
    schema = delimited(b"\x1a", utf8(scope.schema_url)) if scope.schema_url else b""
    return delimited(b"\x0a", body) + schema


def resource_field(resource: Any) -> bytes:
    """``ResourceSpans.resource``, and ``ResourceSpans.schema_url``."""
    schema = delimited(b"\x1a", utf8(resource.schema_url)) if resource.schema_url else b""
    return otlp.resource(dict(resource.attributes)) + schema
