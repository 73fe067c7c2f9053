"""Third-party spans become events: each is put into its session when it starts, and handed over when it ends."""

from typing import Any, Final, cast
from weakref import WeakValueDictionary

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from honeyhive.deprecation import warn_deprecated
from honeyhive.events.conventions import event_type_of
from honeyhive.events.event import EventType, Status
from honeyhive.events.identity import event_id_of
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.tracing.context import CLAIM_KEY, LINK_KEY, SUPPRESS_KEY, current_context
from honeyhive.tracing.duplicates import which_to_leave_out
from honeyhive.tracing.finished import FinishedSpan, resource_field, scope_field
from honeyhive.tracing.foreign import ATTRIBUTE, ForeignSpan, foreign_of
from honeyhive.tracing.lineage import default_session_of, nearest, own_ancestor
from honeyhive.tracing.session import PARTIAL_PART, SessionScope, in_force, session_for, session_in
from honeyhive.tracing.span import OpenEvent

_UNITS_OF_WORK: Final = frozenset({SpanKind.SERVER, SpanKind.CONSUMER})
_SHUTDOWN_TIMEOUT_S: Final = 5.0
DUPLICATE: Final = "duplicate"
_NO_DESCRIPTION: Final = "error"


class Intake(SpanProcessor):
    """Takes in the spans of a stock SDK provider. *resource* is the tracer's own, which its other events are sent under."""

    def __init__(self, channel: Channel | None, resource: Resource | None = None) -> None:
        self._channel = channel
        self._own_resource = resource
        # The SDK hands `on_end` a copy; what `on_start` noted is on the span itself, which lives until then.
        self._open: WeakValueDictionary[int, SDKSpan] = WeakValueDictionary()
        self._resource: tuple[Resource | None, bytes | None] = (resource, None)
        self._scope: tuple[InstrumentationScope | None, bytes] = (None, scope_field(None))

    @property
    def channel(self) -> Channel | None:
        """The tracer's channel, or that of the default tracer of the moment."""
        return self._channel if self._channel is not None else default_channel()

    def on_start(self, span: SDKSpan, parent_context: Context | None = None) -> None:
        """Put the span into its session; one that is a request or a task by itself begins one."""
        try:
            context = parent_context if parent_context is not None else current_context()
            if context.get(SUPPRESS_KEY) or foreign_of(span) is not None:
                return
            found = self._placed(span, context)
            if found is None:
                return
            setattr(span, ATTRIBUTE, found)
            self._open[span.get_span_context().span_id] = span
            if self._own_resource is None:
                found.at_start = dict(span.attributes or {})
            observer = found.channel.observer
            if observer is not None and self._own_resource is not None and not found.is_left_out:
                observer.on_foreign_start(span, found, context)
        except Exception as error:  # noqa: BLE001  the host must not notice
            guard.swallow(error, "take in a span")

    def on_end(self, span: ReadableSpan) -> None:
        """Hand the finished span over, to be encoded by the worker."""
        try:
            opened = None if span.context is None else self._open.pop(span.context.span_id, None)
            found = foreign_of(opened)
            if found is not None and not found.is_left_out and found.channel.enabled:
                self._take(found, span)
        except Exception as error:  # noqa: BLE001  the host must not notice
            guard.swallow(error, "take in a span")

    def _take(self, found: ForeignSpan, span: ReadableSpan) -> None:
        held: Any = span.attributes  # a proxy of a mapping with locks, whose own copy is by far the fastest way out
        attributes: dict[str, Any] = held.copy() if held else {}
        if found.at_start and span.dropped_attributes:
            # At its limit, 128 unless set, a provider lets go of the oldest first: those that say what the span is.
            attributes = {**found.at_start, **attributes}
        event_type = None  # left to the worker, unless what is above or a policy has to know
        if found.above is not None or found.has_model or found.channel.capture is not None:
            event_type = event_type_of(attributes)
            if event_type is EventType.model:
                if found.above is not None:
                    found.above.contains_model()
                if found.has_model:
                    event_type = EventType.chain
            if found.channel.capture is not None:
                attributes = found.channel.capture.attributes(attributes)
        if not found.session.is_thinned or _survives(found, span):
            self._hand_over(found, span, attributes, event_type)
        if found.begins_session:
            _finish_session(found.session, span)

    def _hand_over(
        self, found: ForeignSpan, span: ReadableSpan, attributes: dict[str, Any], event_type: EventType | None
    ) -> None:
        channel, session = found.channel, found.session
        identity = session.encoded if session.channel is channel else session.encoded_for(channel)
        finished = FinishedSpan(
            span,
            attributes,
            identity if session.is_sampled else identity + PARTIAL_PART,
            event_type=event_type,
            has_usage=not found.has_model,
            parent_id=found.parent_id,
            resource=self._resource_of(span),
            channel=channel,
        )
        channel.put(self._scope_of(span), finished, finished.size)

    def _placed(self, span: SDKSpan, context: Context) -> ForeignSpan | None:
        """Which tracer, session and parent the span belongs to."""
        parent = nearest(context)
        above = parent if type(parent) is OpenEvent else foreign_of(parent)
        channel = _channel_of(above, context) or self.channel
        if channel is None or not channel.enabled:
            return None
        is_kept = channel.filters is None or channel.admits(span.name)
        session = session_for(channel, session_in(context) or (None if above is None else above.session))
        begins_session = session is None and is_kept and span.kind in _UNITS_OF_WORK and _is_root(parent)
        if begins_session:
            session = _begin_session(channel, span.name, context)
        elif session is None:
            session = default_session_of(channel)
            if session is None:
                return None
        found = ForeignSpan(channel, session, span)
        found.above = above
        found.begins_session = begins_session
        if parent is not None and parent.get_span_context().is_valid:
            found.parent_id = _parent_id(span, parent, session, context)
        elif LINK_KEY in context:  # a caller that is not trusted
            span.add_link(cast("SpanContext", context[LINK_KEY]))
        if not is_kept:
            _leave_out(found, span)
        elif type(above) is ForeignSpan:
            self._spot_duplicate(found, span, above, parent)
        return found

    def _spot_duplicate(self, found: ForeignSpan, span: SDKSpan, above: ForeignSpan, parent: Any) -> None:
        """Leave one of two spans out that two instrumentations of one library make of one call."""
        other = which_to_leave_out(getattr(parent, "instrumentation_scope", None), span.instrumentation_scope)
        if other is None or above.is_left_out:
            return
        found.channel.refuse(DUPLICATE)
        if other == "inner":
            _leave_out(found, span)
            return
        _leave_out(above, parent)
        found.parent_id = above.stand_in
        found.above = above.above
        found.begins_session, above.begins_session = above.begins_session, False

    def _resource_of(self, span: ReadableSpan) -> bytes | None:
        known, encoded = self._resource
        if span.resource is known:
            return encoded
        encoded = None if span.resource is self._own_resource else resource_field(span.resource)
        self._resource = (span.resource, encoded)
        return encoded

    def _scope_of(self, span: ReadableSpan) -> bytes:
        known, encoded = self._scope
        scope = span.instrumentation_scope
        if scope is known:
            return encoded
        encoded = scope_field(scope)
        self._scope = (scope, encoded)
        return encoded

    def shutdown(self) -> None:
        """Deliver what can be delivered in five seconds."""
        channel = self.channel
        if channel is not None:
            channel.flush(_SHUTDOWN_TIMEOUT_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Whether everything accepted before the call was delivered within *timeout_millis*."""
        channel = self.channel
        return channel is None or channel.flush(timeout_millis / 1000)


class HoneyHiveSpanProcessor(Intake):
    """Makes events of the spans of a `TracerProvider` of your own: ``provider.add_span_processor(HoneyHiveSpanProcessor())``.

    *tracer_instance* is the tracer that they are recorded with, the default one of the moment unless given. A span keeps
    its provider's resource, and its provider's decision not to sample it. The other arguments are those of 1.x: *client* had
    no effect there either and warns; *disable_batch* and *otlp_exporter* are the tracer's matter.
    """

    def __init__(
        self,
        client: object = None,
        disable_batch: bool = False,  # noqa: ARG002  1.x's signature
        otlp_exporter: object = None,
        tracer_instance: Any = None,
    ) -> None:
        if client is not None:
            warn_deprecated("HoneyHiveSpanProcessor(client=…)", "HoneyHiveSpanProcessor(tracer_instance=tracer)")
        if otlp_exporter is not None:
            warn_deprecated("HoneyHiveSpanProcessor(otlp_exporter=…)", "the tracer's otlp_endpoint")
        super().__init__(None if tracer_instance is None else tracer_instance.channel)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand the finished span over, where its provider sampled it."""
        if span.context is not None and span.context.trace_flags.sampled:
            super().on_end(span)


def _channel_of(above: OpenEvent | ForeignSpan | None, context: Context) -> Channel | None:
    """The tracer that the span's surroundings belong to: an instrumentor is attached to one provider, for all tracers."""
    if above is not None:
        return above.channel
    session = in_force(session_in(context))
    return None if session is None else session.channel


def _is_root(parent: trace.Span | None) -> bool:
    context = None if parent is None else parent.get_span_context()
    return context is None or not context.is_valid or context.is_remote


def _begin_session(channel: Channel, name: str, context: Context) -> SessionScope:
    session = SessionScope(channel, name=name)
    claimed = context.get(CLAIM_KEY)
    if isinstance(claimed, str):
        session.enrich(metadata={"claimed_session_id": claimed})
    return session


def _finish_session(session: SessionScope, span: ReadableSpan) -> None:
    if span.status.status_code is StatusCode.ERROR and session.error is None:
        capture = session.channel.capture
        told = span.status.description or _NO_DESCRIPTION
        session.status = Status.ERROR
        session.error = told if capture is None else capture.error(told, _NO_DESCRIPTION)
    session.finish()


def _parent_id(span: SDKSpan, parent: trace.Span, session: SessionScope, context: Context) -> str | None:
    """The event above the span, where OpenTelemetry's parent does not say it."""
    if type(parent) is not OpenEvent:
        return own_ancestor(parent, session, context)
    if parent.session.session_id != session.session_id:
        return session.session_id
    actual = span.parent
    is_parent = actual is not None and actual.span_id.to_bytes(8, "big") == parent.span_id
    return None if is_parent and parent.own_id is None else parent.event_id


def _leave_out(found: ForeignSpan, span: Any) -> None:
    """Record *span* as none; what is below it is below its parent."""
    found.is_left_out = True
    parent = span.parent
    if found.parent_id is not None:
        found.stand_in = found.parent_id
    elif parent is None:
        found.stand_in = found.session.session_id
    else:
        found.stand_in = event_id_of(parent.trace_id.to_bytes(16, "big"), parent.span_id.to_bytes(8, "big"))


def _survives(found: ForeignSpan, span: ReadableSpan) -> bool:
    is_error = span.status.status_code is StatusCode.ERROR
    duration_ns = (span.end_time or 0) - (span.start_time or 0)
    return found.session.keeps(found.channel, span.name, is_error=is_error, duration_ns=duration_ns)
