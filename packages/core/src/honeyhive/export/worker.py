"""The worker: takes spans from the queue, makes them fit to leave, writes the journal, and hands them to the senders."""

import logging
import threading
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from opentelemetry import context as otel_context

from honeyhive.events import otlp
from honeyhive.export.batch import MAX_REQUEST_BYTES, Batch
from honeyhive.export.delivery import Delivery
from honeyhive.export.journal import Adoption, Journal
from honeyhive.export.memory import MemoryBound
from honeyhive.export.outlet import Outlet
from honeyhive.export.queue import Encodable, EventQueue, Item
from honeyhive.export.rejected import Rejected
from honeyhive.export.sender import Sender
from honeyhive.export.wakeup import Wakeup
from honeyhive.guard import guard
from honeyhive.settings import Settings

_LOG: Final = logging.getLogger("honeyhive")
_SUPPRESS_KEY: Final = getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")

_BATCH_ITEMS: Final = 512
# How long the worker lets events gather: at most this old when they reach the journal.
_GATHER_S: Final = 0.05
# Batches that wait for delivery in memory because there is no journal to keep them.
_MAX_MEMORY_BYTES: Final = 64 << 20
# How long the end of the program waits for a function of the user's that does not return.
_LAST_WAIT_S: Final = 0.5


# Whose spans these are, and the resource they were made under where it is not the tracer's own.
_Source = tuple[Outlet, bytes | None]
# The fingerprint of a destination, and where the journal of what goes there lies.
_Destination = tuple[str, Path | None]


class Worker:
    """One daemon thread a process, started by its first event: from the queue to the journal, and on to the senders."""

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue
        self._journals: dict[Path, Journal] = {}
        self._rejected: dict[Path, Rejected] = {}
        self._senders: dict[_Destination, Sender] = {}
        self._left_to_parent: list[Delivery] = []
        self._start_lock = threading.RLock()
        self._reset()

    def _reset(self) -> None:
        self._thread: threading.Thread | None = None
        self._is_starting = False
        self._hurry = Wakeup()
        self._drain_lock = threading.RLock()
        self._reject_lock = threading.RLock()
        self._stopping = False
        self._deadline = float("inf")
        self._has_written = Wakeup()
        self._memory = MemoryBound(_MAX_MEMORY_BYTES)
        self.rounds = 0  # how often everything that waited was taken and written

    def reset_after_fork(self) -> None:
        """Start clean in a child: what the parent has not delivered is the parent's to deliver."""
        for kept in (*self._journals.values(), *self._rejected.values()):
            kept.reset_after_fork()
        # To close the parent's connections here, if only by forgetting them, would end its TLS.
        self._left_to_parent += (sender.abandon_after_fork() for sender in self._senders.values())
        self._senders = {}
        self._start_lock = threading.RLock()
        self._reset()

    def ensure_running(self) -> None:
        """Start the thread unless it runs; raises ``RuntimeError`` where no thread can be started."""
        with self._start_lock:
            if self._is_starting or self._stopping or (self._thread is not None and self._thread.is_alive()):
                return
            self._is_starting = True  # a signal handler or a finalizer may come in here again
            try:
                # Its fork hooks are registered here: were it among the late imports, a fork that waits for those would
                # call one of a pair only.
                import concurrent.futures.thread  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]  see above

                thread = threading.Thread(target=self._run, name="honeyhive-worker", daemon=True)
                thread.start()
                self._thread = thread
            finally:
                self._is_starting = False

    def hurry(self) -> None:
        """Handle what waits now: no gathering, no backing off."""
        self._hurry.set()
        self._queue.wake()

    def stop(self, timeout_s: float) -> None:
        """Write what is queued, try to deliver what is pending, and end within *timeout_s*."""
        self._deadline = time.monotonic() + timeout_s
        self._stopping = True
        self.hurry()
        thread = self._thread if self._thread is not None and self._thread.is_alive() else None
        if thread is not None:
            self._has_written.wait(timeout_s / 2)  # the other half is for what is on its way
            # A function of the user's that redacts may hold it up; what is queued must not wait for that.
            if not self._has_written.is_set():
                self._queue.close()
                with guard("write the journal"):
                    self._drain(wait_s=_LAST_WAIT_S)
        else:
            with guard("shut down"):
                self._close_queue()
        # The worker's thread, where there is one, ends what has no thread of its own: this one cannot be left in a request.
        self._end_senders(has_thread=thread is not None and self._has_written.is_set())
        if thread is not None:
            thread.join(max(0.0, self._deadline - time.monotonic()))
        for kept in (*self._journals.values(), *self._rejected.values()):
            kept.close()

    def _run(self) -> None:
        # This thread's own log lines are nobody's to trace; its context ends with it.
        otel_context.attach(otel_context.set_value(_SUPPRESS_KEY, value=True))
        while not self._stopping:
            with guard("handle events"):
                self._queue.wait(None, is_urgent=self._hurry.is_set)
                if len(self._queue) < _BATCH_ITEMS:
                    self._hurry.wait(_GATHER_S)
                is_hurried = self._hurry.is_set()
                self._hurry.clear()
                self._drain()
                if is_hurried:
                    self._hurry_senders()
            self.rounds += 1
        with guard("shut down"):
            self._close_queue()
        self._has_written.set()
        self._end_senders(has_thread=False)

    def _end_senders(self, *, has_thread: bool) -> None:
        senders = list(self._senders.values())
        for sender in senders:
            sender.stop(self._deadline)
        for sender in senders:
            sender.join(is_left_to_other=has_thread)

    def _hurry_senders(self) -> None:
        for sender in list(self._senders.values()):
            sender.hurry()

    def _close_queue(self) -> None:
        self._queue.close()
        self._drain()

    def _drain(self, wait_s: float = -1) -> None:
        """Write what is queued; not while another thread is at it for longer than *wait_s*."""
        if not self._drain_lock.acquire(timeout=wait_s):
            _LOG.warning("honeyhive: redaction does not come to an end; %d events are left behind", len(self._queue))
            return
        try:
            while items := self._queue.take(_BATCH_ITEMS, MAX_REQUEST_BYTES):
                self._write(items)
        finally:
            self._drain_lock.release()

    def _write(self, items: list[Item]) -> None:
        grouped: dict[_Source, dict[bytes, list[bytes]]] = {}
        for outlet, scope, span, size in items:
            encoded = span if type(span) is bytes else _encode(outlet, span, size)
            if encoded is not None:
                source = outlet, None if type(span) is bytes else getattr(span, "resource", None)
                grouped.setdefault(source, {}).setdefault(scope, []).append(encoded)
        for (outlet, resource), scopes in _portions(grouped):
            screened = _screened(outlet, scopes)
            count = sum(map(len, screened.values()))
            if count == 0:
                continue
            try:
                if outlet.metrics is not None:
                    for span in chain.from_iterable(screened.values()):
                        outlet.metrics.record(span, outlet.labels)
                own = outlet.screen.resource(resource or outlet.resource)
                self._keep(outlet, otlp.record(own, screened), count)
            except Exception as error:  # noqa: BLE001  a batch lost to a fault of ours is counted like any other
                outlet.drop("write_failed", count)
                guard.swallow(error, "write a batch")

    def _keep(self, outlet: Outlet, record: bytes, count: int) -> None:
        settings = outlet.settings
        if settings.test_mode:
            outlet.drop("test_mode", count)
            return
        place = None
        if settings.journal:
            is_synced = settings.durability == "fsync"
            place = self._journal_of(settings).append(outlet.fingerprint, record, sync=is_synced)
        if settings.destination is None:
            if place is not None:
                outlet.deliver(count)
            else:
                outlet.drop("journal_unwritable" if settings.journal else "no_destination", count)
            return
        if place is None and not self._memory.take(len(record)):
            outlet.drop("memory_full", count)
            return
        due = time.monotonic() + settings.flush_interval_s
        self._sender_of(outlet).add(settings, outlet, Batch.of(place, record, count, due=due))

    def _journal_of(self, settings: Settings) -> Journal:
        """The journal in the data directory of *settings*, nearly always the same for all tracers."""
        journal = self._journals.get(settings.journal_dir)
        if journal is None:
            journal = Journal(settings.journal_dir, max_bytes=settings.max_journal_bytes)
            self._journals[settings.journal_dir] = journal
        return journal

    def _sender_of(self, outlet: Outlet) -> Sender:
        """The sender for the destination of *outlet*, nearly always the same for all tracers."""
        settings = outlet.settings
        key = outlet.fingerprint, settings.journal_dir if settings.journal else None
        sender = self._senders.get(key)
        if sender is None:
            adoption = Adoption(self._journal_of(settings), outlet.fingerprint) if settings.journal else None
            sender = Sender(settings, outlet.fingerprint, adoption, free=self._memory.free, reject=self._reject)
            self._senders[key] = sender
        outlet.inheritance = sender.inherited
        return sender

    def _reject(self, settings: Settings, fingerprint: str, request: bytes, reason: str) -> None:
        """Keep what was refused for good; the senders call it."""
        if not settings.journal:
            return
        with self._reject_lock, guard("keep refused events"):
            rejected = self._rejected.get(settings.data_dir)
            if rejected is None:
                rejected = self._rejected[settings.data_dir] = Rejected(settings.data_dir)
            rejected.append(fingerprint, request, reason)


