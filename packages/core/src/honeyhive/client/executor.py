"""Carries calls out: one pool of connections for threads, one for each event loop."""

import asyncio
import itertools
import logging
import os
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import httpx

from honeyhive import __about__
from honeyhive.client.call import Call, Request
from honeyhive.client.limiter import RateLimiter
from honeyhive.client.payload import encode, query_pairs
from honeyhive.client.replies import settled
from honeyhive.client.retry import Retries
from honeyhive.errors import ApiKeyKind, MissingApiKeyError
from honeyhive.export.connections import async_client, blocking_client, trust
from honeyhive.settings.http import HTTPSettings
from honeyhive.tracing.context import suppress

_LOG: Final = logging.getLogger("honeyhive")
R = TypeVar("R")

# Batches of one call that are under way at a time.
_PARALLEL: Final = 8
# An unreachable host fails fast also where the reply may take minutes.
_EXPORT_CONNECT_S: Final = 10.0
_EXPORT_WRITE_S: Final = 30.0


@dataclass
class APIConfig:
    """Where and as whom the client speaks; what is changed here holds from the next call on.

    ``verify`` is False, or the path of a file of certificate authorities; ``timeout`` is seconds, None for no limit.
    """

    base_path: str
    verify: bool | str = True
    access_token: str | None = field(default=None, repr=False)
    timeout: float | None = 5.0

    def get_access_token(self) -> str | None:
        """The project API key."""
        return self.access_token

    def set_access_token(self, value: str) -> None:
        """Use *value* as the project API key from now on."""
        self.access_token = value


# A client, and the generator that closes it.
_OfALoop = tuple[httpx.AsyncClient, AsyncGenerator[None]]


class _Pools:
    """The open connections: made at the first call, again after a fork, and when ``verify`` has changed."""

    def __init__(self, http: HTTPSettings) -> None:
        self._http = http
        self._lock = threading.Lock()
        # The parent's connections are the parent's: a child that closed them, if only by forgetting, would end its TLS.
        self._inherited: list[object] = []
        self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._verify: bool | str | None = None
        self._blocking: httpx.Client | None = None
        self._loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _OfALoop] = weakref.WeakKeyDictionary()
        self._making: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = weakref.WeakKeyDictionary()

    def blocking(self, verify: bool | str) -> httpx.Client:
        with self._current(verify):
            if self._blocking is None:
                self._blocking = blocking_client(self._http, trust(verify))
            return self._blocking

    async def of_this_loop(self, verify: bool | str) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        with self._current(verify):
            found = self._loops.get(loop)
            # The tasks that a program starts with wait for one client instead of making one each.
            making = self._making.setdefault(loop, asyncio.Lock())
        if found is not None:
            return found[0]
        async with making:
            return (await self._made(loop, verify))[0]

    async def _made(self, loop: asyncio.AbstractEventLoop, verify: bool | str) -> _OfALoop:
        with self._current(verify):
            found = self._loops.get(loop)
        if found is not None:
            return found
        # Reading the certificates takes a tenth of a second, which is not the event loop's.
        client = await asyncio.to_thread(lambda: async_client(self._http, trust(verify)))
        made = client, _closing(client)
        await anext(made[1])
        with self._current(verify):
            self._loops[loop] = made
        return made

    @contextmanager
    def _current(self, verify: bool | str) -> Generator[None]:
        if self._pid != os.getpid():
            self._inherited.append((self._blocking, self._loops))
            self._lock = threading.Lock()
            self._forget()
        with self._lock:
            if self._verify is not None and self._verify != verify:
                self._blocking = None
                self._loops = weakref.WeakKeyDictionary()
            self._verify = verify
            yield

    def close(self) -> None:
        if (
            self._pid != os.getpid()
        ):  # what is open is the parent's, and its lock may have been forked while it was held
            return
        with self._lock:
            client, self._blocking = self._blocking, None
        if client is not None:
            client.close()

    async def aclose(self) -> None:
        if self._pid != os.getpid():
            return
        self.close()
        with self._lock:
            found = self._loops.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found[1].aclose()


async def _closing(client: httpx.AsyncClient) -> AsyncGenerator[None]:
    """Closes *client* with its event loop: a loop closes the generators that were started in it."""
    try:
        yield
    finally:
        await client.aclose()


