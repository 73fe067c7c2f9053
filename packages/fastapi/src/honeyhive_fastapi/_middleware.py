"""The middleware: one event and one session for each request, one session for each websocket."""

import sys
from typing import Final

from honeyhive import HoneyHiveTracer
from honeyhive.integration import (
    SERVER,
    Context,
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
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from honeyhive_fastapi._native import below_native, beside_native
from honeyhive_fastapi._request import app_title, method_name, request_attributes, request_inputs, wanted_headers
from honeyhive_fastapi._route import route_of
from honeyhive_fastapi._session import SCOPE_KEY

_SERVER_ERROR: Final = 500


class HoneyHiveMiddleware:
    """ASGI middleware that records the requests of *app*, wherever it is put; only the outermost one does anything.

    It belongs around everything, which `instrument` sees to. Added with ``add_middleware`` it is inside Starlette's error
    handling and takes an unhandled exception for a 500.
    """

    def __init__(self, app: ASGIApp, *, tracer: HoneyHiveTracer | None = None) -> None:
        self.app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, websocket or lifespan."""
        exchange = None
        if SCOPE_KEY not in scope:
            with guard("start a request"):
                exchange = self._open(scope, receive, send)
        if exchange is None:
            await self.app(scope, receive, send)
            return
        try:
            with attached(exchange.context):
                await self.app(scope, exchange.receive, exchange.send)
        except BaseException as error:
            exchange.close(error)
            raise
        exchange.close(None)

    def _open(self, scope: Scope, receive: Receive, send: Send) -> "_HttpExchange | _WebSocketExchange | None":
        """What is to be recorded of *scope*; None for nothing."""
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            return None
        headers = wanted_headers(scope)
        title = app_title(scope)
        # Never the ambient context: servers let that of one request leak into the next on the same connection
        # (https://github.com/python/cpython/issues/140947, and any pipelined request).
        arrived = extract(headers, tracer=self._tracer)
        session, context = session_scope(title or method_name(scope), arrived, tracer=self._tracer)
        if not session.channel.enabled:
            return None
        is_titled = title is not None
        if kind == "websocket":
            exchange = _WebSocketExchange(scope, receive, send, session=session, context=context, is_titled=is_titled)
        else:
            event = self._start_event(scope, headers, context)
            if event is None:
                return None
            exchange = _HttpExchange(scope, receive, send, session=session, event=event, is_titled=is_titled)
        scope[SCOPE_KEY] = session
        return exchange

    def _start_event(self, scope: Scope, headers: dict[str, str], context: Context) -> OpenEvent | None:
        with attached(below_native(scope, context)):  # a leaked suppression must not count either
            return start_event(
                EventType.chain,
                method_name(scope),
                inputs=request_inputs(scope),
                attributes=request_attributes(scope, headers),
                kind=SERVER,
                tracer=self._tracer,
            )


class _WebSocketExchange:
    """One websocket connection while it is open: a session, without an event of its own."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, session: SessionScope, context: Context, is_titled: bool
    ) -> None:
        self.receive = receive
        self.send = send
        self.context = beside_native(scope, context)
        self._scope = scope
        self._session = session
        self._is_titled = is_titled

    def close(self, error: BaseException | None) -> None:
        """End the session; *error* is what left the application."""
        with guard("end a websocket"):
            self._scope.pop(SCOPE_KEY, None)
            route = route_of(self._scope)
            if route is not None and not self._is_titled:
                self._session.name = f"{method_name(self._scope)} {route}"
            self._session.finish(None if isinstance(error, WebSocketDisconnect) else error)


