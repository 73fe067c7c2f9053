"""Sessions: the scope that events of one interaction share, and the event that stands for it."""

import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, cast

from opentelemetry.context import Context

from honeyhive import semconv
from honeyhive.errors import ConfigurationError
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Status
from honeyhive.events.identity import new_session_id, parse_session_id
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.tracing.context import SESSION_KEY, attach, current_context, detach, with_values
from honeyhive.tracing.failure import describe_error, status_of
from honeyhive.tracing.parts import static_part, without_reserved, write_record


class SessionScope:
    """One session in this process: mutable, so that what a request's code says of it reaches everybody in the request.

    ``owned`` is False for a session that arrived from another process: its event is written there, and what is said of it
    here travels as an update record.
    """

    def __init__(
        self, channel: Channel, *, name: str | None = None, session_id: str | None = None, owned: bool = True
    ) -> None:
        self.channel = channel
        self.session_id = session_id or str(uuid.UUID(int=channel.bits(128), version=4))
        self.name = name or "session"
        self.owned = owned
        self.start_ns = channel.now_ns()
        self.trace_id = channel.new_trace_id()
        self.span_id = channel.new_span_id()
        self.fields: dict[str, dict[str, object]] = {}
        self.error: str | None = None
        self.status = Status.OK
        self.finished = not owned
        self.unannounced = False
        self.token: tuple[str, int] | None = None
        self.encoded = otlp.attribute(semconv.SESSION_ID, self.session_id) + channel.identity

    def encoded_for(self, channel: Channel) -> bytes:
        """The attributes that put an event of *channel* into this session."""
        if channel is self.channel:
            return self.encoded
        return otlp.attribute(semconv.SESSION_ID, self.session_id) + channel.identity

    def enrich(self, **fields: Mapping[str, object] | None) -> None:
        """Merge mapping fields (``metadata``, ``user_properties``, …) into the session's event.

        What is said of a session whose event is written elsewhere, or already, travels as an update record.
        """
        given = {name: values for name, values in fields.items() if values}
        if given and (self.finished or self.is_default):
            self._write_update(given)
            return
        for name, values in given.items():
            self.fields.setdefault(name, {}).update(values)

    @property
    def is_default(self) -> bool:
        """Whether this is the session of the process, for events outside any other."""
        return self.channel.default_session is self

    def announce(self) -> None:
        """Write the session's event now, because its end may be far away or never come (the default session only)."""
        self.unannounced = False
        self._write(self.start_ns)

    def finish(self, error: BaseException | None = None) -> None:
        """Write the session's event with its end; only the first call does anything."""
        if self.finished or self.unannounced:
            return
        self.finished = True
        if not self.channel.enabled:
            return
        if error is not None and self.error is None:
            self.fail(error)
        self._write(self.channel.now_ns())

    def fail(self, error: BaseException) -> None:
        """Mark the session as ended by *error*."""
        self.status = status_of(error)
        if self.status is Status.ERROR:
            self.error = describe_error(error)

    def _write_update(self, fields: Mapping[str, Mapping[str, object]]) -> None:
        if not self.channel.enabled:
            return
        if self.unannounced:
            self.announce()
        channel, now_ns = self.channel, self.channel.now_ns()
        head = (
            otlp.identity(channel.new_trace_id(), channel.new_span_id(), b""),
            static_part(semconv.UPDATE_SPAN, None),
            otlp.times(now_ns, now_ns),
            self.encoded,
            otlp.attribute(semconv.UPDATE_TARGET, self.session_id),
            otlp.FLAGS_LOCAL_PARENT,
        )
        write_record(channel, head, fields)

    def _write(self, end_ns: int) -> None:
        attributes = [otlp.attribute(semconv.EVENT_ID, self.session_id)]
        if self.error is not None:
            attributes.append(otlp.attribute(semconv.ERROR, self.error))
            attributes.append(otlp.status(2, self.error))
        said = without_reserved(self.fields.get("metadata", {}))
        fields = {**self.fields, "metadata": {**said, semconv.STATUS: str(self.status)}}
        write_record(
            self.channel,
            (
                otlp.identity(self.trace_id, self.span_id, b""),
                static_part(self.name, EventType.session),
                otlp.times(self.start_ns, end_ns),
                self.encoded,
                *attributes,
                otlp.FLAGS_LOCAL_PARENT,
            ),
            fields,
        )


class SessionBlock:
    """``with session(...)`` or ``async with session(...)``: events inside belong to the session; it ends with the block."""

    def __init__(self, scope: SessionScope | None) -> None:
        self.scope = scope
        self._restore: tuple[Any, Context] | None = None

    @property
    def session_id(self) -> str | None:
        """The session's id; None when there is no tracer."""
        return None if self.scope is None else self.scope.session_id

    def enrich(self, **fields: Mapping[str, object] | None) -> None:
        """Merge mapping fields (``metadata``, ``user_properties``, …) into the session's event."""
        if self.scope is not None:
            self.scope.enrich(**fields)

    def __enter__(self) -> Self:
        if self.scope is not None:
            previous = current_context()
            self._restore = attach(with_values(previous, {SESSION_KEY: self.scope})), previous
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._restore is not None:
            detach(*self._restore)
            self._restore = None
        if self.scope is not None:
            self.scope.finish(error)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def checked_session_id(session_id: str | None) -> str | None:
    """*session_id* in canonical form; raises `ConfigurationError` when it is not a UUID."""
    if session_id is None:
        return None
    parsed = parse_session_id(session_id)
    if parsed is None:
        message = f"session_id is {session_id!r}; it must be a UUID such as {new_session_id()}"
        raise ConfigurationError(message)
    return parsed


def session(
    name: str | None = None,
    *,
    session_id: str | None = None,
    inputs: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    user_properties: Mapping[str, object] | None = None,
    channel: Channel | None = None,
) -> SessionBlock:
    """A session for the code inside the block; see `honeyhive.session`."""
    channel = channel or default_channel()
    checked = checked_session_id(session_id)
    if channel is None or not channel.enabled:
        return SessionBlock(None)
    scope = SessionScope(channel, name=name, session_id=checked)
    scope.enrich(inputs=inputs, metadata=metadata, user_properties=user_properties)
    return SessionBlock(scope)


def current_session(channel: Channel | None = None) -> SessionScope | None:
    """The session that an event of *channel* (the default one unless given) started here would belong to.

    None without a tracer.
    """
    scope = cast("SessionScope | None", current_context().get(SESSION_KEY))
    if scope is not None:
        return scope
    channel = channel or default_channel()
    return None if channel is None else channel.default_session
