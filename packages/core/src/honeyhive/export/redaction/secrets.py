"""Secrets in one text: found by their form or by the name before them, also where the text is JSON or has escapes."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

from honeyhive.export.redaction.kinds import ESCAPE, ESCAPE_NEEDLE, KINDS, Kind, literal_kind
from honeyhive.export.redaction.marking import MARKER, Marker
from honeyhive.export.redaction.matcher import matcher_of
from honeyhive.export.redaction.names import Names

_ESCAPE_ID: Final = 0
_MARK: Final = b"[redacted:"
# A text of escapes of escapes of escapes is read so many times.
_MOST_UNESCAPING: Final = 8


class Secrets:
    """What one tracer takes for a secret."""

    def __init__(self, *, names: Names, literals: Iterable[str], marker: Marker, by_form: bool) -> None:
        named = names.kind()
        kinds = [*map(literal_kind, sorted(set(literals))), *(KINDS if by_form else ())]
        if named is not None:
            kinds.append(named)
        # The hint for escapes is number 0, so that of the kinds is one more than their place.
        self._kinds: Sequence[Kind | None] = (None, *kinds)
        self._matcher = matcher_of((ESCAPE_NEEDLE, *(kind.needle for kind in kinds)))
        self._marker = marker

    def candidates(self, pieces: Sequence[bytes]) -> list[int]:
        """The indices of those *pieces* that a secret could be in.

        They are joined for one scan: each scan gives the interpreter lock away, and a busy program gives it back late.
        """
        if len(pieces) == 1:
            return [0] if self._matcher.ends(pieces[0]) else []
        hits = self._matcher.ends(b"".join(pieces))
        if not hits:
            return []
        ends = list(accumulate(map(len, pieces)))
        # A hit that spans two pieces is none, and counts for the second.
        return sorted({bisect_right(ends, end - 1) for end, _ in hits})

    def may_be_in(self, text: bytes) -> bool:
        """Whether a secret could be in *text*."""
        return bool(self._matcher.ends(text))

    def taken_out(self, text: bytes) -> bytes | None:
        """*text* with markers for secrets; None when there are none. *text* is UTF-8 where it is text at all."""
        hits = self._matcher.starts(text)
        if not hits:
            return None
        if any(number == _ESCAPE_ID for _, number in hits):
            plain = _unescaped(text)
            if plain is None:
                return self._marker("escapes", text).encode()
            # Where nothing hides behind the escapes, they stay as they are.
            found = self._marked(plain, self._matcher.starts(plain))
            if found is not None:
                return found
        return self._marked(text, hits)

    def _marked(self, text: bytes, hits: Sequence[tuple[int, int]]) -> bytes | None:
        pieces: list[bytes] = []
        position = 0
        markers = MARKER.finditer(text) if _MARK in text else iter(())
        marker = next(markers, None)
        for start, number in hits:
            kind = self._kinds[number]
            while marker is not None and marker.end() <= start:
                marker = next(markers, None)
            # What an earlier pass left may look like a secret again: its kind is followed by a colon and a hash.
            if kind is None or start < position or (marker is not None and marker.start() <= start):
                continue
            bounds = kind.find(text, start)
            if bounds is None or bounds[0] < position or bounds[0] == bounds[1]:
                continue
            begin, end = bounds
            if MARKER.fullmatch(text, begin, end):
                continue
            pieces += (text[position:begin], self._marker(kind.name, text[begin:end]).encode())
            position = end
        if not pieces:
            return None
        return b"".join((*pieces, text[position:]))


def _unescaped(text: bytes) -> bytes | None:
    """*text* with printable characters for their JSON escapes, at whatever level of JSON they are; None when it never ends."""
    for _ in range(_MOST_UNESCAPING):
        plain = ESCAPE.sub(lambda match: bytes((int(match[1], 16),)), text)
        if plain == text:
            return text
        text = plain
    return None
