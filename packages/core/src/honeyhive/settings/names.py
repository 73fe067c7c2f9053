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


def settings_of(options: Mapping[str, Any]) -> frozenset[str]:
    """The settings that *options* give, by the names of `Settings` and `HTTPSettings`."""
    return frozenset(HTTP_NAMES.get(name) or _RENAMED.get(name, name) for name in options)
