"""The account of events: what became of each of them."""

import dataclasses
import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


@dataclasses.dataclass(frozen=True, slots=True)
class Inherited:
    """What became of events that processes with the same destination left in the journal when they ended.

    ``found == delivered + pending + sum(dropped.values())`` at every moment.
    """

    found: int = 0
    delivered: int = 0
    pending: int = 0
    dropped: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])


class Progress(NamedTuple):
    """Events that entered the queue, those of them that are done with, those that were lost, and those that later ones overtake."""

    settled: int
    lost: int
    entered: int
    overtaken: int


class Account:
    """Counts events from their acceptance to their end. ``settled`` is notified of every change."""

    def __init__(self) -> None:
        self.entered = 0  # counted by the queue, under its lock
        self.refused = 0
        self.failures = 0
        """Requests that will be made again."""
        self.is_refused = False
        """Whether the destination refuses the credentials: nothing arrives before they are others."""
        self._overtaken = 0
        self._delivered = 0
        self._dropped: Counter[str] = Counter()
        self.shed_events = self.shed_bytes = 0
        self._lock = threading.RLock()
        self.settled = threading.Condition(self._lock)

    def deliver(self, count: int) -> None:
        """Count events that arrived."""
        with self.settled:
            self._delivered += count
            self.settled.notify_all()

    def drop(self, reason: str, count: int) -> None:
        """Count events that will not arrive, by *reason*."""
        with self.settled:
            self._dropped[reason] += count
            self.settled.notify_all()

    def refuse(self, reason: str) -> None:
        """Count an event that does not enter the queue: accepted, and dropped at once."""
        with self.settled:
            self.refused += 1
            self._dropped[reason] += 1
            self.settled.notify_all()

    def shed(self, size: int) -> None:
        """Count an event that goes on without its bodies, which were *size* bytes."""
        with self._lock:
            self.shed_events += 1
            self.shed_bytes += size

    def fail(self) -> None:
        """Count a request that did not succeed and will be made again."""
        with self.settled:
            self.failures += 1
            self.settled.notify_all()

    def overtake(self, count: int) -> None:
        """Say how many events stepped aside, so that others arrive before them."""
        if count != self._overtaken:
            with self.settled:
                self._overtaken = count
                self.settled.notify_all()

    def progress(self) -> Progress:
        """How far the events that entered the queue have come."""
        with self._lock:
            lost = self._dropped.total() - self.refused
            return Progress(settled=self._delivered + lost, lost=lost, entered=self.entered, overtaken=self._overtaken)

    def inherited(self) -> Inherited:
        """The account at this moment, of events that were found."""
        with self._lock:
            pending = self.entered - self._delivered - self._dropped.total()
            return Inherited(self.entered, self._delivered, pending, MappingProxyType(dict(self._dropped)))