class HTTPExecutor:
    """Sends requests with the right key, again where that is safe, and tells failures apart."""

    def __init__(
        self, config: APIConfig, http: HTTPSettings, retries: Retries, keys: Mapping[ApiKeyKind, str | None]
    ) -> None:
        self.config = config
        self._http = http
        self._retries = retries
        self._keys = keys
        self._limiter = RateLimiter(http.rate_limit_calls, http.rate_limit_window_s)
        self._pools = _Pools(http)
        # A program need not close its client: what is open ends with it, without a warning.
        weakref.finalize(self, _Pools.close, self._pools)

    def run(self, call: Call[R]) -> R:
        """The result of *call*, in this thread."""
        return call.finish([self._send(request, call.time_ns) for request in call.requests])

    async def run_async(self, call: Call[R]) -> R:
        """The result of *call*; several requests go out side by side."""
        if len(call.requests) == 1:
            return call.finish([await self._send_async(call.requests[0], call.time_ns)])
        free = asyncio.Semaphore(_PARALLEL)

        async def one(request: Request) -> object:
            async with free:
                return await self._send_async(request, call.time_ns)

        tasks = [asyncio.create_task(one(request)) for request in call.requests]
        try:
            return call.finish(await asyncio.gather(*tasks))
        finally:
            # After a failure or a cancellation nothing goes on behind the caller's back.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _send(self, request: Request, time_ns: int) -> object:
        prepared = self._prepared(request, time_ns)
        client = self._pools.blocking(self.config.verify)
        for attempt in itertools.count():
            time.sleep(self._limiter.reserve())
            answer: httpx.Response | httpx.TransportError
            try:
                with suppress():
                    answer = client.request(**prepared)
            except httpx.TransportError as error:
                answer = error
            wait_s = self._wait_s(request, answer, attempt)
            if wait_s is None:
                return settled(request, answer)
            time.sleep(wait_s)
        raise AssertionError  # pragma: no cover  the loop has no end of its own

    async def _send_async(self, request: Request, time_ns: int) -> object:
        prepared = self._prepared(request, time_ns)
        client = await self._pools.of_this_loop(self.config.verify)
        for attempt in itertools.count():
            await asyncio.sleep(self._limiter.reserve())
            answer: httpx.Response | httpx.TransportError
            try:
                with suppress():
                    answer = await client.request(**prepared)
            except httpx.TransportError as error:
                answer = error
            wait_s = self._wait_s(request, answer, attempt)
            if wait_s is None:
                return settled(request, answer)
            await asyncio.sleep(wait_s)
        raise AssertionError  # pragma: no cover  the loop has no end of its own

    def _wait_s(self, request: Request, answer: httpx.Response | httpx.TransportError, attempt: int) -> float | None:
        wait_s = self._retries.wait_s(request, answer, attempt)
        said = answer.status_code if isinstance(answer, httpx.Response) else type(answer).__name__
        _LOG.debug("honeyhive: %s: %s, %s", request.operation, said, "settled" if wait_s is None else "again")
        return wait_s

    def _prepared(self, request: Request, time_ns: int) -> dict[str, Any]:
        """The arguments of httpx's ``request``, the same for every attempt."""
        arguments: dict[str, Any] = {
            "method": request.method,
            "url": f"{self.config.base_path.rstrip('/')}{request.path}",
            "headers": self._headers(request, time_ns),
            "timeout": self._timeout(request),
            # One that turned a POST into a GET would look like success.
            "follow_redirects": self._http.follow_redirects and request.method == "GET",
        }
        pairs = query_pairs(request.query)
        if pairs:
            arguments["params"] = pairs
        if request.body is not None:
            arguments["content"] = encode(request.body)
        return arguments

    def _headers(self, request: Request, time_ns: int) -> dict[str, str]:
        """``facts/honeyhive-api.md`` §4.1; raises `MissingApiKeyError`."""
        return {
            "Authorization": f"Bearer {self._key(request.key_kind)}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "hh-client-version": __about__.__version__,
            "hh-client-language": "python",
            "hh-client-package": "honeyhive",
            "hh-client-timestamp": str(time_ns),
        }

    def _key(self, kind: ApiKeyKind) -> str:
        """The key for an operation: the project's stands in for the ingestion key, never for that of the data plane."""
        key = self.config.access_token if kind == "project" else self._keys.get(kind)
        if not key and kind == "ingestion":
            key = self.config.access_token
        if not key:
            raise MissingApiKeyError(kind)
        return key

    def _timeout(self, request: Request) -> httpx.Timeout:
        pool_s = self._http.pool_timeout_s
        if request.is_export:
            read_s = self._http.export_read_timeout_s
            return httpx.Timeout(connect=_EXPORT_CONNECT_S, read=read_s, write=_EXPORT_WRITE_S, pool=pool_s)
        return httpx.Timeout(self.config.timeout, pool=pool_s)

    def close(self) -> None:
        """Close the connections of threads; the next call opens new ones."""
        self._pools.close()

    async def aclose(self) -> None:
        """Close the connections of threads and of this event loop; those of others close with their loops."""
        await self._pools.aclose()
