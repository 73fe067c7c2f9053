"""The open event: an OpenTelemetry span of our own (design decision 1)."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags, TraceState
from opentelemetry.trace import Status as OTelStatus
from opentelemetry.util.types import Attributes, AttributeValue

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Status, Usage
from honeyhive.events.identity import event_id_of
from honeyhive.events.values import type_name
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import EVENT_KEY, SESSION_KEY, SPAN_KEY, attached, current_context, with_values
from honeyhive.tracing.failure import describe_error, exception_point, status_of
from honeyhive.tracing.limits import limited_points
from honeyhive.tracing.parts import INTERNAL, Part, field_part, field_parts, static_part
from honeyhive.tracing.sampling import name_in
from honeyhive.tracing.session import PARTIAL, SessionScope
from honeyhive.tracing.writing import write_event

if TYPE_CHECKING:
    from honeyhive.tracing.foreign import ForeignSpan

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_UNSAMPLED: Final = TraceFlags(TraceFlags.DEFAULT)
_RESULT: Final = "outputs.result"
_RESULT_KEY: Final = otlp.encode_key(semconv.FIELD_PREFIX + _RESULT)
# Span events and links of an open event, beyond which the limits are applied at once and not only at its end.
_MOST_POINTS: Final = 4096
_MAX_TRACESTATE: Final = 32  # W3C Trace Context §3.3.1.1


class Labels(NamedTuple):
    """What an event says of itself instead of its tracer; a project of None is the tracer's."""

    source: str
    project: str | None


