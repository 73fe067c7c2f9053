"""``requests``, by its documented hook: a transport adapter around the one that is mounted."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from honeyhive.guard import guard
from honeyhive.http_clients.exchange import Exchange, HasChannel, Sender

# What a broken body is reported as, by package: urllib3's errors, http.client's, and the socket's.
_BODY_PACKAGES: Final = ("urllib3", "http")


class TracingAdapter(BaseAdapter):
    """A transport adapter around another one; ``session.mount("https://", …)``."""

    def __init__(self, wrapped: BaseAdapter, sender: Sender) -> None:
        super().__init__()
        self._wrapped = wrapped
        self._sender = sender

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send *request* through the wrapped adapter; what is sent is a copy, and the program's request stays as it is."""
        exchange = self._sender.begin(request.method or "GET", request.url or "")
        if exchange is None:
            return self._wrapped.send(request, *args, **options)
        outgoing = _outgoing(exchange, request)
        try:
            with exchange.activate():
                response = self._wrapped.send(outgoing, *args, **options)
        except BaseException as error:
            exchange.fail(error)
            raise
        if response.request is outgoing:
            response.request = request
        _keep_connection(response, self._wrapped, self)
        if exchange.is_recorded:
            _record(exchange, response)
        return response

    def close(self) -> None:
        """Close the wrapped adapter."""
        self._wrapped.close()

    def __getattr__(self, name: str) -> Any:
        """What else programs look for at an adapter, such as ``max_retries``, is the wrapped one's."""
        if name.startswith("__") or name == "_wrapped":  # which is not there yet while this is unpickled
            raise AttributeError(name)
        return getattr(self._wrapped, name)


def requests_adapter(
    tracer: HasChannel | None, wrapped: BaseAdapter | None, *, is_recorded: bool | None
) -> TracingAdapter:
    """See `honeyhive.http_clients.requests_adapter`."""
    return TracingAdapter(HTTPAdapter() if wrapped is None else wrapped, Sender(tracer, is_recorded=is_recorded))


def mount_adapters(session: requests.Session, tracer: HasChannel | None, *, is_recorded: bool | None) -> None:
    """See `honeyhive.http_clients.trace_requests`."""
    for prefix, adapter in list(session.adapters.items()):
        if not isinstance(adapter, TracingAdapter):
            session.mount(prefix, requests_adapter(tracer, adapter, is_recorded=is_recorded))


def _keep_connection(response: Any, wrapped: BaseAdapter, adapter: BaseAdapter) -> None:
    # What answers a response by a request of its own, as digest authentication does, sends it through this.
    if getattr(response, "connection", None) is wrapped:
        response.connection = adapter


def _outgoing(exchange: Exchange, request: requests.PreparedRequest) -> requests.PreparedRequest:
    with guard("propagate a session"):
        copied = request.copy()
        copied.headers.update(exchange.headers(_text_headers(request)))
        return copied
    return request


def _text_headers(request: requests.PreparedRequest) -> Mapping[str, str]:
    headers: Mapping[Any, Any] = request.headers
    return {_text(name).lower(): _text(value) for name, value in headers.items()}


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _record(exchange: Exchange, response: requests.Response) -> None:
    """Let the event end with the body: urllib3 gives the connection back at its end, and closes it before."""
    raw: Any = response.raw
    with guard("record an HTTP response"):
        version = getattr(raw, "version", None)
        exchange.respond(response.status_code, f"HTTP/{version // 10}.{version % 10}" if version else None)
        if not hasattr(raw, "release_conn") or not hasattr(raw, "close"):
            exchange.finish()  # an adapter of the program's own
            return
        raw.release_conn = _then(raw.release_conn, lambda: _end(exchange, raw))
        raw.close = _then(raw.close, exchange.abandon)


def _then(call: Callable[[], None], after: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        try:
            call()
        finally:
            after()

    return both


def _end(exchange: Exchange, raw: Any) -> None:
    """The connection is given back: the body was read, or it broke off, in which case its error is on its way up."""
    error = sys.exception()
    if error is not None and _broke_off(error) and raw.length_remaining != 0:
        exchange.fail(error)
    else:
        exchange.finish()


def _broke_off(error: BaseException) -> bool:
    is_of_body = isinstance(error, OSError) or _package(type(error).__module__) in _BODY_PACKAGES
    # The program may be reading inside an ``except`` block of its own: that error is not on its way through urllib3.
    traceback = error.__traceback__
    return is_of_body and traceback is not None and _package(traceback.tb_frame.f_globals["__name__"]) in _BODY_PACKAGES


def _package(module: str) -> str:
    return module.partition(".")[0]
