"""One segment file: records one after another, and between them what has been settled of those before."""

import dataclasses
import fcntl
import os
import secrets
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from honeyhive.events import otlp
from honeyhive.events.wire import LENGTH_DELIMITED, varint
from honeyhive.export.journal.descriptors import hold, let_go

SEGMENT_BYTES: Final = 4 << 20
SEGMENT_AGE_S: Final = 3600.0
SUFFIX: Final = ".otlp"
DELIVERED_SUFFIX: Final = f".delivered{SUFFIX}"
LOCAL: Final = "local"
"""The fingerprint of segments that go nowhere: the journal is their destination."""

# An acknowledgement is a record without spans: a ResourceSpans with nothing but this field, which OTLP does not use, and its
# checksum. So a segment stays one valid request, and its state needs no second file that could be lost.
_SETTLED_TAG: Final = varint((otlp.CHECKSUM_FIELD + 1) << 3 | LENGTH_DELIMITED)
_RANGE: Final = struct.Struct("<QQ")
_SETTLED_SIZE: Final = len(_SETTLED_TAG) + 1 + _RANGE.size


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: to be read again for delivery, so that nothing is kept in memory meanwhile."""

    segment: "Segment"
    offset: int
    length: int

    def read(self) -> bytes:
        """The record's bytes; raises ``OSError`` when the segment is gone."""
        return self.segment.read(self.offset, self.length)

    @property
    def path(self) -> Path:
        """The segment's file."""
        return self.segment.path


class Segment:
    """A segment file that this process holds locked, from its making (or adoption) until everything in it is settled.

    The lock tells other processes that somebody looks after it. It belongs to the open file, so that it ends with the process
    however that ends; a forked child closes its copy.
    """

    def __init__(self, path: Path, descriptor: int, *, size: int = 0, unsettled: int = 0) -> None:
        self.path = path
        self.size = size
        self._started = time.monotonic()
        self._descriptor = descriptor
        self._is_local = path.name.startswith(f"{LOCAL}-")
        self._unsettled = unsettled
        self._is_open = True
        self._is_finished = False
        self._lock = threading.RLock()

    @classmethod
    def create(cls, directory: Path, fingerprint: str, number: int) -> Self:
        """A new segment of this process, empty and locked; raises ``OSError``."""
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        # Containers that share a volume may have the same process id and start in the same second.
        path = directory / f"{fingerprint}-{stamp}-{os.getpid()}-{number}-{secrets.token_hex(3)}{SUFFIX}"
        descriptor = hold(path, os.O_CREAT | os.O_EXCL | os.O_RDWR)
        with suppress(OSError):  # a file system without locks: there nobody can adopt a segment either
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return cls(path, descriptor)

    @property
    def is_full(self) -> bool:
        """Whether the next record belongs into a new segment.

        Age alone makes none while something is unsettled: each takes a descriptor, and an outage may last for weeks.
        """
        is_old = time.monotonic() - self._started >= SEGMENT_AGE_S
        return self.size >= SEGMENT_BYTES or (is_old and self._unsettled <= 0)

    def append(self, record: bytes, *, sync: bool = False) -> Place:
        """Write *record* whole, with *sync* to the disk itself; a short write is truncated away. Raises ``OSError``."""
        with self._lock:
            place = Place(self, self._write(record), len(record))
            if sync:
                try:
                    self._sync(place.offset)
                except OSError:  # it goes on in memory; what stayed here would be sent once more by the next process
                    self._take_back(place.offset)
                    raise
            self._unsettled += 0 if self._is_local else len(record)
        return place

    def _sync(self, offset: int) -> None:
        sync_to_disk(self._descriptor)
        if offset == 0:  # the name of a new file is its directory's, which not every file system can sync
            with suppress(OSError):
                _sync_directory(self.path.parent)

    def _take_back(self, offset: int) -> None:
        with suppress(OSError):
            os.ftruncate(self._descriptor, offset)
        self.size = offset

    def _write(self, data: bytes) -> int:
        offset = self.size
        view = memoryview(data)
        try:
            while view:
                view = view[os.pwrite(self._descriptor, view, offset + len(data) - len(view)) :]
        except OSError:
            self._take_back(offset)
            raise
        self.size += len(data)
        return offset

    def read(self, offset: int, length: int) -> bytes:
        """*length* bytes at *offset*; raises ``OSError`` when they are not there any more."""
        with self._lock:
            if not self._is_open:
                message = f"{self.path.name} was removed"
                raise OSError(message)
            data = os.pread(self._descriptor, length, offset)
        if len(data) != length:
            message = f"{self.path.name} is shorter than it was"
            raise OSError(message)
        return data

    def settle(self, offset: int, length: int) -> None:
        """Note that the records in this range are done with; the last one of a finished segment closes it.

        Where the note cannot be written (a full disk), the next process delivers them once more.
        """
        with self._lock:
            if not self._is_open:
                return
            with suppress(OSError):
                self._write(otlp.record(settled_field(offset, length), {}))
            self._unsettled -= length
            self._close_if_done()

    def finish(self) -> None:
        """Write no more records into it; it stays locked until the last one is settled."""
        with self._lock:
            self._is_finished = True
            self._close_if_done()

    def _close_if_done(self) -> None:
        if self._is_open and self._is_finished and self._unsettled <= 0:
            with suppress(OSError):  # deleted, or not ours to rename: the next process finds everything settled
                self.path = self.path if self._is_local else self.path.rename(delivered_path(self.path))
            self.close()

    @property
    def is_open(self) -> bool:
        """Whether this process still looks after it."""
        return self._is_open

    def close(self) -> None:
        """Let go of it, whatever is in it."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                let_go(self._descriptor)

    def abandon_after_fork(self) -> None:
        """End a forked child's copy, which is closed; the parent's lock and everything else stay the parent's."""
        self._lock = threading.RLock()
        self.close()

    def remove_if_empty(self) -> None:
        """Leave no file behind where nothing could be written."""
        if self.size == 0:
            self.path.unlink(missing_ok=True)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_to_disk(descriptor: int) -> None:
    """Wait until the disk has what was written; raises ``OSError``."""
    # macOS has no `fdatasync`, and its `fsync` leaves all in the cache of the drive.
    full: int | None = getattr(fcntl, "F_FULLFSYNC", None)
    if full is None:
        os.fdatasync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)


def delivered_path(path: Path) -> Path:
    """The name of a segment of which everything is settled: it makes room first, and nobody adopts it."""
    return path if path.name.endswith(DELIVERED_SUFFIX) else path.with_name(path.stem + DELIVERED_SUFFIX)


def settled_field(offset: int, length: int) -> bytes:
    """The note that the records in this range of a segment are done with."""
    return b"".join((_SETTLED_TAG, bytes((_RANGE.size,)), _RANGE.pack(offset, length)))


def settled_range(body: bytes) -> tuple[int, int] | None:
    """The offset and length that the body of a record settles; None for one with spans."""
    if len(body) < _SETTLED_SIZE or not body.startswith(_SETTLED_TAG):
        return None
    offset, length = _RANGE.unpack_from(body, len(_SETTLED_TAG) + 1)
    return offset, length


def locked(path: Path) -> int | None:
    """A descriptor of *path*, locked, which `let_go` closes; None when a living process looks after it, or it is not there any more."""
    try:
        descriptor = hold(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between the look at the directory and the lock, another process may have taken it over, delivered and renamed it.
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except OSError:
        pass
    with suppress(OSError):
        let_go(descriptor)
    return None
