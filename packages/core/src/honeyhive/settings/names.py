"""Names that 1.x gave to settings which are called otherwise here."""

from collections.abc import Mapping
from typing import Any, Final

from honeyhive.settings.http import HTTPSettings

_RENAMED: Final = {
    "export_timeout": "export_timeout_s",
    "flush_interval": "flush_interval_s",
    "max_span_size": "max_event_bytes",
    "requests_session": "http_client",
}
HTTP_NAMES: Final = {
    "follow_redirects": "follow_redirects",
    "http_proxy": "http_proxy",
    "https_proxy": "https_proxy",
    "keepalive_expiry": "keepalive_expiry_s",
    "max_connections": "max_connections",
    "max_keepalive_connections": "max_keepalive_connections",
    "max_retries": "max_retries",
    "no_proxy": "no_proxy",
    "pool_timeout": "pool_timeout_s",
    "rate_limit_calls": "rate_limit_calls",
    "rate_limit_window": "rate_limit_window_s",
    "timeout": "timeout_s",
    "verify_ssl": "verify_ssl",
}
NAMES_OF_1X: Final = frozenset({*_RENAMED, *HTTP_NAMES})


def renamed(options: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """*options* by the names of `Settings`: those of HTTP clients put together in ``http``, over *environment*."""
    http = {HTTP_NAMES[name]: value for name, value in options.items() if name in HTTP_NAMES}
    values = {_RENAMED.get(name, name): value for name, value in options.items() if name not in HTTP_NAMES}
    if values.get("http") is None:
        values["http"] = HTTPSettings.from_env(environment, **http)
    return values


def as_written(message: str, options: Mapping[str, Any]) -> str:
    """*message*, which begins with a setting, by the name that *options* give that setting if they do."""
    setting, space, rest = message.partition(" ")
    written = [name for name in options if (HTTP_NAMES.get(name) or _RENAMED.get(name, name)) == setting]
    return f"{written[-1]}{space}{rest}" if written else message  # of two names the last is the one that counts
