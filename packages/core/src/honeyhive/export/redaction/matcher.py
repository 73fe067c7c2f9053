"""Where in some bytes a secret could be: what is looked for, and who looks for it.

The native matcher does so at two gigabytes a second (`docs/rationale.md`); where it cannot be had, the standard library finds
the same, slower.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

from honeyhive.lateload import late_imports

_LOG: Final = logging.getLogger("honeyhive")

Hit = tuple[int, int]
"""Where something matched, and the number of the needle that did."""

Seed = tuple[bytes, int]
"""A text in lower case, and how far behind the start of a match it stands."""


class Needle(NamedTuple):
    """What is looked for: two patterns that begin at the same place, and fixed texts of which each match has one."""

    hint: bytes
    anchor: bytes
    seeds: tuple[Seed, ...]


class Matcher(Protocol):
    """Looks for many needles at once; threads may share it."""

    def ends(self, data: bytes) -> Sequence[Hit]:
        """Where in *data* hints end, in order; of each match at least one end."""
        ...

    def starts(self, data: bytes) -> Sequence[Hit]:
        """Where in *data* anchors start, in order, each once."""
        ...


@lru_cache(16)
def matcher_of(needles: tuple[Needle, ...]) -> Matcher:
    """The matcher of *needles*, compiled once a process."""
    cause = native_problem()
    if cause is None:
        with late_imports():
            from honeyhive.export.redaction.native import NativeMatcher  # noqa: PLC0415  it imports hyperscan

        try:
            return NativeMatcher(needles)
        except NativeMatcher.errors as error:
            cause = f"hyperscan cannot compile the patterns: {type(error).__name__}"
    _warn(cause)
    with late_imports():
        from honeyhive.export.redaction.plain import PlainMatcher  # noqa: PLC0415  only where it is needed

    return PlainMatcher(needles)


@lru_cache(1)
def native_problem() -> str | None:
    """Why the native matcher cannot be used here; None where it can."""
    try:
        with late_imports():
            import hyperscan  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]  22 ms of imports, for the worker only
    except (ImportError, OSError) as error:  # not installed, or not for this machine
        return f"hyperscan cannot be imported: {error}"
    return None


@lru_cache(16)
def _warn(cause: str) -> None:
    _LOG.warning(
        "honeyhive: the native matcher is not there (%s); redaction finds the same without it, at more of the worker's time",
        cause,
    )
