"""What adapters of HTTP frameworks say in the same words: OpenTelemetry's HTTP conventions 1.44; pure."""

from typing import Final
from urllib.parse import unquote_plus

_METHODS: Final = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
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


def known_method(method: str | None) -> str | None:
    """*method* when it is one of the conventions'; None for any other, of which a client may invent any number."""
    return method if method in _METHODS else None


def method_attributes(method: str | None) -> dict[str, str]:
    """The attributes of a request's method: an unknown one is ``_OTHER``, and kept beside it."""
    if known_method(method) is not None and method is not None:
        return {"http.request.method": method}
    return {"http.request.method": "_OTHER"} | ({"http.request.method_original": method} if method else {})


def redacted_query(query: str) -> str:
    """*query* without the values of parameters that carry credentials."""
    return "&".join(map(_redacted, query.split("&")))


def _redacted(parameter: str) -> str:
    name, equals, _ = parameter.partition("=")
    return f"{name}=REDACTED" if equals and unquote_plus(name).lower() in _SECRET_PARAMETERS else parameter


def split_host(host: str) -> tuple[str, int | None]:
    """A ``Host`` header as address and port; what an IPv6 address without a port ends with is ``]``."""
    address, colon, port = host.rpartition(":")
    return (address, int(port)) if colon and port.isdecimal() else (host, None)
