"""Carrying trace and session from process to process: W3C headers, applied the same way for every adapter."""

import time
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, Final, cast

from opentelemetry import baggage as otel_baggage
from opentelemetry import trace
from opentelemetry.context import Context, create_key
from opentelemetry.trace import NonRecordingSpan, SpanContext

from honeyhive import semconv
from honeyhive.events.conventions.kinds import event_type_of
from honeyhive.events.event import EventType
from honeyhive.events.identity import parse_session_id
from honeyhive.guard import guard
from honeyhive.tracing.audience import may_tell
from honeyhive.tracing.carriers import BAGGAGE, CARRIED, TRACEPARENT, TRACESTATE
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import (
    CLAIM_KEY,
    EVENT_KEY,
    LINK_KEY,
    REMOTE_EVENT_KEY,
    SESSION_KEY,
    SPAN_KEY,
    current_context,
    span_of,
    with_values,
)
from honeyhive.tracing.foreign import ForeignSpan, foreign_of
from honeyhive.tracing.lineage import nearest
from honeyhive.tracing.session import SessionScope, session_in
from honeyhive.tracing.span import OpenEvent
from honeyhive.tracing.trust import Doubt, Verdict, count_claim, sign_session, token_interval_s, verify_session
from honeyhive.tracing.w3c import (
    MAX_BAGGAGE_BYTES,
    MAX_BAGGAGE_MEMBERS,
    Member,
    read_baggage,
    read_span_context,
    write_baggage,
    write_member,
    write_trace_state,
    write_traceparent,
)

__all__ = [
    "BAGGAGE",
    "CARRIED",
    "OWN_KEYS",
    "SESSION_KEYS_OF_1X",
    "TRACEPARENT",
    "TRACESTATE",
    "extract",
    "inject",
    "origin_of",
]

SESSION_KEYS_OF_1X: Final = ("session_id", "honeyhive_session_id", "honeyhive.session_id")
OWN_KEYS: Final = frozenset({semconv.BAGGAGE_SESSION, semconv.BAGGAGE_EVENT})
_SPAN_ID_BYTES: Final = 8
_NOTHING: Final = Context()
# OpenTelemetry keeps baggage under a key that it makes anew in each process; it is read back from a context.
_OTEL_BAGGAGE_KEY: Final = next(iter(otel_baggage.set_baggage("key", "value", Context())))
# Baggage as it arrived, so that what is passed on unchanged keeps its properties and its spelling.
_ARRIVED_KEY: Final = create_key("honeyhive-arrived-baggage")


def inject(
    channel: Channel | None,
    carrier: MutableMapping[str, str],
    *,
    url: str | None = None,
    context: Context | None = None,
    span: trace.Span | None = None,
    with_own_session: bool = False,
) -> None:
    """Write trace, session and baggage of *context* (the current one unless given) into *carrier*; keys are lower-case.

    With *url*, a request to it is being made: session and baggage go along only where `may_tell` allows it and while no
    model event is current. Without, the carrier is a message of the application's own, such as a task's. *span* is the
    parent to name, if not the nearest. The process's own session is carried only *with_own_session*.
    """
    context = context if context is not None else current_context()
    origin = origin_of(channel, context)
    above = nearest(context)
    if above is None:
        above = span_of(origin)
    parent = span if span is not None else above
    if parent is not None and parent.get_span_context().is_valid:
        _inject_trace(parent.get_span_context(), carrier)
    session = _session_of(channel, context, above, with_own_session=with_own_session)
    teller = session.channel if session is not None else channel
    if teller is None or not teller.enabled:
        return
    if url is not None and (_is_model_call(above, context) or not may_tell(url, teller.settings)):
        return
    own = None if session is None else _own_members(session, parent, context)
    _inject_baggage(carrier, (origin, context), own)


def origin_of(channel: Channel | None, context: Context) -> Context:
    """What the process that started this one handed over, where the process's own session is the one that counts."""
    if channel is None or channel.origin is None:
        return _NOTHING
    session = session_in(context)
    return channel.origin if session is None or session.is_default else _NOTHING


