"""What goes to one destination: a thread that posts batches, tries again, and settles what arrived or never will."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from opentelemetry import context as otel_context

from honeyhive.export.account import Account
from honeyhive.export.batch import MAX_REQUEST_BYTES, Batch, settle
from honeyhive.export.delivery import Delivery
from honeyhive.export.journal import Adoption
from honeyhive.export.lane import Lane, halves_of
from honeyhive.export.outcome import TOO_LARGE, Outcome
from honeyhive.export.pace import Pace
from honeyhive.export.refusals import Refusals, Reject
from honeyhive.export.wakeup import Wakeup
from honeyhive.guard import guard
from honeyhive.settings import Settings

_LOG: Final = logging.getLogger("honeyhive")
_SUPPRESS_KEY: Final = getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")

# Credentials that were refused may be right again later: a collector that restarts, a key that is made valid.
_UNAUTHORIZED_PAUSE_S: Final = 60.0
# After so many events refused alone, with nothing arriving in between, the destination is taken to refuse everything: to try
# each event alone would be twice as many requests as there are events.
_MAX_REFUSED_ALONE: Final = 10
_IDLE_S: Final = 60.0
# A destination that finds less than this too large gets parts of it alone; the next request may be as large again.
_LEAST_MAX_BYTES: Final = 64 << 10


class Sender:
    """One daemon thread for each destination, started by its first batch.

    So a destination that does not answer holds up neither the journal nor what goes elsewhere.
    """

    def __init__(
        self,
        settings: Settings,
        fingerprint: str,
        adoption: Adoption | None,
        *,
        free: Callable[[int], None],
        reject: Reject,
        idle_s: float = _IDLE_S,
    ) -> None:
        self._idle_s = idle_s
        self.inherited = Account()
        self._heir = Lane(settings, self.inherited)
        self._adoption = adoption
        self._free = free
        self._refusals = Refusals(fingerprint, reject)
        self._delivery = Delivery()
        self._lanes: dict[Account, Lane] = {}
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._filled = Wakeup()
        self._is_hurried = False
        self._stopping = self._is_finishing = False
        self._deadline = float("inf")
        self._max_bytes = MAX_REQUEST_BYTES  # less where the destination said that this is too much
        self._pace = Pace()
        self._refused_alone = 0
        self._is_unauthorized = False

    def add(self, settings: Settings, account: Account, batch: Batch) -> None:
        """Send *batch*, as *settings* say, and tell *account* what became of it."""
        with self._lock:
            lane = self._lanes.get(account)
            if lane is None:
                lane = self._lanes[account] = Lane(settings, account)
            lane.add(batch)
        self.ensure_running()
        self._filled.set()

    def ensure_running(self) -> None:
        """Start the thread unless it runs; where none can be started, `stop` does its work."""
        with self._lock:
            if self._stopping or (self._thread is not None and self._thread.is_alive()):
                return
            thread = threading.Thread(target=self._run, name="honeyhive-sender", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is shutting down
                return
            self._thread = thread

    def hurry(self) -> None:
        """Send what waits now."""
        self._is_hurried = True
        self._filled.set()

    def stop(self, deadline: float) -> None:
        """Try once more what waits, and end before *deadline*, on the monotonic clock; see `join`."""
        self._deadline = deadline
        self._stopping = True
        self._filled.set()

    def join(self, *, is_left_to_other: bool = False) -> None:
        """Wait for the end that `stop` began; without a thread this is the end, unless it is left to another caller."""
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(max(0.0, self._deadline - time.monotonic()))
        elif not is_left_to_other and self._is_first_to_finish():
            with guard("shut down"):
                self._finish()

    def _is_first_to_finish(self) -> bool:
        with self._lock:
            is_first, self._is_finishing = not self._is_finishing, True
        return is_first

    def abandon_after_fork(self) -> Delivery:
        """A forked child's copy ends: what it holds is the parent's to deliver, and so are the connections, which it returns."""
        return self._delivery

    def _run(self) -> None:
        # This thread's own requests and log lines are nobody's to trace; its context ends with it.
        otel_context.attach(otel_context.set_value(_SUPPRESS_KEY, value=True))
        while not self._stopping:
            with guard("deliver events"):
                due_s = self._next_due_s()
                self._filled.wait(self._idle_s if due_s is None else due_s)
                if due_s is None and self._ends_idle():
                    return
                self._filled.clear()
                is_hurried, self._is_hurried = self._is_hurried, False
                self._deliver(is_hurried=is_hurried)
        with guard("shut down"):
            self._finish()

    def _ends_idle(self) -> bool:
        """Whether the thread ends because nothing came for long: a program may have tracers for very many projects."""
        with self._lock:  # `add` looks for the thread under it
            is_idle = not self._filled.is_set() and not self._stopping and not any(self._lanes.values())
            if is_idle:
                self._thread = None
                self._delivery.close()
        return is_idle

    def _finish(self) -> None:
        """Try everything until the destination fails once, and what only memory holds as long as there is time."""
        self._pace.forgive()
        self._deliver(is_hurried=True)
        while any(lane.is_in_memory() for lane in self._all()) and self._pace.hurried_at < self._deadline:
            time.sleep(max(0.0, self._pace.hurried_at - time.monotonic()))
            self._deliver(is_hurried=True)
        for lane in self._all():
            for batch in lane.drain():
                if batch.kept.place is None:  # what only memory holds ends with the process; the journal keeps the rest
                    lane.account.drop("undelivered", batch.count)
        self._delivery.close()

    def _all(self) -> list[Lane]:
        with self._lock:
            return list(self._lanes.values())

    def _next_due_s(self) -> float | None:
        dues = [lane.due() for lane in self._all() if lane]
        if self._adoption is not None:
            dues.append(0.0)
        if not dues:
            return None
        return max(0.0, max(min(dues), self._pace.next_at) - time.monotonic())

    def _deliver(self, *, is_hurried: bool) -> None:
        """One request of each lane after the other, as long as some are due and the destination takes them."""
        self._count_gone()
        is_busy = True
        while is_busy:
            is_busy = False
            self._take_over()
            for lane in self._all():
                if not self._may_send(is_hurried=is_hurried):
                    return
                if lane and (is_hurried or lane.due() <= time.monotonic() or lane.is_full()):
                    self._send(lane)
                    lane.tell_overtaken()
                    is_busy = True
            self._forget_empty()

    def _may_send(self, *, is_hurried: bool) -> bool:
        now = time.monotonic()
        return (self._pace.hurried_at if is_hurried else self._pace.next_at) <= now < self._deadline

    def _take_over(self) -> None:
        """Once what was found of ended processes is sent, look for more of it."""
        if self._adoption is None or self._heir:
            return
        damaged = self._adoption.damaged
        found = self._adoption.next()
        damaged = self._adoption.damaged - damaged
        if damaged:
            self.inherited.entered += damaged
            self.inherited.drop("journal_damaged", damaged)
        if not found:
            self._adoption = None
            return
        self.inherited.entered += sum(count for _, count in found)
        for place, count in found:
            self._heir.add(Batch.at(place, count))
        with self._lock:
            self._lanes[self.inherited] = self._heir

    def _forget_empty(self) -> None:
        with self._lock:
            self._lanes = {account: lane for account, lane in self._lanes.items() if lane}

    def _send(self, lane: Lane) -> None:
        """Post one request of *lane*, and note what became of it."""
        group = lane.next(self._max_bytes)
        if sum(batch.size for batch in group) > self._max_bytes and self._take_apart(lane, group):
            return
        bodies = _bodies_of(group)
        if len(bodies) < len(group):
            self._lose(lane, group, bodies)
            return
        body = b"".join(bodies)
        timeout_s = min(lane.settings.export_timeout_s, max(0.1, self._deadline - time.monotonic()))
        outcome = self._delivery.post(lane.settings, body, timeout_s=timeout_s, attempt=self._pace.failures)
        if not lane.is_trial and (outcome.is_delivered or outcome.failure is not None):
            self._pace.note(is_error=outcome.failure is not None)
        self._judge(lane, group, body, outcome)

    def _count_gone(self) -> None:
        """Settle what had to make room in the journal: in an outage of days it would fill the memory instead."""
        for lane in self._all():
            # At the end of a process its segments are closed, not removed.
            gone = [] if self._stopping else lane.take_gone()
            if gone:
                self._settle(lane, gone, {"journal_lost": sum(batch.count for batch in gone)})

    def _take_apart(self, lane: Lane, group: list[Batch]) -> bool:
        """Try the halves of *group* instead; whether there are any."""
        parts = halves_of(group)
        if parts:
            lane.replace(group, parts)
        return bool(parts)

    def _lose(self, lane: Lane, group: list[Batch], bodies: list[bytes]) -> None:
        """Settle the first of *group* that cannot be read any more; what is before and after it is tried again."""
        at = len(bodies)
        lane.replace(group, [[batch] for batch in group if batch is not group[at]])
        self._settle(lane, [group[at]], {"journal_lost": group[at].count})

    def _judge(self, lane: Lane, group: list[Batch], body: bytes, outcome: Outcome) -> None:
        destination = lane.settings.destination
        count = sum(batch.count for batch in group)
        if outcome.is_unauthorized:
            self._pause(lane, outcome)
            return
        if not outcome.is_retried:
            self._recover()
        if outcome.is_delivered:
            self._refused_alone = 0
            for each in self._all():
                each.arrived()
            lane.remove(group)
            dropped = _at_most(count, outcome.dropped)
            if dropped:
                self._refusals.note(lane.settings, body, dropped)
            self._settle(lane, group, dropped)
            _LOG.debug("honeyhive: %d events delivered to %s", count, destination)
        elif outcome.refused is not None:
            self._refuse(lane, group, body, outcome.refused)
        else:
            self._fail(lane, group, body, outcome)

    def _refuse(self, lane: Lane, group: list[Batch], body: bytes, reason: str) -> None:
        """Settle *group*, which nobody will ever take; its halves are tried where only some of its events may be at fault."""
        if reason == TOO_LARGE and len(body) > _LEAST_MAX_BYTES and self._take_apart(lane, group):
            self._max_bytes = max(_LEAST_MAX_BYTES, len(body) // 2)  # as long as the process lives
            return
        is_one_at_fault = reason == TOO_LARGE or self._refused_alone < _MAX_REFUSED_ALONE
        if is_one_at_fault and (parts := halves_of(group)):
            lane.isolate(group, parts)
            return
        lane.remove(group)
        self._refused_alone += 1
        self._give_up(lane, group, body, reason)

    def _give_up(self, lane: Lane, group: list[Batch], body: bytes, reason: str) -> None:
        refused = {reason: sum(batch.count for batch in group)}
        self._refusals.note(lane.settings, body, refused)
        self._settle(lane, group, refused)

    def _fail(self, lane: Lane, group: list[Batch], body: bytes, outcome: Outcome) -> None:
        if outcome.made_progress:
            return
        if outcome.failure is not None and lane.fail(group, error_rate=self._pace.error_rate):
            self._give_up(lane, group, body, outcome.failure)
            return
        self._pace.fail(outcome.retry_after_s)
        self._let_others_go_first(lane)
        lane.account.fail()

    def _let_others_go_first(self, lane: Lane) -> None:
        # After a failure nothing is sent for a while: a lane with nothing but poison would have every turn.
        with self._lock:
            self._lanes.pop(lane.account, None)
            self._lanes[lane.account] = lane

    def _pause(self, lane: Lane, outcome: Outcome) -> None:
        self._pace.hold(_UNAUTHORIZED_PAUSE_S)
        for each in self._all():
            each.account.is_refused = True
        lane.account.fail()
        if self._is_unauthorized:
            return
        self._is_unauthorized = True
        _LOG.error(
            "honeyhive: %s refused the credentials (%s); events stay in %s. Set a valid HH_API_KEY (or HH_OTLP_HEADERS "
            "for a collector) and restart; with another key, `honeyhive replay --undelivered` sends what waits",
            lane.settings.destination,
            outcome.refused,
            lane.settings.journal_dir if lane.settings.journal else "memory",
        )

    def _recover(self) -> None:
        self._pace.recover()
        if self._is_unauthorized:
            self._is_unauthorized = False
            for lane in self._all():
                lane.account.is_refused = False

    def _settle(self, lane: Lane, group: list[Batch], dropped: Mapping[str, int]) -> None:
        self._free(settle(group))
        for reason, number in dropped.items():
            lane.account.drop(reason, number)
        lane.account.deliver(sum(batch.count for batch in group) - sum(dropped.values()))


def _bodies_of(group: list[Batch]) -> list[bytes]:
    """The records of *group* up to the first whose segment is gone."""
    bodies: list[bytes] = []
    with suppress(OSError):
        for batch in group:
            bodies.append(batch.read())  # noqa: PERF401  those before a failure are kept
    return bodies


def _at_most(count: int, dropped: Mapping[str, int]) -> dict[str, int]:
    """*dropped*, of no more than there was: a destination may say anything."""
    kept: dict[str, int] = {}
    for reason, number in dropped.items():
        kept[reason] = min(number, count - sum(kept.values()))
    return kept
