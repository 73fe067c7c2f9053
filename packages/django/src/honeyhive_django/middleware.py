"""The middleware: each request is an event in a session of its own, or in the one that was carried to it."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.signals import got_request_exception
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from honeyhive.integration import attached

from honeyhive_django._exchange import note_exception, open_exchange

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class HoneyHiveMiddleware:
    """Records requests, synchronously or not as what is below it; ``honeyhive_django`` puts it first.

    It has no ``process_view`` and no ``process_exception``: Django would call them in a thread.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        # `inspect` has a function of this name; before Python 3.12 it does not see what Django marks.
        self._is_async = iscoroutinefunction(get_response)  # pyright: ignore[reportDeprecated]  needed up to 3.11
        if self._is_async:
            markcoroutinefunction(self)
        # Exceptions are responses before they get here; this signal is where the exception itself is seen.
        got_request_exception.connect(note_exception, dispatch_uid="honeyhive_django")

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Serve one request."""
        return self._serve_async(request) if self._is_async else self._serve(request)

    def _serve(self, request: HttpRequest) -> HttpResponseBase:
        get_response = cast("Callable[[HttpRequest], HttpResponseBase]", self.get_response)
        exchange = open_exchange(request)
        if exchange is None:
            return get_response(request)
        try:
            with attached(exchange.context):
                response = get_response(request)
        except BaseException as error:
            exchange.end(error)
            raise
        exchange.respond(response)
        return response

    async def _serve_async(self, request: HttpRequest) -> HttpResponseBase:
        get_response = cast("Callable[[HttpRequest], Awaitable[HttpResponseBase]]", self.get_response)
        exchange = open_exchange(request)
        if exchange is None:
            return await get_response(request)
        try:
            with attached(exchange.context):
                response = await get_response(request)
        except BaseException as error:
            exchange.end(error)
            raise
        exchange.respond(response)
        return response
