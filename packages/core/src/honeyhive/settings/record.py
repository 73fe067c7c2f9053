"""Settings of a tracer: arguments over ``HH_*`` environment over defaults, frozen once made."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from honeyhive.errors import ConfigurationError
from honeyhive.settings.checks import check_url, unknown_option
from honeyhive.settings.environment import environment_values, parse_hosts
from honeyhive.settings.options import TrustIncoming

DEFAULT_API_URL: Final = "https://api.dp1.us.honeyhive.ai"


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
            check_url(name, getattr(self, name))
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
                raise ConfigurationError(unknown_option(name, known))
        values = environment_values(os.environ if environment is None else environment)
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
                values[name] = tuple(map(str.lower, given)) if not isinstance(given, str) else parse_hosts(given)
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
