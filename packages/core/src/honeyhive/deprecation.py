"""Names of 1.x that still work and have a better one."""

import warnings
from typing import Final

_told: Final[set[str]] = set()


def warn_deprecated(name: str, instead: str, *, stacklevel: int = 3) -> None:
    """Say once a process that *name* is deprecated and what replaces it, where its user called it.

    *stacklevel* counts as `warnings.warn` does from here: 3 is the caller of the function that calls this one.
    """
    if name not in _told:
        _told.add(name)
        warnings.warn(f"{name} is deprecated; use {instead}", DeprecationWarning, stacklevel=stacklevel)


def forget_warnings() -> None:
    """Let each deprecated name warn again, for tests."""
    _told.clear()
