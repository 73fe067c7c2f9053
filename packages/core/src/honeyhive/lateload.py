"""Imports that wait until they are needed, and that a fork does not cut in two.

A child that is forked while another thread imports a module inherits it half made, in ``sys.modules``, for good. So late
imports hold a lock that a fork waits for.
"""

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager

# Bounded, because the forking thread may itself be inside an import that the other thread waits for.
_FORK_WAIT_S = 5.0


class _ForkLock:
    """A lock that a fork takes before, and that is free in parent and child after."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._is_taken = False

    def before_fork(self) -> None:
        self._is_taken = self.lock.acquire(timeout=_FORK_WAIT_S)

    def after_fork_in_parent(self) -> None:
        if self._is_taken:
            self.lock.release()

    def after_fork_in_child(self) -> None:
        self.lock = threading.RLock()


_fork_lock = _ForkLock()
os.register_at_fork(
    before=_fork_lock.before_fork,
    after_in_parent=_fork_lock.after_fork_in_parent,
    after_in_child=_fork_lock.after_fork_in_child,
)


@contextmanager
def late_imports() -> Generator[None]:
    """The block in which modules are imported late; no process is forked meanwhile."""
    with _fork_lock.lock:
        yield
