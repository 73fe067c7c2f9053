"""The keyword arguments of a tracer, for type checkers and editors."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from honeyhive.settings.collector import OTLPCompression
from honeyhive.settings.privacy import Capture, PIIAnalyzer, RedactMode, RedactText
from honeyhive.settings.sampling import Sampler, SamplingRule

if TYPE_CHECKING:
    from honeyhive.settings.filters import NameFilters
    from honeyhive.settings.http import HTTPSettings

TrustIncoming = Literal["signed", "always", "never"]
OTLPProtocol = Literal["http/protobuf", "http/json"]
Durability = Literal["write", "fsync"]
OnFull = Literal["drop", "block"]


class TracerOptions(TypedDict, total=False):
    """The keyword arguments of `honeyhive.HoneyHiveTracer`; see `Settings` for what each means."""

    api_key: str | None
    ingestion_api_key: str | None
    data_plane_api_key: str | None
    project: str | None
    source: str | None
    server_url: str | None
    session_name: str | None
    session_id: str | None
    inputs: Mapping[str, Any] | None
    skip_backend_session_creation: bool
    otlp_endpoint: str | None
    otlp_headers: Mapping[str, str] | None
    otlp_enabled: bool
    otlp_protocol: OTLPProtocol
    otlp_compression: OTLPCompression
    otlp_certificate: str | os.PathLike[str] | None
    otlp_client_certificate: str | os.PathLike[str] | None
    otlp_client_key: str | os.PathLike[str] | None
    data_dir: str | os.PathLike[str]
    journal: bool
    disable_tracing: bool
    disable_http_tracing: bool | None
    disable_batch: bool
    test_mode: bool
    verbose: bool
    set_global: bool
    service_name: str | None
    service_version: str | None
    span_name_filters: "Mapping[str, Any] | NameFilters | None"
    batch_size: int
    max_export_batch_size: int | None
    flush_interval_s: float
    export_timeout_s: float
    max_queue_events: int | None
    max_queue_bytes: int
    max_journal_bytes: int
    durability: Durability
    on_full: OnFull
    on_full_timeout_s: float
    overload_wait_ms: float
    propagation_key: str | None
    propagation_max_age_s: float
    propagate_to: tuple[str, ...]
    propagate_not_to: tuple[str, ...]
    model_hosts: tuple[str, ...]
    trust_incoming: TrustIncoming
    capture: Capture
    capture_exclude: Sequence[str]
    redact_secrets: bool
    redact_keys: Sequence[str]
    redact_patterns: Sequence[str | re.Pattern[str]]
    redact_with: RedactText | Sequence[RedactText]
    redact_pii: bool | PIIAnalyzer
    redact_mode: RedactMode
    max_event_bytes: int
    max_span_size: int
    max_session_bytes: int | None
    max_attributes: int
    max_events: int
    max_links: int
    preserve_core_attributes: bool
    sample_rate: float
    sample_rules: Sequence[SamplingRule | Mapping[str, Any]]
    sampler: Sampler | None
    keep_errors: bool
    keep_slower_than_ms: float | None
    meter_provider: Any
    http: "HTTPSettings"
    http_client: Any
    requests_session: Any
    instrument: str | Sequence[str]
    instrumentors: Sequence[Any]
    is_evaluation: bool
    run_id: str | None
    dataset_id: str | None
    datapoint_id: str | None
    experiment_id: str | None
    experiment_name: str | None
    experiment_variant: str | None
    experiment_group: str | None
    experiment_metadata: Mapping[str, Any] | None
    telemetry: bool
    link_carrier: "Mapping[str, Any] | None"
    cache_enabled: bool
    cache_max_size: int | None
    cache_ttl: float | None
    cache_cleanup_interval: float | None