def _inject_trace(span_context: SpanContext, carrier: MutableMapping[str, str]) -> None:
    carrier[TRACEPARENT] = write_traceparent(span_context)
    state = write_trace_state(span_context.trace_state)
    if state:
        carrier[TRACESTATE] = state
    else:
        carrier.pop(TRACESTATE, None)  # of another trace


def _session_of(
    channel: Channel | None, context: Context, above: trace.Span | None, *, with_own_session: bool
) -> SessionScope | None:
    session = session_in(context) or (above.session if type(above) is OpenEvent else None)
    if session is None and channel is not None:
        session = channel.default_session
    if session is None or (session.is_default and session.owned and not with_own_session):
        return None
    if session.unannounced:
        session.announce()
    return session


def _is_model_call(above: trace.Span | None, context: Context) -> bool:
    # Also below a span of somebody else's, such as an HTTP client's, inside the model event.
    event = above if type(above) is OpenEvent else cast("OpenEvent | None", context.get(EVENT_KEY))
    if event is not None and not event.ended and event.event_type is EventType.model:
        return True
    return type(above) is not OpenEvent and any(map(_says_model, _others_from(above)))


def _others_from(span: Any) -> Iterator[Any]:
    """*span* and those around it, as long as they are spans of third parties."""
    while span is not None:
        yield span
        found = foreign_of(span)
        span = found.above.span() if found is not None and isinstance(found.above, ForeignSpan) else None


def _says_model(span: Any) -> bool:
    said: Mapping[str, object] | None = getattr(span, "attributes", None)
    return bool(said) and event_type_of(said) is EventType.model


def _own_members(session: SessionScope, parent: trace.Span | None, context: Context) -> str:
    """The session, and the id of the event that the trace state names where the program gave it one of its own.

    Such an id may be any text: it goes only where the session goes, and not into the trace state, which everybody gets.
    """
    member = f"{semconv.BAGGAGE_SESSION}={_token(session)}"
    event = parent if type(parent) is OpenEvent else cast("OpenEvent | None", context.get(EVENT_KEY))
    named = None if event is None or event.own_id is None else write_member(semconv.BAGGAGE_EVENT, event.own_id)
    return member if named is None else f"{member},{named}"


def _token(session: SessionScope) -> str:
    """The signed session, made once an interval and session."""
    now_s = int(time.time())
    settings = session.channel.settings
    if session.token is None or not 0 <= now_s - session.token[1] <= token_interval_s(settings):
        session.token = sign_session(session.session_id, settings, is_sampled=session.is_sampled, now_s=now_s), now_s
    return session.token[0]


def _inject_baggage(carrier: MutableMapping[str, str], contexts: Iterable[Context], own: str | None) -> None:
    users: dict[str, object] = {}
    arrived: dict[str, Member] = {}
    for context in contexts:
        users.update(cast("Mapping[str, object]", context.get(_OTEL_BAGGAGE_KEY) or {}))
        arrived.update(cast("Mapping[str, Member]", context.get(_ARRIVED_KEY) or {}))
    if own is None and not users:
        return
    texts = [text.strip() for text in carrier.get(BAGGAGE, "").split(",") if text.strip()]
    names = {text.partition("=")[0].strip() for text in texts}
    if own is not None:
        texts = [text for text in texts if text.partition("=")[0].strip() not in OWN_KEYS]
    if users:
        texts += [text for text in _written(users, arrived) if text.partition("=")[0] not in names]
    carrier[BAGGAGE] = with_member(texts, own)


def with_member(texts: Iterable[str], own: str | None) -> str:
    """A baggage header of *texts* and *own* (members) at its end; within the limits, *own* has the first claim to the room."""
    if own is None:
        return write_baggage(texts)
    room = MAX_BAGGAGE_BYTES - len(own) - 1
    others = write_baggage(texts, max_bytes=room, max_members=MAX_BAGGAGE_MEMBERS - 1 - own.count(","))
    return f"{others},{own}" if others else own


def _written(users: Mapping[str, object], arrived: Mapping[str, Member]) -> Iterable[str]:
    for key, value in users.items():
        before = arrived.get(key)
        text = before.text if before is not None and before.value == value else write_member(key, str(value))
        if text is not None:
            yield text


