"""Settings read from environment variables."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from honeyhive.settings.collector import COLLECTOR_VARIABLES, parse_foreign_protocol, parse_protocol
from honeyhive.settings.http import HTTP_VARIABLES
from honeyhive.settings.privacy import parse_names, parse_patterns
from honeyhive.settings.variables import (
    Variables,
    parse_bool,
    parse_headers,
    parse_hosts,
    parse_json_object,
    parse_milliseconds,
    read_variables,
)


def environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that *environment* speaks of, those of HTTP clients aside."""
    return read_variables(environment, (*_VARIABLES, *COLLECTOR_VARIABLES))


_VARIABLES: Final[Variables] = (
    ("api_key", "HH_API_KEY", str),
    ("api_key", "HONEYHIVE_API_KEY", str),
    ("ingestion_api_key", "HH_INGESTION_API_KEY", str),
    ("data_plane_api_key", "HH_DATA_PLANE_API_KEY", str),
    ("project", "HH_PROJECT", str),
    ("source", "HH_SOURCE", str),
    ("server_url", "HH_API_URL", str),
    ("server_url", "HONEYHIVE_SERVER_URL", str),
    ("server_url", "HH_SERVER_URL", str),
    ("session_name", "HH_SESSION_NAME", str),
    ("otlp_endpoint", "HH_OTLP_ENDPOINT", str),
    ("otlp_headers", "HH_OTLP_HEADERS", parse_headers),
    ("otlp_enabled", "HH_OTLP_ENABLED", parse_bool),
    ("otlp_protocol", "HH_OTLP_PROTOCOL", parse_protocol),
    ("otlp_protocol", "OTEL_EXPORTER_OTLP_PROTOCOL", parse_foreign_protocol),
    ("data_dir", "HH_DATA_DIR", Path),
    ("journal", "HH_JOURNAL", parse_bool),
    ("disable_tracing", "HH_DISABLE_TRACING", parse_bool),
    ("disable_tracing", "OTEL_SDK_DISABLED", parse_bool),
    ("disable_http_tracing", "HH_DISABLE_HTTP_TRACING", parse_bool),
    ("disable_http_tracing", "HONEYHIVE_DISABLE_HTTP_TRACING", parse_bool),
    ("disable_batch", "HH_DISABLE_BATCH", parse_bool),
    ("test_mode", "HH_TEST_MODE", parse_bool),
    ("verbose", "HH_VERBOSE", parse_bool),
    ("verbose", "HH_DEBUG_MODE", parse_bool),
    ("service_name", "OTEL_SERVICE_NAME", str),
    ("service_name", "HH_SERVICE_NAME", str),
    ("service_name", "SERVICE_NAME", str),
    ("service_version", "OTEL_SERVICE_VERSION", str),
    ("service_version", "HH_SERVICE_VERSION", str),
    ("service_version", "SERVICE_VERSION", str),
    ("batch_size", "HH_BATCH_SIZE", int),
    ("max_export_batch_size", "HH_MAX_EXPORT_BATCH_SIZE", int),
    ("max_export_batch_size", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", int),
    ("flush_interval_s", "HH_FLUSH_INTERVAL", float),
    ("flush_interval_s", "OTEL_BSP_SCHEDULE_DELAY", parse_milliseconds),
    ("export_timeout_s", "HH_EXPORT_TIMEOUT", float),
    ("export_timeout_s", "OTEL_BSP_EXPORT_TIMEOUT", parse_milliseconds),
    ("export_timeout_s", "HH_TIMEOUT", float),
    ("max_queue_events", "OTEL_BSP_MAX_QUEUE_SIZE", int),
    ("max_queue_bytes", "HH_MAX_QUEUE_BYTES", int),
    ("max_journal_bytes", "HH_MAX_JOURNAL_BYTES", int),
    ("durability", "HH_DURABILITY", str.lower),
    ("on_full", "HH_ON_FULL", str.lower),
    ("on_full_timeout_s", "HH_ON_FULL_TIMEOUT", float),
    ("overload_wait_ms", "HH_OVERLOAD_WAIT_MS", float),
    ("capture", "HH_CAPTURE", str.lower),
    ("capture_exclude", "HH_CAPTURE_EXCLUDE", parse_names),
    ("redact_secrets", "HH_REDACT_SECRETS", parse_bool),
    ("redact_keys", "HH_REDACT_KEYS", parse_names),
    ("redact_patterns", "HH_REDACT_PATTERNS", parse_patterns),
    ("redact_pii", "HH_REDACT_PII", parse_bool),
    ("redact_mode", "HH_REDACT_MODE", str.lower),
    ("max_event_bytes", "HH_MAX_EVENT_BYTES", int),
    ("max_event_bytes", "HH_MAX_SPAN_SIZE", int),
    ("max_session_bytes", "HH_MAX_SESSION_BYTES", int),
    ("max_attributes", "HH_MAX_ATTRIBUTES", int),
    ("max_events", "HH_MAX_EVENTS", int),
    ("max_links", "HH_MAX_LINKS", int),
    ("preserve_core_attributes", "HH_PRESERVE_CORE_ATTRIBUTES", parse_bool),
    ("propagation_key", "HH_PROPAGATION_KEY", str),
    ("propagation_max_age_s", "HH_PROPAGATION_MAX_AGE", float),
    ("propagate_to", "HH_PROPAGATE_TO", parse_hosts),
    ("propagate_not_to", "HH_PROPAGATE_NOT_TO", parse_hosts),
    ("model_hosts", "HH_MODEL_HOSTS", parse_hosts),
    ("trust_incoming", "HH_TRUST_INCOMING", str),
    ("sample_rate", "HH_SAMPLE_RATE", float),
    ("keep_errors", "HH_KEEP_ERRORS", parse_bool),
    ("keep_slower_than_ms", "HH_KEEP_SLOWER_THAN_MS", float),
    ("instrument", "HH_INSTRUMENT", parse_names),
    ("experiment_id", "HH_EXPERIMENT_ID", str),
    ("experiment_name", "HH_EXPERIMENT_NAME", str),
    ("experiment_variant", "HH_EXPERIMENT_VARIANT", str),
    ("experiment_group", "HH_EXPERIMENT_GROUP", str),
    ("experiment_metadata", "HH_EXPERIMENT_METADATA", parse_json_object),
    ("telemetry", "HONEYHIVE_TELEMETRY", parse_bool),
    ("telemetry", "HH_TELEMETRY", parse_bool),
    ("telemetry", "TELEMETRY_ENABLED", parse_bool),
    ("cache_enabled", "HH_CACHE_ENABLED", parse_bool),
    ("cache_max_size", "HH_CACHE_MAX_SIZE", int),
    ("cache_ttl", "HH_CACHE_TTL", float),
    ("cache_cleanup_interval", "HH_CACHE_CLEANUP_INTERVAL", float),
)


def rows_of(names: Mapping[str, str]) -> Variables:
    """The variables of the settings that *names* maps fields of another record to, under the names of those fields."""
    rows = (*_VARIABLES, *COLLECTOR_VARIABLES, *HTTP_VARIABLES)
    return tuple(
        (field, variable, parse)
        for field, setting in names.items()
        for name, variable, parse in rows
        if name == setting
    )


def variables_of(setting: str) -> tuple[str, ...]:
    """The environment variables of *setting*, the one that wins first; of HTTP settings by the names of `HTTPSettings`."""
    return tuple(
        variable for name, variable, _ in (*_VARIABLES, *COLLECTOR_VARIABLES, *HTTP_VARIABLES) if name == setting
    )


def with_variable(message: str, environment: Mapping[str, str], given: Collection[str]) -> str:
    """*message*, which begins with a setting, with the variable in front that it was read from; *given* are arguments."""
    setting = message.partition(" ")[0]
    set_here = (variable for variable in variables_of(setting) if environment.get(variable, "").strip())
    variable = next(set_here, None)
    return message if variable is None or variable in message or setting in given else f"{variable}: {message}"
