"""``aiohttp``, by its documented hook: a ``TraceConfig`` that is given to a ``ClientSession``."""

import weakref
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from honeyhive.guard import guard
from honeyhive.http_clients.exchange import Exchange, HasChannel, Sender
from honeyhive.tracing.carriers import CARRIED

_EXCHANGE: Final = "honeyhive_exchange"
_OWN: Final = "honeyhive_own_headers"
_HOPS: Final = "honeyhive_hops"


def trace_config(tracer: HasChannel | None, *, is_recorded: bool | None) -> aiohttp.TraceConfig:
    """See `honeyhive.http_clients.aiohttp_trace_config`."""
    hooks = _Hooks(Sender(tracer, is_recorded=is_recorded))
    config = aiohttp.TraceConfig()
    config.on_request_start.append(hooks.on_start)
    config.on_request_redirect.append(hooks.on_redirect)
    config.on_request_end.append(hooks.on_end)
    config.on_request_exception.append(hooks.on_exception)
    return config


class _Hooks:
    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def on_start(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        """A request is about to be sent."""
        setattr(context, _OWN, _carried(params.headers))
        self._begin(context, params.method, params.url, params.headers)

    async def on_redirect(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestRedirectParams
    ) -> None:
        """A response sends the request elsewhere: aiohttp goes on with the same headers, of which ours belong to the last hop."""
        exchange = _exchange_of(context)
        if exchange is not None:
            exchange.respond(params.response.status)
            exchange.finish()
        with guard("follow a redirect"):
            for name in CARRIED:
                params.headers.popall(name, None)
            params.headers.extend(getattr(context, _OWN, ()))
            target = params.response.headers.get("Location") or params.response.headers.get("URI")
            if target is not None:
                self._begin(context, params.method, params.response.url.join(URL(target)), params.headers)

    def _begin(self, context: SimpleNamespace, method: str, url: URL, headers: "CIMultiDict[str]") -> None:
        hops: int = getattr(context, _HOPS, 0)
        exchange = self._sender.begin(method, str(url), resend_count=lambda: hops)
        setattr(context, _HOPS, hops + 1)
        setattr(context, _EXCHANGE, exchange)
        if exchange is not None:
            with guard("propagate a session"):
                headers.update(
                    exchange.headers({name: ",".join(headers.getall(name)) for name, _ in _carried(headers)})
                )

    async def on_end(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        """The response's head is there; its body may be long in coming."""
        exchange = _exchange_of(context)
        if exchange is None or not exchange.is_recorded:
            return
        response = params.response
        with guard("record an HTTP response"):
            version = response.version
            exchange.respond(response.status, None if version is None else f"HTTP/{version.major}.{version.minor}")
            response.content.on_eof(_BodyEnd(exchange, weakref.ref(response)))

    async def on_exception(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
    ) -> None:
        """The request failed, or was cancelled."""
        exchange = _exchange_of(context)
        if exchange is not None:
            exchange.fail(params.exception)


class _BodyEnd:
    """What a body calls at its end; a body that fails, is closed, or is forgotten drops it instead."""

    def __init__(self, exchange: Exchange, response: "weakref.ref[aiohttp.ClientResponse]") -> None:
        self._exchange = exchange
        self._response = response

    def __call__(self) -> None:
        self._exchange.finish()

    def __del__(self) -> None:
        if not self._exchange.is_recorded:
            return
        response = self._response()
        error = None if response is None else response.content.exception()
        # Closed by the program, a body gets exactly this error; what the network does has types of its own.
        if isinstance(error, BaseException) and type(error) is not aiohttp.ClientConnectionError:
            self._exchange.fail(error)
        else:
            self._exchange.abandon()


def _carried(headers: "CIMultiDict[str]") -> list[tuple[str, str]]:
    """The program's own headers that ours would meet, each as often as it is there."""
    return [(name, value) for name in CARRIED for value in headers.getall(name, ())]


def _exchange_of(context: Any) -> Exchange | None:
    found: Exchange | None = getattr(context, _EXCHANGE, None)
    return found
