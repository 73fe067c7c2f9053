"""The locked files of this process. A lock belongs to the open file, so a forked child closes its copies first of all."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from honeyhive.lateload import ForkLock

# A thread may be between the opening of a file and anybody's knowing of it when another one forks.
_fork_lock: Final = ForkLock()
_held: Final[set[int]] = set()


def hold(path: Path, flags: int) -> int:
    """A new descriptor of *path*, mode 0600 where it is made, that no forked child keeps; raises ``OSError``."""
    with _fork_lock.held():
        descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
        _held.add(descriptor)
    return descriptor


def let_go(descriptor: int) -> None:
    """Close what `hold` gave; in a forked child it is closed already, and the number may be another file's."""
    with _fork_lock.held():
        if descriptor in _held:
            _held.discard(descriptor)
            os.close(descriptor)


def _close_in_child() -> None:
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)
