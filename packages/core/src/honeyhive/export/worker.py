"""The worker: takes spans from the queue, writes the journal, delivers, and keeps the account."""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final

from opentelemetry import context as otel_context

from honeyhive.events import otlp
from honeyhive.export.batch import MAX_REQUEST_BYTES, Batch, group_of, is_due
from honeyhive.export.delivery import Delivery
from honeyhive.export.journal import Journal
from honeyhive.export.outcome import TOO_LARGE
from honeyhive.export.outlet import Outlet
from honeyhive.export.queue import Encodable, EventQueue, Item
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
# After the first try of a shutdown, a dead destination gets no second one: the rest is in the journal.
_SHUTDOWN_ATTEMPTS: Final = 1


# Whose spans these are, and the resource they were made under where it is not the tracer's own.
_Source = tuple[Outlet, bytes | None]


class Worker:
    """One daemon thread a process, started by its first event."""

    def __init__(self, queue: EventQueue, delivery: Delivery) -> None:
        self._queue = queue
        self._journals: dict[Path, Journal] = {}
        self._delivery = delivery
        self._start_lock = threading.RLock()
        self._reset()

    def _reset(self) -> None:
        self._thread: threading.Thread | None = None
        self._is_starting = False
        self._hurry = Wakeup()
        self._drain_lock = threading.RLock()
        self._stopping = False
        self._deadline = float("inf")
        self._batches: dict[Outlet, deque[Batch]] = {}
        self._memory_bytes = 0
        self._paused: set[Outlet] = set()
        self.rounds = 0  # how often everything that waited was taken, written and tried

    def reset_after_fork(self) -> None:
        """Start clean in a child: what the parent has not delivered is the parent's to deliver."""
        for journal in self._journals.values():
            journal.reset_after_fork()
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
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(timeout_s)
            # It may be held up by a destination that does not answer; what is queued must not wait for that.
            if self._thread.is_alive():
                self._queue.close()
                with guard("write the journal"):
                    self._drain(wait_s=_LAST_WAIT_S)
        else:
            with guard("shut down"):
                self._finish()

    def _run(self) -> None:
        # This thread's own requests and log lines are nobody's to trace; its context ends with it.
        otel_context.attach(otel_context.set_value(_SUPPRESS_KEY, value=True))
        while not self._stopping:
            with guard("handle events"):
                self._queue.wait(self._next_due_s(), is_urgent=self._hurry.is_set)
                if len(self._queue) < _BATCH_ITEMS:
                    self._hurry.wait(_GATHER_S)
                is_hurried = self._hurry.is_set()
                self._hurry.clear()
                self._drain()
                self._deliver(is_hurried=is_hurried)
            self.rounds += 1
        with guard("shut down"):
            self._finish()

    def _finish(self) -> None:
        self._queue.close()
        self._drain()
        for batches in self._batches.values():
            for batch in batches:
                batch.attempts = 0
        while self._batches and time.monotonic() < self._deadline:
            self._deliver(is_hurried=True)
            for outlet, batches in list(self._batches.items()):
                if outlet in self._paused or batches[0].attempts >= _SHUTDOWN_ATTEMPTS:
                    del self._batches[outlet]
                    self._give_up(outlet, batches)
        for outlet, batches in self._batches.items():
            self._give_up(outlet, batches)
        for journal in self._journals.values():
            journal.close()
        self._delivery.close()

    @staticmethod
    def _give_up(outlet: Outlet, batches: deque[Batch]) -> None:
        """What only memory holds ends with the process, counted; what the journal holds stays pending there."""
        lost = sum(batch.count for batch in batches if batch.place is None)
        if lost:
            outlet.drop("undelivered", lost)

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
        place = self._journal_of(settings).append(outlet.fingerprint, record) if settings.journal else None
        if settings.destination is None:
            if place is not None:
                outlet.deliver(count)
            else:
                outlet.drop("journal_unwritable" if settings.journal else "no_destination", count)
            return
        if place is None and self._memory_bytes + len(record) > _MAX_MEMORY_BYTES:
            outlet.drop("memory_full", count)
            return
        self._memory_bytes += len(record) if place is None else 0
        due = time.monotonic() + settings.flush_interval_s
        batch = Batch(count, len(record), due, place, None if place is not None else record)
        self._batches.setdefault(outlet, deque()).append(batch)

    def _journal_of(self, settings: Settings) -> Journal:
        """The journal in the data directory of *settings*, nearly always the same for all tracers."""
        journal = self._journals.get(settings.journal_dir)
        if journal is None:
            journal = Journal(settings.journal_dir, max_bytes=settings.max_journal_bytes)
            self._journals[settings.journal_dir] = journal
        return journal

    def _next_due_s(self) -> float | None:
        dues = [batches[0].due for outlet, batches in self._batches.items() if outlet not in self._paused]
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def _deliver(self, *, is_hurried: bool) -> None:
        for outlet in list(self._batches):
            batches = self._batches[outlet]
            threshold = outlet.settings.batch_size
            while batches and outlet not in self._paused and (is_hurried or is_due(batches, threshold)):
                if len(self._queue) >= _BATCH_ITEMS:
                    self._drain()
                if not self._send(outlet, batches):
                    break
            if not batches:
                del self._batches[outlet]

    def _send(self, outlet: Outlet, batches: deque[Batch]) -> bool:
        """Post the oldest batches of *outlet* as one request; whether they are settled."""
        self._fit(batches, outlet.max_request_bytes)
        group = group_of(batches, outlet.settings.max_export_batch_size, outlet.max_request_bytes)
        bodies = _bodies_of(group)
        if not bodies:
            self._settle(batches, 1)
            outlet.drop("journal_lost", group[0].count)
            return True
        group, body = group[: len(bodies)], b"".join(bodies)
        first, count = group[0], sum(batch.count for batch in group)
        timeout_s = min(outlet.settings.export_timeout_s, max(0.1, self._deadline - time.monotonic()))
        outcome = self._delivery.post(outlet.settings, body, timeout_s=timeout_s, attempt=first.attempts)
        if outcome.is_delivered:
            self._settle(batches, len(group))
            left = count
            for reason, said in outcome.dropped.items():
                number = min(said, left)  # a destination may say anything
                left -= number
                outlet.drop(reason, number)
                _LOG.warning("honeyhive: %s refused %s events (%s)", outlet.settings.destination, number, reason)
            outlet.deliver(left)
            _LOG.debug("honeyhive: %d events delivered to %s", count, outlet.settings.destination)
            return True
        if outcome.is_unauthorized:
            self._paused.add(outlet)
            _LOG.error(
                "honeyhive: %s refused the credentials (%s); events stay in %s. Set a valid HH_API_KEY (or HH_OTLP_HEADERS "
                "for a collector) and restart",
                outlet.settings.destination,
                outcome.refused,
                outlet.settings.journal_dir if outlet.settings.journal else "memory",
            )
            return False
        if outcome.refused == TOO_LARGE and count > 1:
            outlet.max_request_bytes = len(body) // 2  # of this destination, as long as the process lives
            return True
        if outcome.refused is not None:
            self._settle(batches, len(group))
            outlet.drop(outcome.refused, count)
            _LOG.warning("honeyhive: %s refused %s events (%s)", outlet.settings.destination, count, outcome.refused)
            return True
        first.attempts += not outcome.made_progress
        first.due = time.monotonic() + (outcome.retry_after_s or 0.0)
        return False

    def _fit(self, batches: deque[Batch], max_bytes: int) -> None:
        """Take the oldest batch apart until it fits a request; a single event is sent whatever its size."""
        with suppress(OSError):  # its segment is gone, which is found again when it is read to be sent
            while batches[0].size > max_bytes and batches[0].count > 1:
                whole, halves = batches[0], batches[0].halves()
                batches.popleft()
                batches.extendleft(reversed(halves))
                if whole.place is None:
                    self._memory_bytes += sum(half.size for half in halves) - whole.size

    def _settle(self, batches: deque[Batch], number: int) -> None:
        for _ in range(number):
            batch = batches.popleft()
            self._memory_bytes -= batch.size if batch.place is None else 0


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


def _bodies_of(group: list[Batch]) -> list[bytes]:
    """The records of *group* up to the first whose segment is gone."""
    bodies: list[bytes] = []
    with suppress(OSError):
        for batch in group:
            bodies.append(batch.read())  # noqa: PERF401  those before a failure are kept
    return bodies


def _encode(outlet: Outlet, span: bytes | Encodable, size: int) -> bytes | None:
    try:
        return span if isinstance(span, bytes) else outlet.screen.encoded(span, size)
    except Exception as error:  # noqa: BLE001  one event must not take the batch with it
        outlet.drop("encode_failed", 1)
        guard.swallow(error, "encode an event")
        return None
