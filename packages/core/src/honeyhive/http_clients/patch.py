"""Passing the trace on from every httpx client of the process, made before or after, by replacing two methods."""

import importlib.util
import os
import threading
from collections.abc import Callable
from functools import wraps
from types import ModuleType
from typing import Any, ClassVar, Final, NamedTuple

import httpx

from honeyhive.http_clients.exchange import HasChannel, Sender
from honeyhive.http_clients.transports import send, send_async
from honeyhive.lateload import late_imports

_MARK: Final = "_honeyhive_patched"


class _Replaced(NamedTuple):
    """A method of a class, ours in its place, and what it was before."""

    owner: type[Any]
    name: str
    ours: Any
    original: Any


class _Patch:
    """What the replaced methods work for: the last of those who asked for it; None while nothing is to be done."""

    sender: Sender | None = None
    senders: ClassVar[list[Sender]] = []
    replaced: ClassVar[list[_Replaced]] = []
    lock = threading.Lock()


def _reset_after_fork() -> None:
    _Patch.lock = threading.Lock()


os.register_at_fork(after_in_child=_reset_after_fork)


def patch_httpx(tracer: HasChannel | None = None, *, is_recorded: bool | None = None) -> None:
    """Pass trace and session on from every request of httpx, and of httpx2 where it is installed.

    A request belongs to the tracer whose session or event is current, else to the last call's (the default one unless
    given). The last call also says whether requests are recorded: as ``disable_http_tracing`` says unless *is_recorded* is
    given.
    """
    with _Patch.lock:
        _leave(tracer)
        _Patch.senders.append(Sender(tracer, is_recorded=is_recorded, is_fallback=True))
        _Patch.sender = _Patch.senders[-1]
        for library in _libraries():
            _replace(library.HTTPTransport, "handle_request", _sync_method)
            _replace(library.AsyncHTTPTransport, "handle_async_request", _async_method)


def unpatch_httpx(tracer: HasChannel | None = None) -> None:
    """Undo `patch_httpx`; with *tracer*, only what was called for it: the patch stays as long as another wants it.

    A method that somebody else replaced since stays theirs, and does nothing more for us.
    """
    with _Patch.lock:
        if tracer is None:
            _Patch.senders.clear()
        _leave(tracer)
        _Patch.sender = _Patch.senders[-1] if _Patch.senders else None
        if _Patch.sender is not None:
            return
        for each in reversed(_Patch.replaced.copy()):
            if each.owner.__dict__[each.name] is each.ours:
                setattr(each.owner, each.name, each.original)
                _Patch.replaced.remove(each)


def _leave(tracer: HasChannel | None) -> None:
    _Patch.senders[:] = [sender for sender in _Patch.senders if sender.tracer is not tracer]


def _libraries() -> list[Any]:
    found: list[ModuleType] = [httpx]
    if importlib.util.find_spec("httpx2") is not None:
        with late_imports():
            import httpx2  # noqa: PLC0415  optional

        found.append(httpx2)
    return found


def _replace(owner: type[Any], name: str, made: Callable[[Any], Any]) -> None:
    current = owner.__dict__[name]
    if not hasattr(current, _MARK):  # which wrappers of others show too, when they are made by `wraps` or `wrapt`
        ours = made(current)
        setattr(ours, _MARK, True)
        setattr(owner, name, ours)
        _Patch.replaced.append(_Replaced(owner, name, ours, current))


def _sync_method(original: Any) -> Any:
    @wraps(original)
    def handle_request(self: Any, request: httpx.Request) -> httpx.Response:
        sender, handle = _Patch.sender, _bound(original, self)
        if sender is None:
            return handle(request)
        return send(sender, request, handle)

    return handle_request


def _async_method(original: Any) -> Any:
    @wraps(original)
    async def handle_async_request(self: Any, request: httpx.Request) -> httpx.Response:
        sender, handle = _Patch.sender, _bound(original, self)
        if sender is None:
            return await handle(request)
        return await send_async(sender, request, handle)

    return handle_async_request


def _bound(method: Any, transport: Any) -> Any:
    # Wrappers of others, OpenTelemetry's among them, tell the transport from the request by how they are looked up.
    return method.__get__(transport, type(transport))
