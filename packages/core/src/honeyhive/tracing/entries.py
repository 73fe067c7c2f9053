"""Blocks that are entered more than once at a time: inside themselves, by several threads, by several tasks."""

from collections.abc import Callable
from typing import Generic, TypeVar

from honeyhive.tracing.units import unit_here

T = TypeVar("T")


class Entries(Generic[T]):
    """What one block has to undo for each time it was entered and not left yet."""

    def __init__(self) -> None:
        self._entries: list[tuple[object, T]] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: T) -> None:
        """Note one more, of the thread and task of the caller."""
        self._entries.append((unit_here(), entry))

    def take(self, is_here: Callable[[T], bool]) -> T | None:
        """The latest that is here (*is_here*) and of this thread and task; the latest of them if none is; else the latest.

        Generators of one thread leave in any order, and a framework may leave a block in another task than it entered it.
        None when all are taken: a block may be left twice.
        """
        if not self._entries:
            return None
        if len(self._entries) == 1:
            found = self._entries[0]
            self._entries.remove(found)
            return found[1]
        unit = unit_here()
        own = [entry for entry in list(self._entries) if entry[0] == unit] or list(self._entries)
        found = next((entry for entry in reversed(own) if is_here(entry[1])), own[-1])
        self._entries.remove(found)
        return found[1]
