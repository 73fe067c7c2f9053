"""What `honeyhive doctor` finds out: settings and where they come from, the journal, versions, adapters."""

import contextlib
import dataclasses
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

from honeyhive.__about__ import __version__
from honeyhive.cli.journal import read_sessions
from honeyhive.cli.text import size
from honeyhive.integration import AdapterReport
from honeyhive.settings import Settings, variables_of

ENTRY_POINTS: Final = "honeyhive.adapters"
DEFAULT: Final = "default"
_URLS: Final = frozenset({"server_url", "otlp_endpoint"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SettingFound:
    """One setting: its value as it may be shown, its environment variable, and which one it comes from, or ``default``."""

    name: str
    value: str
    variable: str | None
    origin: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JournalFound:
    """The journal directory, and what a reader makes of it."""

    directory: str
    is_writable: bool
    segments: int
    bytes: int
    sessions: int
    torn_bytes: int
    damaged_records: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AdapterFound:
    """What one installed adapter reports, or why it cannot."""

    name: str
    framework: str | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    failure: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything of it."""

    destination: str
    settings: tuple[SettingFound, ...]
    journal: JournalFound
    versions: Mapping[str, str]
    adapters: tuple[AdapterFound, ...]


def diagnose(environment: Mapping[str, str]) -> Diagnosis:
    """The state of this environment; raises `ConfigurationError` for a setting that cannot be used."""
    settings = Settings.from_env(environment)
    return Diagnosis(
        destination=_destination(settings),
        settings=tuple(_settings(settings, environment)),
        journal=_journal(settings),
        versions=_versions(),
        adapters=tuple(_adapters()),
    )


def _destination(settings: Settings) -> str:
    if settings.disable_tracing:
        return "nowhere: HH_DISABLE_TRACING is on"
    if settings.test_mode:
        return "nowhere: HH_TEST_MODE is on"
    if settings.destination is not None:
        return _without_secrets(settings.destination)
    return str(settings.journal_dir) if settings.journal else "nowhere: HH_JOURNAL is off and no destination is set"


def _settings(settings: Settings, environment: Mapping[str, str]) -> Iterator[SettingFound]:
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        variables = variables_of(field.name)
        origin = next((variable for variable in variables if environment.get(variable, "").strip()), DEFAULT)
        variable = variables[0] if variables else None
        yield SettingFound(name=field.name, value=_shown(field, value), variable=variable, origin=origin)


def _shown(field: dataclasses.Field[Any], value: object) -> str:
    if value is None or value in ((), {}):
        return "not set"
    if not field.repr:  # what the settings' own repr must not show
        return "set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(cast("tuple[str, ...]", value))
    if isinstance(value, int) and field.name.endswith("_bytes"):
        return size(value)
    return _without_secrets(str(value)) if field.name in _URLS else str(value)


def _without_secrets(url: str) -> str:
    """*url* without the credentials and the query that it may carry."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"…@{host}" if user else host, query="…" if parts.query else "").geturl()


def _journal(settings: Settings) -> JournalFound:
    recorded = read_sessions(settings)
    sizes = list(_segment_sizes(settings.journal_dir))
    return JournalFound(
        directory=str(settings.journal_dir),
        is_writable=_is_writable(settings.journal_dir),
        segments=len(sizes),
        bytes=sum(sizes),
        sessions=len(recorded.sessions),
        torn_bytes=recorded.torn_bytes,
        damaged_records=recorded.damaged_records,
    )


def _segment_sizes(directory: Path) -> Iterator[int]:
    for path in directory.glob("*.otlp"):
        with contextlib.suppress(FileNotFoundError):  # removed by another process in between
            yield path.stat().st_size


def _is_writable(directory: Path) -> bool:
    """Whether a file can be made in *directory*, or the directory itself where it does not exist yet."""
    paths = (directory, *directory.absolute().parents)
    nearest = next(path for path in paths if os.access(path, os.F_OK))
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _versions() -> dict[str, str]:
    distributions = ("opentelemetry-api", "opentelemetry-sdk")
    python = (
        f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()} {platform.machine()})"
    )
    return {"honeyhive": __version__, "python": python, **{name: version(name) for name in distributions}}


def _adapters() -> Iterator[AdapterFound]:
    for entry_point in sorted(entry_points(group=ENTRY_POINTS), key=lambda found: found.name):
        yield _adapter(entry_point)


def _adapter(entry_point: EntryPoint) -> AdapterFound:
    try:
        # What a framework prints while it is imported is no part of the answer.
        with contextlib.redirect_stdout(sys.stderr):
            report = entry_point.load()()
    except Exception as error:  # noqa: BLE001  any failure of an adapter is a finding
        return AdapterFound(name=entry_point.name, failure=f"{type(error).__name__}: {error}")
    if not isinstance(report, AdapterReport):
        failure = f"its report is of type {type(report).__name__}, not an AdapterReport"
        return AdapterFound(name=entry_point.name, failure=failure)
    return AdapterFound(
        name=entry_point.name, framework=report.framework, versions=dict(report.versions), notes=tuple(report.notes)
    )
