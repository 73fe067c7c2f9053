"""What an ASGI scope says of a request, in OpenTelemetry's names (semantic conventions 1.44); pure."""

from collections.abc import Mapping
from typing import Any, Final

from honeyhive.integration import known_method, method_attributes, redacted_query, split_host
from starlette.types import Scope

_HEADERS: Final = {name.encode(): name for name in ("traceparent", "tracestate", "baggage", "host", "user-agent")}
_LISTS: Final = frozenset({"tracestate", "baggage"})


def wanted_headers(scope: Scope) -> dict[str, str]:
    """The few headers that are read: propagation, ``host`` and ``user-agent``; lists that came in parts are joined."""
    found: dict[str, str] = {}
    for name, value in scope.get("headers") or ():
        key = _HEADERS.get(name)
        if key is None:
            continue
        text: str = value.decode("latin-1")
        if key not in found:
            found[key] = text
        elif key in _LISTS:
            found[key] = f"{found[key]},{text}"
        elif key == "traceparent":
            found[key] = ""  # more than one is invalid, which counts as none (W3C Trace Context §4.3)
    return found


def method_name(scope: Scope) -> str:
    """What a name begins with: the method, ``HTTP`` for one that nobody knows (there may be any number), or ``WS``."""
    return known_method(scope.get("method")) or ("WS" if scope["type"] == "websocket" else "HTTP")


def request_inputs(scope: Scope) -> dict[str, object]:
    """The request as an event's inputs."""
    return {"method": scope.get("method"), "path": scope.get("path")}


def request_attributes(scope: Scope, headers: Mapping[str, str]) -> dict[str, str | int]:
    """The attributes that are known when a request arrives; *headers* are those of `wanted_headers`."""
    found: dict[str, Any] = {
        **method_attributes(scope.get("method")),
        "url.path": scope.get("path"),
        "url.scheme": scope.get("scheme", "http"),
        "network.protocol.version": scope.get("http_version"),
        "user_agent.original": headers.get("user-agent"),
    }
    query = scope.get("query_string")
    if query:
        found["url.query"] = redacted_query(query.decode("latin-1"))
    client = scope.get("client")
    if client:
        found["client.address"] = client[0]
    found["server.address"], found["server.port"] = _server(scope, headers)
    return {name: value for name, value in found.items() if value is not None}


def _server(scope: Scope, headers: Mapping[str, str]) -> tuple[str | None, int | None]:
    host = headers.get("host")
    if not host:
        address, port = scope.get("server") or (None, None)
        return address, port
    return split_host(host)


def app_title(scope: Scope) -> str | None:
    """The title that a FastAPI application was given, if it was given one."""
    title = getattr(scope.get("app"), "title", None)
    return title if isinstance(title, str) and title not in {"", "FastAPI"} else None
