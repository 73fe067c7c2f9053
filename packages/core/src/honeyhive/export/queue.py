"""The queue between the program and the worker: bounded in bytes, and counted."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

from honeyhive.export.outlet import Outlet
from honeyhive.export.shedding import shed
from honeyhive.export.wakeup import Wakeup
from honeyhive.guard import guard

_OVERLOAD_FACTOR: Final = 16  # batches of 8,192 spans in overload (`facts/performance.md` §1 item 5)
# A sixteenth of the queue.
_SHED_SHIFT: Final = 4
# How often a call that waits for room looks for it.
_ROOM_INTERVAL_S: Final = 0.002


class Encodable(Protocol):
    """A span whose bytes are made by the worker."""

    def encode(self) -> bytes:
        """The span as an entry of ``ScopeSpans.spans``."""
        ...


@runtime_checkable
class Shortenable(Encodable, Protocol):
    """A span whose texts can be redacted and cut before its bytes are joined."""

    def encode_short(self, shorten: "Shorten", limit: int) -> bytes:
        """The span in about *limit* bytes."""
        ...


# From long texts in UTF-8, and the bytes that they may take together, to what is left of them.
Shorten = Callable[[Sequence[bytes], int], list[bytes]]

# One span on its way: whose it is, under which scope, its bytes or what makes them, and its size. A plain tuple: making
# a named one costs three times as much.
Item = tuple[Outlet, bytes, "bytes | Encodable", int]

Put = Callable[[Outlet, bytes, "bytes | Encodable", int], None]


class EventQueue:
    """Holds spans until the worker takes them; the one lock of the hot path guards only counters and an append.

    The lock is reentrant: a garbage collection inside it may end an abandoned stream's event, which lands here again.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        overload_wait_s: float,
        on_first: Callable[[], None],
        max_items: int | None = None,
    ) -> None:
        self.put: Put = self._put if max_items is None else self._put_counted
        self._max_bytes = max_bytes
        self._max_items = max_items
        # The rest is for events without their bodies.
        self._whole_bytes = max_bytes - (max_bytes >> _SHED_SHIFT)
        self._half = max_bytes >> 1
        self._overload_wait_s = overload_wait_s
        self._on_first = on_first
        self._start()

    def _start(self) -> None:
        self._items: deque[Item] = deque()
        self._bytes = 0
        self._lock = threading.RLock()
        self._filled = Wakeup()
        self._is_idle = True
        self._is_closed = False
        self._worker_id = 0

    reset_after_fork = _start

    def _put_counted(self, outlet: Outlet, scope: bytes, span: "bytes | Encodable", size: int) -> None:
        """`put` where the queue is bounded in spans too."""
        if self._max_items is not None and len(self._items) >= self._max_items:
            self._overflow(outlet, scope, span, size)
        else:
            self._put(outlet, scope, span, size)

    def _put(self, outlet: Outlet, scope: bytes, span: "bytes | Encodable", size: int) -> None:
        """Hand one span over; never blocks longer than the overload wait, counts what does not fit."""
        with self._lock:
            waiting = self._bytes + size
            is_taken = waiting <= self._whole_bytes and not self._is_closed
            if is_taken:
                outlet.entered += 1
                self._bytes = waiting
                self._items.append((outlet, scope, span, size))
        if not is_taken:
            self._overflow(outlet, scope, span, size)
            return
        if self._is_idle:
            self._start_work()
        if waiting > self._half:
            self._hand_over()

    def _overflow(self, outlet: Outlet, scope: bytes, span: "bytes | Encodable", size: int) -> None:
        """What becomes of a span that there is no room for: it waits, where the settings say so; or goes without its bodies."""
        self._filled.set()
        settings = outlet.settings
        if settings.on_full == "block" and size <= self._whole_bytes and self._may_wait():
            deadline = time.monotonic() + settings.on_full_timeout_s
            while time.monotonic() < deadline and not self._is_closed:
                if self._squeeze_in(outlet, scope, span, size, self._whole_bytes):
                    return
                time.sleep(_ROOM_INTERVAL_S)
        if self._is_closed:
            self.refuse(outlet, "shutdown")
        elif not self._put_shed(outlet, scope, span, size):
            self.refuse(outlet, "queue_full")

    def _put_shed(self, outlet: Outlet, scope: bytes, span: "bytes | Encodable", size: int) -> bool:
        """Whether there was room for *span* without its bodies."""
        less = shed(span)
        is_taken = self._squeeze_in(outlet, scope, *(less or (span, size)), self._max_bytes)
        if is_taken and less is not None:
            outlet.shed(max(0, size - less[1]))
        return is_taken

    def _may_wait(self) -> bool:
        # An event loop has more to do; and the worker, in which a finalizer may end an event, would wait for itself.
        return threading.get_ident() != self._worker_id and not _is_in_event_loop()

    def _squeeze_in(self, outlet: Outlet, scope: bytes, span: "bytes | Encodable", size: int, max_bytes: int) -> bool:
        with self._lock:
            has_room = self._bytes + size <= max_bytes and len(self._items) < (self._max_items or sys.maxsize)
            if has_room:
                outlet.entered += 1
                self._bytes += size
                self._items.append((outlet, scope, span, size))
        return has_room

    def refuse(self, outlet: Outlet, reason: str) -> None:
        """Count one span that is not recorded, by *reason*: accepted, and dropped at once."""
        outlet.refuse(reason)

    def _start_work(self) -> None:
        self._is_idle = False
        try:
            self._on_first()
        except Exception as error:  # noqa: BLE001  no thread could be started: the next event tries again
            self._is_idle = True
            guard.swallow(error, "start the worker")
        self._filled.set()

    def _hand_over(self) -> None:
        # A worker that needs the GIL often starves while callers do short I/O (design decision 14); never on a loop.
        self._filled.set()
        if self._overload_wait_s > 0 and not _is_in_event_loop():
            time.sleep(self._overload_wait_s)

    def take(self, max_items: int, max_bytes: int) -> list[Item]:
        """The oldest spans: at most *max_items* (16 times as many while the queue is over half full) and, beyond the
        first, at most *max_bytes*.
        """  # noqa: D205  one sentence
        items: list[Item] = []
        with self._lock:
            limit = max_items * _OVERLOAD_FACTOR if self._bytes > self._half else max_items
            taken = 0
            while self._items and len(items) < limit and (not items or taken + self._items[0][3] <= max_bytes):
                item = self._items.popleft()
                taken += item[3]
                items.append(item)
            self._bytes -= taken
        return items

    def wait(self, timeout_s: float | None, *, is_urgent: Callable[[], bool]) -> None:
        """Wait until something was put, or `wake` was called, or *timeout_s* passed; not at all while *is_urgent*."""
        self._worker_id = threading.get_ident()
        if self._items:
            return
        self._filled.clear()
        self._is_idle = True
        # What was put, or became urgent, before the two lines above is seen here; what comes after them ends the wait.
        if not self._items and not is_urgent():
            self._filled.wait(timeout_s)
        self._is_idle = False

    def wake(self) -> None:
        """End a `wait`."""
        self._filled.set()

    @property
    def size_bytes(self) -> int:
        """The size of what waits."""
        return self._bytes

    def close(self) -> None:
        """Take nothing any more: what still comes is counted as dropped."""
        with self._lock:
            self._is_closed = True

    def __len__(self) -> int:
        return len(self._items)


def _is_in_event_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None  # noqa: SLF001