class _HttpExchange:
    """One request while it is served: its event ends with the last of the response, its session with the application."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, session: SessionScope, event: OpenEvent, is_titled: bool
    ) -> None:
        self.context = beside_native(scope, event.context)
        self._scope = scope
        self._receive = receive
        self._send = send
        self._session = session
        self._event = event
        self._is_titled = is_titled
        self._status: int | None = None
        self._has_trailers = False
        self._is_disconnected = False
        self._answered_ns: int | None = None
        self._in_flight: BaseException | None = None

    async def receive(self) -> Message:
        """Receive for the application, and notice when the client leaves before it was answered."""
        message = await self._receive()
        # Servers say "disconnect" after a complete response too.
        if message.get("type") == "http.disconnect" and self._answered_ns is None:
            self._is_disconnected = True
        return message

    async def send(self, message: Message) -> None:
        """Send for the application, and notice the status and the last of the response."""
        kind = message.get("type")
        if kind == "http.response.start":
            self._status = message.get("status")
            self._has_trailers = message.get("trailers", False)
        was_disconnected = self._is_disconnected
        try:
            await self._send(message)
        except OSError:  # how servers of ASGI 2.4 say that the client has left
            self._is_disconnected = True
            raise
        if self._is_last(kind, message) and self._answered_ns is None:
            self._is_disconnected = was_disconnected
            with guard("end a request"):
                self._note_answer()

    def _is_last(self, kind: object, message: Message) -> bool:
        if kind == "http.response.body":
            return not self._has_trailers and not message.get("more_body", False)
        if kind == "http.response.trailers":
            return not message.get("more_trailers", False)
        return kind == "http.response.pathsend"

    def _note_answer(self) -> None:
        self._answered_ns = self._event.channel.now_ns()
        # Starlette answers an unhandled exception inside its `except` and raises it again. Whether a 500 is that, or the
        # answer to an exception somebody handles, shows when the application returns.
        self._in_flight = sys.exception()
        if self._in_flight is None or not self._is_server_error():
            self._end_event(None)

    def close(self, error: BaseException | None) -> None:
        """End what has not ended yet; *error* is what left the application."""
        is_answer, self._in_flight = error is self._in_flight, None
        if is_answer and not self._is_server_error():
            error = None  # a handler made something harmless of it
        with guard("end a request"):
            # An error after the answer is a background task's: the session's, not the request's.
            self._end_event(error if is_answer or self._answered_ns is None else None)
        with guard("end a request's session"):
            self._scope.pop(SCOPE_KEY, None)
            self._end_session(error)

    def _is_server_error(self) -> bool:
        return self._status is not None and self._status >= _SERVER_ERROR

    def _end_event(self, error: BaseException | None) -> None:
        if self._event.ended:
            return
        try:
            if self._status is None and isinstance(error, Exception):
                self._status = _SERVER_ERROR  # what whoever is around us will answer
            self._set_status(error)
            self._set_route()
        finally:
            self._event.end(self._answered_ns)

    def _set_route(self) -> None:
        route = route_of(self._scope)
        if route is None:
            return
        name = f"{method_name(self._scope)} {route}"
        self._event.update_name(name)
        self._event.set_attribute("http.route", route)
        if not self._is_titled:
            self._session.name = name

    def _set_status(self, error: BaseException | None) -> None:
        event = self._event
        if self._status is not None:
            event.set_attribute("http.response.status_code", self._status)
            event.enrich(outputs={"status_code": self._status})
        if self._is_abandoned(error):
            event.status = Status.ABANDONED
            event.enrich(metadata={"client_disconnected": True})
        elif error is not None:
            event.record_error(error)
        elif self._status is None:
            event.set_attribute("error.type", "incomplete_response")
            event.set_status(StatusCode.ERROR, "no response")
        elif self._is_server_error():
            event.set_attribute("error.type", str(self._status))
            event.set_status(StatusCode.ERROR, f"HTTP {self._status}")

    def _is_abandoned(self, error: BaseException | None) -> bool:
        """Whether the request ended because its client left; an error of another kind is still one."""
        if not self._is_disconnected:
            return False
        return error is None or not isinstance(error, Exception) or isinstance(error, (OSError, ClientDisconnect))

    def _end_session(self, error: BaseException | None) -> None:
        if self._is_abandoned(error):
            self._session.status = Status.ABANDONED
            error = None
        self._session.finish(error)
