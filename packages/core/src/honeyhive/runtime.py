"""The process's one queue, worker, journal and HTTP client, shared by all tracers (design §2)."""

import atexit
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from honeyhive.export.account import Progress
from honeyhive.export.outlet import Outlet
from honeyhive.export.queue import EventQueue
from honeyhive.export.worker import Worker
from honeyhive.guard import guard
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from honeyhive.tracing.channel import Payload

_SHUTDOWN_TIMEOUT_S: Final = 5.0
_LOOK_INTERVAL_S: Final = 0.1


class Runtime:
    """What one process sends with. It starts at the first event, and clean in each forked child."""

    def __init__(self, settings: Settings) -> None:
        self._outlets: weakref.WeakSet[Outlet] = weakref.WeakSet()
        self._is_forked = False
        self._at_shutdown: list[weakref.WeakMethod[Callable[[], None]]] = []
        self.queue = EventQueue(
            max_bytes=settings.max_queue_bytes,
            max_items=settings.max_queue_events,
            overload_wait_s=settings.overload_wait_ms / 1000,
            on_first=self._start_worker,
        )
        self._worker = Worker(self.queue)

    def _start_worker(self) -> None:
        if self._is_forked or _is_started_by_multiprocessing():
            self._end_with_multiprocessing()
        self._worker.ensure_running()

    def _end_with_multiprocessing(self) -> None:
        # A process that multiprocessing forked ends by `os._exit`: only its own finalizers run, and only those that were
        # registered in the child.
        self._is_forked = False
        util: Any = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self.shutdown, exitpriority=100)

    def open_outlet(self, settings: Settings, resource: Callable[[], bytes]) -> Outlet:
        """A way out for one tracer; *resource* makes its resource's bytes, once in each process."""
        outlet = Outlet(settings, resource)
        self._outlets.add(outlet)
        if outlet.metrics is not None:
            outlet.metrics.watch(outlet, lambda: self.queue.size_bytes)
        return outlet

    def put_of(self, outlet: Outlet) -> "Callable[[bytes, bytes | Payload, int], None]":
        """The function that hands spans of *outlet* over; with ``disable_batch``, it waits until they are delivered."""
        put = partial(self.queue.put, outlet)
        if not outlet.settings.disable_batch:
            return put

        def put_through(scope: bytes, span: "bytes | Payload", size: int) -> None:
            put(scope, span, size)
            self._push(outlet)

        return put_through

    def refusal_of(self, outlet: Outlet) -> Callable[[str], None]:
        """The function that counts spans of *outlet* that are not recorded, by reason."""
        return partial(self.queue.refuse, outlet)

    def flush(self, outlet: Outlet, timeout_s: float) -> bool:
        """Whether everything that *outlet* had accepted was delivered (in test mode: counted) within *timeout_s*."""
        before, rounds = outlet.progress(), self._worker.rounds
        deadline = time.monotonic() + timeout_s
        while True:
            now = outlet.progress()
            # As many as there were are done with: those very ones, unless others overtook some of them.
            if now.settled >= before.entered and not now.overtaken:
                return outlet.settings.test_mode or now.lost == before.lost
            left = deadline - time.monotonic()
            # Where the credentials are refused, nothing arrives however long we wait; what is queued is written first.
            if left <= 0 or (outlet.is_refused and self._worker.rounds > rounds + 1):
                return False
            self._await_progress(outlet, now, left)

    def _push(self, outlet: Outlet) -> None:
        """Wait until what *outlet* accepted was delivered, or tried once and is kept for later."""
        before, rounds, failures = outlet.progress(), self._worker.rounds, outlet.failures
        deadline = time.monotonic() + outlet.settings.export_timeout_s
        while (left := deadline - time.monotonic()) > 0:
            now = outlet.progress()
            # The first round may have begun before the span was there.
            is_kept = self._worker.rounds > rounds + 1
            if now.settled >= before.entered or (is_kept and outlet.failures > failures):
                return
            self._await_progress(outlet, now, left)

    def _await_progress(self, outlet: Outlet, now: Progress, left_s: float) -> None:
        self._worker.hurry()
        with outlet.settled:
            if outlet.progress() == now:
                outlet.settled.wait(min(left_s, _LOOK_INTERVAL_S))

    def at_shutdown(self, callback: Callable[[], None]) -> None:
        """Call *callback*, a bound method, before the last flush of the process, if its object still lives."""
        self._at_shutdown = [kept for kept in self._at_shutdown if kept() is not None]
        self._at_shutdown.append(weakref.WeakMethod(callback))

    def shutdown(self) -> None:
        """Write and deliver what is left, within five seconds; the journal keeps the rest."""
        for reference in self._at_shutdown:
            callback = reference()
            if callback is not None:
                with guard("end the sessions of a process"):
                    callback()
        self._worker.stop(_SHUTDOWN_TIMEOUT_S)

    def reset_after_fork(self) -> None:
        """Start clean in a forked child."""
        self._is_forked = True
        self.queue.reset_after_fork()
        self._worker.reset_after_fork()
        for outlet in list(self._outlets):
            outlet.reset_after_fork()


def _is_started_by_multiprocessing() -> bool:
    # Under "forkserver" the runtime is made after the fork, and such a process ends by `os._exit` all the same.
    process: Any = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


class _Process:
    """The runtime of this process, made by the first tracer."""

    runtime: Runtime | None = None
    lock = threading.RLock()


_process: Final = _Process()


def runtime_for(settings: Settings) -> Runtime:
    """The process's runtime; *settings* of the first tracer decide its queue."""
    with _process.lock:
        if _process.runtime is None:
            _process.runtime = Runtime(settings)
            atexit.register(_process.runtime.shutdown)
        return _process.runtime


def _after_fork_in_child() -> None:
    _process.lock = threading.RLock()
    if _process.runtime is not None:
        _process.runtime.reset_after_fork()


os.register_at_fork(after_in_child=_after_fork_in_child)