class OpenEvent(trace.Span):
    """An event between its start and its end: current in the OpenTelemetry context like any span.

    It ends once, by `finish`, `fail`, `suspend` or OpenTelemetry's `end`; whatever comes later is ignored. Attributes that
    are rarely set live on the class, so that the common event costs no more than its few arguments.
    """

    own_id: str | None = None
    parent_id: str | None = None
    labels: Labels | None = None
    names: tuple[str, ...] = ()
    texts: list[str] | None = None
    fields: dict[str, dict[str, object]] | None = None
    usage: Usage | None = None
    error: str | None = None
    status = Status.OK
    kind = INTERNAL
    ended = False
    is_plain = True
    holds_model = False
    model_scope: "OpenEvent | ForeignSpan | None" = None
    enclosing_model: "OpenEvent | ForeignSpan | None" = None
    flags = otlp.FLAGS_LOCAL_PARENT
    trace_state: TraceState | None = None
    ambient: trace.Span | None = None
    capture_late: Callable[[], None] | None = None
    around: SessionScope | None = None
    base: Context | None = None
    attributes: dict[str, bytes] | None = None
    points: list[bytes] | None = None
    dropped_points = (0, 0)
    otel_status: bytes | None = None
    _span_context: SpanContext | None = None

    def __init__(
        self,
        channel: Channel,
        static: bytes,
        trace_id: bytes,
        span_id: bytes,
        parent_span_id: bytes,
        session: SessionScope,
        event_type: EventType,
    ) -> None:
        self.channel = channel
        self.static = static
        self.trace_id = trace_id
        self.span_id = span_id
        self.parent_span_id = parent_span_id
        self.session = session
        self.event_type = event_type
        self.captured: list[Part] = []
        self.start_ns = channel.now_ns()
        if channel.observer is not None:
            channel.observer.on_start(self)

    @property
    def event_id(self) -> str:
        """The id of the event: a function of the span's ids, unless `name_self` gave another."""
        return event_id_of(self.trace_id, self.span_id) if self.own_id is None else self.own_id

    @property
    def context(self) -> Context:
        """A context in which this event is the current one, made from the context that it started in."""
        base = self.base if self.base is not None else current_context()
        return with_values(base, {SPAN_KEY: self, EVENT_KEY: self, SESSION_KEY: self.session})

    def activate(self) -> AbstractContextManager[None]:
        """A context manager in which this event is current; leave it where it was entered."""
        return attached(self.context)

    def name_self(self, event_id: str) -> None:
        """Give the event an id of the caller's own."""
        if not self.ended:
            self.own_id = event_id
            self.is_plain = False

    def name_parent(self, parent_id: str) -> None:
        """Name the parent event where OpenTelemetry's parent is not it: another's span, or another session's event."""
        self.parent_id = parent_id
        self.is_plain = False

    def capture_inputs(self, inputs: Mapping[str, object]) -> None:
        """Encode *inputs* now, so that the program may change them; of an unsampled session only when it is kept."""
        if not self.session.is_sampled and not self.ended:
            self.capture_late = partial(self.capture_inputs, inputs)
            return
        if self.channel.capture is not None:
            inputs = self.channel.capture.read("inputs", inputs)
        named: dict[str, Part] = {}
        texts: list[str] = []
        field_parts("inputs", inputs, named, texts)
        if len(named) > self.channel.settings.max_attributes:
            self.is_plain = False
        self.names, self.captured = tuple(named), list(named.values())
        if texts:
            self.mark_texts(texts)

    def mark_texts(self, names: Iterable[str]) -> None:
        """Note texts that look like JSON, so that a reader leaves them as they are."""
        self.texts = [*(self.texts or ()), *names]
        self.is_plain = False

    def enrich(self, *, usage: Usage | None = None, **fields: Mapping[str, object] | None) -> None:
        """Merge values into ``inputs``, ``outputs``, ``config``, ``metadata``, ``metrics``, ``feedback`` or
        ``user_properties``; *usage* replaces what was known.
        """  # noqa: D205  one sentence of many names
        capture = self.channel.capture
        if usage is not None and not self.ended and (capture is None or capture.reads_metadata):
            self.usage = usage
        self.merge(fields)

    def merge(self, fields: Mapping[str, Mapping[str, object] | None]) -> None:
        """Merge mapping fields by their names, as `enrich` does."""
        if self.ended:
            return
        capture = self.channel.capture
        for name, given in fields.items():
            values = given if capture is None or not given else capture.read(name, given)
            if values:
                if self.fields is None:
                    self.fields = {}
                    self.is_plain = False
                self.fields.setdefault(name, {}).update(values)

    def finish(self, *, usage: Usage | None = None, **fields: Mapping[str, object] | None) -> None:
        """End the event well, with last values as in `enrich`."""
        self.enrich(usage=usage, **fields)
        self.end()

    def fail(self, error: BaseException, *, usage: Usage | None = None, **fields: Mapping[str, object] | None) -> None:
        """End the event with *error*: an error, a cancellation, or (for ``GeneratorExit``) an abandoned stream."""
        self.enrich(usage=usage, **fields)
        self.record_error(error)
        self.end()

    def record_error(self, error: BaseException) -> None:
        """Remember *error* as what went wrong, without ending the event."""
        if self.ended:
            return
        self.status = status_of(error)
        self.is_plain = False
        if self.status is Status.ERROR:
            capture, kind = self.channel.capture, type(error).__qualname__
            self.error = describe_error(error) if capture is None else capture.error(describe_error(error), kind)
            self.set_attribute(semconv.ERROR_TYPE, kind)
            self.record_exception(error)

    def note_error(self, text: str) -> None:
        """Remember *text* as what went wrong, in the user's own words, without ending the event."""
        if not self.ended:
            capture = self.channel.capture
            self.status, self.error = Status.ERROR, text if capture is None else capture.error(text, "error")
            self.is_plain = False

    def enter_model(self, enclosing: "OpenEvent | ForeignSpan | None") -> None:
        """Note that this is a model event, and that *enclosing* and what is around that contain one."""
        self.enclosing_model, self.model_scope = enclosing, self
        if enclosing is not None:
            enclosing.contains_model()

    def contains_model(self) -> None:
        """Note that the event contains a model event: if it is one itself, it will be a chain without usage.

        So will every other model event around it. ``model_scope`` is the nearest of them, or a span of a third party.
        """
        if not self.ended:
            self.holds_model = True
            self.is_plain = False
        scope = self.enclosing_model if self.model_scope is self else self.model_scope
        if scope is not None:
            scope.contains_model()

    def label(self, *, project: str | None = None, source: str | None = None) -> None:
        """Give the event a project or a source of its own, instead of its tracer's."""
        if not self.ended:
            self.labels = Labels(source or self.channel.settings.source, project)
            self.is_plain = False

    def retype(self, event_type: EventType, name: str) -> None:
        """Make the event called *name* one of another type: a model call that turns out to contain one is a chain."""
        if not self.ended:
            self.event_type = event_type
            self.static = static_part(name, event_type, self.kind)

    def suspend(self, **fields: Mapping[str, object] | None) -> None:
        """End the event as waiting: a human or another process has to act before its work goes on."""
        self.merge(fields)
        self.status = Status.WAITING
        self.end()

    def end(self, end_time: int | None = None) -> None:
        """End the event; *end_time* in Unix nanoseconds, now unless given."""
        if self.ended:
            return
        self.ended = True
        try:
            end_ns = end_time if end_time is not None else self.channel.now_ns()
            if not self.session.is_thinned or self._survives(end_ns):
                write_event(self, end_ns)
            self._release()
        except Exception as error:  # noqa: BLE001  the host must not notice
            guard.swallow(error, "write an event")

    def finish_call(self, result: object) -> None:
        """End the event of a function call that returned *result*, its ``outputs.result``."""
        if self.ended:
            return
        self.ended = True
        end_ns = self.channel.now_ns()
        if self.session.is_thinned and not self._survives(end_ns):
            self._release()
            return
        if self.channel.capture is None or self.channel.capture.reads("outputs", "result"):
            self.captured.append(field_part(_RESULT_KEY, result))
            if type(result) is not dict and otlp.looks_like_json(result):
                self.mark_texts((_RESULT,))
        write_event(self, end_ns)
        self._release()

    def _survives(self, end_ns: int) -> bool:
        """Whether the event of a session that is not recorded whole is kept; its inputs are captured only then."""
        is_error = self.status is Status.ERROR or self.error is not None
        is_kept = self.session.keeps(
            self.channel, name_in(self.static), is_error=is_error, duration_ns=end_ns - self.start_ns
        )
        if is_kept and self.capture_late is not None:
            self.capture_late()
        if is_kept and not self.session.is_sampled:
            fields = self.fields or {}
            self.fields = {**fields, "metadata": {**fields.get("metadata", {}), PARTIAL: True}}
            self.is_plain = False
        return is_kept

    def _release(self) -> None:
        # Contexts that were copied into long-lived tasks keep the event; they need not keep what it carried.
        self.captured = []
        if self.capture_late is not None:
            self.capture_late = None
        if not self.is_plain:
            self.fields = self.points = self.attributes = None

    # The rest is OpenTelemetry's Span.

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
        if not self.ended:
            time_ns = timestamp if timestamp is not None else self.channel.now_ns()
            capture = self.channel.capture
            read = (attributes or {}) if capture is None else capture.attributes(attributes)
            self._add_point(otlp.span_event(name, time_ns, read))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Link the event to a span elsewhere."""
        if not self.ended:
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
            self.error = (text if capture is None or not text else capture.error(text, "error")) or self.error or "error"
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
        if not self.ended:
            time_ns = timestamp if timestamp is not None else self.channel.now_ns()
            capture = self.channel.capture
            if capture is None or capture.reads_content:
                self._add_point(exception_point(exception, time_ns, attributes))
            else:
                self.add_event("exception", {semconv.EXCEPTION_TYPE: type_name(exception)}, time_ns)

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End the event, with the error that left the block."""
        if error is None:
            self.end()
        else:
            self.fail(error)

    def _add_point(self, point: bytes) -> None:
        if self.points is None:
            self.points = []
            self.is_plain = False
        self.points.append(point)
        if len(self.points) > _MOST_POINTS:
            self.points, self.dropped_points = limited_points(self.points, self.dropped_points, self.channel.settings)
