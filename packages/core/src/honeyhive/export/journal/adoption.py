"""Segments that processes left behind when they ended, to be delivered by one that goes to the same place."""

import logging
import os
from collections import deque
from pathlib import Path
from typing import Final

from honeyhive.events.decode import count_spans
from honeyhive.export.journal.descriptors import let_go
from honeyhive.export.journal.journal import Journal
from honeyhive.export.journal.reading import Record, SegmentContent, read_segment, segments_in
from honeyhive.export.journal.segment import DELIVERED_SUFFIX, LOCAL, Place, Segment, locked

_LOG: Final = logging.getLogger("honeyhive")


class Adoption:
    """Takes over the segments of dead processes with one fingerprint, one at a time and each by one process only.

    Looked for once, when it is made: what dies later is for the next process. An advisory lock tells dead from living, so
    nothing is adopted where there are no locks.
    """

    def __init__(self, journal: Journal, fingerprint: str) -> None:
        self._journal = journal
        self.damaged = 0
        """Records found so far that cannot be read, of one event at least each."""
        self._waiting: deque[Path] = deque()
        if fingerprint != LOCAL:
            self._waiting.extend(
                path
                for path in segments_in(journal.directory)
                if path.name.startswith(f"{fingerprint}-") and not path.name.endswith(DELIVERED_SUFFIX)
            )

    def next(self) -> list[tuple[Place, int]]:
        """The records of the next segment that are not settled, with their numbers of spans; empty when there is none."""
        while self._waiting:
            path = self._waiting.popleft()
            descriptor = locked(path)
            if descriptor is None:
                continue
            records = self._take(path, descriptor)
            if records:
                return records
        return []

    def _take(self, path: Path, descriptor: int) -> list[tuple[Place, int]]:
        try:
            content = read_segment(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
            if (
                content.torn_bytes
            ):  # of a record whose writing the process's end cut short: notes must be readable after it
                os.ftruncate(descriptor, content.whole_bytes)
        except OSError:
            let_go(descriptor)
            return []
        if content.lost_records:
            self.damaged += content.lost_records
            _LOG.warning("honeyhive: damaged records that cannot be delivered in %s: %d", path, content.lost_records)
        segment = _segment_of(path, descriptor, content)
        segment.finish()
        if not segment.is_open:  # settled as a whole, but its process had no time to say so in its name
            return []
        self._journal.adopt(segment)
        return [(Place(segment, record.offset, record.length), _count(record)) for record in content.unsettled]


def _segment_of(path: Path, descriptor: int, content: SegmentContent) -> Segment:
    unsettled = sum(record.length for record in content.unsettled)
    return Segment(path, descriptor, size=content.whole_bytes, unsettled=unsettled)


def _count(record: Record) -> int:
    return count_spans(record.body)
