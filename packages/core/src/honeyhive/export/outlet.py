"""Where one tracer's spans go, and the account of them."""

import dataclasses
import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from honeyhive.settings import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class Stats:
    """What became of a tracer's events: ``accepted == delivered + pending + sum(dropped.values())`` at every moment.

    Delivered means acknowledged by the destination, or written where the journal is the destination.
    """

    accepted: int
    delivered: int
    pending: int
    dropped: Mapping[str, int]


class Outlet:
    """One tracer's way out: the resource its spans are sent under, their destination, and their account."""

    def __init__(self, settings: Settings, resource: Callable[[], bytes]) -> None:
        self.settings = settings
        self._resource = resource
        self._encoded_resource: bytes | None = None
        self.accepted = 0  # counted by the queue, under its lock
        self._delivered = 0
        self._dropped: Counter[str] = Counter()
        self._lock = threading.RLock()
        self.settled = threading.Condition(self._lock)

    @property
    def resource(self) -> bytes:
        """The resource's bytes, made once a process."""
        if self._encoded_resource is None:
            self._encoded_resource = self._resource()
        return self._encoded_resource

    @property
    def fingerprint(self) -> str:
        """Names destination, key and project without telling them: segments are replayed only to where they belong."""
        destination = self.settings.destination
        if destination is None:
            return "local"
        key = self.settings.api_key if self.settings.otlp_endpoint is None else ""
        identity = "\0".join((destination, key or "", self.settings.project or ""))
        return hashlib.sha256(identity.encode()).hexdigest()[:12]

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

    def stats(self) -> Stats:
        """The account at this moment."""
        with self._lock:
            settled = self._delivered + self._dropped.total()
            # An event is settled after it was accepted, so this order never shows a negative rest.
            accepted = self.accepted
            return Stats(accepted, self._delivered, accepted - settled, MappingProxyType(dict(self._dropped)))

    def reset_after_fork(self) -> None:
        """Start the account of a forked child: its parent's events are its parent's."""
        self.__init__(self.settings, self._resource)
