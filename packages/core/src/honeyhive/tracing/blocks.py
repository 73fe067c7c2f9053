"""Starting sessions: for a block, or from here on until the unit of work ends."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

from opentelemetry.context import Context

from honeyhive.events.identity import new_session_id, parse_session_id
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.tracing.context import SESSION_KEY, attach, current_context, detach, with_values
from honeyhive.tracing.entries import Entries
from honeyhive.tracing.fields import Fields, mapping_of
from honeyhive.tracing.session import SessionScope, checked_session_id, session_in
from honeyhive.tracing.units import make_current

_LOG: Final = logging.getLogger("honeyhive")


class SessionBlock:
    """``with session(...)`` or ``async with session(...)``: events inside belong to the session; it ends with the block."""

    def __init__(self, scope: SessionScope | None) -> None:
        self.scope = scope
        self._entries: Entries[tuple[Any, Context, Context]] = Entries()
        self._is_new = True

    @property
    def session_id(self) -> str | None:
        """The session's id; None when there is no tracer."""
        return None if self.scope is None else self.scope.session_id

    def enrich(self, **fields: Fields | None) -> None:
        """Merge mapping fields (``metadata``, ``user_properties``, …) into the session's event."""
        if self.scope is not None:
            self.scope.enrich(**fields)

    def __enter__(self) -> Self:
        if self.scope is not None:
            previous = current_context()
            if self._is_new:  # entered again, perhaps inside itself, it would be around itself
                self._is_new, self.scope.outer = False, session_in(previous)
                self.scope.channel.open_sessions.add(self.scope)
            inside = with_values(previous, {SESSION_KEY: self.scope})
            self._entries.add((attach(inside), previous, inside))
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        here = current_context()
        entry = self._entries.take(lambda entry: entry[2] is here)
        if entry is None or self.scope is None:
            return
        token, previous, _ = entry
        detach(token, previous)
        if not self._entries:
            self.scope.channel.open_sessions.discard(self.scope)
            self.scope.finish(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def session(  # noqa: PLR0913  the fields of a session
    name: str | None = None,
    *,
    session_id: str | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    metadata: Fields | None = None,
    user_properties: Fields | None = None,
    feedback: Fields | None = None,
    metrics: Fields | None = None,
    sampled: bool | None = None,
    channel: Channel | None = None,
) -> SessionBlock:
    """A session for the code inside the block; see `honeyhive.session`."""
    channel = channel or default_channel()
    checked = checked_session_id(session_id)
    if channel is None or not channel.enabled:
        return SessionBlock(None)
    said = _said(inputs, outputs, metadata, user_properties, feedback, metrics)
    return SessionBlock(SessionScope(channel, name=name, session_id=checked, is_sampled=sampled, said=said))


class StartedSession:
    """A session that is current from its start to its `end`, for code that has no block to put around its work."""

    def __init__(self, scope: SessionScope | None, session_id: str) -> None:
        self._scope = scope
        self.session_id = session_id

    def enrich(self, **fields: Fields | None) -> None:
        """Merge mapping fields (``metadata``, ``user_properties``, …) into the session's event."""
        if self._scope is not None:
            self._scope.enrich(**fields)

    def end(self, error: BaseException | None = None) -> None:
        """End the session, with what went wrong if anything did; only the first call does anything."""
        if self._scope is not None:
            self._scope.finish(error)


def start_session(  # noqa: PLR0913  the fields of a session
    name: str | None = None,
    *,
    session_id: str | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    metadata: Fields | None = None,
    user_properties: Fields | None = None,
    feedback: Fields | None = None,
    metrics: Fields | None = None,
    sampled: bool | None = None,
    channel: Channel | None = None,
) -> StartedSession:
    """A session that events from here on belong to, until it is ended or its unit of work is; see docs/sessions.md."""
    channel = channel or default_channel()
    checked = checked_session_id(session_id)
    if channel is None or not channel.enabled:
        return StartedSession(None, checked or new_session_id())
    said = _said(inputs, outputs, metadata, user_properties, feedback, metrics)
    scope = SessionScope(channel, name=name, session_id=checked, is_sampled=sampled, said=said)
    _open(scope)
    return StartedSession(scope, scope.session_id)


def create_session(
    channel: Channel | None,
    session_name: str | None = None,
    session_id: str | None = None,
    inputs: Fields | None = None,
    metadata: Fields | None = None,
    user_properties: Fields | None = None,
    source: str | None = None,
    skip_api_call: bool = False,
) -> str:
    """1.x's way to start a session for the rest of a request; its id. There is no network in it.

    With *skip_api_call* and *session_id*, a session that exists elsewhere is joined, and no event is written for it here.
    An id that is no UUID is replaced by a new one, with a warning, as 1.x did at `init`.
    """
    known = None if session_id is None else parse_session_id(session_id)
    if session_id is not None and known is None:
        _LOG.warning("honeyhive: the session_id given to create_session is not a UUID; a new one is used instead")
    if channel is None or not channel.enabled:
        return known or new_session_id()
    said = _said(inputs, None, metadata, user_properties, None, None)
    joins = skip_api_call and known is not None
    scope = SessionScope(channel, name=session_name, session_id=known, owned=not joins, source=source, said=said)
    if session_name is None:
        scope.name = f"session-{scope.session_id[:8]}"
    _open(scope)
    if joins:
        scope.enrich(**said)
    return scope.session_id


async def acreate_session(
    channel: Channel | None,
    session_name: str | None = None,
    session_id: str | None = None,
    inputs: Fields | None = None,
    metadata: Fields | None = None,
    user_properties: Fields | None = None,
    source: str | None = None,
    skip_api_call: bool = False,
) -> str:
    """`create_session` for asynchronous code."""
    return create_session(
        channel, session_name, session_id, inputs, metadata, user_properties, source, skip_api_call=skip_api_call
    )


@contextmanager
def with_session(
    channel: Channel | None,
    session_name: str | None = None,
    inputs: Fields | None = None,
    metadata: Fields | None = None,
    user_properties: Fields | None = None,
    source: str | None = None,
) -> Generator[str]:
    """1.x's session for a block, which is given the session's id; it ends with the block."""
    if channel is None or not channel.enabled:
        yield new_session_id()
        return
    said = _said(inputs, None, metadata, user_properties, None, None)
    scope = SessionScope(channel, name=session_name, source=source, said=said)
    if session_name is None:
        scope.name = f"session-{scope.session_id[:8]}"
    with SessionBlock(scope):
        yield scope.session_id


def _open(scope: SessionScope) -> None:
    make_current(scope)
    if scope.owned:
        # Its end may be far away: it is known from its start, and ended at the latest with the process.
        scope.channel.open_sessions.add(scope)
        scope.announce()


def _said(
    inputs: Fields | None,
    outputs: Fields | None,
    metadata: Fields | None,
    user_properties: Fields | None,
    feedback: Fields | None,
    metrics: Fields | None,
) -> dict[str, Fields]:
    given = {
        "inputs": inputs,
        "outputs": outputs,
        "metadata": metadata,
        "user_properties": user_properties,
        "feedback": feedback,
        "metrics": metrics,
    }
    return {name: mapping_of(values) for name, values in given.items() if values is not None}
