"""Records on their way to a destination: put together to fill a request, and taken apart where one is too large."""

import dataclasses
from typing import Final, Self

from honeyhive.events.otlp import CHECKSUM_FIELD
from honeyhive.export.journal import Place
from honeyhive.export.rewriting import delimited_field, fields_of

MAX_REQUEST_BYTES: Final = 2 << 20
# Up to here, records that wait behind one another are one batch.
_JOINED_BYTES: Final = 64 << 10
_RESOURCE_SPANS: Final = 1  # ExportTraceServiceRequest.resource_spans
_SCOPES: Final = 2  # ResourceSpans.scope_spans
_SPANS: Final = 2  # ScopeSpans.spans


@dataclasses.dataclass(slots=True)
class Kept:
    """A record that is on its way: in the journal, or in memory when it could not be written there."""

    place: Place | None
    body: bytes | None
    left: int
    """Of its spans, those that are not settled."""

    @property
    def memory_bytes(self) -> int:
        """What it takes of memory: nothing where the journal has it."""
        return len(self.body or b"")


@dataclasses.dataclass(slots=True)
class Batch:
    """Spans that travel together: those of a record, of several that follow on each other, or of a part of one."""

    kept: Kept
    count: int
    size: int
    due: float
    """When it is to be sent at the latest, on the monotonic clock."""
    attempts: int = 0
    first: int = 0
    """The first of its spans, in the record."""
    is_part: bool = False

    @classmethod
    def of(cls, place: Place | None, record: bytes, count: int, *, due: float) -> Self:
        """All *count* spans of *record*, which is read from *place* where there is one."""
        return cls(Kept(place, None if place is not None else record, count), count, len(record), due)

    @classmethod
    def at(cls, place: Place, count: int) -> Self:
        """All *count* spans of the record at *place*, due now."""
        return cls(Kept(place, None, count), count, place.length, 0.0)

    def takes_in(self, later: "Batch", max_count: int | None) -> bool:
        """Whether *later*, the record behind it in the journal, now travels with it; small ones are one batch.

        In an outage of hours, thousands of batches wait; each costs memory.
        """
        place, next_place = self.kept.place, later.kept.place
        if place is None or next_place is None or place.segment is not next_place.segment:
            return False
        is_behind = place.offset + place.length == next_place.offset and not self.is_part
        is_small = self.size + later.size <= _JOINED_BYTES and self.count + later.count <= (
            max_count or later.count + self.count
        )
        if not is_behind or not is_small:
            return False
        self.kept = Kept(
            Place(place.segment, place.offset, place.length + next_place.length), None, self.kept.left + later.count
        )
        self.count += later.count
        self.size += later.size
        return True

    @property
    def is_gone(self) -> bool:
        """Whether its segment was removed."""
        return self.kept.place is not None and not self.kept.place.segment.is_open

    def read(self) -> bytes:
        """What is sent; raises ``OSError`` when its segment is gone."""
        record = self.kept.place.read() if self.kept.place is not None else self.kept.body or b""
        return part_of(record, self.first, self.first + self.count) if self.is_part else record

    def halves(self) -> "tuple[Batch, Batch]":
        """The two halves of its spans, of which there are two at least; raises ``OSError`` as `read` does."""
        middle = self.count // 2
        return self._part(0, middle), self._part(middle, self.count)

    def _part(self, start: int, stop: int) -> "Batch":
        part = dataclasses.replace(self, count=stop - start, first=self.first + start, is_part=True, attempts=0)
        part.size = len(part.read())
        return part


def part_of(records: bytes, start: int, stop: int) -> bytes:
    """The spans from *start* to *stop* of *records*, under the same resources and scopes, without their checksums."""
    parts: list[bytes] = []
    position = 0
    for record in fields_of(memoryview(records)):
        part, position = _part_of_record(record.payload or memoryview(b""), start, stop, position)
        parts.append(part)
    return b"".join(parts)


def _part_of_record(body: memoryview, start: int, stop: int, position: int) -> tuple[bytes, int]:
    """The part of one record, whose first span is at *position*; nothing without any span."""
    pieces: list[bytes | memoryview] = []
    first = position
    for number, payload, begin, end in fields_of(body):
        if number == _SCOPES and payload is not None:
            scope, position = _spans_between(payload, start, stop, position)
            pieces.append(scope)
        elif number != CHECKSUM_FIELD:
            pieces.append(body[begin:end])
    is_empty = position <= start or first >= stop
    return b"" if is_empty else delimited_field(_RESOURCE_SPANS, b"".join(pieces)), position


def _spans_between(scope: memoryview, start: int, stop: int, position: int) -> tuple[bytes, int]:
    """*scope* with its spans from *start* to *stop*, nothing without any; its first one is at *position* of the record."""
    pieces: list[memoryview] = []
    is_empty = True
    for number, _, begin, end in fields_of(scope):
        is_kept = number != _SPANS or start <= position < stop
        if is_kept:
            pieces.append(scope[begin:end])
        if number == _SPANS:
            is_empty &= not is_kept
            position += 1
    return b"" if is_empty else delimited_field(_SCOPES, b"".join(pieces)), position


def settle(group: list[Batch]) -> int:
    """Note in the journal that *group* is done with; the bytes of memory that this frees."""
    done: list[Kept] = []
    for batch in group:
        batch.kept.left -= batch.count
        if batch.kept.left <= 0:
            done.append(batch.kept)
    for place in _joined([kept.place for kept in done if kept.place is not None]):
        place.segment.settle(place.offset, place.length)
    return sum(kept.memory_bytes for kept in done)


def _joined(places: list[Place]) -> list[Place]:
    """*places*, with those that follow on each other in a segment as one: one note for all of them."""
    joined: list[Place] = []
    for place in places:
        last = joined[-1] if joined else None
        if last is not None and last.segment is place.segment and last.offset + last.length == place.offset:
            joined[-1] = Place(last.segment, last.offset, last.length + place.length)
        else:
            joined.append(place)
    return joined
