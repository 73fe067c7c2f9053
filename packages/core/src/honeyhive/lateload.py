"""Imports that wait until they are needed, and that a fork does not cut in two.

A child that is forked while another thread imports a module inherits it half made, in ``sys.modules``, for good. So late
imports hold a lock that a fork waits for.
"""

import concurrent.futures.thread  # noqa: F401  # pyright: ignore[reportUnusedImport]  its fork hooks come before ours
import importlib
import logging  # noqa: F401  # pyright: ignore[reportUnusedImport]  the same
import os
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

# Bounded, because the forking thread may itself be inside an import that the other thread waits for.
_FORK_WAIT_S = 5.0


class ForkLock:
    """A lock that a fork takes before, and that is free in parent and child after."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._is_taken = False
        # Hooks run before a fork in the reverse order of their registration. Those of `logging` and of thread pools take locks
        # that imports need; registered after them, ours waits while they are still free.
        os.register_at_fork(
            before=self._before_fork,
            after_in_parent=self._after_fork_in_parent,
            after_in_child=self._after_fork_in_child,
        )

    @contextmanager
    def held(self) -> Generator[None]:
        """The block in which no process is forked."""
        with self._lock:
            yield

    def _before_fork(self) -> None:
        self._is_taken = self._lock.acquire(timeout=_FORK_WAIT_S)

    def _after_fork_in_parent(self) -> None:
        if self._is_taken:
            self._lock.release()

    def _after_fork_in_child(self) -> None:
        self._lock = threading.RLock()


_fork_lock = ForkLock()


@contextmanager
def late_imports() -> Generator[None]:
    """The block in which modules are imported late; no process is forked meanwhile."""
    with _fork_lock.held():
        yield


def names_from(module: str, sources: Mapping[str, str]) -> Callable[[str], object]:
    """A ``__getattr__`` for *module* (PEP 562) that takes each name of *sources* from the module named there, once."""

    def load(name: str) -> object:
        source = sources.get(name)
        if source is None:
            message = f"module {module!r} has no attribute {name!r}"
            raise AttributeError(message)
        value = getattr(importlib.import_module(source), name)
        setattr(sys.modules[module], name, value)
        return value

    return load
