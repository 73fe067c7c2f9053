"""Span processors that a user adds to our provider: they get every event, ours too, redacted and in the SDK's form.

Nothing here runs until the first is added: an event then costs its encoding in the caller, a reading back and the redaction.
Sessions and later words on events are records of HoneyHive, not spans of the program: processors do not get them.
"""

import atexit
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.conventions import event_type_of
from honeyhive.events.decode import DecodedSpan
from honeyhive.events.event import EventType
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel, Payload
from honeyhive.tracing.context import suppress
from honeyhive.tracing.finished import FinishedSpan, scope_field
from honeyhive.tracing.parts import SCOPE, PendingSpan
from honeyhive.tracing.readable import StartedSpan, decoded, readable

if TYPE_CHECKING:
    from honeyhive.tracing.foreign import ForeignSpan
    from honeyhive.tracing.span import OpenEvent

_MS_PER_S: Final = 1000


class UserProcessors:
    """The processors that were added, in their order; attached to the channel from the first on."""

    def __init__(self, channel: Channel, resource: Resource) -> None:
        self._redactor = channel.redactor
        self._resource = Resource(self._redactor.attributes(resource.attributes), resource.schema_url)
        self._processors: tuple[SpanProcessor, ...] = ()
        self._put, self._flush = channel.put, channel.flush
        channel.observer, channel.put, channel.flush = self, self._put_and_tell, self._flush_all
        # Like the SDK's own providers, but without keeping this one alive.
        reference = weakref.WeakMethod(self.shutdown)
        self._at_exit = lambda: _call(reference)
        atexit.register(self._at_exit)

    def add(self, processor: SpanProcessor) -> None:
        """Hand events to *processor* from now on."""
        self._processors = (*self._processors, processor)

    def on_start(self, event: "OpenEvent", context: Context) -> None:
        """An event of ours has started."""
        with guard("tell span processors of a start"):
            parts = (
                otlp.identity(event.trace_id, event.span_id, event.parent_span_id),
                event.static,
                otlp.times(event.start_ns, 0),
                event.session.encoded_for(event.channel),
                event.flags,
            )
            if event.trace_state:
                parts = (*parts, otlp.trace_state(event.trace_state.to_header()))
            self._tell_start(event, SCOPE, otlp.span(parts), context)

    def on_foreign_start(self, span: Any, found: "ForeignSpan", context: Context) -> None:
        """A third party's span has started on our provider."""
        with guard("tell span processors of a start"):
            attributes, capture = dict(span.attributes or {}), found.channel.capture
            started = FinishedSpan(
                span,
                attributes if capture is None else capture.attributes(attributes),
                found.session.encoded_for(found.channel),
                event_type=event_type_of(attributes),
                has_usage=True,
                parent_id=found.parent_id,
                resource=None,
                channel=found.channel,
            )
            self._tell_start(span, scope_field(span.instrumentation_scope), started.encode(is_priced=False), context)

    def _tell_start(self, span: Any, scope: bytes, encoded: bytes, context: Context) -> None:
        started = StartedSpan(span, self._read(scope, encoded), self._resource)
        self._each(lambda processor: processor.on_start(started, context))

    def _put_and_tell(self, scope: bytes, span: bytes | Payload, size: int) -> None:
        self._put(scope, span, size)
        with guard("tell span processors of an end"):
            encoded = _encoded(span)
            if encoded is None:
                return
            read = self._read(scope, encoded)
            if semconv.UPDATE_TARGET in read.attributes or read.attributes.get(semconv.EVENT_TYPE) == EventType.session:
                return
            finished = readable(read, self._resource)
            self._each(lambda processor: processor.on_end(finished))

    def _read(self, scope: bytes, encoded: bytes) -> DecodedSpan:
        return decoded(self._redactor.scope(scope), self._redactor.span(encoded))

    def _each(self, tell: Callable[[SpanProcessor], object]) -> None:
        with suppress():  # what a processor does, such as exporting, is nobody's to trace
            for processor in self._processors:
                with guard("call a span processor"):
                    tell(processor)

    def _flush_all(self, timeout_s: float) -> bool:
        """The channel's own flush, and that of each processor, within *timeout_s* altogether."""
        deadline = time.monotonic() + timeout_s
        flushed = [self._flush(timeout_s)]
        for processor in self._processors:
            flushed.append(False)
            with guard("flush a span processor"):
                left_ms = max(0, int((deadline - time.monotonic()) * _MS_PER_S))
                # None from processors that do not say: the SDK's own interface allows it.
                flushed[-1] = processor.force_flush(left_ms) is not False
        return all(flushed)

    def shutdown(self) -> None:
        """Shut the processors down; they get nothing any more."""
        processors, self._processors = self._processors, ()
        atexit.unregister(self._at_exit)
        for processor in processors:
            with guard("shut a span processor down"):
                processor.shutdown()


def _encoded(span: bytes | Payload) -> bytes | None:
    """The bytes of *span*; None for one of a provider that has processors of its own."""
    if isinstance(span, bytes):
        return span
    # Without its price: the list of prices is the worker's to import.
    if isinstance(span, FinishedSpan):
        return None if span.resource is not None else span.encode(is_priced=False)
    if isinstance(span, PendingSpan):
        return PendingSpan(span.parts, usage=None, model=None, provider=None).encode()
    return span.encode()


def _call(reference: "weakref.WeakMethod[Callable[[], None]]") -> None:
    method = reference()
    if method is not None:
        method()
