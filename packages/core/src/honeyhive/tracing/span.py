"""The open event: an OpenTelemetry span of our own (design decision 1)."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanContext, StatusCode, TraceFlags, TraceState
from opentelemetry.trace import Status as OTelStatus
from opentelemetry.util.types import Attributes, AttributeValue

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Status, Usage
from honeyhive.events.identity import event_id_of
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import EVENT_KEY, SESSION_KEY, SPAN_KEY, attached, current_context, with_values
from honeyhive.tracing.failure import describe_error, exception_point, status_of
from honeyhive.tracing.parts import (
    INTERNAL,
    SCOPE,
    Part,
    PendingSpan,
    field_part,
    field_parts,
    static_part,
    text_keys,
    usage_metadata,
    usage_of,
    without_reserved,
)
from honeyhive.tracing.session import SessionScope

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_STATUS_KEY: Final = otlp.encode_key(f"{semconv.FIELD_PREFIX}metadata.{semconv.STATUS}")
_STATUS_PARTS: Final = {status: otlp.text_attribute(_STATUS_KEY, status.encode()) for status in Status}
_STATUS_OK: Final = _STATUS_PARTS[Status.OK]
_OTLP_ERROR: Final = 2
_RESULT: Final = "outputs.result"
_MAX_TRACESTATE: Final = 32  # W3C Trace Context §3.3.1.1


class OpenEvent(trace.Span):
    """An event between its start and its end: current in the OpenTelemetry context like any span.

    It ends once, by `finish`, `fail`, `suspend` or OpenTelemetry's `end`; whatever comes later is ignored. Attributes that
    are rarely set live on the class, so that the common event costs no more than its few arguments.
    """

    parent_id: str | None = None
    names: tuple[str, ...] = ()
    texts: list[str] | None = None
    fields: dict[str, dict[str, object]] | None = None
    usage: Usage | None = None
    error: str | None = None
    status = Status.OK
    kind = INTERNAL
    ended = False
    is_plain = True
    flags = otlp.FLAGS_LOCAL_PARENT
    trace_state: TraceState | None = None
    ambient: trace.Span | None = None
    base: Context | None = None
    attributes: dict[str, bytes] | None = None
    points: list[bytes] | None = None
    _span_context: SpanContext | None = None
    _otel_status: bytes | None = None

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

    @property
    def event_id(self) -> str:
        """The id of the event, a function of the span's ids."""
        return event_id_of(self.trace_id, self.span_id)

    @property
    def context(self) -> Context:
        """A context in which this event is the current one, made from the context that it started in."""
        base = self.base if self.base is not None else current_context()
        return with_values(base, {SPAN_KEY: self, EVENT_KEY: self, SESSION_KEY: self.session})

    def activate(self) -> AbstractContextManager[None]:
        """A context manager in which this event is current; leave it where it was entered."""
        return attached(self.context)

    def name_parent(self, parent_id: str) -> None:
        """Name the parent event where OpenTelemetry's parent is not it: another's span, or another session's event."""
        self.parent_id = parent_id
        self.is_plain = False

    def capture_inputs(self, inputs: Mapping[str, object]) -> None:
        """Encode *inputs* now, so that the program may change them."""
        named: dict[str, Part] = {}
        texts: list[str] = []
        field_parts("inputs", inputs, named, texts)
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
        if usage is not None and not self.ended:
            self.usage = usage
        self.merge(fields)

    def merge(self, fields: Mapping[str, Mapping[str, object] | None]) -> None:
        """Merge mapping fields by their names, as `enrich` does."""
        if self.ended:
            return
        for name, values in fields.items():
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
            self.error = describe_error(error)
            self.set_attribute(semconv.ERROR_TYPE, type(error).__qualname__)
            self._add_point(exception_point(error, self.channel.now_ns()))

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
            self._write(end_time if end_time is not None else self.channel.now_ns())
            self._release()
        except Exception as error:  # noqa: BLE001  the host must not notice
            guard.swallow(error, "write an event")

    def finish_call(self, output_key: bytes, result: object) -> None:
        """End the event of a function call that returned *result*; *output_key* is its encoded name on the wire."""
        if self.ended:
            return
        self.ended = True
        end_ns = self.channel.now_ns()
        self.captured.append(field_part(output_key, result))
        if type(result) is not dict and otlp.looks_like_json(result):
            self.mark_texts((_RESULT,))
        self._write(end_ns)
        self._release()

    def _release(self) -> None:
        # Contexts that were copied into long-lived tasks keep the event; they need not keep what it carried.
        self.captured = []
        if not self.is_plain:
            self.fields = self.points = self.attributes = None

    def _write(self, end_ns: int) -> None:
        session = self.session
        parts: list[Any] = [
            otlp.identity(self.trace_id, self.span_id, self.parent_span_id),
            self.static,
            otlp.times(self.start_ns, end_ns),
            session.encoded if session.channel is self.channel else session.encoded_for(self.channel),
            self.flags,
            _STATUS_OK if self.status is Status.OK else _STATUS_PARTS[self.status],
        ]
        if self.is_plain and self.event_type is not EventType.model:
            parts += self.captured
        else:
            usage = self._gather_usage()
            parts.extend(self._all_parts())
            if usage is not None:
                self._put_pending(parts, usage)
                return
        try:
            span = otlp.span(parts)
        except TypeError:  # a LargeText among them: joining is the worker's
            self._put_pending(parts, None)
        else:
            self.channel.put(SCOPE, span, len(span))

    def _put_pending(self, parts: list[Part], usage: Usage | None) -> None:
        config = self.fields.get("config", {}) if self.fields is not None else {}
        model, provider = config.get("model"), config.get("provider")
        pending = PendingSpan(
            parts,
            usage=usage,
            model=model if isinstance(model, str) else None,
            provider=provider if isinstance(provider, str) else None,
        )
        self.channel.put(SCOPE, pending, sum(map(len, parts)))

    def _gather_usage(self) -> Usage | None:
        """Put the usage of a model event into its metadata; the usage that a price is wanted for, if any.

        Events of other types have none (design decision 11), and a cost that was reported is not computed.
        """
        if self.event_type is not EventType.model:
            return None
        metadata = self.fields.get("metadata", {}) if self.fields is not None else {}
        usage = self.usage if self.usage is not None else usage_of(metadata)
        if usage is None:
            return None
        if self.fields is None:
            self.fields = {}
        known = self.fields["metadata"] = {**usage_metadata(usage), **metadata}
        return usage if semconv.COST not in known else None

    def _all_parts(self) -> list[Part]:
        """Everything that an event seldom has, beside its inputs."""
        named = dict(zip(self.names, self.captured, strict=False))
        texts = list(self.texts) if self.texts is not None else []
        if self.fields is not None:
            said_again = {f"{field}.{key}" for field, values in self.fields.items() for key in values}
            texts = [name for name in texts if name not in said_again]
            for field, values in self.fields.items():
                field_parts(field, without_reserved(values) if field == "metadata" else values, named, texts)
        parts: list[Part] = [*named.values(), *text_keys(texts)]
        if self.parent_id is not None:
            parts.append(otlp.attribute(semconv.PARENT_ID, self.parent_id))
        if self.error is not None:
            parts.append(otlp.attribute(semconv.ERROR, self.error))
            parts.append(otlp.status(_OTLP_ERROR, self.error))
        elif self._otel_status is not None:
            parts.append(self._otel_status)
        if self.attributes is not None:
            parts.extend(self.attributes.values())
        if self.points is not None:
            parts.extend(self.points)
        if self.trace_state:
            parts.append(otlp.trace_state(self.trace_state.to_header()))
        return parts

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
                trace_flags=_SAMPLED,
                trace_state=TraceState([own, *others[: _MAX_TRACESTATE - 1]]),
            )
        return self._span_context

    def is_recording(self) -> bool:
        """Whether the event is still open."""
        return not self.ended

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Set an OpenTelemetry attribute; readers show it in the event's metadata."""
        if self.ended:
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
            self._add_point(otlp.span_event(name, time_ns, attributes or {}))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Link the event to a span elsewhere."""
        if not self.ended:
            trace_id, span_id = context.trace_id.to_bytes(16, "big"), context.span_id.to_bytes(8, "big")
            self._add_point(otlp.span_link(trace_id, span_id, attributes or {}))

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
            self.error = text or self.error or "error"
        elif code is StatusCode.OK:
            self.status, self.error = Status.OK, None
            self._otel_status = otlp.status(1)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,  # noqa: ARG002  OpenTelemetry's signature
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002  OpenTelemetry's signature
    ) -> None:
        """Add OpenTelemetry's exception event; the event's own status stays as it is."""
        if not self.ended:
            self._add_point(exception_point(exception, timestamp if timestamp is not None else self.channel.now_ns()))

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
