"""httpx clients made as the settings say: limits, proxies, trust."""

import encodings.idna  # noqa: F401  # pyright: ignore[reportUnusedImport]  `getaddrinfo` imports it at the first connection
import ssl
from pathlib import Path
from typing import Any, Final

import httpx

from honeyhive.settings.http import HTTPSettings

USER_AGENT: Final = "honeyhive-python"


def trust(verify: bool | str) -> ssl.SSLContext:
    """What certificates are checked against: httpx's own authorities, those in the file *verify*, or, False, nothing."""
    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify)


def collector_trust(
    verify: bool, authorities: Path | None, certificate: Path | None, key: Path | None
) -> ssl.SSLContext:
    """What a collector's certificate is checked against, and what proves to it who we are; raises ``OSError``."""
    context = trust(str(authorities) if verify and authorities is not None else verify)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context


def blocking_client(settings: HTTPSettings, verify: ssl.SSLContext) -> httpx.Client:
    """A client for threads. Redirects are the caller's matter: one that turned a POST into a GET would look like success."""
    mounts = {
        pattern: None if proxy is None else httpx.HTTPTransport(verify=verify, proxy=proxy, limits=_limits(settings))
        for pattern, proxy in _routes(settings).items()
    }
    return httpx.Client(**_common(settings, verify), mounts=mounts)


def async_client(settings: HTTPSettings, verify: ssl.SSLContext) -> httpx.AsyncClient:
    """A client for one event loop; see `blocking_client`."""
    mounts = {
        pattern: None
        if proxy is None
        else httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, limits=_limits(settings))
        for pattern, proxy in _routes(settings).items()
    }
    return httpx.AsyncClient(**_common(settings, verify), mounts=mounts)


def _common(settings: HTTPSettings, verify: ssl.SSLContext) -> dict[str, Any]:
    return {
        "verify": verify,
        "limits": _limits(settings),
        "timeout": httpx.Timeout(settings.timeout_s, pool=settings.pool_timeout_s),
        "follow_redirects": False,
    }


def _limits(settings: HTTPSettings) -> httpx.Limits:
    return httpx.Limits(
        max_connections=settings.max_connections,
        max_keepalive_connections=settings.max_keepalive_connections,
        keepalive_expiry=settings.keepalive_expiry_s,
    )


def _routes(settings: HTTPSettings) -> dict[str, str | None]:
    """Which proxy a URL pattern of httpx goes through, None for none; empty leaves it to the standard variables."""
    if settings.http_proxy is None and settings.https_proxy is None:
        return {}
    routes: dict[str, str | None] = {}
    if "*" in settings.no_proxy:
        return {"all://": None}
    if settings.http_proxy is not None:
        routes["http://"] = settings.http_proxy
    if settings.https_proxy is not None:
        routes["https://"] = settings.https_proxy
    for host in settings.no_proxy:
        # A name means its subdomains too, an address only itself.
        is_address = host == "localhost" or ":" in host or host.replace(".", "").isdecimal()
        shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
        routes[f"all://{shown}" if is_address else f"all://*{host.lstrip('.')}"] = None
    return routes
