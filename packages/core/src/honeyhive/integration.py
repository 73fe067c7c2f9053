"""The contract that adapters build on (design §3); everything else of core is private to it.

A framework adapter opens events with `start_event`, ends each once, carries sessions with `inject` and `extract`, and
wraps whatever it does inside the host with `guard`.
"""

import dataclasses
from collections.abc import Mapping, MutableMapping

from opentelemetry.context import Context

from honeyhive.events.event import EventType, Status, Usage
from honeyhive.executors import carry_context, propagating_executor
from honeyhive.guard import guard
from honeyhive.http import known_method, method_attributes, redacted_query, split_host
from honeyhive.settings import Settings
from honeyhive.tracer import HoneyHiveTracer, default_tracer_channel
from honeyhive.tracing import propagation, subprocesses
from honeyhive.tracing.capture import CapturePolicy
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import (
    CLAIM_KEY,
    SESSION_KEY,
    SUPPRESS_KEY,
    attached,
    current_context,
    is_suppressed,
    span_of,
    suppress,
    with_values,
)
from honeyhive.tracing.lineage import (
    channel_for,
    current_event,
    nearest,
    open_event,
    register_parent_resolver,
    unregister_parent_resolver,
)
from honeyhive.tracing.parts import INTERNAL, static_part
from honeyhive.tracing.propagation import CARRIED
from honeyhive.tracing.session import SessionScope, current_session
from honeyhive.tracing.span import OpenEvent
from honeyhive.tracing.streams import wrap_async_stream, wrap_stream

__all__ = [
    "CARRIED",
    "CLIENT",
    "CONSUMER",
    "INTERNAL",
    "PRODUCER",
    "SERVER",
    "AdapterReport",
    "CapturePolicy",
    "Context",
    "EventType",
    "OpenEvent",
    "SessionScope",
    "Status",
    "Usage",
    "attached",
    "capture_policy",
    "carry_context",
    "current_context",
    "current_event",
    "current_session",
    "extract",
    "flush",
    "guard",
    "inject",
    "is_suppressed",
    "known_method",
    "method_attributes",
    "propagating_executor",
    "redacted_query",
    "register_parent_resolver",
    "session_scope",
    "settings",
    "split_host",
    "start_event",
    "subprocess_environment",
    "suppress",
    "unregister_parent_resolver",
    "wrap_async_stream",
    "wrap_stream",
]

# Span kinds, in OTLP's numbers.
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AdapterReport:
    """What an adapter sees of its framework, for ``honeyhive doctor``: versions, and notes that help a user."""

    framework: str
    versions: Mapping[str, str]
    notes: tuple[str, ...] = ()


def start_event(
    event_type: EventType,
    name: str,
    *,
    parent: OpenEvent | Context | None = None,
    inputs: Mapping[str, object] | None = None,
    attributes: Mapping[str, str | int | float | bool] | None = None,
    kind: int = INTERNAL,
    tracer: HoneyHiveTracer | None = None,
) -> OpenEvent | None:
    """Open an event, not current yet; None when nothing is to be recorded (disabled, suppressed).

    *parent* is an open event, a context (such as `extract` returns), or what is current. *inputs* are captured now, so the
    program may change them later. *attributes* are OpenTelemetry attributes; *kind* is an OTLP span kind. The event is one
    of *tracer*, or of the tracer whose event or session it is inside of, or of the default one.
    """
    context = parent if isinstance(parent, Context) else current_context()
    if context.get(SUPPRESS_KEY):
        return None
    above = parent if isinstance(parent, OpenEvent) else span_of(context) if parent is not None else nearest(context)
    channel = (channel_for(context, above) if tracer is None else tracer.channel) or default_tracer_channel()
    if not channel.enabled:
        return None
    event = open_event(channel, static_part(name, event_type, kind), event_type, context, above)
    if event is None:
        return None
    event.base = context
    event.kind = kind
    event.ambient = span_of(context)
    if inputs:
        event.capture_inputs(inputs)
    if attributes:
        event.set_attributes(attributes)
    return event


def session_scope(
    name: str, context: Context, *, tracer: HoneyHiveTracer | None = None
) -> tuple[SessionScope, Context]:
    """The session of a request or task that starts with *context*, and the context with that session in it.

    A carried session is continued; otherwise a new one starts, which records a session that was merely claimed. Call its
    ``finish`` when the request or task ends: that writes the event of a new session and does nothing for a carried one.
    """
    carried = context.get(SESSION_KEY)
    if isinstance(carried, SessionScope):
        carried.is_holder = carried.is_holder or not carried.owned
        return carried, context
    scope = SessionScope(channel_of(tracer), name=name)
    scope.is_holder = True  # a session that code inside makes current stands in for it until it ends
    claimed = context.get(CLAIM_KEY)
    if isinstance(claimed, str):
        scope.enrich(metadata={"claimed_session_id": claimed})
    return scope, with_values(context, {SESSION_KEY: scope})


def inject(
    carrier: MutableMapping[str, str],
    *,
    url: str | None = None,
    context: Context | None = None,
    tracer: HoneyHiveTracer | None = None,
) -> None:
    """Write trace and session of *context* (the current one unless given) into *carrier*; keys are lower-case.

    Pass the *url* of an outgoing request: the session goes only to hosts that may know it (design decision 7).
    """
    with guard("propagate a session"):
        propagation.inject(channel_of(tracer), carrier, url=url, context=context)


def extract(carrier: Mapping[str, str], *, is_trusted: bool = False, tracer: HoneyHiveTracer | None = None) -> Context:
    """A context made from nothing but *carrier* (lower-case keys): its trace, and its session where that is proven.

    *is_trusted* is for carriers that nobody outside can write, such as task messages.
    """
    return propagation.extract(channel_of(tracer), carrier, is_trusted=is_trusted)


def subprocess_environment(
    environment: Mapping[str, str] | None = None, *, tracer: HoneyHiveTracer | None = None
) -> dict[str, str]:
    """*environment* (``os.environ`` unless given) with what lets a process started with it continue what is current.

    Its tracer reads ``TRACEPARENT``, ``TRACESTATE`` and ``BAGGAGE`` when it is made. The process's own session is carried
    too: whoever starts the process means it to be part of this.
    """
    return subprocesses.subprocess_environment(channel_of(tracer), environment)


def capture_policy(tracer: HoneyHiveTracer | None = None) -> CapturePolicy | None:
    """What may be read of the program; None where everything may.

    An event leaves out by itself what may not: an adapter asks only to spare itself work, before it copies a body or joins
    messages.
    """
    return channel_of(tracer).capture


def flush(timeout_s: float, *, tracer: HoneyHiveTracer | None = None) -> bool:
    """Whether everything recorded so far was delivered within *timeout_s*."""
    return channel_of(tracer).flush(timeout_s)


def settings(tracer: HoneyHiveTracer | None = None) -> Settings:
    """The settings of *tracer*, or of the default one."""
    return channel_of(tracer).settings


def channel_of(tracer: HoneyHiveTracer | None) -> Channel:
    """The channel of *tracer*, or the default one."""
    return default_tracer_channel() if tracer is None else tracer.channel
