"""One outgoing HTTP request and its response: what the request takes along, and its event where requests are recorded."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, Protocol
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.context import Context
from opentelemetry.trace import StatusCode

from honeyhive import semconv
from honeyhive.events.event import EventType
from honeyhive.guard import guard
from honeyhive.http import known_method, method_attributes, redacted_query
from honeyhive.tracing.carriers import BAGGAGE, TRACEPARENT, TRACESTATE
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import SUPPRESS_KEY, current_context, span_of
from honeyhive.tracing.lineage import channel_for, is_placed, nearest, open_event
from honeyhive.tracing.parts import static_part
from honeyhive.tracing.propagation import inject
from honeyhive.tracing.span import OpenEvent
from honeyhive.tracing.w3c import MAX_BAGGAGE_BYTES, MAX_BAGGAGE_MEMBERS

_CLIENT: Final = 3  # an OTLP span kind
_ERROR_STATUS: Final = 400


class HasChannel(Protocol):
    """A tracer."""

    @property
    def channel(self) -> Channel:
        """What its events go through."""
        ...


class Sender:
    """Whose requests are sent: a tracer's; unless given, that of what is current at the request, else the default one.

    *is_recorded* says whether each request is an event too; as ``disable_http_tracing`` says unless given. What is current
    wins over a *tracer* that ``is_fallback``: one for a whole process must not take over the requests of others.
    """

    def __init__(self, tracer: HasChannel | None, *, is_recorded: bool | None, is_fallback: bool = False) -> None:
        self.tracer = tracer
        self._is_recorded = is_recorded
        self._is_fallback = is_fallback

    def __getstate__(self) -> dict[str, object]:
        """All but the tracer: a client that is sent to another process, as sessions of ``requests`` can be, has the one there."""
        return {**self.__dict__, "tracer": None}

    def begin(self, method: str, url: str, *, resend_count: Callable[[], int] | None = None) -> "Exchange | None":
        """The request to *url* that is about to be sent.

        None when nothing is to be added to it: without a tracer, or where instrumentation is suppressed, as our own delivery
        and API client do it. *resend_count* is asked how often it was sent before, only where requests are recorded.
        """
        with guard("begin an HTTP request"):
            context = current_context()
            channel = self._channel_in(context)
            if channel is None or not channel.enabled or context.get(SUPPRESS_KEY):
                return None
            exchange = Exchange(channel, context, url)
            is_recorded = not channel.settings.disable_http_tracing if self._is_recorded is None else self._is_recorded
            if is_recorded:
                exchange.record(method, resend_count() if resend_count is not None else 0)
            return exchange
        return None

    def _channel_in(self, context: Context) -> Channel | None:
        above = nearest(context)
        if self.tracer is None or (self._is_fallback and is_placed(context, above)):
            return channel_for(context, above)
        return self.tracer.channel


class Exchange:
    """One hop: a redirect or a retry is an exchange of its own. Its event ends once, with the response's body."""

    def __init__(self, channel: Channel, context: Context, url: str) -> None:
        self._channel = channel
        self._context = context
        self._url = url
        self._event: OpenEvent | None = None

    def record(self, method: str, resend_count: int) -> None:
        """Open the event of this exchange."""
        name = f"HTTP {method}" if known_method(method) is not None else "HTTP"
        static = static_part(name, EventType.tool, _CLIENT)
        event = open_event(self._channel, static, EventType.tool, self._context, nearest(self._context))
        if event is None:
            return
        event.base, event.kind, event.ambient = self._context, _CLIENT, span_of(self._context)
        url = shown_url(self._url)
        event.capture_inputs({"method": method, "url": url})
        event.set_attributes({**method_attributes(method), "url.full": url, **_server_of(self._url)})
        if resend_count:
            event.set_attribute("http.request.resend_count", resend_count)
        self._event = event

    def headers(self, present: Mapping[str, str]) -> dict[str, str]:
        """The headers to set beside those *present*, by lower-case names; what the program set itself stays as it is."""
        with guard("propagate a session"):
            fields: dict[str, str] = {}
            inject(self._channel, fields, url=self._url, context=self._context, span=self._event)
            if TRACEPARENT in present or TRACESTATE in present:
                fields.pop(TRACEPARENT, None)
                fields.pop(TRACESTATE, None)
            if BAGGAGE in present and BAGGAGE in fields:
                fields[BAGGAGE] = _appended(present[BAGGAGE], fields[BAGGAGE])
            return fields
        return {}

    def activate(self) -> AbstractContextManager[None]:
        """The block in which the request's event is current."""
        return nullcontext() if self._event is None else self._event.activate()

    @property
    def is_recorded(self) -> bool:
        """Whether there is an event that has to end."""
        return self._event is not None and not self._event.ended

    def respond(self, status: int, http_version: str | None = None) -> None:
        """Note the response's head; a status of 400 or more is an error, as the conventions have it for clients."""
        event = self._event
        if event is None:
            return
        with guard("record an HTTP response"):
            event.set_attribute("http.response.status_code", status)
            if http_version is not None and "/" in http_version:
                event.set_attribute("network.protocol.version", http_version.partition("/")[2])
            event.merge({"outputs": {"status_code": status}})
            if status >= _ERROR_STATUS:
                event.set_attribute(semconv.ERROR_TYPE, str(status))
                event.set_status(StatusCode.ERROR, f"HTTP {status}")

    def finish(self) -> None:
        """End the event: the response was read to its end."""
        if self._event is not None:
            self._event.end()

    def fail(self, error: BaseException) -> None:
        """End the event with *error*; a ``GeneratorExit`` is a response that was closed before its end."""
        if self._event is not None:
            with guard("record an HTTP error"):
                self._event.fail(error)

    def abandon(self) -> None:
        """End the event of a response that was closed, or forgotten, before its end."""
        self.fail(GeneratorExit())


def _appended(users: str, ours: str) -> str:
    """The program's own baggage header as it is, and behind it what is ours, where it fits and is not there already."""
    names = {item.partition("=")[0].strip() for item in users.split(",")}
    added = [item for item in ours.split(",") if item.partition("=")[0] not in names]
    joined = ",".join((users, *added))
    fits = len(joined) <= MAX_BAGGAGE_BYTES and joined.count(",") < MAX_BAGGAGE_MEMBERS
    return joined if added and fits else users


def shown_url(url: str) -> str:
    """*url* without what may be secret in it: credentials, values of secret query parameters, the fragment."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc.rpartition("@")[2]
        if netloc != parts.netloc:
            netloc = f"REDACTED:REDACTED@{netloc}"
        return urlunsplit((parts.scheme, netloc, parts.path, redacted_query(parts.query), ""))
    except ValueError:
        return ""


def _server_of(url: str) -> dict[str, str | int]:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return {}
    found: dict[str, str | int] = {"server.address": parts.hostname} if parts.hostname else {}
    return found if port is None else {**found, "server.port": port}
