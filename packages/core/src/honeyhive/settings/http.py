"""How requests travel: time limits, connections, proxies, trust, retries. Delivery and the API client use the same."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, Self

from honeyhive.errors import ConfigurationError
from honeyhive.settings.checks import check_positive, unknown_option
from honeyhive.settings.variables import Variables, parse_bool, read_variables


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HTTPSettings:
    """What HTTP clients of this package are made with; times in seconds. Each field names its environment variable.

    Raises `ConfigurationError`, naming the setting and the remedy, for a value that cannot be used.
    """

    timeout_s: float = 5.0
    """``HH_API_TIMEOUT``, else ``HH_TIMEOUT``: the API client's limit for one request (delivery has its own)."""
    export_read_timeout_s: float = 300.0
    """``HH_EXPORT_TIMEOUT_SECONDS``: how long the API client waits for the reply to an export of events."""
    max_connections: int = 10
    """``HH_MAX_CONNECTIONS``: connections that are open at a time."""
    max_keepalive_connections: int = 20
    """``HH_MAX_KEEPALIVE_CONNECTIONS``: connections that are kept for the next request."""
    keepalive_expiry_s: float = 30.0
    """``HH_KEEPALIVE_EXPIRY``: how long an idle connection is kept."""
    pool_timeout_s: float = 10.0
    """``HH_POOL_TIMEOUT``: how long a request waits for a free connection."""
    max_retries: int = 3
    """``HH_MAX_RETRIES``: further attempts of the API client after a first that failed; 0 for none."""
    rate_limit_calls: int | None = None
    """``HH_RATE_LIMIT_CALLS``: requests of the API client in one window; no limit unless given."""
    rate_limit_window_s: float = 60.0
    """``HH_RATE_LIMIT_WINDOW``: the length of that window."""
    http_proxy: str | None = dataclasses.field(default=None, repr=False)
    """``HH_HTTP_PROXY``: proxy for http URLs; the standard variables (``HTTP_PROXY``) apply when none is given."""
    https_proxy: str | None = dataclasses.field(default=None, repr=False)
    """``HH_HTTPS_PROXY``: proxy for https URLs, in the same way."""
    no_proxy: tuple[str, ...] = ()
    """``HH_NO_PROXY`` (comma-separated): hosts that are reached without the proxies named here."""
    verify_ssl: bool = True
    """``HH_VERIFY_SSL``: whether certificates are checked."""
    follow_redirects: bool = True
    """``HH_FOLLOW_REDIRECTS``: whether a redirect is followed; a key never goes to another host by one."""

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            check_positive(name, getattr(self, name))
        if self.max_retries < 0:
            message = f"max_retries is {self.max_retries!r}; it must be 0 or more"
            raise ConfigurationError(message)
        for name in ("http_proxy", "https_proxy"):
            proxy = getattr(self, name)
            if proxy is not None and "://" not in proxy:
                # The value may hold a password, so it is not shown.
                message = f"{name} is no URL; it must be one such as http://proxy:8080"
                raise ConfigurationError(message)

    @classmethod
    def from_env(cls, environment: Mapping[str, str], /, **options: Any) -> Self:
        """Settings from *options* over *environment* over defaults; an option that is None counts as not given.

        Raises `ConfigurationError` for an unknown option, naming the nearest known one.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for name in options:
            if name not in known:
                raise ConfigurationError(unknown_option(name, known))
        values = read_variables(environment, HTTP_VARIABLES)
        values.update({name: value for name, value in options.items() if value is not None})
        if isinstance(values.get("no_proxy"), str):
            values["no_proxy"] = _parse_list(values["no_proxy"])
        return cls(**values)


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


_POSITIVE: Final = (
    "timeout_s",
    "export_read_timeout_s",
    "max_connections",
    "max_keepalive_connections",
    "keepalive_expiry_s",
    "pool_timeout_s",
    "rate_limit_calls",
    "rate_limit_window_s",
)

HTTP_VARIABLES: Final[Variables] = (
    ("timeout_s", "HH_API_TIMEOUT", float),
    ("timeout_s", "HH_TIMEOUT", float),
    ("export_read_timeout_s", "HH_EXPORT_TIMEOUT_SECONDS", float),
    ("max_connections", "HH_MAX_CONNECTIONS", int),
    ("max_keepalive_connections", "HH_MAX_KEEPALIVE_CONNECTIONS", int),
    ("keepalive_expiry_s", "HH_KEEPALIVE_EXPIRY", float),
    ("pool_timeout_s", "HH_POOL_TIMEOUT", float),
    ("max_retries", "HH_MAX_RETRIES", int),
    ("rate_limit_calls", "HH_RATE_LIMIT_CALLS", int),
    ("rate_limit_window_s", "HH_RATE_LIMIT_WINDOW", float),
    ("http_proxy", "HH_HTTP_PROXY", str),
    ("https_proxy", "HH_HTTPS_PROXY", str),
    ("no_proxy", "HH_NO_PROXY", _parse_list),
    ("verify_ssl", "HH_VERIFY_SSL", parse_bool),
    ("follow_redirects", "HH_FOLLOW_REDIRECTS", parse_bool),
)