def extract(channel: Channel | None, carrier: Mapping[str, Any], *, is_trusted: bool = False) -> Context:
    """A context, made from nothing, with trace, session and baggage that *carrier* brings; keys are lower-case.

    A session is continued when it is signed with our key, or *is_trusted* (a task message, an authenticated caller), or
    the tracer trusts all. Otherwise it is a claim, which the new session records. Where the tracer trusts nobody, the
    trace is only linked to. A malformed header counts as absent.
    """
    with guard("read propagated headers"):
        return _extracted(channel, carrier, is_trusted=is_trusted)
    return Context()


def _extracted(channel: Channel | None, carrier: Mapping[str, Any], *, is_trusted: bool) -> Context:
    values: dict[str, object] = {}
    trust = "always" if is_trusted else "signed" if channel is None else channel.settings.trust_incoming
    traceparent, tracestate, baggage = map(carrier.get, CARRIED)
    if isinstance(traceparent, str):
        span_context = read_span_context(traceparent, tracestate if isinstance(tracestate, str) else None)
        if span_context is not None and trust == "never":
            values[LINK_KEY] = span_context
        elif span_context is not None:
            values[SPAN_KEY] = NonRecordingSpan(span_context)
            remote = _remote_event(span_context)
            if remote is not None:
                values[REMOTE_EVENT_KEY] = remote
    if isinstance(baggage, str):
        members = read_baggage(baggage)
        if channel is not None:
            values.update(_session_values(channel, members, trust))
            own_id = next((member.value for member in members if member.key == semconv.BAGGAGE_EVENT), None)
            if own_id and REMOTE_EVENT_KEY in values:
                values[REMOTE_EVENT_KEY] = own_id
        if trust != "never":
            values.update(_baggage_values(members))
    if SESSION_KEY not in values:
        values.pop(REMOTE_EVENT_KEY, None)  # an event of a session that is not continued is nobody's parent
    return with_values(Context(), values)


def _session_values(channel: Channel, members: list[Member], trust: str) -> dict[str, object]:
    verdict = _verdict(channel, members)
    if verdict is None:
        return {}
    if verdict.doubt is None and trust == "never":
        verdict = Verdict(verdict.session_id, Doubt.NOT_TRUSTED)
    is_accepted = verdict.doubt is None or trust == "always"
    if is_accepted and verdict.session_id is not None:
        scope = SessionScope(channel, session_id=verdict.session_id, owned=False, is_sampled=verdict.is_sampled)
        return {SESSION_KEY: scope}
    count_claim(channel.claims, verdict.doubt or Doubt.MALFORMED)
    return {} if verdict.session_id is None else {CLAIM_KEY: verdict.session_id}


def _verdict(channel: Channel, members: list[Member]) -> Verdict | None:
    """What is made of the session that *members* name: ours first, then what 1.x writes; None when they name none."""
    values = {member.key: member.value for member in members}
    token = values.get(semconv.BAGGAGE_SESSION)
    if token is not None:
        return verify_session(token, channel.settings)
    for key in SESSION_KEYS_OF_1X:
        session_id = parse_session_id(values[key]) if key in values else None
        if session_id is not None:
            return Verdict(session_id, Doubt.UNSIGNED)
    return None


def _baggage_values(members: list[Member]) -> dict[str, object]:
    users = {member.key: member for member in members if not _is_session(member)}
    if not users:
        return {}
    return {_OTEL_BAGGAGE_KEY: {key: member.value for key, member in users.items()}, _ARRIVED_KEY: users}


def _is_session(member: Member) -> bool:
    if member.key in OWN_KEYS:
        return True
    return member.key in SESSION_KEYS_OF_1X and parse_session_id(member.value) is not None


def _remote_event(span_context: SpanContext) -> bytes | None:
    """The nearest event of ours above the remote parent, which `OpenEvent.get_span_context` named in the trace state."""
    own = span_context.trace_state.get(semconv.TRACESTATE_KEY)
    try:
        identifier = bytes.fromhex(own) if own is not None else b""
    except ValueError:
        return None
    return identifier if len(identifier) == _SPAN_ID_BYTES else None
