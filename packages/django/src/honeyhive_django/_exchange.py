"""One request while it is served: its event and its session, from the first middleware to the last of the body."""

import asyncio
import sys
from typing import Any, Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from honeyhive.integration import (
    SERVER,
    EventType,
    OpenEvent,
    SessionScope,
    Status,
    attached,
    extract,
    guard,
    session_scope,
    start_event,
)
from opentelemetry.trace import StatusCode

from honeyhive_django._request import (
    carried,
    http_route,
    method_name,
    raw_route,
    request_attributes,
    request_inputs,
)
from honeyhive_django._settings import configured_tracer
from honeyhive_django._streams import AsyncRequestStream, RequestStream

_SERVER_ERROR: Final = 500
# Where a request keeps its exchange while it is served; also the mark that it is being recorded.
_ATTRIBUTE: Final = "_honeyhive_exchange"


class Exchange:
    """What is recorded of one request; it ends once, whoever comes first."""

    def __init__(self, request: HttpRequest, event: OpenEvent, session: SessionScope) -> None:
        self.context = event.context
        self.raised: BaseException | None = None
        self._request = request
        self._event = event
        self._session = session
        self._status: int | None = None
        self._is_streaming = False

    def respond(self, response: HttpResponseBase) -> None:
        """Note *response*: the end, unless its body is still to be made."""
        with guard("note a response"):
            self._status = response.status_code
            if response.streaming:
                self._is_streaming = True
                self._follow(response)
                return
        self.end()

    def _follow(self, response: Any) -> None:
        if getattr(response, "file_to_stream", None) is not None:
            # A server may send the file by itself (`wsgi.file_wrapper`), which setting another content would prevent.
            response._resource_closers.append(self.end)  # noqa: SLF001  there is no public way, and Django's own is this
        elif response.is_async:
            response.streaming_content = AsyncRequestStream(response.streaming_content, self.context, self)
        else:
            response.streaming_content = RequestStream(response.streaming_content, self.context, self)

    def end_stream(self, *, has_begun: bool) -> None:
        """The stream was closed or forgotten; a body that nobody began to read (HEAD, 304) was not abandoned."""
        self.end(GeneratorExit() if has_begun else None)

    def end(self, error: BaseException | None = None) -> None:
        """End event and session; *error* is what left the application or the stream."""
        if self._event.ended:
            return
        with guard("end a request"):
            vars(self._request).pop(_ATTRIBUTE, None)
            try:
                self._set_status(error)
                self._set_route()
            finally:
                self._event.end()
        with guard("end a request's session"):
            self._session.finish(self.raised)
        self.raised = None

    def _set_status(self, error: BaseException | None) -> None:
        event = self._event
        if self._status is not None:
            event.set_attribute("http.response.status_code", self._status)
            event.enrich(outputs={"status_code": self._status})
        has_failed = self._status is None or self._status >= _SERVER_ERROR
        # A smaller status says that somebody handled the exception that Django had noticed.
        self.raised = error or (self.raised if has_failed else None)
        if self._is_streaming and isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            # Django cancels or closes the stream of a client that left.
            self.raised = None
            event.status = self._session.status = Status.ABANDONED
            event.enrich(metadata={"client_disconnected": True})
        elif self.raised is not None:
            event.record_error(self.raised)
        elif has_failed:
            event.set_attribute("error.type", str(self._status or "incomplete_response"))
            event.set_status(StatusCode.ERROR, f"HTTP {self._status}" if self._status else "no response")

    def _set_route(self) -> None:
        raw = raw_route(self._request)
        if raw is None:
            return
        route = http_route(raw)
        name = f"{method_name(self._request)} {route}"
        self._event.update_name(name)
        self._event.set_attributes({"http.route": route, "django.route": raw})
        self._session.name = name


def open_exchange(request: HttpRequest) -> Exchange | None:
    """Start the event and the session of *request*; None when nothing is to be recorded, or it is being recorded."""
    with guard("start a request"):
        if _ATTRIBUTE in vars(request):
            return None
        tracer = configured_tracer()
        # Never the ambient context: a WSGI server's thread keeps what the request before left in it.
        session, context = session_scope(method_name(request), extract(carried(request), tracer=tracer), tracer=tracer)
        with attached(context):  # a leaked suppression must not count either
            event = start_event(
                EventType.chain,
                method_name(request),
                inputs=request_inputs(request),
                attributes=request_attributes(request),
                kind=SERVER,
                tracer=tracer,
            )
        if event is None:
            return None
        exchange = Exchange(request, event, session)
        setattr(request, _ATTRIBUTE, exchange)
        return exchange
    return None


def note_exception(sender: object, request: HttpRequest | None = None, **_options: object) -> None:  # noqa: ARG001  Django's signature
    """Remember an exception that Django turns into a response; a receiver of ``got_request_exception``."""
    with guard("note an exception"):
        exchange = None if request is None else vars(request).get(_ATTRIBUTE)
        if isinstance(exchange, Exchange):
            exchange.raised = sys.exception()
