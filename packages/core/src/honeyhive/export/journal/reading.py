"""What a journal directory holds, whoever wrote it."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from honeyhive.events.decode import RECORD_TAG, record_bounds
from honeyhive.events.otlp import checksum_holds
from honeyhive.export.journal.segment import SUFFIX, settled_range


@dataclasses.dataclass(frozen=True, slots=True)
class JournalContent:
    """The record bodies of a journal directory, and what could not be read: torn bytes and records with a bad checksum."""

    bodies: list[bytes]
    torn_bytes: int
    damaged_records: int


class Record(NamedTuple):
    """One record in a segment: where it stands, its body, and the record itself, which is a request."""

    offset: int
    length: int
    body: bytes
    whole: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class SegmentContent:
    """The records of one segment that are whole, those of them that are not settled, and what cannot be read."""

    records: list[Record]
    unsettled: list[Record]
    whole_bytes: int
    torn_bytes: int
    damaged_records: int
    lost_records: int
    """Damaged records that no note says to be settled."""


def read_journal(directory: Path) -> JournalContent:
    """Every record of the segments in *directory*, oldest segment first; an absent directory is an empty journal."""
    bodies: list[bytes] = []
    torn = damaged = 0
    for path in segments_in(directory):
        try:
            content = read_segment(path.read_bytes())
        except FileNotFoundError:  # removed or renamed by another process in between
            continue
        torn += content.torn_bytes
        damaged += content.damaged_records
        bodies += (record.body for record in content.records)
    return JournalContent(bodies, torn, damaged)


def read_segment(data: bytes) -> SegmentContent:
    """The records in the bytes of a segment."""
    records: list[Record] = []
    settled: list[tuple[int, int]] = []
    damaged: list[Record] = []
    whole = 0
    for record, is_sound in _pieces(data):
        whole = record.offset + record.length
        done = settled_range(record.body)
        if not is_sound:
            damaged.append(record)
        elif done is None:
            records.append(record)
        else:
            settled.append((done[0], sum(done)))
    unsettled, lost = list(_outside(settled, records)), list(_outside(settled, damaged))
    return SegmentContent(records, unsettled, whole, len(data) - whole, len(damaged), len(lost))


def _pieces(data: bytes) -> Iterator[tuple[Record, bool]]:
    """What *data* is made of, up to a torn end: records, and whether each is sound.

    A power loss may leave zeros in the middle of a file: what cannot be read up to the next sound record is one damaged one.
    """
    position = 0
    while position < len(data):
        record = _record_at(data, position)
        is_sound = record is not None and checksum_holds(record.body)
        if record is None or not (is_sound or _ends_well(data, record)):
            following = _next_sound(data, position + 1)
            if following is None:
                return
            record = Record(position, following - position, b"", b"")
        yield record, is_sound
        position += record.length


def _record_at(data: bytes, position: int) -> Record | None:
    bounds = next(record_bounds(data, position), None)
    if bounds is None:
        return None
    offset, start, end = bounds
    return Record(offset, end - offset, data[start:end], data[offset:end])


def _ends_well(data: bytes, record: Record) -> bool:
    """Whether the length of *record* is right, as far as what follows can tell."""
    end = record.offset + record.length
    return end == len(data) or data.startswith(RECORD_TAG, end)


def _next_sound(data: bytes, position: int) -> int | None:
    while (position := data.find(RECORD_TAG, position)) >= 0:
        record = _record_at(data, position)
        if record is not None and checksum_holds(record.body):
            return position
        position += 1
    return None


def _outside(settled: list[tuple[int, int]], records: list[Record]) -> Iterator[Record]:
    """Those of *records*, which are in order, that no settled range covers."""
    ranges = iter(sorted(settled))
    done = next(ranges, None)
    for record in records:
        while done is not None and done[1] <= record.offset:
            done = next(ranges, None)
        if done is None or done[0] > record.offset:
            yield record


def segments_in(directory: Path) -> list[Path]:
    """The segments in *directory*, the one that was written longest ago first."""
    found: list[tuple[int, str, Path]] = []
    for path in directory.glob(f"*{SUFFIX}"):
        try:
            found.append((path.stat().st_mtime_ns, path.name, path))
        except OSError:  # removed or renamed by another process in between
            continue
    return [path for _, _, path in sorted(found)]


def size_of(path: Path) -> int:
    """The bytes that *path* takes, none once it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
