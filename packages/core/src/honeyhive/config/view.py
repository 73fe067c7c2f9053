"""A tracer's settings by the names of 1.x, in its sections."""

from typing import Any, Final

from honeyhive.settings import Settings
from honeyhive.settings.names import HTTP_NAMES
from honeyhive.utils.dotdict import DotDict

_BASE: Final = ("api_key", "ingestion_api_key", "server_url", "project", "test_mode", "verbose")
_ROOT: Final = (
    "session_name",
    "source",
    "disable_http_tracing",
    "disable_batch",
    "disable_tracing",
    "span_name_filters",
    "max_attributes",
    "max_events",
    "max_links",
    "preserve_core_attributes",
    "cache_enabled",
    "cache_max_size",
    "cache_ttl",
    "cache_cleanup_interval",
    "session_id",
    "inputs",
    "skip_backend_session_creation",
    "is_evaluation",
    "run_id",
    "dataset_id",
    "datapoint_id",
)
_EXPERIMENT: Final = (
    "experiment_id",
    "experiment_name",
    "experiment_variant",
    "experiment_group",
    "experiment_metadata",
)
_SHOWN: Final = "…"


class ConfigView(DotDict):
    """The settings as a dictionary with attributes; keys and headers are in it, and not in its ``repr``."""

    def __repr__(self) -> str:
        return f"ConfigView({_masked(self)})"


def view_of(settings: Settings, **known: Any) -> ConfigView:
    """*settings* by 1.x's names; *known* is what a running tracer knows better (its session's name and id)."""
    base = _named(settings, _BASE)
    http = {name: getattr(settings.http, ours) for name, ours in HTTP_NAMES.items()}
    root = {**base, **_named(settings, _ROOT), "max_span_size": settings.max_event_bytes, **known}
    root["requests_session"] = settings.http_client
    session = ("session_id", "inputs", "skip_backend_session_creation")
    evaluation = ("is_evaluation", "run_id", "dataset_id", "datapoint_id")
    sections = {
        "http": http,
        "otlp": _otlp(settings),
        "api": {"http_config": ConfigView(http)},
        "experiment": _named(settings, _EXPERIMENT),
        "session": {name: root[name] for name in session},
        "evaluation": {name: root[name] for name in evaluation},
    }
    return ConfigView(root, **{name: ConfigView(base, **values) for name, values in sections.items()})


def _otlp(settings: Settings) -> dict[str, Any]:
    named = ("otlp_enabled", "otlp_endpoint", "otlp_headers", "otlp_protocol", "batch_size", "max_export_batch_size")
    times = {"flush_interval": settings.flush_interval_s, "export_timeout": settings.export_timeout_s}
    return {**_named(settings, named), **times}


def _named(settings: Settings, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in names}


def _masked(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _SHOWN if value and _is_secret(name) else value for name, value in values.items()}


def _is_secret(name: str) -> bool:
    return name.endswith(("_key", "_proxy")) or name in {"otlp_headers", "inputs", "requests_session", "link_carrier"}
