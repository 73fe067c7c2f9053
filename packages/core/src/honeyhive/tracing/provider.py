"""Our TracerProvider: spans that third parties make on it take the same way as our own events."""

from typing import Any, Final, cast
from weakref import WeakValueDictionary

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as SDKSpan
from opentelemetry.trace import StatusCode, Tracer

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import SESSION_KEY, SUPPRESS_KEY, current_context, span_of
from honeyhive.tracing.lineage import FOREIGN_SESSION, nearest, own_ancestor
from honeyhive.tracing.session import SessionScope
from honeyhive.tracing.span import OpenEvent

_PARENT_OVERRIDE: Final = "_honeyhive_parent_id"
_OTLP_STATUS: Final = {StatusCode.OK: 1, StatusCode.ERROR: 2}


class Intake(SpanProcessor):
    """Puts spans of a stock SDK provider into the session they run in, and hands their bytes over."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        # The SDK hands `on_end` a copy; what `on_start` noted is on the span itself, which lives until then.
        self._open: WeakValueDictionary[int, SDKSpan] = WeakValueDictionary()

    def on_start(self, span: SDKSpan, parent_context: Context | None = None) -> None:
        """Remember the session and, under a parent that is not ours, our nearest ancestor."""
        with guard("take in a span"):
            context = parent_context if parent_context is not None else current_context()
            parent = span_of(context)
            session = _session_of(context, parent, self._channel)
            if session is None:
                return
            setattr(span, FOREIGN_SESSION, session)
            self._open[span.get_span_context().span_id] = span
            if parent is not None and parent.get_span_context().is_valid:
                setattr(span, _PARENT_OVERRIDE, _override(parent, session, context))

    def on_end(self, span: ReadableSpan) -> None:
        """Encode the finished span and hand it over."""
        with guard("take in a span"):
            opened = None if span.context is None else self._open.pop(span.context.span_id, None)
            session = cast("SessionScope | None", getattr(opened, FOREIGN_SESSION, None))
            if session is None or not self._channel.enabled:
                return
            encoded = encode_span(span, session.encoded_for(self._channel), getattr(opened, _PARENT_OVERRIDE, None))
            scope = span.instrumentation_scope
            scope_field = otlp.scope(scope.name, scope.version) if scope is not None else otlp.scope("unknown")
            self._channel.put(scope_field, encoded, len(encoded))


def _session_of(context: Context, parent: trace.Span | None, channel: Channel) -> SessionScope | None:
    session = cast("SessionScope | None", context.get(SESSION_KEY))
    if session is not None:
        return session
    if type(parent) is OpenEvent:
        return parent.session
    default = channel.default_session
    if default is not None and default.unannounced:
        default.announce()
    return default


def _override(parent: trace.Span, session: SessionScope, context: Context) -> str | None:
    if type(parent) is OpenEvent:
        return None if parent.session.session_id == session.session_id else session.session_id
    return own_ancestor(parent, session, context)


def encode_span(span: ReadableSpan, session: bytes, parent_id: str | None) -> bytes:
    """A finished span of the OpenTelemetry SDK, with *session*'s attributes, as an entry of ``ScopeSpans.spans``."""
    context, parent = span.context, span.parent
    if context is None:
        message = "a span without a context cannot be exported"
        raise ValueError(message)
    parts = [
        otlp.identity(
            context.trace_id.to_bytes(16, "big"),
            context.span_id.to_bytes(8, "big"),
            parent.span_id.to_bytes(8, "big") if parent is not None else b"",
        ),
        otlp.name_and_kind(span.name, span.kind.value + 1),
        otlp.times(span.start_time or 0, span.end_time or span.start_time or 0),
        session,
        otlp.FLAGS_REMOTE_PARENT if parent is not None and parent.is_remote else otlp.FLAGS_LOCAL_PARENT,
    ]
    if parent_id is not None:
        parts.append(otlp.attribute(semconv.PARENT_ID, parent_id))
    parts.extend(otlp.attribute(key, value) for key, value in (span.attributes or {}).items())
    parts.extend(otlp.span_event(event.name, event.timestamp, event.attributes or {}) for event in span.events)
    parts.extend(
        otlp.span_link(
            link.context.trace_id.to_bytes(16, "big"), link.context.span_id.to_bytes(8, "big"), link.attributes or {}
        )
        for link in span.links
    )
    code = _OTLP_STATUS.get(span.status.status_code)
    if code is not None:
        parts.append(otlp.status(code, span.status.description))
    return otlp.span(parts)


class HoneyHiveProvider(TracerProvider):
    """The provider for instrumentors: a stock one, isolated from the global, whose tracers ask the parent resolvers."""

    def __init__(self, channel: Channel, resource: Resource) -> None:
        super().__init__(resource=resource, shutdown_on_exit=False)
        self.add_span_processor(Intake(channel))

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """A tracer whose spans find the nearest event, a framework's own included."""
        return _ResolvingTracer(super().get_tracer(*args, **kwargs))


class _ResolvingTracer(Tracer):
    """Starts spans below the nearest event: a framework's open one counts where no context could be attached."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> trace.Span:
        return self._tracer.start_span(name, _resolved(context), *args, **kwargs)

    def start_as_current_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Any:
        return self._tracer.start_as_current_span(name, _resolved(context), *args, **kwargs)


def _resolved(context: Context | None) -> Context | None:
    base = context if context is not None else current_context()
    if base.get(SUPPRESS_KEY):
        return context
    parent = nearest(base)
    if type(parent) is OpenEvent and parent is not span_of(base):
        return parent.context
    return context
