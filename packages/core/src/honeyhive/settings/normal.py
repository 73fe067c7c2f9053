"""What a user gave for a setting, in the type that the record has."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from honeyhive.settings.filters import name_filters
from honeyhive.settings.hosts import checked_patterns
from honeyhive.settings.privacy import normalize_privacy, parse_names
from honeyhive.settings.sampling import rules_of
from honeyhive.settings.variables import parse_hosts


def normalized(values: dict[str, Any]) -> dict[str, Any]:
    """*values* in the types of the record; raises `ConfigurationError` for what has none."""
    for name, normalize in _NORMALIZERS.items():
        if values.get(name) is not None:
            values[name] = normalize(values[name])
    normalize_privacy(values)
    return values


def _key(given: Any) -> Any:
    return (given.strip() or None) if isinstance(given, str) else given  # a blank key is none


def _url(given: Any) -> str:
    return str(given).strip().rstrip("/")


def _path(given: Any) -> Path:
    return Path(given).expanduser()


def _hosts(name: str, given: Any) -> tuple[str, ...]:
    return checked_patterns(name, parse_hosts(given) if isinstance(given, str) else given)


def _several(given: Any) -> tuple[Any, ...]:
    if isinstance(given, str):
        return tuple(parse_names(given))
    return tuple(cast("Iterable[Any]", given)) if isinstance(given, Iterable) else (given,)


_NORMALIZERS: Final[dict[str, Callable[[Any], Any]]] = {
    "api_key": _key,
    "ingestion_api_key": _key,
    "data_plane_api_key": _key,
    "server_url": _url,
    "otlp_endpoint": _url,
    "data_dir": _path,
    "otlp_certificate": _path,
    "otlp_client_certificate": _path,
    "otlp_client_key": _path,
    "propagate_to": partial(_hosts, "propagate_to"),
    "propagate_not_to": partial(_hosts, "propagate_not_to"),
    "model_hosts": partial(_hosts, "model_hosts"),
    "instrument": _several,
    "instrumentors": _several,
    "sample_rules": rules_of,
    "span_name_filters": name_filters,
}
