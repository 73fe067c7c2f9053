"""What the demo's processes tell each other through their environment, and what of the caller's they may see."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

_INHERITED = frozenset({"PATH", "HOME", "LANG", "LANGUAGE", "TMPDIR", "TZ", "VIRTUAL_ENV", "SYSTEMROOT"})
_INHERITED_LIVE = frozenset(
    name
    for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
    for name in (lower, lower.upper())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEnvironment:
    """Everything a process of the demo needs to know; travels as `HONEYHIVE_DEMO_*` variables."""

    data_dir: Path
    broker_url: str
    queue_name: str
    pages_url: str
    model_base_url: str
    model_name: str
    api_key: str = field(repr=False)

    @property
    def worker_ready_file(self) -> Path:
        """The file the worker leaves when it takes tasks."""
        return self.data_dir / "worker.ready"

    def to_variables(self) -> dict[str, str]:
        """Return the variables from which `from_variables` makes an equal environment."""
        return {variable: str(getattr(self, name)) for name, variable in _VARIABLES.items()}

    @classmethod
    def from_variables(cls, variables: Mapping[str, str]) -> Self:
        """Read the environment of a child; raises LookupError that names what is missing."""
        missing = sorted(set(_VARIABLES.values()) - variables.keys())
        if missing:
            raise LookupError(
                f"{', '.join(missing)} not set: this module belongs to a process that `honeyhive demo` starts"
            )
        values = {name: variables[variable] for name, variable in _VARIABLES.items()}
        return cls(data_dir=Path(values.pop("data_dir")), **values)


_VARIABLES = {name: f"HONEYHIVE_DEMO_{name.upper()}" for name in DemoEnvironment.__slots__}


@cache
def own_environment() -> DemoEnvironment:
    """Return what this child process was told at its start; raises LookupError anywhere else."""
    return DemoEnvironment.from_variables(os.environ)


def child_variables(
    environment: DemoEnvironment, caller: Mapping[str, str], *, live: bool, export: bool
) -> dict[str, str]:
    """Return the whole environment of a child process: an allow-list of the caller's, and the demo's own.

    Keys, proxies and tracing settings of the caller do not pass. `live` lets proxies and certificates through,
    because the model is then on the internet; `export` lets the `HH_*` settings through, because events then leave the
    machine. The journal is always the run's own, for the command to read.
    """
    inherited = {
        name: value
        for name, value in caller.items()
        if name in _INHERITED
        or name.startswith("LC_")
        or (live and name in _INHERITED_LIVE)
        or (export and name.startswith("HH_"))
    }
    own = {
        "PYTHONUNBUFFERED": "1",
        "HH_DATA_DIR": str(environment.data_dir),
        "HH_JOURNAL": "on",
        # What a process leaves behind when it is killed goes with the directory.
        "TMPDIR": str(environment.data_dir),
        "HH_MODEL_HOSTS": urlsplit(environment.model_base_url).netloc,
    }
    return {"HH_PROJECT": "honeyhive-demo"} | inherited | own | environment.to_variables()
