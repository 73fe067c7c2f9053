"""Our TracerProvider: spans that third parties make on it take the same way as our own events."""

from collections.abc import Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanKind, Tracer, TraceState
from opentelemetry.util.types import Attributes

from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import SUPPRESS_KEY, current_context, span_of
from honeyhive.tracing.intake import Intake
from honeyhive.tracing.lineage import nearest
from honeyhive.tracing.processors import UserProcessors
from honeyhive.tracing.session import session_in
from honeyhive.tracing.span import OpenEvent


class SessionSampler(Sampler):
    """Records every span, because its session decides at its end; one of an unsampled session tells others not to.

    OpenTelemetry's own samplers are not asked: `honeyhive.settings.Settings.sample_rate` follows their variables.
    """

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,  # noqa: ARG002  OpenTelemetry's signature, here and below
        name: str,  # noqa: ARG002
        kind: SpanKind | None = None,  # noqa: ARG002
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,  # noqa: ARG002
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """`RECORD_ONLY` in an unsampled session, else `RECORD_AND_SAMPLE`."""
        context = parent_context if parent_context is not None else current_context()
        parent = span_of(context)
        session = session_in(context) or (parent.session if type(parent) is OpenEvent else None)
        is_sampled = session is None or session.is_sampled
        decision = Decision.RECORD_AND_SAMPLE if is_sampled else Decision.RECORD_ONLY
        if trace_state is None and parent is not None:
            trace_state = parent.get_span_context().trace_state
        return SamplingResult(decision, attributes, trace_state)

    def get_description(self) -> str:
        """The sampler's name."""
        return "HoneyHiveSessions"


class HoneyHiveProvider(TracerProvider):
    """The provider for instrumentors: a stock one, isolated from the global, whose tracers ask the parent resolvers.

    A processor that a user adds gets the tracer's own events too, and everything redacted.
    """

    def __init__(self, channel: Channel, resource: Resource) -> None:
        settings = channel.settings
        super().__init__(
            resource=resource,
            sampler=SessionSampler(),
            shutdown_on_exit=False,
            span_limits=SpanLimits(
                # At its limit the SDK lets go of the oldest, which say what a span is; `limited_others` knows better.
                max_span_attributes=SpanLimits.UNSET,
                max_events=settings.max_events,
                max_links=settings.max_links,
            ),
        )
        self._channel = channel
        self._processors: UserProcessors | None = None
        super().add_span_processor(Intake(channel, resource))

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Hand started and ended events to *span_processor* as well, third parties' and ours, redacted."""
        if isinstance(span_processor, Intake):  # its spans are taken in already
            return
        if self._processors is None:
            self._processors = UserProcessors(self._channel, self.resource)
        self._processors.add(span_processor)

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """A tracer whose spans find the nearest event, a framework's own included."""
        return _ResolvingTracer(super().get_tracer(*args, **kwargs))

    def shutdown(self) -> None:
        """Deliver what can be delivered in five seconds, and shut down the processors that were added."""
        super().shutdown()
        if self._processors is not None:
            self._processors.shutdown()


class _ResolvingTracer(Tracer):
    """Starts spans below the nearest event: a framework's open one counts where no context could be attached."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def start_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> trace.Span:
        base = context if context is not None else current_context()
        if base.get(SUPPRESS_KEY):
            return NonRecordingSpan(trace.get_current_span(base).get_span_context())
        return self._tracer.start_span(name, _resolved(base, context), *args, **kwargs)

    def start_as_current_span(self, name: str, context: Context | None = None, *args: Any, **kwargs: Any) -> Any:
        base = context if context is not None else current_context()
        if base.get(SUPPRESS_KEY):
            return trace.use_span(NonRecordingSpan(trace.get_current_span(base).get_span_context()))
        return self._tracer.start_as_current_span(name, _resolved(base, context), *args, **kwargs)


def _resolved(base: Context, given: Context | None) -> Context | None:
    parent = nearest(base)
    if type(parent) is OpenEvent and parent is not span_of(base):
        return parent.context
    return given
