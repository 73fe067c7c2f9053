"""What 1.x offers for propagation by hand: carriers in, carriers out, baggage, and a block for a request."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import Token
from typing import Any, Final, Protocol, Self

from opentelemetry import baggage as otel_baggage
from opentelemetry.context import Context

from honeyhive.events.identity import parse_session_id
from honeyhive.guard import guard
from honeyhive.tracing.carriers import BAGGAGE, read_carrier, write_carrier
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import (
    CLAIM_KEY,
    EVENT_KEY,
    LINK_KEY,
    REMOTE_EVENT_KEY,
    SESSION_KEY,
    SPAN_KEY,
    attach,
    attached,
    current_context,
    detach,
    with_values,
)
from honeyhive.tracing.propagation import OWN_KEYS, SESSION_KEYS_OF_1X, extract, inject, origin_of, with_member
from honeyhive.tracing.session import SessionScope, current_session
from honeyhive.tracing.trust import Doubt, count_claim

_LOG: Final = logging.getLogger("honeyhive")
_PROJECT_KEYS: Final = ("project", "honeyhive_project", "honeyhive.project")
_SOURCE_KEYS: Final = ("source", "honeyhive_source", "honeyhive.source")
_OF_THE_CALLER: Final = (SPAN_KEY, EVENT_KEY, SESSION_KEY, CLAIM_KEY, REMOTE_EVENT_KEY, LINK_KEY)


class HasChannel(Protocol):
    """A tracer."""

    @property
    def channel(self) -> Channel:
        """What its events go through."""
        ...


def inject_context(channel: Channel, carrier: Any) -> None:
    """Write trace, session and baggage of what is current into *carrier*: a mutable mapping or a list of pairs.

    The caller says whom the carrier goes to, so no host is asked for; and the process's own session is carried too, as in
    1.x. The session is also written as 1.x reads it, for receivers that were not upgraded yet.
    """
    with guard("propagate a session"):
        fields = read_carrier(carrier)
        inject(channel, fields, with_own_session=True)
        session = current_session(channel)
        if session is not None and BAGGAGE in fields:
            fields[BAGGAGE] = _with_session_of_1x(fields[BAGGAGE], session.session_id)
        write_carrier(carrier, fields)


def _with_session_of_1x(baggage: str, session_id: str) -> str:
    items = [(item.partition("=")[0].strip(), item) for item in baggage.split(",")]
    own = [item for key, item in items if key in OWN_KEYS]
    others = [item for key, item in items if key not in OWN_KEYS and key != "session_id"]
    return with_member(others, ",".join((*own, f"session_id={session_id}")))


def extract_context(channel: Channel, carrier: object) -> Context | None:
    """The context that *carrier* brings, for ``opentelemetry.context.attach``; None when it brings nothing.

    *carrier* may be a mapping with names in any case, a list of pairs, or headers of ASGI.
    """
    with guard("read propagated headers"):
        fields = read_carrier(carrier)
        return (extract(channel, fields) or None) if fields else None
    return None


@contextmanager
def with_distributed_trace_context(
    carrier: object, tracer_instance: HasChannel, *, session_id: str | None = None
) -> Generator[Context]:
    """Run the block inside the trace and the session that *carrier* brings; the context before is restored after it.

    *session_id* wins over a carried session. A session that is named and not proven makes a new one that records the
    claim, ended with the block (``trust_incoming="always"`` believes it). Without anything carried, the block runs where
    the caller is. Yields the context that is current in the block.
    """
    channel = tracer_instance.channel
    carried = extract_context(channel, carrier)
    context = current_context()
    started: SessionScope | None = None
    if carried is not None:
        context = Context({key: value for key, value in context.items() if key not in _OF_THE_CALLER})
        context = with_values(context, carried)
    explicit = _given_session(channel, session_id)
    if explicit is not None:
        context = with_values(context, {SESSION_KEY: explicit})
    elif SESSION_KEY not in context and CLAIM_KEY in context:
        started = SessionScope(channel, name="request")
        started.enrich(metadata={"claimed_session_id": context[CLAIM_KEY]})
        context = with_values(context, {SESSION_KEY: started})
    try:
        with attached(context):
            yield context
    except BaseException as error:
        if started is not None:
            started.finish(error)
        raise
    if started is not None:
        started.finish()


def _given_session(channel: Channel, session_id: str | None) -> SessionScope | None:
    if session_id is None:
        return None
    parsed = parse_session_id(session_id)
    if parsed is None:
        # It may come from a request, whose handling must not fail for it.
        count_claim(channel.claims, Doubt.MALFORMED)
        _LOG.warning("honeyhive: the session_id of a distributed context is no UUID and is not used")
        return None
    return SessionScope(channel, session_id=parsed, owned=False)


class LinkToken(str):
    """What `link` returns and `unlink` takes; a string, as in 1.x."""

    __slots__ = ("restore",)
    restore: tuple[Token[Context], Context] | None

    def __new__(cls, text: str, restore: tuple[Token[Context], Context] | None) -> Self:
        """A token that says *text* and can *restore* a context."""
        token = super().__new__(cls, text)
        token.restore = restore
        return token


def link(channel: Channel, carrier: Any) -> LinkToken:
    """Continue here what *carrier* brings, until `unlink`; an empty *carrier* is filled with what is current instead.

    0.x did the former, 1.x says the latter.
    """
    context = extract_context(channel, carrier)
    if context is None:
        inject_context(channel, carrier)
        return LinkToken("injected", None)
    previous = current_context()
    return LinkToken("linked", (attach(with_values(previous, context)), previous))


def unlink(token: str) -> None:
    """Make current again what was so before `link`; a token that was used, or is none of `link`'s, does nothing."""
    if isinstance(token, LinkToken) and token.restore is not None:
        restore, token.restore = token.restore, None
        detach(*restore)


def get_baggage(channel: Channel, key: str) -> str | None:
    """The baggage value under *key*; under 1.x's names for session, project and source, what events here have of those."""
    context = current_context()
    value = otel_baggage.get_baggage(key, context) or otel_baggage.get_baggage(key, origin_of(channel, context))
    if value is not None:
        return str(value)
    if key in SESSION_KEYS_OF_1X:
        session = current_session(channel)
        return None if session is None else session.session_id
    if key in _PROJECT_KEYS:
        return channel.settings.project
    return channel.settings.source if key in _SOURCE_KEYS else None


def set_baggage(key: str, value: object) -> None:
    """Set baggage for what comes in this thread or task, until the traced call, session or request around it ends.

    It travels with the session: to hosts that may know it and in messages. An empty *key* or a *value* of None is ignored,
    as in 1.x.
    """
    if key and value is not None:
        attach(otel_baggage.set_baggage(key, str(value), current_context()))
