"""What a journal directory holds, whoever wrote it."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from honeyhive.events.decode import record_bounds
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
    for offset, start, end in record_bounds(data):
        body = data[start:end]
        whole = end
        done = settled_range(body)
        record = Record(offset, end - offset, body, data[offset:end])
        if not checksum_holds(body):
            damaged.append(record)
        elif done is None:
            records.append(record)
        else:
            settled.append((done[0], sum(done)))
    unsettled, lost = list(_outside(settled, records)), list(_outside(settled, damaged))
    return SegmentContent(records, unsettled, whole, len(data) - whole, len(damaged), len(lost))


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
