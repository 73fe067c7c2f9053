"""The native matcher: hyperscan."""

import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import hyperscan

from honeyhive.export.redaction.matcher import Hit, Needle


class NativeMatcher:
    """Looks for many needles at once. Threads may share it: each has working memory of its own."""

    errors: ClassVar[tuple[type[Exception], ...]] = (hyperscan.error,)

    def __init__(self, needles: Sequence[Needle]) -> None:
        self._hints = _database([needle.hint for needle in needles], 0)
        # A match's start costs eight times as much as its end, so it is asked for only where there is a hit.
        self._anchors = _database([needle.anchor for needle in needles], hyperscan.HS_FLAG_SOM_LEFTMOST)
        self._memory = threading.local()

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
            scratch = hyperscan.Scratch(database)
            setattr(self._memory, name, scratch)
        database.scan(data, match_event_handler=note, scratch=scratch)


def _database(patterns: list[bytes], flags: int) -> Any:
    database = hyperscan.Database()
    count = len(patterns)
    database.compile(expressions=patterns, ids=list(range(count)), elements=count, flags=[flags] * count)
    return database
