"""Sessions: what the events of one interaction share, and the event that stands for it."""

import os
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context

from honeyhive import semconv
from honeyhive.errors import ConfigurationError
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Status
from honeyhive.events.identity import new_session_id, parse_session_id
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.tracing.context import EVENT_KEY, SESSION_KEY, current_context, span_of
from honeyhive.tracing.failure import describe_error, status_of
from honeyhive.tracing.fields import Fields, mapping_of, text_of
from honeyhive.tracing.foreign import foreign_session
from honeyhive.tracing.parts import Part, error_parts, static_part, without_reserved, write_record
from honeyhive.tracing.updates import write_update

if TYPE_CHECKING:
    from honeyhive.tracing.units import Hold

UNNAMED: Final = "session"
PARTIAL: Final = "partial"
PARTIAL_PART: Final = otlp.field_attribute(otlp.encode_key(f"{semconv.FIELD_PREFIX}metadata.{PARTIAL}"), True)
PARENT_SESSION: Final = "parent_session_id"
SAMPLED_OUT: Final = "sampled_out"


class SessionScope:
    """One session in this process: mutable, so that what a request's code says of it reaches everybody in the request.

    ``owned`` is False for a session that arrived from another process: its event is written there, and what is said of it
    here travels as an update record. ``is_sampled`` says whether its events are recorded; it is decided here unless given.
    """

    is_partial = False
    is_holder = False
    outer: "SessionScope | None" = None

    def __init__(
        self,
        channel: Channel,
        *,
        name: str | None = None,
        session_id: str | None = None,
        owned: bool = True,
        is_sampled: bool | None = None,
        source: str | None = None,
        said: Mapping[str, Fields | None] | None = None,
    ) -> None:
        self.channel = channel
        self.is_sampled = True
        self.is_thinned = False
        self.hold: Hold | None = None
        self.session_id = session_id or str(uuid.UUID(int=channel.bits(128), version=4))
        self.name = text_of(name or UNNAMED)
        self.owned = owned
        self.start_ns = channel.now_ns()
        self.trace_id = channel.new_trace_id()
        self.span_id = channel.new_span_id()
        self.fields: dict[str, dict[str, object]] = {}
        self.error: str | None = None
        self.status = Status.OK
        self.finished = not owned
        self.unannounced = False
        self.pid = os.getpid()
        self.token: tuple[str, int] | None = None
        identity = channel.identity if source is None else channel.identity_from(source)
        self.encoded = otlp.attribute(semconv.SESSION_ID, self.session_id) + identity
        for field, values in (said or {}).items():
            if values is not None:
                self.fields[field] = dict(mapping_of(values))
        if channel.sampling is not None or is_sampled is not None:
            self._sample(is_sampled)

    def _sample(self, is_sampled: bool | None) -> None:
        sampling = self.channel.sampling
        if is_sampled is None and sampling is not None:
            is_sampled = sampling.is_sampled(self, is_start=self.owned)
        self.is_sampled = is_sampled is not False
        self.is_thinned = not self.is_sampled or (sampling is not None and sampling.has_event_rules)

    def encoded_for(self, channel: Channel) -> bytes:
        """The attributes that put an event of *channel* into this session."""
        if channel is self.channel:
            return self.encoded
        return otlp.attribute(semconv.SESSION_ID, self.session_id) + channel.identity

    def keeps(self, channel: Channel, name: str, *, is_error: bool, duration_ns: int) -> bool:
        """Whether an event of this thinned session is recorded; one that is not is counted, and the session is partial."""
        sampling = self.channel.sampling
        if sampling is None:  # the user's own ``sampled=False``
            is_kept = is_error and channel.settings.keep_errors
        else:
            is_kept = sampling.keeps(self, name, is_error=is_error, duration_ns=duration_ns)
        if not is_kept:
            channel.refuse(SAMPLED_OUT)
        if is_kept is not self.is_sampled and not self.is_partial:
            self._mark_partial()
        return is_kept

    def _mark_partial(self) -> None:
        self.is_partial = True
        # An event that is kept of an unsampled session says so itself; one that is missing from another cannot.
        if self.is_sampled and (self.finished or self.is_default):
            self._write_update({"metadata": {PARTIAL: True}})

    def enrich(self, **fields: Fields | None) -> None:
        """Merge mapping fields (``metadata``, ``user_properties``, …) into the session's event.

        What is said of a session whose event is written elsewhere, or already, travels as an update record.
        """
        said = {name: mapping_of(values) for name, values in fields.items()}
        given = {name: values for name, values in said.items() if values}
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
        """Write the session's event now, because its end may be far away or never come."""
        self.unannounced = False
        if self.is_sampled and self.channel.enabled:
            with guard("write a session"):
                self._write(self.start_ns)

    def finish(self, error: BaseException | None = None) -> None:
        """Write the session's event with its end; only the first call does anything."""
        if self.hold is not None:
            self.hold.finish(error)
        if self.finished or self.unannounced:
            return
        self.finished = True
        if error is not None and self.error is None:
            self.fail(error)
        if self.channel.enabled:
            with guard("write a session"):
                self._write_end()

    def _write_end(self) -> None:
        if not self.is_sampled and not self.is_partial:
            if self.error is None or not self.channel.settings.keep_errors:
                self.channel.refuse(SAMPLED_OUT)
                return
            self.is_partial = True
        self._write(self.channel.now_ns())

    def fail(self, error: BaseException) -> None:
        """Mark the session as ended by *error*."""
        self.status = status_of(error)
        if self.status is Status.ERROR:
            capture = self.channel.capture
            told = describe_error(error)
            self.error = told if capture is None else capture.error(told, type(error).__qualname__)

    def _write_update(self, fields: Mapping[str, Fields]) -> None:
        if self.unannounced:
            self.announce()
        if self.is_sampled or self.is_partial:
            write_update(self.channel, self.session_id, self.session_id, fields)
        elif self.channel.enabled:
            self.channel.refuse(SAMPLED_OUT)

    def _write(self, end_ns: int) -> None:
        attributes: list[Part] = [otlp.attribute(semconv.EVENT_ID, self.session_id)]
        if self.error is not None:
            attributes += error_parts(self.error)
        # Copied, because other threads of the session may go on saying something of it.
        fields = {name: dict(values) for name, values in list(self.fields.items())}
        fields["metadata"] = {**without_reserved(fields.get("metadata", {})), **self._own_metadata()}
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

    def _own_metadata(self) -> dict[str, object]:
        own: dict[str, object] = {semconv.STATUS: str(self.status)}
        outer = self.outer
        if outer is not None and not outer.is_default and outer.session_id != self.session_id:
            own[PARENT_SESSION] = outer.session_id
        if self.is_partial:
            own[PARTIAL] = True
        return own


