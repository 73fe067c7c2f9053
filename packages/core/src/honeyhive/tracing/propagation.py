"""Carrying trace and session from process to process: W3C headers, applied the same way for every adapter."""

import time
from collections.abc import Mapping, MutableMapping
from typing import Final, cast
from urllib.parse import quote, unquote

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from honeyhive import semconv
from honeyhive.events.event import EventType
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import (
    CLAIM_KEY,
    EVENT_KEY,
    REMOTE_EVENT_KEY,
    SESSION_KEY,
    SPAN_KEY,
    current_context,
    span_of,
    with_values,
)
from honeyhive.tracing.lineage import nearest
from honeyhive.tracing.session import SessionScope
from honeyhive.tracing.span import OpenEvent
from honeyhive.tracing.trust import may_tell, sign_session, verify_session

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
BAGGAGE: Final = "baggage"
CARRIED: Final = (TRACEPARENT, TRACESTATE, BAGGAGE)

_W3C: Final = TraceContextTextMapPropagator()
_MAX_BAGGAGE: Final = 8192  # W3C Baggage §3.3.2
_MAX_TOKEN_AGE_S: Final = 3600


def inject(
    channel: Channel | None,
    carrier: MutableMapping[str, str],
    *,
    url: str | None = None,
    context: Context | None = None,
) -> None:
    """Write trace and session of *context* (the current one unless given) into *carrier*.

    With *url*, a request to it is being made: the session goes along only where `may_tell` allows it and while no model
    event is current. Without, the carrier is a message of the application's own, such as a task's.
    """
    context = context if context is not None else current_context()
    span = nearest(context)
    if span is None or not span.get_span_context().is_valid:
        _inject_session(channel, carrier, context, None, url)
        return
    _W3C.inject(carrier, context=with_values(context, {SPAN_KEY: span}))
    _inject_session(channel, carrier, context, span, url)


def _inject_session(
    channel: Channel | None,
    carrier: MutableMapping[str, str],
    context: Context,
    span: trace.Span | None,
    url: str | None,
) -> None:
    if channel is None or not channel.enabled:
        return
    event = span if type(span) is OpenEvent else None
    session = cast("SessionScope | None", context.get(SESSION_KEY)) or (event.session if event is not None else None)
    if session is None or session.is_default:
        return
    # Also below a span of somebody else's, such as an HTTP client's, inside the model event.
    own = event if event is not None else cast("OpenEvent | None", context.get(EVENT_KEY))
    is_model_call = own is not None and not own.ended and own.event_type is EventType.model
    if url is not None and (is_model_call or not may_tell(url, channel.settings)):
        return
    member = f"{semconv.BAGGAGE_SESSION}={quote(_token(channel, session), safe='.-')}"
    others = [item for item in carrier.get(BAGGAGE, "").split(",") if item.strip() and not _is_session(item)]
    carrier[BAGGAGE] = ",".join((*others, member))


def _token(channel: Channel, session: SessionScope) -> str:
    """The signed session, made once an hour and session."""
    now_s = int(time.time())
    if session.token is None or now_s - session.token[1] > _MAX_TOKEN_AGE_S:
        session.token = sign_session(session.session_id, channel.settings, now_s=now_s), now_s
    return session.token[0]


def extract(channel: Channel | None, carrier: Mapping[str, str], *, is_trusted: bool = False) -> Context:
    """A context, made from nothing, with the trace and the session that *carrier* brings; keys are lower-case.

    A session is continued when it is signed with our key, or *is_trusted* (a task message, an authenticated caller), or
    the tracer trusts all. Otherwise it is a claim, which the new session records. A malformed header counts as absent.
    """
    context = Context()
    with guard("read propagated headers"):
        never = channel is not None and channel.settings.trust_incoming == "never" and not is_trusted
        if TRACEPARENT in carrier and not never:
            context = _W3C.extract(carrier, context)
        token = _session_token(carrier.get(BAGGAGE))
        if channel is not None and token is not None:
            context = _with_session(channel, context, token, is_trusted=is_trusted)
    return context


def _with_session(channel: Channel, context: Context, token: str, *, is_trusted: bool) -> Context:
    trust = channel.settings.trust_incoming
    proven, claimed = verify_session(token, channel.settings)
    if claimed is not None and (is_trusted or trust == "always"):
        proven, claimed = claimed, None
    if proven is not None and (trust != "never" or is_trusted):
        values: dict[str, object] = {SESSION_KEY: SessionScope(channel, session_id=proven, owned=False)}
        remote = _remote_event(context)
        if remote is not None:
            values[REMOTE_EVENT_KEY] = remote
        return with_values(context, values)
    channel.claimed_sessions += 1
    return with_values(context, {CLAIM_KEY: claimed or proven})


def _remote_event(context: Context) -> bytes | None:
    """The nearest event of ours above the remote parent, which `OpenEvent.get_span_context` named in the trace state."""
    span = span_of(context)
    own = None if span is None else span.get_span_context().trace_state.get(semconv.TRACESTATE_KEY)
    try:
        identifier = bytes.fromhex(own) if own is not None else b""
    except ValueError:
        return None
    return identifier if len(identifier) == 8 else None  # noqa: PLR2004  a span id


def _session_token(baggage: str | None) -> str | None:
    if baggage is None or len(baggage) > _MAX_BAGGAGE:
        return None
    for item in baggage.split(","):
        if _is_session(item):
            return unquote(item.partition("=")[2].partition(";")[0].strip())
    return None


def _is_session(item: str) -> bool:
    return item.partition("=")[0].strip() == semconv.BAGGAGE_SESSION
