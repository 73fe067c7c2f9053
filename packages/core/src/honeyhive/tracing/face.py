"""What OpenTelemetry asks of an open event: its Span, over the state that the event is written from."""

from collections.abc import Mapping
from typing import Final

from opentelemetry import trace
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags, TraceState
from opentelemetry.trace import Status as OTelStatus
from opentelemetry.util.types import Attributes, AttributeValue

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Status
from honeyhive.events.values import type_name
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.failure import exception_point
from honeyhive.tracing.limits import limited_points
from honeyhive.tracing.parts import INTERNAL, static_part
from honeyhive.tracing.session import SessionScope

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_UNSAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)
# Span events and links of an open event, beyond which the limits are applied at once and not only at its end.
_MOST_POINTS: Final = 4096
_MAX_TRACESTATE: Final = 32  # W3C Trace Context §3.3.1.1


class OTelFace(trace.Span):
    """OpenTelemetry's methods of an open event, all but the end. What is set rarely lives on the class until it is."""

    channel: Channel
    session: SessionScope
    event_type: EventType
    static: bytes
    trace_id: bytes
    span_id: bytes
    error: str | None = None
    status: Status
    kind = INTERNAL
    ended: bool
    is_plain: bool
    trace_state: TraceState | None = None
    attributes: dict[str, bytes] | None = None
    points: list[bytes] | None = None
    dropped_points = (0, 0)
    otel_status: bytes | None = None
    _span_context: SpanContext | None = None

    def get_span_context(self) -> SpanContext:
        """The ids in OpenTelemetry's form; its trace state names this event as the nearest of ours (`extract` reads it)."""
        if self._span_context is None:
            own = (semconv.TRACESTATE_KEY, self.span_id.hex())
            others = list(self.trace_state.items()) if self.trace_state is not None else []
            self._span_context = SpanContext(
                int.from_bytes(self.trace_id, "big"),
                int.from_bytes(self.span_id, "big"),
                is_remote=False,
                trace_flags=_SAMPLED if self.session.is_sampled else _UNSAMPLED,
                trace_state=TraceState([own, *others[: _MAX_TRACESTATE - 1]]),
            )
        return self._span_context

    def is_recording(self) -> bool:
        """Whether the event is still open."""
        return not self.ended

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an OpenTelemetry attribute; readers show it in the event's metadata."""
        capture = self.channel.capture
        if self.ended or (capture is not None and not capture.reads_attribute(key)):
            return
        try:
            if self.attributes is None:
                self.attributes = {}
                self.is_plain = False
            self.attributes[key] = otlp.attribute(key, value)
        except Exception as error:  # noqa: BLE001  the host must not notice
            guard.swallow(error, "set an attribute")

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Set several attributes."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an OpenTelemetry span event; *timestamp* in Unix nanoseconds, now unless given."""
        if self.ended:
            return
        with guard("add a span event"):
            time_ns = timestamp if timestamp is not None else self.channel.now_ns()
            capture = self.channel.capture
            if capture is None:
                self._add_point(otlp.span_event(name, time_ns, attributes or {}))
            elif capture.reads_point(name):
                self._add_point(otlp.span_event(name, time_ns, capture.attributes(attributes)))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Link the event to a span elsewhere."""
        if self.ended:
            return
        with guard("add a link"):
            trace_id, span_id = context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big")
            capture = self.channel.capture
            read = (attributes or {}) if capture is None else capture.attributes(attributes)
            self._add_point(otlp.span_link(trace_id, span_id, read))

    def update_name(self, name: str) -> None:
        """Give the event another name."""
        if not self.ended:
            self.static = static_part(name, self.event_type, self.kind)

    def set_status(self, status: OTelStatus | StatusCode, description: str | None = None) -> None:
        """Set OpenTelemetry's status; an error makes the event one, with *description* as its message."""
        if self.ended:
            return
        code = status.status_code if isinstance(status, OTelStatus) else status
        text = status.description if isinstance(status, OTelStatus) else description
        self.is_plain = False
        if code is StatusCode.ERROR:
            self.status = Status.ERROR
            capture = self.channel.capture
            self.error = (
                (text if capture is None or not text else capture.error(text, "error")) or self.error or "error"
            )
        elif code is StatusCode.OK:
            self.status, self.error = Status.OK, None
            self.otel_status = otlp.status(1)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002  OpenTelemetry's signature
    ) -> None:
        """Add OpenTelemetry's exception event; the event's own status stays as it is."""
        if self.ended:
            return
        with guard("record an exception"):
            time_ns = timestamp if timestamp is not None else self.channel.now_ns()
            capture = self.channel.capture
            if capture is None or capture.reads_content:
                self._add_point(exception_point(exception, time_ns, attributes, told=self.error))
            else:
                self.add_event("exception", {semconv.EXCEPTION_TYPE: type_name(exception)}, time_ns)

    def _add_point(self, point: bytes) -> None:
        if self.points is None:
            self.points = []
            self.is_plain = False
        self.points.append(point)
        if len(self.points) > _MOST_POINTS:
            self.points, self.dropped_points = limited_points(self.points, self.dropped_points, self.channel.settings)
