"""Settings of a tracer: arguments over ``HH_*`` environment over defaults, frozen once made."""

import dataclasses
import difflib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self, TypedDict
from urllib.parse import urlsplit

from honeyhive.errors import ConfigurationError

DEFAULT_API_URL: Final = "https://api.dp1.us.honeyhive.ai"

TrustIncoming = Literal["signed", "always", "never"]

_SECRETS: Final = frozenset({"api_key", "otlp_headers", "propagation_key"})
_TRUE: Final = frozenset({"true", "1", "yes", "on", "enabled"})
_FALSE: Final = frozenset({"false", "0", "no", "off", "disabled", ""})


class TracerOptions(TypedDict, total=False):
    """The keyword arguments of `honeyhive.HoneyHiveTracer`; see `Settings` for what each means."""

    api_key: str | None
    project: str | None
    source: str
    server_url: str
    session_name: str | None
    session_id: str | None
    otlp_endpoint: str | None
    otlp_headers: Mapping[str, str]
    data_dir: str | os.PathLike[str]
    journal: bool
    disable_tracing: bool
    test_mode: bool
    service_name: str | None
    flush_interval_s: float
    export_timeout_s: float
    max_queue_bytes: int
    max_journal_bytes: int
    overload_wait_ms: float
    propagation_key: str | None
    propagate_to: tuple[str, ...]
    model_hosts: tuple[str, ...]
    trust_incoming: TrustIncoming


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a tracer can be told. Each field names its environment variable, where it has one.

    Raises `ConfigurationError`, naming the setting and the remedy, for a value that cannot be used.
    """

    api_key: str | None = dataclasses.field(default=None, repr=False)
    """``HH_API_KEY``. With a key, events go to ``server_url``; it is sent to no other host."""
    project: str | None = None
    """``HH_PROJECT``."""
    source: str = "dev"
    """``HH_SOURCE``: the environment that events come from."""
    server_url: str = DEFAULT_API_URL
    """``HH_API_URL``: base URL of the HoneyHive API."""
    session_name: str | None = None
    """Name of the process's own session; the program's file name unless given."""
    session_id: str | None = None
    """UUID of the process's own session; a new one unless given."""
    otlp_endpoint: str | None = None
    """``HH_OTLP_ENDPOINT``: base URL of an OTLP/HTTP collector that replaces the cloud; ``/v1/traces`` is appended."""
    otlp_headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str], repr=False)
    """``HH_OTLP_HEADERS`` (``key=value,key=value``): headers for the collector."""
    data_dir: Path = dataclasses.field(default_factory=lambda: Path.home() / ".honeyhive")
    """``HH_DATA_DIR``: where the journal is kept."""
    journal: bool = True
    """``HH_JOURNAL`` (``off``): whether events are written to the data directory."""
    disable_tracing: bool = False
    """``HH_DISABLE_TRACING``: record nothing."""
    test_mode: bool = False
    """``HH_TEST_MODE``: events are made and counted but go nowhere, neither to disk nor to the network."""
    service_name: str | None = None
    """``OTEL_SERVICE_NAME`` or ``HH_SERVICE_NAME``: name of the process in its resource."""
    flush_interval_s: float = 1.0
    """``HH_FLUSH_INTERVAL`` (seconds), else ``OTEL_BSP_SCHEDULE_DELAY`` (milliseconds): the longest wait before delivery."""
    export_timeout_s: float = 10.0
    """``HH_EXPORT_TIMEOUT`` (seconds): the time limit of one delivery request."""
    max_queue_bytes: int = 128 << 20
    """``HH_MAX_QUEUE_BYTES``: bound of the queue between the program and the worker."""
    max_journal_bytes: int = 512 << 20
    """``HH_MAX_JOURNAL_BYTES``: size at which the oldest segments of the journal are removed."""
    overload_wait_ms: float = 0.2
    """``HH_OVERLOAD_WAIT_MS``: how long a call waits while the queue is over half full; 0 never waits."""
    propagation_key: str | None = dataclasses.field(default=None, repr=False)
    """``HH_PROPAGATION_KEY``: a secret that services with different API keys share to trust each other's sessions."""
    propagate_to: tuple[str, ...] = ()
    """``HH_PROPAGATE_TO`` (comma-separated): hosts, or ``*.domain`` patterns, that also get the session."""
    model_hosts: tuple[str, ...] = ()
    """``HH_MODEL_HOSTS`` (comma-separated): hosts of model providers, which never get the session."""
    trust_incoming: TrustIncoming = "signed"
    """``HH_TRUST_INCOMING``: which inbound sessions are continued: ``signed`` (ours), ``always`` or ``never``."""

    def __post_init__(self) -> None:
        for name in ("server_url", "otlp_endpoint"):
            _check_url(name, getattr(self, name))
        for name in ("flush_interval_s", "export_timeout_s", "max_queue_bytes", "max_journal_bytes"):
            if getattr(self, name) <= 0:
                message = f"{name} is {getattr(self, name)!r}; it must be greater than 0"
                raise ConfigurationError(message)
        if self.trust_incoming not in {"signed", "always", "never"}:
            message = f"trust_incoming is {self.trust_incoming!r}; it is one of signed, always, never"
            raise ConfigurationError(message)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, /, **options: Any) -> Self:
        """Settings from *options* over *environment* (``os.environ`` unless given) over defaults.

        An option that is None counts as not given. Raises `ConfigurationError` for an unknown option, naming the nearest
        known one, and for a value of the environment that cannot be read.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        for name in options:
            if name not in known:
                raise ConfigurationError(_unknown(name, known))
        values = _environment_values(os.environ if environment is None else environment)
        values.update({name: value for name, value in options.items() if value is not None})
        for name in ("data_dir",):
            if name in values:
                values[name] = Path(values[name]).expanduser()
        for name in ("server_url", "otlp_endpoint"):
            if name in values:
                values[name] = str(values[name]).rstrip("/")
        for name in ("propagate_to", "model_hosts"):
            if name in values:
                given = values[name]
                values[name] = tuple(map(str.lower, given)) if not isinstance(given, str) else _parse_hosts(given)
        return cls(**values)

    @property
    def journal_dir(self) -> Path:
        """Where segments lie; nothing else is kept there."""
        return self.data_dir / "journal"

    @property
    def destination(self) -> str | None:
        """The URL that events are posted to, or None when the journal is the destination."""
        if self.test_mode:
            return None
        if self.otlp_endpoint is not None:
            return f"{self.otlp_endpoint}/v1/traces"
        if self.api_key is not None:
            return f"{self.server_url}/opentelemetry/v1/traces"
        return None


def _environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that *environment* speaks of; the first variable of a setting that is set and not empty wins."""
    values: dict[str, Any] = {}
    for name, variable, parse in _VARIABLES:
        text = environment.get(variable, "").strip()
        if name not in values and text:
            try:
                values[name] = parse(text)
            except ValueError as error:
                shown = "set" if name in _SECRETS else repr(text)
                message = f"{variable} is {shown}; {error}"
                raise ConfigurationError(message) from None
    return values


