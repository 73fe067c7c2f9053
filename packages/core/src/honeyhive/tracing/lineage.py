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
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.tracing.context import (
    EVENT_KEY,
    LINK_KEY,
    REMOTE_EVENT_KEY,
    SESSION_KEY,
    SPAN_KEY,
    current_context,
    span_of,
)
from honeyhive.tracing.foreign import foreign_of, foreign_session
from honeyhive.tracing.pools import is_pool_worker
from honeyhive.tracing.sampling import name_in
from honeyhive.tracing.session import SessionScope, in_force, session_for
from honeyhive.tracing.span import OpenEvent

ParentResolver = Callable[[], OpenEvent | None]

ORPHAN: Final = "orphan"
_MODEL: Final = EventType.model  # asked of the enum at each call, it would be felt

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
    ambient: Any = context.get(SPAN_KEY)
    if not _resolvers:
        return ambient
    found: OpenEvent | None = None
    for resolver in _resolvers:
        event = resolver()
        # Nearest wins: a framework's event was started under `ambient`; another span now means one opened inside it. Of
        # several frameworks inside one another, the one that started last is the innermost.
        if event is not None and not event.ended and event.ambient is ambient:
            found = event if found is None or event.start_ns > found.start_ns else found
    return ambient if found is None else found


def event_above(context: Context, parent: trace.Span | None) -> OpenEvent | None:
    """The event that code with *context* runs inside of: *parent*, which is `nearest` there, or the nearest of ours."""
    return parent if type(parent) is OpenEvent else cast("OpenEvent | None", context.get(EVENT_KEY))


def channel_for(context: Context, parent: trace.Span | None) -> Channel | None:
    """The channel of an event that starts in *context* below *parent*, unless its tracer is given.

    It is that of the event or session that it is inside of, the nearer one; else the default one, None before there is any.
    So a tracer that is made later takes nothing away from the first, and two in one process stay apart.
    """
    if parent is None and not context:
        return default_channel()
    carried: Any = context.get(SESSION_KEY)
    above: Any = parent
    if type(parent) is not OpenEvent:
        above = (None if parent is None else foreign_of(parent)) or context.get(EVENT_KEY)
    if above is None:
        session = None if carried is None else in_force(carried)
        return default_channel() if session is None else session.channel
    if carried is None or carried is above.session or (type(above) is OpenEvent and carried is above.around):
        return above.channel
    session = in_force(carried)
    return above.channel if session is None else session.channel


def is_placed(context: Context, parent: trace.Span | None) -> bool:
    """Whether `channel_for` names the tracer of an event or a session, and not the default one."""
    if SESSION_KEY in context or EVENT_KEY in context or type(parent) is OpenEvent:
        return True
    return parent is not None and foreign_of(parent) is not None


def open_event(  # noqa: C901, PLR0912  the hot path: a call costs more than each of these questions
    channel: Channel, static: bytes, event_type: EventType, context: Context, parent: trace.Span | None
) -> OpenEvent | None:
    """A new event below *parent*, in the session of *context*; None when there is no session to put it in."""
    if channel.filters is not None and not channel.admits(name_in(static)):
        return None
    carried: Any = context.get(SESSION_KEY)
    session: SessionScope | None = carried
    around: SessionScope | None = None
    if type(parent) is not OpenEvent:
        if session is None and parent is not None:
            session = foreign_session(parent)
        if session is not None and (session.hold is not None or session.channel is not channel):
            session = session_for(channel, session)
        if session is None:
            session = channel.default_session
            if session is None or session.unannounced:
                session = default_session_of(channel)
        if parent is None and channel.origin is None and session is not None:
            event = _open_top(channel, static, event_type, context, session)
        else:
            event = _open_below_others(channel, static, event_type, context, parent, session)
        if event is not None and carried is not None and carried is not event.session:
            event.around = carried
        if channel.observer is not None and event is not None:
            channel.observer.on_start(event, context)
        return event
    if session is None:
        session = parent.session
    if session.hold is not None or session.channel is not channel:
        found = session_for(channel, session) or session_for(channel, parent.session) or default_session_of(channel)
        if found is None:
            return None
        session, around = found, carried
    span_id = channel.bits(64).to_bytes(8, "big")
    event = OpenEvent(channel, static, parent.trace_id, span_id, parent.span_id, session, event_type)
    if session is not parent.session and session.session_id != parent.session.session_id:
        event.name_parent(session.session_id)
    elif parent.own_id is not None:
        event.name_parent(parent.own_id)
    if around is not None:
        event.around = around
    enclosing = parent.model_scope
    if enclosing is not None:
        event.model_scope = enclosing
    if event_type is _MODEL:
        event.enter_model(enclosing)
    if parent.trace_state is not None:
        event.trace_state = parent.trace_state
    if channel.observer is not None:
        channel.observer.on_start(event, context)
    return event


def _open_top(
    channel: Channel, static: bytes, event_type: EventType, context: Context, session: SessionScope
) -> OpenEvent:
    """A new event at the top of its session."""
    bits = channel.bits
    trace_id, span_id = bits(128).to_bytes(16, "big"), bits(64).to_bytes(8, "big")
    event = OpenEvent(channel, static, trace_id, span_id, b"", session, event_type)
    if event_type is _MODEL:
        event.enter_model(None)
    linked: Any = context.get(LINK_KEY)
    if linked is not None:  # a caller that is not trusted
        event.add_link(linked)
    if session is channel.default_session and is_pool_worker():
        mark_orphan(event)
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
    if parent is None and channel.origin is not None and session is channel.default_session:
        context, parent = channel.origin, span_of(channel.origin)
    span_context = None if parent is None else parent.get_span_context()
    if parent is None or span_context is None or not span_context.is_valid:
        return _open_top(channel, static, event_type, context, session)
    trace_id, parent_span_id = span_context.trace_id.to_bytes(16, "big"), span_context.span_id.to_bytes(8, "big")
    event = OpenEvent(channel, static, trace_id, channel.new_span_id(), parent_span_id, session, event_type)
    event.trace_state = _state_of_others(span_context.trace_state)
    event.is_plain = False
    if span_context.is_remote:
        event.flags = otlp.FLAGS_REMOTE_PARENT
    ancestor = own_ancestor(parent, session, context)
    if ancestor is not None:
        event.name_parent(ancestor)
    event.model_scope = foreign_of(parent)
    if event_type is _MODEL:
        event.enter_model(event.model_scope)
    return event


def mark_orphan(event: OpenEvent) -> None:
    """Say of *event*, which has no parent, that none came with its work, where that is so."""
    if is_pool_worker():
        event.enrich(metadata={ORPHAN: True})


def default_session_of(channel: Channel) -> SessionScope | None:
    """The session of the process, announced now that something happens in it."""
    session = channel.default_session
    if session is not None and session.unannounced:
        session.announce()
    return session


def own_ancestor(parent: trace.Span, session: SessionScope, context: Context) -> str | None:
    """What `honeyhive_parent_id` has to say when *parent* is not an event of *session*; None when it is."""
    span_context = parent.get_span_context()
    parent_id = span_context.span_id.to_bytes(8, "big")
    if span_context.is_remote:
        remote = cast("bytes | str | None", context.get(REMOTE_EVENT_KEY))
        if remote == parent_id:
            return None
        if isinstance(remote, str):  # the id that the program gave that event
            return remote
        return session.session_id if remote is None else event_id_of(span_context.trace_id.to_bytes(16, "big"), remote)
    foreign = foreign_of(parent)
    if foreign is not None and foreign.session is session:
        return foreign.stand_in
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
    return event_above(context, nearest(context))
