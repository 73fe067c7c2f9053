"""Settings of a tracer: arguments over ``HH_*`` environment over defaults, frozen once made."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self, get_args

from honeyhive.errors import ConfigurationError
from honeyhive.settings.checks import check_choice, check_not_negative, check_positive, check_url, unknown_option
from honeyhive.settings.collector import CollectorSettings, values_of_opentelemetry
from honeyhive.settings.environment import environment_values, with_variable
from honeyhive.settings.filters import NameFilters
from honeyhive.settings.hosts import model_hosts_of
from honeyhive.settings.http import HTTPSettings
from honeyhive.settings.keys import KEYS, TYPED_KEYS, check_sendable, check_typed_key
from honeyhive.settings.names import NAMES_OF_1X, as_written, renamed
from honeyhive.settings.normal import normalized
from honeyhive.settings.options import Durability, OnFull, OTLPProtocol, TrustIncoming
from honeyhive.settings.privacy import PrivacySettings
from honeyhive.settings.sampling import Sampler, SamplingRule, check_rate, rate_of_opentelemetry

DEFAULT_API_URL: Final = "https://api.dp1.us.honeyhive.ai"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings(PrivacySettings, CollectorSettings):
    """Everything a tracer can be told. Each field names its environment variable, where it has one.

    Raises `ConfigurationError`, naming the setting and the remedy, for a value that cannot be used.
    """

    api_key: str | None = dataclasses.field(default=None, repr=False)
    """``HH_API_KEY``. With a key, events go to ``server_url``; it is sent to no other host."""
    ingestion_api_key: str | None = dataclasses.field(default=None, repr=False)
    """``HH_INGESTION_API_KEY``: a key that may only write; events go with it instead of ``api_key``."""
    data_plane_api_key: str | None = dataclasses.field(default=None, repr=False)
    """``HH_DATA_PLANE_API_KEY``: a key of fine-grained rights, for the API client; the tracer never sends it."""
    project: str | None = None
    """``HH_PROJECT``."""
    source: str = "dev"
    """``HH_SOURCE``: the environment that events come from."""
    server_url: str = DEFAULT_API_URL
    """``HH_API_URL``: base URL of the HoneyHive API."""
    session_name: str | None = None
    """``HH_SESSION_NAME``: name of the process's own session; the program's file name unless given."""
    session_id: str | None = None
    """UUID of the process's own session; a new one unless given."""
    inputs: Mapping[str, Any] | None = dataclasses.field(default=None, repr=False)
    """Inputs of the process's own session."""
    skip_backend_session_creation: bool = False
    """The process's own session is not announced: with ``session_id``, because it exists already elsewhere."""
    otlp_endpoint: str | None = None
    """``HH_OTLP_ENDPOINT``: base URL of an OTLP/HTTP collector that replaces the cloud; ``/v1/traces`` is appended."""
    otlp_headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str], repr=False)
    """``HH_OTLP_HEADERS`` (``key=value,key=value``, or a JSON object): headers for the collector."""
    otlp_enabled: bool = True
    """``HH_OTLP_ENABLED``: whether events leave the machine; when not, the journal is the destination."""
    otlp_protocol: OTLPProtocol = "http/protobuf"
    """``HH_OTLP_PROTOCOL``, else ``OTEL_EXPORTER_OTLP_PROTOCOL``: ``http/protobuf`` or ``http/json``."""
    data_dir: Path = dataclasses.field(default_factory=lambda: Path.home() / ".honeyhive")
    """``HH_DATA_DIR``: where the journal is kept."""
    journal: bool = True
    """``HH_JOURNAL`` (``off``): whether events are written to the data directory."""
    disable_tracing: bool = False
    """``HH_DISABLE_TRACING``, else ``OTEL_SDK_DISABLED``: record nothing."""
    disable_http_tracing: bool = True
    """``HH_DISABLE_HTTP_TRACING``: whether requests that the program makes with httpx stay unrecorded."""
    disable_batch: bool = False
    """``HH_DISABLE_BATCH``: deliver each event before the call that made it returns (functions that freeze after)."""
    test_mode: bool = False
    """``HH_TEST_MODE``: events are made and counted but go nowhere, neither to disk nor to the network."""
    verbose: bool = False
    """``HH_VERBOSE``, else ``HH_DEBUG_MODE``: log what becomes of events, never what is in them."""
    set_global: bool = False
    """Whether the tracer's provider becomes OpenTelemetry's global one."""
    service_name: str | None = None
    """``OTEL_SERVICE_NAME``, ``HH_SERVICE_NAME`` or ``SERVICE_NAME``: name of the process in its resource."""
    service_version: str | None = None
    """``OTEL_SERVICE_VERSION``, ``HH_SERVICE_VERSION`` or ``SERVICE_VERSION``: its version there."""
    span_name_filters: NameFilters | None = None
    """Which events and spans are recorded, by the beginning of their names; all unless given."""
    batch_size: int = 512
    """``HH_BATCH_SIZE``: as many events are sent without waiting for ``flush_interval_s``."""
    max_export_batch_size: int | None = None
    """``HH_MAX_EXPORT_BATCH_SIZE``, else ``OTEL_BSP_MAX_EXPORT_BATCH_SIZE``: events in one request; by size unless given."""
    flush_interval_s: float = 1.0
    """``HH_FLUSH_INTERVAL`` (seconds), else ``OTEL_BSP_SCHEDULE_DELAY`` (milliseconds): the longest wait before delivery."""
    export_timeout_s: float = 10.0
    """``HH_EXPORT_TIMEOUT`` or ``HH_TIMEOUT`` (seconds), ``OTEL_BSP_EXPORT_TIMEOUT`` (ms): limit of one delivery request."""
    max_queue_events: int | None = None
    """``OTEL_BSP_MAX_QUEUE_SIZE``: bound of the same queue in events; by size only unless given."""
    max_queue_bytes: int = 128 << 20
    """``HH_MAX_QUEUE_BYTES``: bound of the queue between the program and the worker."""
    max_journal_bytes: int = 512 << 20
    """``HH_MAX_JOURNAL_BYTES``: size at which the oldest segments of the journal are removed."""
    durability: Durability = "write"
    """``HH_DURABILITY``: ``write`` (what is in the journal survives the process) or ``fsync`` (and a loss of power)."""
    on_full: OnFull = "drop"
    """``HH_ON_FULL``: what becomes of events that the queue has no room for: ``drop``, or ``block``: the call waits (batch jobs)."""
    on_full_timeout_s: float = 30.0
    """``HH_ON_FULL_TIMEOUT`` (seconds): how long a call waits at most, with ``block``; never on an event loop's thread."""
    overload_wait_ms: float = 0.2
    """``HH_OVERLOAD_WAIT_MS``: how long a call waits while the queue is over half full; 0 never waits."""
    propagation_key: str | None = dataclasses.field(default=None, repr=False)
    """``HH_PROPAGATION_KEY`` (comma-separated): secrets that services share to trust each other's sessions; the first
    signs, all verify. The API key unless given, else a key that the processes of one machine share."""
    propagation_max_age_s: float = 86_400.0
    """``HH_PROPAGATION_MAX_AGE`` (seconds): how long after its signing a session is continued."""
    propagate_to: tuple[str, ...] = ()
    """``HH_PROPAGATE_TO`` (comma-separated): hosts, ``host:port`` or ``*.domain``, that also get session and baggage."""
    propagate_not_to: tuple[str, ...] = ()
    """``HH_PROPAGATE_NOT_TO`` (comma-separated): hosts that never get them, private ones too."""
    model_hosts: tuple[str, ...] = ()
    """``HH_MODEL_HOSTS`` (comma-separated): hosts of model providers, which never get them; those of
    ``OPENAI_BASE_URL`` and the like are added."""
    trust_incoming: TrustIncoming = "signed"
    """``HH_TRUST_INCOMING``: which inbound sessions are continued: ``signed`` (ours), ``always`` or ``never``."""
    sample_rate: float = 1.0
    """``HH_SAMPLE_RATE``, else ``OTEL_TRACES_SAMPLER``: how many of the sessions are recorded, from 0 to 1."""
    sample_rules: tuple[SamplingRule, ...] = ()
    """Rates of sessions or events by name and attributes, over ``sample_rate``; the first rule that matches decides."""
    sampler: Sampler | None = None
    """The user's own decision about each session at its start, over rules and rate."""
    keep_errors: bool = True
    """``HH_KEEP_ERRORS``: whether an event that ends with an error is kept although its session is not sampled."""
    keep_slower_than_ms: float | None = None
    """``HH_KEEP_SLOWER_THAN_MS``: how long an event takes that is kept although its session is not sampled; none unless set."""
    meter_provider: Any = dataclasses.field(default=None, repr=False)
    """OpenTelemetry's ``MeterProvider`` that gets our metrics; none are made unless given (docs/metrics.md)."""
    http: HTTPSettings = dataclasses.field(default_factory=HTTPSettings)
    """How requests travel: connections, proxies, trust, retries."""
    http_client: Any = dataclasses.field(default=None, repr=False)
    """The caller's own ``httpx.Client``, httpx transport or ``requests.Session`` for delivery; never closed by us."""
    instrument: tuple[str, ...] = ()
    """``HH_INSTRUMENT`` (comma-separated): libraries whose installed instrumentors are activated, or ``auto`` for all."""
    instrumentors: tuple[Any, ...] = dataclasses.field(default=(), repr=False)
    """Instrumentors, or functions that make one, to be activated on the tracer's provider."""
    is_evaluation: bool = False
    """Whether the events belong to an experiment; so they do when run, dataset and datapoint are all given."""
    run_id: str | None = None
    """Experiment run that every event of the tracer names in its metadata."""
    dataset_id: str | None = None
    """Dataset of that run."""
    datapoint_id: str | None = None
    """Datapoint of that dataset."""
    experiment_id: str | None = None
    """``HH_EXPERIMENT_ID``: on every event of the tracer, as ``metadata.experiment_id``."""
    experiment_name: str | None = None
    """``HH_EXPERIMENT_NAME``: in the same way."""
    experiment_variant: str | None = None
    """``HH_EXPERIMENT_VARIANT``: in the same way."""
    experiment_group: str | None = None
    """``HH_EXPERIMENT_GROUP``: in the same way."""
    experiment_metadata: Mapping[str, Any] | None = None
    """``HH_EXPERIMENT_METADATA`` (a JSON object): its members, as ``metadata.experiment_metadata`` of every event."""
    telemetry: bool = True
    """``HONEYHIVE_TELEMETRY``, ``HH_TELEMETRY`` or ``TELEMETRY_ENABLED``: whether runs say which commit they ran on."""
    cache_enabled: bool = True
    """Accepted for 1.x, whose internal caches this package has not; the same holds for the other three."""
    cache_max_size: int | None = None
    """See ``cache_enabled``."""
    cache_ttl: float | None = None
    """See ``cache_enabled``."""
    cache_cleanup_interval: float | None = None
    """See ``cache_enabled``."""

    def __post_init__(self) -> None:
        for name in ("server_url", "otlp_endpoint"):
            check_url(name, getattr(self, name))
        for name in _POSITIVE:
            check_positive(name, getattr(self, name))
        if self.propagation_key is not None and not self.propagation_keys:
            message = "propagation_key is blank; write one secret, or several with commas between them"
            raise ConfigurationError(message)
        check_not_negative("overload_wait_ms", self.overload_wait_ms)
        for name in KEYS:
            check_sendable(name, getattr(self, name))
        for name in TYPED_KEYS:
            check_typed_key(name, getattr(self, name))
        self.check_privacy()
        if self.redact_mode == "hash" and not self.propagation_keys:
            message = "redact_mode='hash' needs a secret to hash with; set HH_PROPAGATION_KEY or HH_API_KEY"
            raise ConfigurationError(message)
        check_rate("sample_rate", self.sample_rate)
        check_positive("keep_slower_than_ms", self.keep_slower_than_ms)
        self.check_collector()
        check_choice("trust_incoming", self.trust_incoming, get_args(TrustIncoming))
        check_choice("otlp_protocol", self.otlp_protocol, get_args(OTLPProtocol))
        check_choice("durability", self.durability, get_args(Durability))
        check_choice("on_full", self.on_full, get_args(OnFull))

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, /, **options: Any) -> Self:
        """Settings from *options* over *environment* (``os.environ`` unless given) over defaults.

        An option that is None counts as not given, except that ``project`` and ``session_name`` are then none, as in 1.x.
        Raises `ConfigurationError` for an unknown option, naming the nearest known one, and for a value of the environment
        that cannot be read.
        """
        if environment is None:
            environment = os.environ
        known = {field.name for field in dataclasses.fields(cls)}
        for name in options:
            if name not in known and name not in NAMES_OF_1X:
                raise ConfigurationError(unknown_option(name, known | NAMES_OF_1X))
        try:
            values = environment_values(environment)
            rate = rate_of_opentelemetry(environment)
            if rate is not None:
                values.setdefault("sample_rate", rate)
            values.update(
                (name, value)
                for name, value in renamed(options, environment).items()
                if value is not None or name in _CLEARED_BY_NONE
            )
            values = normalized(values)
            if values.get("otlp_endpoint") is not None:
                values = {**values_of_opentelemetry(environment), **values}
            values["model_hosts"] = (*values.get("model_hosts", ()), *model_hosts_of(environment))
            return cls(**values)
        except ConfigurationError as error:
            given = {name: value for name, value in options.items() if value is not None}
            raise ConfigurationError(with_variable(as_written(str(error), given), environment, given)) from None

    @property
    def journal_dir(self) -> Path:
        """Where segments lie; nothing else is kept there."""
        return self.data_dir / "journal"

    @property
    def delivery_key(self) -> str | None:
        """The key that events are sent to HoneyHive with."""
        return self.ingestion_api_key or self.api_key

    @property
    def propagation_keys(self) -> tuple[str, ...]:
        """The secrets that sessions are signed with; empty where the machine's own key serves."""
        if self.propagation_key is not None:
            return tuple(filter(None, map(str.strip, self.propagation_key.split(","))))
        key = self.api_key or self.ingestion_api_key
        return () if key is None else (key,)

    @property
    def destination(self) -> str | None:
        """The URL that events are posted to, or None when the journal is the destination."""
        if self.test_mode or not self.otlp_enabled:
            return None
        if self.otlp_endpoint is not None:
            return f"{self.otlp_endpoint}/v1/traces"
        if self.delivery_key is not None:
            return f"{self.server_url}/opentelemetry/v1/traces"
        return None


_CLEARED_BY_NONE: Final = frozenset({"project", "session_name"})
_POSITIVE: Final = (
    "flush_interval_s",
    "export_timeout_s",
    "propagation_max_age_s",
    "max_queue_bytes",
    "max_journal_bytes",
    "batch_size",
    "max_export_batch_size",
    "max_queue_events",
    "on_full_timeout_s",
)
