"""The matcher for machines without the native one: fixed texts are looked for, and patterns decide only where one is."""

import re
from collections.abc import Sequence
from typing import Final

from honeyhive.export.redaction.matcher import Hit, Needle, Seed

# How far a pattern may look from its start: one that found no end would be read again at each seed.
_LONGEST: Final = 4096

_Searched = tuple[int, tuple[Seed, ...], "re.Pattern[bytes]"]


class PlainMatcher:
    """Finds what `NativeMatcher` finds, at some hundred times its cost. Threads may share it."""

    def __init__(self, needles: Sequence[Needle]) -> None:
        self._hints = [(number, needle.seeds, re.compile(needle.hint)) for number, needle in enumerate(needles)]
        self._anchors = [(number, needle.seeds, re.compile(needle.anchor)) for number, needle in enumerate(needles)]

    def ends(self, data: bytes) -> list[Hit]:
        """Where in *data* hints end first, in order."""
        folded = data.lower()
        return sorted(
            (match.end(), searched[0]) for searched in self._hints for match in _matches(data, folded, searched)
        )

    def starts(self, data: bytes) -> list[Hit]:
        """Where in *data* anchors start, in order, each once."""
        folded = data.lower()
        return sorted(
            {(match.start(), searched[0]) for searched in self._anchors for match in _matches(data, folded, searched)}
        )


def _matches(data: bytes, folded: bytes, searched: _Searched) -> "list[re.Match[bytes]]":
    _, seeds, pattern = searched
    found: list[re.Match[bytes]] = []
    for seed, offset in seeds:
        position = folded.find(seed)
        while position >= 0:
            start = position - offset
            match = pattern.match(data, start, start + _LONGEST) if start >= 0 else None
            if match is not None:
                found.append(match)
            position = folded.find(seed, position + 1)
    return found
