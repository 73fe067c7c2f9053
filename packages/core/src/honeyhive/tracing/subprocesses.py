"""Carrying trace and session to a process that this one starts, in its environment."""

import os
from collections.abc import Mapping
from typing import cast

from opentelemetry.context import Context

from honeyhive.guard import guard
from honeyhive.tracing.carriers import CARRIED, read_environment
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import REMOTE_EVENT_KEY, SESSION_KEY
from honeyhive.tracing.propagation import extract, inject
from honeyhive.tracing.session import SessionScope


def subprocess_environment(channel: Channel | None, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """*environment* (``os.environ`` unless given) with ``TRACEPARENT``, ``TRACESTATE`` and ``BAGGAGE`` of what is current."""
    given = dict(os.environ if environment is None else environment)
    with guard("propagate a session"):
        fields: dict[str, str] = {}
        inject(channel, fields, with_own_session=True)
        for name in CARRIED:
            given.pop(name.upper(), None)  # what this process was started with is no news to the next one
        given.update((name.upper(), value) for name, value in fields.items())
    return given


def context_from_environment(channel: Channel, environment: Mapping[str, str]) -> Context | None:
    """The context that the process that started this one handed over; None when it handed over no session.

    Whoever sets the environment may set every setting too, so the session needs no proof. A trace alone is not joined: a
    server that was started by a traced deployment would record one trace for as long as it lives.
    """
    fields = read_environment(environment)
    context = extract(channel, fields, is_trusted=True) if fields else None
    return context if context is not None and SESSION_KEY in context else None


def join_parent_process(
    channel: Channel, environment: Mapping[str, str], *, session_id: str | None = None
) -> SessionScope | None:
    """Let events of *channel* that nothing else is the parent of continue what the process's starter was doing.

    The session to use as the process's own; None when there is nothing to continue. A *session_id* that the program was
    given wins over the carried one; the trace is continued all the same.
    """
    context = context_from_environment(channel, environment)
    if context is None:
        return None
    carried = cast("SessionScope", context[SESSION_KEY])
    is_other = session_id is not None and session_id != carried.session_id
    left_out = {SESSION_KEY, REMOTE_EVENT_KEY} if is_other else {SESSION_KEY}
    channel.origin = Context({key: value for key, value in context.items() if key not in left_out})
    return None if is_other else carried
