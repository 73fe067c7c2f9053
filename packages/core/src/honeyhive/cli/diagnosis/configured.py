"""The settings: their values as they may be shown, where each comes from, and variables that mean nothing."""

import dataclasses
import difflib
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from honeyhive.cli.diagnosis.findings import ARGUMENT, DEFAULT, SettingFound
from honeyhive.cli.text import size
from honeyhive.settings import Settings, variables_of
from honeyhive.settings.http import HTTPSettings

_URLS: Final = frozenset({"server_url", "otlp_endpoint"})
_OURS: Final = re.compile(r"(HH|HONEYHIVE)_[A-Z0-9_]+")
_ASSIGNED: Final = re.compile(rf"^\s*(?:export\s+)?({_OURS.pattern})\s*=", re.MULTILINE)
_MAX_DOTENV: Final = 1 << 16


def settings_found(settings: Settings, environment: Mapping[str, str]) -> Iterator[SettingFound]:
    """Each setting of *settings*; what *environment* does not explain is an argument of the program's."""
    expected = Settings.from_env(environment)
    for field in dataclasses.fields(settings):
        value, usual = getattr(settings, field.name), getattr(expected, field.name)
        if isinstance(value, HTTPSettings):
            yield from (
                _found(inner, getattr(value, inner.name), getattr(usual, inner.name), environment)
                for inner in dataclasses.fields(value)
            )
        else:
            yield _found(field, value, usual, environment)


def _found(field: dataclasses.Field[Any], value: object, usual: object, environment: Mapping[str, str]) -> SettingFound:
    variables = variables_of(field.name)
    origin = next((variable for variable in variables if environment.get(variable, "").strip()), DEFAULT)
    return SettingFound(
        name=field.name,
        value=shown(field, value),
        variable=variables[0] if variables else None,
        origin=origin if value == usual else ARGUMENT,
    )


def shown(field: dataclasses.Field[Any], value: object) -> str:
    """*value* of *field* in words; of a secret, only whether it is set."""
    if value is None or value in ((), {}):
        return "not set"
    if not field.repr:  # what the settings' own repr must not show
        return "set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(str(getattr(item, "pattern", item)) for item in cast("tuple[object, ...]", value))
    if isinstance(value, int) and field.name.endswith("_bytes"):
        return size(value)
    return without_secrets(str(value)) if field.name in _URLS else str(value)


def without_secrets(url: str) -> str:
    """*url* without the credentials and the query that it may carry."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"…@{host}" if user else host, query="…" if parts.query else "").geturl()


def known_variables() -> AbstractSet[str]:
    """Every environment variable that a setting is read from."""
    names = [field.name for kind in (Settings, HTTPSettings) for field in dataclasses.fields(kind)]
    return {variable for name in names for variable in variables_of(name)}


def unknown_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Variables that look like ours and mean nothing, each with the nearest that means something."""
    known = known_variables()
    for name in sorted(environment):
        if _OURS.fullmatch(name) and name not in known:
            nearest = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
            yield name, nearest[0] if nearest else None


def unread_dotenv(directory: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The variables of ours that a ``.env`` in *directory* assigns and the environment does not have: nothing loads it."""
    try:
        with (directory / ".env").open(encoding="utf-8", errors="replace") as file:
            text = file.read(_MAX_DOTENV)
    except OSError:
        return ()
    assigned = dict.fromkeys(found[1] for found in _ASSIGNED.finditer(text))
    return tuple(name for name in assigned if name not in environment)
