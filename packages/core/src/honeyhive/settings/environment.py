"""Settings read from environment variables."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from honeyhive.errors import ConfigurationError

_SECRETS: Final = frozenset({"api_key", "otlp_headers", "propagation_key"})
_TRUE: Final = frozenset({"true", "1", "yes", "on", "enabled"})
_FALSE: Final = frozenset({"false", "0", "no", "off", "disabled", ""})


def environment_values(environment: Mapping[str, str]) -> dict[str, Any]:
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


def parse_hosts(text: str) -> tuple[str, ...]:
    """Lower-case host names or patterns, separated by commas."""
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
    ("propagate_to", "HH_PROPAGATE_TO", parse_hosts),
    ("model_hosts", "HH_MODEL_HOSTS", parse_hosts),
    ("trust_incoming", "HH_TRUST_INCOMING", str),
)


def variables_of(setting: str) -> tuple[str, ...]:
    """The environment variables of *setting*, the one that wins first."""
    return tuple(variable for name, variable, _ in _VARIABLES if name == setting)