def checked_session_id(session_id: str | None) -> str | None:
    """*session_id* in canonical form; raises `ConfigurationError` when it is not a UUID."""
    if session_id is None:
        return None
    parsed = parse_session_id(session_id)
    if parsed is None:
        message = f"session_id is {session_id!r}; it must be a UUID such as {new_session_id()}"
        raise ConfigurationError(message)
    return parsed


def session_in(context: Context) -> SessionScope | None:
    """The session that *context* carries, where it is still in force; None when there is none.

    A third party's span that began a session could put it into no context: it is found through the span.
    """
    carried: Any = context.get(SESSION_KEY)
    if carried is None:
        return foreign_session(span_of(context))
    return carried if carried.hold is None else in_force(carried)


def in_force(scope: SessionScope | None) -> SessionScope | None:
    """*scope*, or the session that stands in for it now, or the one around it when its own unit of work is over."""
    while scope is not None and scope.hold is not None:
        standing = scope.hold.stands_for(scope)
        if standing is scope:
            return scope
        scope = standing
    return scope


def session_for(channel: Channel, scope: SessionScope | None) -> SessionScope | None:
    """The nearest session, from *scope* outwards, that an event of *channel* may belong to; None when there is none.

    An event joins a session of another tracer only where both write to the same place for the same project.
    """
    scope = in_force(scope)
    while scope is not None and not (scope.channel is channel or scope.channel.place == channel.place):
        scope = in_force(scope.outer)
    return scope


def session_here(context: Context, event: Any) -> SessionScope | None:
    """The session of code that runs with *context* inside of *event* (an `OpenEvent`, or None): the nearer one's."""
    if event is not None and context.get(SESSION_KEY) is event.around:
        return in_force(event.session)
    return session_in(context) or (None if event is None else in_force(event.session))


def current_session(channel: Channel | None = None) -> SessionScope | None:
    """The session that an event of *channel* (the default one unless given) started here would belong to.

    None without a tracer. A framework's open event that is not in the context is not asked.
    """
    context = current_context()
    event: Any = context.get(EVENT_KEY)
    scope = session_here(context, event)
    channel = channel or default_channel()
    if channel is None:
        return scope
    return session_for(channel, scope) or channel.default_session
