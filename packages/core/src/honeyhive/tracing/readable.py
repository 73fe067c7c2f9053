"""Our spans as objects of the OpenTelemetry SDK, for processors that a user adds: made from the redacted bytes."""

from collections.abc import Mapping
from typing import Any, Final, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event as SpanEvent
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import Attributes, AttributeValue

from honeyhive.events import otlp
from honeyhive.events.decode import DecodedSpan, SpanPoint, decode_request
from honeyhive.events.values import to_json

_IS_REMOTE: Final = 0x200
_STATUSES: Final = {1: StatusCode.OK, 2: StatusCode.ERROR}
_SCALARS: Final[set[type[object]]] = {str, bool, int, float}
_NO_RESOURCE: Final = otlp.resource({})


def decoded(scope: bytes, span: bytes) -> DecodedSpan:
    """One span of ours read back; raises `WireError` for bytes that are none."""
    return next(decode_request(otlp.record(_NO_RESOURCE, {scope: [span]})))


def readable(span: DecodedSpan, resource: Resource) -> ReadableSpan:
    """*span* as a finished span of the SDK."""
    return _FinishedSpan(
        span,
        name=span.name,
        context=_own_context(span),
        parent=_parent_context(span),
        resource=resource,
        attributes=_attributes(span.attributes),
        events=tuple(SpanEvent(point.name, _attributes(point.attributes), point.time_ns) for point in span.points),
        links=tuple(map(_link, span.links)),
        kind=_kind(span),
        status=Status(_STATUSES.get(span.status_code, StatusCode.UNSET), span.status_message or None),
        start_time=span.start_ns,
        end_time=span.end_ns,
        instrumentation_scope=_scope(span),
    )


class _FinishedSpan(ReadableSpan):
    """A finished span that says how much of it was dropped, which the SDK counts in collections of its own."""

    def __init__(self, counted: DecodedSpan, **said: Any) -> None:
        super().__init__(**said)
        self._counted = counted

    @property
    def dropped_attributes(self) -> int:
        return self._counted.dropped_attributes

    @property
    def dropped_events(self) -> int:
        return self._counted.dropped_events

    @property
    def dropped_links(self) -> int:
        return self._counted.dropped_links


class StartedSpan(SDKSpan):
    """A span that has just started: what a processor reads is redacted, what it writes goes to the span itself."""

    def __init__(self, span: trace.Span, start: DecodedSpan, resource: Resource) -> None:
        ReadableSpan.__init__(  # the SDK's own span has a lock, limits and processors besides: *span* has them
            self,
            name=start.name,
            context=_own_context(start),
            parent=_parent_context(start),
            resource=resource,
            attributes=_attributes(start.attributes),
            links=tuple(map(_link, start.links)),
            kind=_kind(start),
            start_time=start.start_ns,
            instrumentation_scope=_scope(start),
        )
        self._span = span
        self._record_exception = self._set_status_on_exception = True

    def start(self, start_time: int | None = None, parent_context: Context | None = None) -> None:
        """Nothing: it has started."""

    def is_recording(self) -> bool:
        """Whether the span is still open."""
        return self._span.is_recording()

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an attribute of the span."""
        self._span.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes of the span."""
        self._span.set_attributes(attributes)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add a span event."""
        self._span.add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Link the span to another."""
        self._span.add_link(context, attributes)

    def update_name(self, name: str) -> None:
        """Give the span another name."""
        self._span.update_name(name)

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Set the span's status."""
        self._span.set_status(status, description)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add an exception event to the span."""
        self._span.record_exception(exception, attributes, timestamp, escaped)

    def end(self, end_time: int | None = None) -> None:
        """End the span."""
        self._span.end(end_time)


def _scope(span: DecodedSpan) -> InstrumentationScope:
    attributes = _attributes(span.scope_attributes) or None
    return InstrumentationScope(span.scope_name, span.scope_version or None, span.schema_url or None, attributes)


def _trace_state(header: str) -> TraceState | None:
    return TraceState.from_header([header]) if header else None


def _own_context(span: DecodedSpan) -> SpanContext:
    return SpanContext(
        int.from_bytes(span.trace_id, "big"),
        int.from_bytes(span.span_id, "big"),
        is_remote=False,
        trace_flags=TraceFlags(span.flags & 0xFF),
        trace_state=_trace_state(span.trace_state),
    )


def _parent_context(span: DecodedSpan) -> SpanContext | None:
    if not span.parent_span_id:
        return None
    return SpanContext(
        int.from_bytes(span.trace_id, "big"),
        int.from_bytes(span.parent_span_id, "big"),
        is_remote=bool(span.flags & _IS_REMOTE),
        trace_flags=TraceFlags(span.flags & 0xFF),
    )


def _kind(span: DecodedSpan) -> SpanKind:
    return SpanKind(span.kind - 1) if span.kind else SpanKind.INTERNAL


def _link(link: SpanPoint) -> Link:
    trace_id, span_id = int.from_bytes(link.trace_id, "big"), int.from_bytes(link.span_id, "big")
    context = SpanContext(trace_id, span_id, is_remote=True, trace_state=_trace_state(link.trace_state))
    return Link(context, _attributes(link.attributes))


def _attributes(attributes: Mapping[str, object]) -> dict[str, Any]:
    return {key: _value(value) for key, value in attributes.items() if value is not None}


def _value(value: Any) -> Any:
    """*value* in a form that OpenTelemetry's attributes have: sequences of one type, containers as JSON."""
    if isinstance(value, (str, bool, int, float, bytes)):
        return value
    if isinstance(value, list):
        items = cast("list[object]", value)
        kinds = {type(item) for item in items}
        if len(kinds) <= 1 and kinds <= _SCALARS:
            return tuple(items)
    return to_json(cast("object", value)).decode()
