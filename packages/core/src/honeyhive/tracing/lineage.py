"""Who is the parent of an event that starts now, and which session it belongs to."""

from collections.abc import Callable
from typing import Any, Final, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import TraceState

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType
from honeyhive.events.identity import event_id_of
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import EVENT_KEY, REMOTE_EVENT_KEY, SESSION_KEY, current_context, span_of
from honeyhive.tracing.session import SessionScope
from honeyhive.tracing.span import OpenEvent

ParentResolver = Callable[[], OpenEvent | None]

# The session that a span of a third party was started in, kept on the SDK's span object by our provider.
FOREIGN_SESSION: Final = "_honeyhive_session"

_resolvers: Final[list[ParentResolver]] = []


def register_parent_resolver(resolver: ParentResolver) -> None:
    """Let *resolver* name the event that user code runs under, for frameworks that give no place to attach a context.

    It is asked at each start and returns None when its framework is not running; a framework's event counts only while no
    nearer span was opened in the ordinary context (design decision 8). Registering twice is the same as once.
    """
    if resolver not in _resolvers:
        _resolvers.append(resolver)


def unregister_parent_resolver(resolver: ParentResolver) -> None:
    """Undo `register_parent_resolver`."""
    if resolver in _resolvers:
        _resolvers.remove(resolver)


def nearest(context: Context) -> trace.Span | None:
    """The span that an event started in *context* is a child of: the current one, or a framework's open event."""
    ambient = span_of(context)
    found: OpenEvent | None = None
    for resolver in _resolvers:
        event = resolver()
        # Nearest wins: a framework's event was started under `ambient`; another span now means one opened inside it. Of
        # several frameworks inside one another, the one that started last is the innermost.
        if event is not None and not event.ended and event.ambient is ambient:
            found = event if found is None or event.start_ns > found.start_ns else found
    return ambient if found is None else found


def open_event(
    channel: Channel, static: bytes, event_type: EventType, context: Context, parent: trace.Span | None
) -> OpenEvent | None:
    """A new event below *parent*, in the session of *context*; None when there is no session to put it in."""
    carried: Any = context.get(SESSION_KEY)
    session: SessionScope | None = carried
    if type(parent) is not OpenEvent:
        return _open_below_others(channel, static, event_type, context, parent, session or _default_session(channel))
    if session is None:
        session = parent.session
    event = OpenEvent(channel, static, parent.trace_id, channel.new_span_id(), parent.span_id, session, event_type)
    if session is not parent.session and session.session_id != parent.session.session_id:
        event.name_parent(session.session_id)
    if parent.trace_state is not None:
        event.trace_state = parent.trace_state
    return event


def _open_below_others(
    channel: Channel,
    static: bytes,
    event_type: EventType,
    context: Context,
    parent: trace.Span | None,
    session: SessionScope | None,
) -> OpenEvent | None:
    """A new event at the top of its session, or below a span that is remote or somebody else's."""
    if session is None:
        return None
    span_context = None if parent is None else parent.get_span_context()
    if parent is None or span_context is None or not span_context.is_valid:
        return OpenEvent(channel, static, channel.new_trace_id(), channel.new_span_id(), b"", session, event_type)
    trace_id, parent_span_id = span_context.trace_id.to_bytes(16, "big"), span_context.span_id.to_bytes(8, "big")
    event = OpenEvent(channel, static, trace_id, channel.new_span_id(), parent_span_id, session, event_type)
    event.trace_state = _state_of_others(span_context.trace_state)
    event.is_plain = False
    if span_context.is_remote:
        event.flags = otlp.FLAGS_REMOTE_PARENT
    ancestor = own_ancestor(parent, session, context)
    if ancestor is not None:
        event.name_parent(ancestor)
    return event


def _default_session(channel: Channel) -> SessionScope | None:
    session = channel.default_session
    if session is not None and session.unannounced:
        session.announce()
    return session


def own_ancestor(parent: trace.Span, session: SessionScope, context: Context) -> str | None:
    """What `honeyhive_parent_id` has to say when *parent* is not an event of *session*; None when it is."""
    span_context = parent.get_span_context()
    parent_id = span_context.span_id.to_bytes(8, "big")
    if span_context.is_remote:
        remote = cast("bytes | None", context.get(REMOTE_EVENT_KEY))
        if remote == parent_id:
            return None
        return session.session_id if remote is None else event_id_of(span_context.trace_id.to_bytes(16, "big"), remote)
    if getattr(parent, FOREIGN_SESSION, None) is session:
        return None
    above = cast("OpenEvent | None", context.get(EVENT_KEY))
    if above is not None and above.session.session_id == session.session_id:
        return above.event_id
    return session.session_id


def _state_of_others(state: TraceState) -> TraceState | None:
    others = [item for item in state.items() if item[0] != semconv.TRACESTATE_KEY]
    return TraceState(others) if others else None


def current_event() -> OpenEvent | None:
    """The event that code running here is inside of: the nearest of ours, current or resolved."""
    context = current_context()
    parent: Any = nearest(context)
    return parent if type(parent) is OpenEvent else cast("OpenEvent | None", context.get(EVENT_KEY))
