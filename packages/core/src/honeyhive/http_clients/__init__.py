"""Passing trace and session on from HTTP clients: httpx and httpx2, ``requests``, ``aiohttp``; see docs/propagation.md.

A request to a host that may know the session takes it along; any other gets ``traceparent`` only. Headers that the program
sets itself are never overwritten. Whether each request is an event too is ``is_recorded``, else the tracer's
``disable_http_tracing`` (True unless set: no events). The libraries are imported when first asked for.
"""

from typing import TYPE_CHECKING

from honeyhive.http_clients.exchange import HasChannel, Sender
from honeyhive.lateload import late_imports

if TYPE_CHECKING:
    import aiohttp
    import httpx
    import requests
    from requests.adapters import BaseAdapter

__all__ = [
    "aiohttp_trace_config",
    "async_httpx_transport",
    "httpx_transport",
    "patch_httpx",
    "requests_adapter",
    "trace_requests",
    "unpatch_httpx",
]


def httpx_transport(
    tracer: HasChannel | None = None,
    wrapped: "httpx.BaseTransport | None" = None,
    *,
    is_recorded: bool | None = None,
) -> "httpx.BaseTransport":
    """A transport for ``httpx.Client(transport=…)`` or ``mounts=…``, around *wrapped* (a new ``HTTPTransport`` unless given).

    It works for httpx2's clients too, around a transport of httpx2. *tracer* is the default one unless given.
    """
    with late_imports():
        import httpx  # noqa: PLC0415  a quarter of a second of imports

        from honeyhive.http_clients.transports import TracingTransport  # noqa: PLC0415  needs httpx
    return TracingTransport(
        httpx.HTTPTransport() if wrapped is None else wrapped, Sender(tracer, is_recorded=is_recorded)
    )


def async_httpx_transport(
    tracer: HasChannel | None = None,
    wrapped: "httpx.AsyncBaseTransport | None" = None,
    *,
    is_recorded: bool | None = None,
) -> "httpx.AsyncBaseTransport":
    """`httpx_transport` for ``httpx.AsyncClient``."""
    with late_imports():
        import httpx  # noqa: PLC0415  a quarter of a second of imports

        from honeyhive.http_clients.transports import AsyncTracingTransport  # noqa: PLC0415  needs httpx
    inner = httpx.AsyncHTTPTransport() if wrapped is None else wrapped
    return AsyncTracingTransport(inner, Sender(tracer, is_recorded=is_recorded))


def patch_httpx(tracer: HasChannel | None = None, *, is_recorded: bool | None = None) -> None:
    """Pass trace and session on from every client of httpx and httpx2 in the process, made before or after.

    A request belongs to the tracer whose session or event is current, else to *tracer* (of the last call). `unpatch_httpx`
    undoes it. Requests of ours (delivery, API client) are left alone.
    """
    with late_imports():
        from honeyhive.http_clients import patch  # noqa: PLC0415  needs httpx
    patch.patch_httpx(tracer, is_recorded=is_recorded)


def unpatch_httpx(tracer: HasChannel | None = None) -> None:
    """Undo `patch_httpx`, all calls of it or those for *tracer*. Without such a call, nothing happens."""
    with late_imports():
        from honeyhive.http_clients import patch  # noqa: PLC0415  needs httpx
    patch.unpatch_httpx(tracer)


def requests_adapter(
    tracer: HasChannel | None = None,
    wrapped: "BaseAdapter | None" = None,
    *,
    is_recorded: bool | None = None,
) -> "BaseAdapter":
    """A transport adapter for ``requests.Session.mount``, around *wrapped* (a new ``HTTPAdapter`` unless given)."""
    with late_imports():
        from honeyhive.http_clients import adapters  # noqa: PLC0415  needs requests
    return adapters.requests_adapter(tracer, wrapped, is_recorded=is_recorded)


def trace_requests(
    session: "requests.Session", tracer: HasChannel | None = None, *, is_recorded: bool | None = None
) -> None:
    """Put a `requests_adapter` around every adapter that is mounted in *session*; doing so twice is the same as once."""
    with late_imports():
        from honeyhive.http_clients import adapters  # noqa: PLC0415  needs requests
    adapters.mount_adapters(session, tracer, is_recorded=is_recorded)


def aiohttp_trace_config(tracer: HasChannel | None = None, *, is_recorded: bool | None = None) -> "aiohttp.TraceConfig":
    """A ``TraceConfig`` for ``aiohttp.ClientSession(trace_configs=[…])``; it may serve several sessions."""
    with late_imports():
        from honeyhive.http_clients import traces  # noqa: PLC0415  needs aiohttp
    return traces.trace_config(tracer, is_recorded=is_recorded)
