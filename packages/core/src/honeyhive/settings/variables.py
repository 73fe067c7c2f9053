"""Reading environment variables: which one wins, and what its text means."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import orjson

from honeyhive.deprecation import warn_deprecated
from honeyhive.errors import ConfigurationError

Variables = tuple[tuple[str, str, Callable[[str], Any]], ...]
"""Rows of setting, variable and parser; of one setting's variables the first that is set and not empty wins."""

_TRUE: Final = frozenset({"true", "1", "yes", "on", "enabled"})
_FALSE: Final = frozenset({"false", "0", "no", "off", "disabled", ""})
_SECRETS: Final = re.compile(r"_KEY|HEADERS|PROXY$")
# 1.6 renamed these; the later name wins where both are set.
_DEPRECATED: Final = {
    "HONEYHIVE_API_KEY": "HH_API_KEY",
    "HONEYHIVE_SERVER_URL": "HH_API_URL",
    "HH_SERVER_URL": "HH_API_URL",
}


def read_variables(environment: Mapping[str, str], variables: Variables) -> dict[str, Any]:
    """The settings that *environment* speaks of.

    Raises `ConfigurationError` for a text that cannot be read, naming the variable; the value of a secret is not shown.
    """
    values: dict[str, Any] = {}
    for name, variable, parse in variables:
        text = environment.get(variable, "").strip()
        if name in values or not text:
            continue
        try:
            values[name] = parse(text)
        except ValueError as error:
            shown = "set" if _SECRETS.search(variable) else repr(text)
            message = f"{variable} is {shown}; {_remedy(parse, error)}"
            raise ConfigurationError(message) from None
        if variable in _DEPRECATED:
            warn_deprecated(variable, _DEPRECATED[variable])
    return values


def _remedy(parse: Callable[[str], Any], error: ValueError) -> str:
    if parse is int:
        return "write a whole number"
    return "write a number" if parse is float else str(error)


def parse_bool(text: str) -> bool:
    """``true``, ``1``, ``yes``, ``on``, ``enabled`` and their opposites, in any case; raises ``ValueError`` otherwise."""
    lowered = text.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    message = f"write one of {', '.join(sorted(_TRUE))}, or {', '.join(sorted(_FALSE - {''}))}"
    raise ValueError(message)


def parse_headers(text: str) -> dict[str, str]:
    """``key=value,key=value``, or a JSON object as 1.x took it; raises ``ValueError`` otherwise."""
    if text.startswith("{"):
        return {str(key): str(value) for key, value in parse_json_object(text).items()}
    pairs = [item.partition("=") for item in text.split(",") if item.strip()]
    if not all(equals and key.strip() for key, equals, _ in pairs):
        message = "write key=value pairs, separated by commas"
        raise ValueError(message)
    return {key.strip(): value.strip() for key, _, value in pairs}


def parse_json_object(text: str) -> dict[str, Any]:
    """A JSON object; raises ``ValueError`` for anything else."""
    try:
        value = orjson.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        message = "write a JSON object"
        raise ValueError(message)  # noqa: TRY004  parsers say ValueError
    return cast("dict[str, Any]", value)


def parse_hosts(text: str) -> tuple[str, ...]:
    """Lower-case host names or patterns, separated by commas."""
    return tuple(host.strip().lower() for host in text.split(",") if host.strip())


def parse_milliseconds(text: str) -> float:
    """Milliseconds as seconds."""
    try:
        return float(text) / 1000
    except ValueError:
        message = "write a number of milliseconds"
        raise ValueError(message) from None
