"""The journal: segments of OTLP records in the data directory, appended by one process each (design decision 3)."""

import dataclasses
import fcntl
import logging
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from honeyhive.events.decode import split_records
from honeyhive.events.otlp import checksum_holds

_LOG: Final = logging.getLogger("honeyhive")
SEGMENT_BYTES: Final = 4 << 20
_SUFFIX: Final = ".otlp"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: to be read again for delivery, so that nothing is kept in memory meanwhile."""

    path: Path
    offset: int
    length: int

    def read(self) -> bytes:
        """The record's bytes; raises ``OSError`` when the segment is gone."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(self.length)
        if len(data) != self.length:
            message = f"{self.path.name} is shorter than it was"
            raise OSError(message)
        return data


class _Segment:
    """An open segment file of this process, locked while the process lives."""

    def __init__(self, directory: Path, fingerprint: str, number: int) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        # Containers that share a volume may have the same process id and start in the same second.
        name = f"{fingerprint}-{stamp}-{os.getpid()}-{number}-{secrets.token_hex(3)}{_SUFFIX}"
        self.path = directory / name
        self.descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self.size = 0
        with suppress(OSError):  # a file system without locks: then only age tells which segments are done with
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def append(self, record: bytes) -> int:
        """Write *record* whole; a short write is truncated away. Returns its offset; raises ``OSError``."""
        offset = self.size
        view = memoryview(record)
        try:
            while view:
                view = view[os.write(self.descriptor, view) :]
        except OSError:
            os.ftruncate(self.descriptor, offset)
            raise
        self.size += len(record)
        return offset

    def close(self) -> None:
        os.close(self.descriptor)

    def remove_if_empty(self) -> None:
        """Leave no file behind where nothing could be written."""
        if self.size == 0:
            self.path.unlink(missing_ok=True)


class Journal:
    """Appends records to segments of this process, one open segment a fingerprint, and keeps the directory in bounds."""

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._segments: dict[str, _Segment] = {}
        self._number = 0
        self._is_failing = False

    def append(self, fingerprint: str, record: bytes) -> Place | None:
        """Write *record*; None when the directory cannot be written (one warning until it can be again)."""
        try:
            segment = self._segment(fingerprint)
            offset = segment.append(record)
        except OSError as error:
            failed = self._segments.get(fingerprint)
            with suppress(OSError):  # what keeps from writing may keep from closing and removing too
                self._discard(fingerprint)
                if failed is not None:
                    failed.remove_if_empty()
            if not self._is_failing:
                self._is_failing = True
                _LOG.warning(
                    "honeyhive cannot write its journal in %s (%s); events are kept in memory only until it can",
                    self.directory,
                    error.strerror,
                )
            return None
        self._is_failing = False
        return Place(segment.path, offset, len(record))

    def _segment(self, fingerprint: str) -> _Segment:
        segment = self._segments.get(fingerprint)
        if segment is not None and segment.size >= SEGMENT_BYTES:
            self._discard(fingerprint)
            segment = None
        if segment is not None and not segment.path.exists():  # the directory was deleted under us
            self._discard(fingerprint)
            segment = None
        if segment is None:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._number += 1
            segment = self._segments[fingerprint] = _Segment(self.directory, fingerprint, self._number)
            self._evict()
        return segment

    def _discard(self, fingerprint: str) -> None:
        segment = self._segments.pop(fingerprint, None)
        if segment is not None:
            segment.close()

    def _evict(self) -> None:
        """Remove the oldest segments of dead processes while the directory is over its bound."""
        found = [(*_modified(path), path) for path in self.directory.glob(f"*{_SUFFIX}")]
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._max_bytes:
                return
            if _remove_unlocked(path):
                total -= size

    def close(self) -> None:
        """Close the open segments."""
        for fingerprint in list(self._segments):
            self._discard(fingerprint)

    def reset_after_fork(self) -> None:
        """Forget the parent's segments in a child: its descriptors are closed, its files stay the parent's."""
        self.close()
        self._number = 0


def _remove_unlocked(path: Path) -> bool:
    """Remove *path* unless a living process holds its lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # another process was faster
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:  # locked by a living process, or not ours to remove
        return False
    finally:
        os.close(descriptor)
    return True


@dataclasses.dataclass(frozen=True, slots=True)
class JournalContent:
    """The record bodies of a journal directory, and what could not be read: torn bytes and records with a bad checksum."""

    bodies: list[bytes]
    torn_bytes: int
    damaged_records: int


def read_journal(directory: Path) -> JournalContent:
    """Every record of the segments in *directory*, oldest segment first; an absent directory is an empty journal."""
    bodies: list[bytes] = []
    torn = damaged = 0
    for path in sorted(directory.glob(f"*{_SUFFIX}"), key=_modified):
        try:
            found, rest = split_records(path.read_bytes())
        except FileNotFoundError:  # removed by another process in between
            continue
        torn += rest
        for body in found:
            if checksum_holds(body):
                bodies.append(body)
            else:
                damaged += 1
    return JournalContent(bodies, torn, damaged)


def _modified(path: Path) -> tuple[int, int]:
    """When *path* was last written (Unix nanoseconds), and its size; zeros once it is gone."""
    try:
        found = path.stat()
    except OSError:  # removed by another process in between
        return 0, 0
    return found.st_mtime_ns, found.st_size
