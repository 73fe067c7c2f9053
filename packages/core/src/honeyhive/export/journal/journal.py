"""The journal of one process in one data directory: what it appends to, and how the directory stays in bounds."""

import errno
import fcntl
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from honeyhive.events.decode import count_spans
from honeyhive.export.journal.descriptors import hold, let_go
from honeyhive.export.journal.reading import read_segment, segments_in, size_of
from honeyhive.export.journal.segment import DELIVERED_SUFFIX, LOCAL, Place, Segment

_LOG: Final = logging.getLogger("honeyhive")
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Journal:
    """Appends records to segments of this process, one open segment a fingerprint, and keeps the directory in bounds.

    A segment that is full stays locked by this process until everything in it is settled, so that nobody else sends it too.
    """

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._open: dict[str, Segment] = {}
        self._finished: list[Segment] = []
        self._number = 0
        self._is_failing = False
        self._lock = threading.RLock()  # senders adopt while the worker appends

    def append(self, fingerprint: str, record: bytes, *, sync: bool = False) -> Place | None:
        """Write *record*; None when the directory cannot be written (one warning until it can be again)."""
        try:
            place = self._segment(fingerprint).append(record, sync=sync)
        except OSError as error:
            self._give_up(fingerprint, error)
            self._warn(error)
            return None
        self._is_failing = False
        return place

    def _give_up(self, fingerprint: str, error: OSError) -> None:
        failed = self._open.get(fingerprint)
        # On a disk that is full now and then, each new segment would be a descriptor more.
        if failed is None or (failed.size > 0 and error.errno in _NO_ROOM):
            return
        with suppress(OSError):  # what keeps from writing may keep from closing and removing too
            self._finish(fingerprint)
            failed.remove_if_empty()

    def _warn(self, error: OSError) -> None:
        if not self._is_failing:
            self._is_failing = True
            _LOG.warning(
                "honeyhive cannot write its journal in %s (%s); events are kept in memory only until it can",
                self.directory,
                error.strerror,
            )

    def _segment(self, fingerprint: str) -> Segment:
        segment = self._open.get(fingerprint)
        # The directory may have been deleted under us.
        if segment is not None and (segment.is_full or not segment.path.exists()):
            self._finish(fingerprint)
            segment = None
        if segment is None:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._number += 1
            segment = self._open[fingerprint] = Segment.create(self.directory, fingerprint, self._number)
            self._evict()
        return segment

    def _finish(self, fingerprint: str) -> None:
        segment = self._open.pop(fingerprint, None)
        if segment is not None:
            segment.finish()
            self.adopt(segment)

    def adopt(self, segment: Segment) -> None:
        """Look after *segment*, to which nothing is added any more, until it is settled."""
        with self._lock:
            self._finished = [kept for kept in (*self._finished, segment) if kept.is_open]

    def _evict(self) -> None:
        """Remove the oldest segments while the directory is over its bound: delivered ones, then others, our own last."""
        found = segments_in(self.directory)
        excess = sum(map(size_of, found)) - self._max_bytes
        for path in sorted(found, key=_is_undelivered):
            if excess <= 0:
                return
            excess -= _remove_of_the_dead(path)
        for segment in self._finished:
            if excess <= 0:
                return
            excess -= segment.size if segment.is_open else 0
            # What is read from it from now on is found to be gone, and counted where it was accepted.
            segment.close()
            segment.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close all segments; what is not settled in them is for the next process with the same destination."""
        for fingerprint in list(self._open):
            self._finish(fingerprint)
        for segment in self._finished:
            segment.close()
        self._finished = []

    def reset_after_fork(self) -> None:
        """Forget the parent's segments in a child: its descriptors are closed, its files stay the parent's."""
        for segment in (*self._open.values(), *self._finished):
            segment.abandon_after_fork()
        self._open, self._finished = {}, []
        self._number = 0
        self._lock = threading.RLock()


def _is_undelivered(path: Path) -> bool:
    return not path.name.endswith(DELIVERED_SUFFIX) and not path.name.startswith(f"{LOCAL}-")


def _remove_of_the_dead(path: Path) -> int:
    """Remove *path* unless a living process looks after it; the bytes that makes free."""
    try:
        descriptor = hold(path, os.O_RDONLY)
    except OSError:  # another process was faster
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = os.fstat(descriptor).st_size
        lost = _undelivered_events(descriptor, size) if _is_undelivered(path) else 0
        path.unlink()
    except OSError:  # locked by a living process, or not ours to remove
        return 0
    finally:
        let_go(descriptor)
    if lost:
        _LOG.warning(
            "honeyhive removed %d undelivered events of a process that ended from the journal, which is over its bound; "
            "set HH_MAX_JOURNAL_BYTES to keep more",
            lost,
        )
    return size


def _undelivered_events(descriptor: int, size: int) -> int:
    with suppress(OSError):
        unsettled = read_segment(os.pread(descriptor, size, 0)).unsettled
        return sum(count_spans(record.body) for record in unsettled)
    return 0
