"""The open event: an OpenTelemetry span of our own (design decision 1)."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple

from opentelemetry import trace
from opentelemetry.context import Context

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Status, Usage
from honeyhive.events.identity import event_id_of
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import EVENT_KEY, SESSION_KEY, SPAN_KEY, attached, current_context, with_values
from honeyhive.tracing.face import OTelFace
from honeyhive.tracing.failure import describe_error, status_of
from honeyhive.tracing.fields import mapping_of, text_of
from honeyhive.tracing.parts import Part, add_values, field_parts, static_part
from honeyhive.tracing.sampling import name_in
from honeyhive.tracing.session import PARTIAL, SessionScope
from honeyhive.tracing.writing import write_event

if TYPE_CHECKING:
    from honeyhive.tracing.foreign import ForeignSpan

_OK: Final = Status.OK  # asked of the enum at each call, it would be felt
_RESULT: Final = "outputs.result"
_RECORDED: Final = ((0, otlp.encode_key(semconv.FIELD_PREFIX + _RESULT), _RESULT),)


class Labels(NamedTuple):
    """What an event says of itself instead of its tracer; a project of None is the tracer's."""

    source: str
    project: str | None


class OpenEvent(OTelFace):
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
    holds_model = False
    model_scope: "OpenEvent | ForeignSpan | None" = None
    enclosing_model: "OpenEvent | ForeignSpan | None" = None
    flags = otlp.FLAGS_LOCAL_PARENT
    ambient: trace.Span | None = None
    capture_late: Callable[[], None] | None = None
    around: SessionScope | None = None
    base: Context | None = None

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
        self.ended = False
        self.is_plain = True
        self.status = _OK
        self.captured: list[Part] = []  # two pieces for each of `names` (`add_values`)
        self.start_ns = channel.now_ns()

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
            self.own_id = text_of(event_id)
            self.is_plain = False

    def name_parent(self, parent_id: str) -> None:
        """Name the parent event where OpenTelemetry's parent is not it: another's span, or another session's event."""
        self.parent_id = parent_id
        self.is_plain = False

    def capture_inputs(self, inputs: Mapping[str, object]) -> None:
        """Encode *inputs* now, so that the program may change them; of an unsampled session only when it is kept."""
        if not self.session.is_sampled and not self.ended:
            self.capture_late = partial(self.capture_inputs, inputs)
            self.is_plain = False
            return
        if self.channel.capture is not None:
            inputs = self.channel.capture.read("inputs", inputs)
        named: dict[str, Part] = {}
        texts: list[str] = []
        field_parts("inputs", inputs, named, texts)
        if len(named) > self.channel.settings.max_attributes:
            self.is_plain = False
        self.names, self.captured = tuple(named), [piece for part in named.values() for piece in (part, b"")]
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
            if given is None:
                continue
            values = mapping_of(given)
            if capture is not None and values:
                values = capture.read(name, values)
            if values:
                said = self.fields
                if said is None:
                    said = self.fields = {}
                    self.is_plain = False
                said.setdefault(name, {}).update(values)

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
        self.is_plain = False
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
            self.is_plain = False

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
            end_ns = int(end_time) if end_time is not None else self.channel.now_ns()
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
        channel = self.channel
        end_ns = channel.now_ns()
        if self.session.is_thinned and not self._survives(end_ns):
            self._release()
            return
        is_read = channel.capture is None or channel.capture.reads("outputs", "result")
        if is_read and (texts := add_values(self.captured, _RECORDED, (result,))):
            self.mark_texts(texts)
        write_event(self, end_ns)
        if self.is_plain:
            self.captured = []
        else:
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
        if not self.is_plain:
            self.capture_late = self.fields = self.points = self.attributes = None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """End the event, with the error that left the block."""
        if error is None:
            self.end()
        else:
            self.fail(error)