def parse_bool(text: str) -> bool:
    """``true``, ``1``, ``yes``, ``on``, ``enabled`` and their opposites, in any case; raises ``ValueError`` otherwise."""
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    message = f"write one of {', '.join(sorted(_TRUE))}, or {', '.join(sorted(_FALSE - {''}))}"
    raise ValueError(message)


def _parse_headers(text: str) -> dict[str, str]:
    pairs = [item.partition("=") for item in text.split(",") if item.strip()]
    if not all(equals and key.strip() for key, equals, _ in pairs):
        message = "write key=value pairs, separated by commas"
        raise ValueError(message)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _parse_hosts(text: str) -> tuple[str, ...]:
    return tuple(host.strip().lower() for host in text.split(",") if host.strip())


def _parse_milliseconds(text: str) -> float:
    return float(text) / 1000


_VARIABLES: Final[tuple[tuple[str, str, Callable[[str], Any]], ...]] = (
    ("api_key", "HH_API_KEY", str),
    ("project", "HH_PROJECT", str),
    ("source", "HH_SOURCE", str),
    ("server_url", "HH_API_URL", str),
    ("otlp_endpoint", "HH_OTLP_ENDPOINT", str),
    ("otlp_headers", "HH_OTLP_HEADERS", _parse_headers),
    ("data_dir", "HH_DATA_DIR", Path),
    ("journal", "HH_JOURNAL", parse_bool),
    ("disable_tracing", "HH_DISABLE_TRACING", parse_bool),
    ("test_mode", "HH_TEST_MODE", parse_bool),
    ("service_name", "OTEL_SERVICE_NAME", str),
    ("service_name", "HH_SERVICE_NAME", str),
    ("flush_interval_s", "HH_FLUSH_INTERVAL", float),
    ("flush_interval_s", "OTEL_BSP_SCHEDULE_DELAY", _parse_milliseconds),
    ("export_timeout_s", "HH_EXPORT_TIMEOUT", float),
    ("max_queue_bytes", "HH_MAX_QUEUE_BYTES", int),
    ("max_journal_bytes", "HH_MAX_JOURNAL_BYTES", int),
    ("overload_wait_ms", "HH_OVERLOAD_WAIT_MS", float),
    ("propagation_key", "HH_PROPAGATION_KEY", str),
    ("propagate_to", "HH_PROPAGATE_TO", _parse_hosts),
    ("model_hosts", "HH_MODEL_HOSTS", _parse_hosts),
    ("trust_incoming", "HH_TRUST_INCOMING", str),
)


def variables_of(setting: str) -> tuple[str, ...]:
    """The environment variables of *setting*, the one that wins first."""
    return tuple(variable for name, variable, _ in _VARIABLES if name == setting)


def _check_url(name: str, url: str | None) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        has_credentials = "@" in parts.netloc
    except ValueError:
        is_usable, has_credentials = False, "@" in url
    if has_credentials:
        message = f"{name} has credentials in it; put them into otlp_headers (HH_OTLP_HEADERS), which are never shown"
        raise ConfigurationError(message)
    if not is_usable:
        message = f"{name} is {url!r}; it must be a URL such as http://collector:4318"
        raise ConfigurationError(message)


def _unknown(name: str, known: set[str]) -> str:
    nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(sorted(known))}"
    return f"unknown option {name!r}; {hint}"