def _portions(
    grouped: "dict[_Source, dict[bytes, list[bytes]]]",
) -> "Iterator[tuple[_Source, dict[bytes, list[bytes]]]]":
    """The spans of each source, by scope, in portions of as many as one request may hold."""
    for source, scopes in grouped.items():
        limit = source[0].settings.max_export_batch_size
        if limit is None or sum(map(len, scopes.values())) <= limit:
            yield source, scopes
            continue
        spans = [(scope, span) for scope, spans in scopes.items() for span in spans]
        for start in range(0, len(spans), limit):
            portion: dict[bytes, list[bytes]] = {}
            for scope, span in spans[start : start + limit]:
                portion.setdefault(scope, []).append(span)
            yield source, portion


def _screened(outlet: Outlet, scopes: dict[bytes, list[bytes]]) -> dict[bytes, list[bytes]]:
    """*scopes* as they may leave the process; what cannot be redacted is dropped."""
    screened: dict[bytes, list[bytes]] = {}
    for scope, spans in scopes.items():
        try:
            own, clean = outlet.screen.scope(scope), outlet.screen.spans(spans)
        except Exception as error:  # noqa: BLE001  without a redactor nothing leaves
            outlet.drop("redaction_failed", len(spans))
            guard.swallow(error, "redact events")
        else:
            screened.setdefault(own, []).extend(clean)  # two scopes may be one after redaction
    return screened


def _encode(outlet: Outlet, span: bytes | Encodable, size: int) -> bytes | None:
    try:
        return span if isinstance(span, bytes) else outlet.screen.encoded(span, size)
    except Exception as error:  # noqa: BLE001  one event must not take the batch with it
        outlet.drop("encode_failed", 1)
        guard.swallow(error, "encode an event")
        return None
