"""The native matcher: where in some bytes a secret could be, at two gigabytes a second (`docs/rationale.md`)."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from honeyhive.lateload import late_imports

Hit = tuple[int, int]
"""Where something matched, and the number of the hint or anchor that did."""


class Matcher:
    """Looks for many hints, or for as many anchors, at once. Threads may share it: each has working memory of its own."""

    def __init__(self, hints: Sequence[bytes], anchors: Sequence[bytes]) -> None:
        with late_imports():
            import hyperscan  # noqa: PLC0415  22 ms of imports, for the worker only
        self._native: Any = hyperscan
        self._hints = self._database(hints, 0)
        # A match's start costs eight times as much as its end, so it is asked for only where there is a hit.
        self._anchors = self._database(anchors, hyperscan.HS_FLAG_SOM_LEFTMOST)
        self._memory = threading.local()

    def _database(self, hints: Sequence[bytes], flags: int) -> Any:
        database = self._native.Database()
        count = len(hints)
        database.compile(expressions=list(hints), ids=list(range(count)), elements=count, flags=[flags] * count)
        return database

    def ends(self, data: bytes) -> list[Hit]:
        """Where in *data* hints end, in order, without their starts."""
        hits: list[Hit] = []

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((end, number))

        self._scan("hints", self._hints, data, note)
        return hits

    def starts(self, data: bytes) -> list[Hit]:
        """Where in *data* anchors start, in order, each once."""
        hits: set[Hit] = set()

        def note(number: int, start: int, _end: int, _flags: int, _context: object) -> None:
            hits.add((start, number))

        self._scan("anchors", self._anchors, data, note)
        return sorted(hits)

    def _scan(self, name: str, database: Any, data: bytes, note: Any) -> None:
        # Working memory that is in use (in another thread, or in the parent at the moment of a fork) must not be shared.
        scratch = getattr(self._memory, name, None)
        if scratch is None:
            scratch = self._native.Scratch(database)
            setattr(self._memory, name, scratch)
        database.scan(data, match_event_handler=note, scratch=scratch)


@lru_cache(16)
def matcher_of(hints: tuple[bytes, ...], anchors: tuple[bytes, ...]) -> Matcher:
    """The matcher of *hints* and *anchors*, compiled once a process."""
    return Matcher(hints, anchors)
