"""What an ASGI scope says of a request, in OpenTelemetry's names (semantic conventions 1.44); pure."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from starlette.types import Scope

_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
_HEADERS: Final = {name.encode(): name for name in ("traceparent", "tracestate", "baggage", "host", "user-agent")}
_LISTS: Final = frozenset({"tracestate", "baggage"})
# The semantic conventions' list, then names under which applications pass secrets; compared in lower case.
_SECRET_PARAMETERS: Final = frozenset(
    {
        "awsaccesskeyid",
        "sig",
        "signature",
        "x-amz-credential",
        "x-amz-security-token",
        "x-amz-signature",
        "x-goog-signature",
        "access_token",
        "api_key",
        "apikey",
        "client_secret",
        "code",
        "id_token",
        "key",
        "password",
        "refresh_token",
        "secret",
        "token",
    }
)


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
    method = scope.get("method")
    if method in _METHODS:
        return method
    return "WS" if scope["type"] == "websocket" else "HTTP"


def request_inputs(scope: Scope) -> dict[str, object]:
    """The request as an event's inputs."""
    return {"method": scope.get("method"), "path": scope.get("path")}


def request_attributes(scope: Scope, headers: Mapping[str, str]) -> dict[str, str | int]:
    """The attributes that are known when a request arrives; *headers* are those of `wanted_headers`."""
    found: dict[str, Any] = {
        "url.path": scope.get("path"),
        "url.scheme": scope.get("scheme", "http"),
        "network.protocol.version": scope.get("http_version"),
        "user_agent.original": headers.get("user-agent"),
    }
    method = scope.get("method")
    if method in _METHODS:
        found["http.request.method"] = method
    else:
        found["http.request.method"] = "_OTHER"
        found["http.request.method_original"] = method
    query = scope.get("query_string")
    if query:
        found["url.query"] = redacted_query(query.decode("latin-1"))
    client = scope.get("client")
    if client:
        found["client.address"] = client[0]
    found["server.address"], found["server.port"] = _server(scope, headers)
    return {name: value for name, value in found.items() if value is not None}


def redacted_query(query: str) -> str:
    """*query* without the values of parameters that carry credentials."""
    return "&".join(map(_redacted, query.split("&")))


def _redacted(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}=REDACTED" if equals and unquote_plus(name).lower() in _SECRET_PARAMETERS else parameter


def _server(scope: Scope, headers: Mapping[str, str]) -> tuple[str | None, int | None]:
    host = headers.get("host")
    if not host:
        address, port = scope.get("server") or (None, None)
        return address, port
    address, colon, port_text = host.rpartition(":")
    if not colon or not port_text.isdecimal():  # no port; what an IPv6 address ends with is "]"
        return host, None
    return address, int(port_text)


def app_title(scope: Scope) -> str | None:
    """The title that a FastAPI application was given, if it was given one."""
    title = getattr(scope.get("app"), "title", None)
    return title if isinstance(title, str) and title not in {"", "FastAPI"} else None
