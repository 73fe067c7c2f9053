"""What a Django request says of itself, in OpenTelemetry's names (semantic conventions 1.44); pure.

Only raw values are read. ``get_host`` and ``build_absolute_uri`` raise for hosts outside ``ALLOWED_HOSTS``, so that a request
that is answered without us would be refused with us; ``user``, ``session`` and ``POST`` query, set ``Vary`` or read the body.
"""

import re
from functools import lru_cache
from typing import Any, Final

from django.http import HttpRequest
from honeyhive.integration import known_method, method_attributes, redacted_query, split_host

_CARRIED: Final = {f"HTTP_{name.upper()}": name for name in ("traceparent", "tracestate", "baggage")}


def carried(request: HttpRequest) -> dict[str, str]:
    """The headers that carry trace and session."""
    return {name: request.META[key] for key, name in _CARRIED.items() if key in request.META}


def method_name(request: HttpRequest) -> str:
    """The method as it may stand in a name: ``HTTP`` for one that nobody knows, of which there may be any number."""
    return known_method(request.method) or "HTTP"


def request_inputs(request: HttpRequest) -> dict[str, object]:
    """The request as an event's inputs."""
    return {"method": request.method, "path": request.path}


def request_attributes(request: HttpRequest) -> dict[str, str | int]:
    """The attributes that are known when a request arrives."""
    meta = request.META
    found: dict[str, Any] = {
        **method_attributes(request.method),
        "url.path": request.path,
        "url.scheme": request.scheme,
        "user_agent.original": meta.get("HTTP_USER_AGENT"),
        "client.address": meta.get("REMOTE_ADDR"),
    }
    query = meta.get("QUERY_STRING")
    if query:
        found["url.query"] = redacted_query(query)
    protocol, _, version = meta.get("SERVER_PROTOCOL", "").partition("/")
    if protocol == "HTTP":
        found["network.protocol.version"] = version
    found["server.address"], found["server.port"] = _server(meta.get("HTTP_HOST"), meta)
    return {name: value for name, value in found.items() if value not in {None, ""}}


def _server(host: str | None, meta: dict[str, Any]) -> tuple[str | None, int | None]:
    if not host:
        port = str(meta.get("SERVER_PORT", ""))
        return meta.get("SERVER_NAME"), int(port) if port.isdecimal() else None
    return split_host(host)


def raw_route(request: HttpRequest) -> str | None:
    """The route as the URLconf spells it; None before resolution and where nothing matched."""
    return request.resolver_match.route if request.resolver_match is not None else None


@lru_cache(1024)
def http_route(route: str) -> str:
    """*route* as a template: with a leading slash and without the anchors of regular expressions.

    Each included pattern brings an anchor of its own, ``^api/^items/$``.
    """
    return "/" + re.sub(r"(^|/)\^", r"\1", re.sub(r"(\$|\\Z)$", "", route)).removeprefix("/")
