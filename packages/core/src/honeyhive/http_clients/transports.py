"""Transports of httpx and httpx2 that pass the trace on, and record requests where that is wanted.

At the transport, every hop and every error is seen, and the request that the program holds is never changed: what is sent
is a copy, so that a redirect to another host does not take along what was meant for the first.
"""

import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self, cast

import httpx

from honeyhive.guard import guard
from honeyhive.http_clients.exchange import Exchange, Sender

if TYPE_CHECKING:
    from types import TracebackType

# In a request's extensions: it is in hand already, and how often it was sent.
_IN_HAND: Final = "honeyhive.in_hand"
_SENT: Final = "honeyhive.sent"

SyncHandler = Callable[[httpx.Request], httpx.Response]
AsyncHandler = Callable[[httpx.Request], Coroutine[Any, Any, httpx.Response]]


def send(sender: Sender, request: httpx.Request, handle: SyncHandler) -> httpx.Response:
    """Send *request* through *handle*, with what the trace adds to it."""
    exchange = _begin(sender, request)
    if exchange is None:
        return handle(request)
    outgoing = _outgoing(exchange, request)
    try:
        with exchange.activate():
            response = handle(outgoing)
    except BaseException as error:
        exchange.fail(error)
        raise
    return _received(exchange, request, response)


async def send_async(sender: Sender, request: httpx.Request, handle: AsyncHandler) -> httpx.Response:
    """`send`, awaiting *handle*."""
    exchange = _begin(sender, request)
    if exchange is None:
        return await handle(request)
    outgoing = _outgoing(exchange, request)
    try:
        with exchange.activate():
            response = await handle(outgoing)
    except BaseException as error:
        exchange.fail(error)
        raise
    return _received(exchange, request, response)


def _begin(sender: Sender, request: httpx.Request) -> Exchange | None:
    if _IN_HAND in request.extensions:
        return None
    return sender.begin(request.method, str(request.url), resend_count=lambda: _count(request))


def _count(request: httpx.Request) -> int:
    """How often *request*, or the one that was redirected to it, was sent: httpx hands the extensions on."""
    sent: list[None] = request.extensions.setdefault(_SENT, [])
    sent.append(None)
    return len(sent) - 1


def _outgoing(exchange: Exchange, request: httpx.Request) -> httpx.Request:
    """A copy of *request* with the headers of the exchange; the request itself where that fails."""
    with guard("propagate a session"):
        library = library_of(request)
        extensions = {**request.extensions, _IN_HAND: True}
        copied = library.Request(
            request.method, request.url, headers=request.headers, stream=request.stream, extensions=extensions
        )
        encoding = request.headers.encoding  # that of a baggage header of the program's own, which need not be ASCII
        fields = exchange.headers(request.headers)
        copied.headers.update({name: value.encode(encoding) for name, value in fields.items()})
        if isinstance(request.stream, library.ByteStream):
            copied.read()  # transports that sign bodies ask for the content
        return copied
    return request


def _received(exchange: Exchange, request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if exchange.is_recorded:
        with guard("record an HTTP response"):
            version = cast("Mapping[str, Any]", response.extensions).get("http_version")
            exchange.respond(response.status_code, version.decode("ascii", "replace") if version else None)
            if _is_read(response):
                exchange.finish()
            else:
                response.stream = _recorded_stream(library_of(request))(response.stream, exchange)
    return response


def _is_read(response: httpx.Response) -> bool:
    # A transport without a network, such as httpx.MockTransport, may answer with all that there is.
    return response.is_stream_consumed or response.is_closed


def library_of(request: httpx.Request) -> Any:
    """The library that *request* belongs to: httpx, or httpx2, which has the same interface."""
    other: Any = sys.modules.get("httpx2")
    return other if other is not None and isinstance(request, other.Request) else httpx


class _RecordedStream:
    """A response's body whose exchange ends with it: read to its end, closed before, failed, or forgotten."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    def __iter__(self) -> Generator[bytes]:
        try:
            yield from self._stream
        except BaseException as error:
            self._exchange.fail(error)
            raise
        self._exchange.finish()

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        try:
            async for chunk in self._stream:
                yield chunk
        except BaseException as error:
            self._exchange.fail(error)
            raise
        self._exchange.finish()

    def close(self) -> None:
        try:
            self._stream.close()
        finally:
            self._exchange.abandon()

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._exchange.abandon()

    def __del__(self) -> None:
        if self._exchange.is_recorded:
            self._exchange.abandon()


@cache
def _recorded_stream(library: Any) -> type[Any]:
    """`_RecordedStream` as what *library*'s clients expect of a body."""
    return type("RecordedStream", (_RecordedStream, library.SyncByteStream, library.AsyncByteStream), {})


class TracingTransport(httpx.BaseTransport):
    """What ``tracer.httpx_transport()`` returns: a transport around another one."""

    def __init__(self, wrapped: httpx.BaseTransport, sender: Sender) -> None:
        self._wrapped = wrapped
        self._sender = sender

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* through the wrapped transport."""
        return send(self._sender, request, self._wrapped.handle_request)

    def close(self) -> None:
        """Close the wrapped transport."""
        self._wrapped.close()

    def __enter__(self) -> Self:
        self._wrapped.__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        self._wrapped.__exit__(exc_type, exc_value, traceback)


class AsyncTracingTransport(httpx.AsyncBaseTransport):
    """What ``tracer.async_httpx_transport()`` returns: a transport around another one."""

    def __init__(self, wrapped: httpx.AsyncBaseTransport, sender: Sender) -> None:
        self._wrapped = wrapped
        self._sender = sender

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* through the wrapped transport."""
        return await send_async(self._sender, request, self._wrapped.handle_async_request)

    async def aclose(self) -> None:
        """Close the wrapped transport."""
        await self._wrapped.aclose()

    async def __aenter__(self) -> Self:
        await self._wrapped.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: "TracebackType | None" = None,
    ) -> None:
        await self._wrapped.__aexit__(exc_type, exc_value, traceback)
