"""The batches of one tracer on their way to one destination, and which of them are tried next."""

import dataclasses
import math
import threading
from collections import deque
from itertools import islice
from typing import Final

from honeyhive.export.account import Account
from honeyhive.export.batch import Batch
from honeyhive.settings import Settings

# What was answered with an error this often steps aside, so that it blocks nobody.
_PATIENCE: Final = 3
# One innocent event in a million is given up, whatever the rate of errors; at a destination without any, after five failures.
_GUILTY: Final = 14.0
_LEAST_ERROR_RATE: Final = 0.05


@dataclasses.dataclass(slots=True)
class _Suspect:
    """Batches that failed while nothing said that the destination was at fault."""

    batches: list[Batch]
    failures: int = 0
    guilt: float = 0.0
    """How unlikely its failures right after something else arrived would be of an innocent: minus the logarithm."""
    is_next: bool = False
    """Whether it is tried before what waits: a part of what was refused, which leaves its place to nobody."""


class Lane:
    """Batches in their order, apart from those that keep failing: these are tried again between others, in ever smaller parts.

    Whether a batch or the destination is at fault shows when another batch arrives. Until then everything is only tried again.
    """

    def __init__(self, settings: Settings, account: Account) -> None:
        self.settings = settings
        self.account = account
        self._lock = threading.RLock()  # batches are added by one thread and sent by another
        self._waiting: deque[Batch] = deque()
        self._count = 0  # of the events that wait
        self._tried = 0  # of the batches that wait, the first ones, which are on their way now
        self._suspects: deque[_Suspect] = deque()
        self._trial: _Suspect | None = None
        self._has_arrived = False

    def add(self, batch: Batch) -> None:
        """Put *batch* behind the others."""
        with self._lock:
            self._count += batch.count
            is_last_free = len(self._waiting) > self._tried
            if not is_last_free or not self._waiting[-1].takes_in(batch, self.settings.max_export_batch_size):
                self._waiting.append(batch)

    def __bool__(self) -> bool:
        return bool(self._waiting or self._suspects)

    def due(self) -> float:
        """When the oldest batch wants to be sent, on the monotonic clock; now, where some are tried again."""
        return 0.0 if self._suspects or not self._waiting else self._waiting[0].due

    def is_full(self) -> bool:
        """Whether there is enough for a request that nothing more is waited for."""
        return self._count >= self.settings.batch_size

    def next(self, max_bytes: int) -> list[Batch]:
        """What is tried now as one request. It stays here until it is told to `remove`, `replace` or `fail`."""
        first = self._suspects[0] if self._suspects else None
        self._trial = first if first and (first.is_next or self._has_arrived or not self._waiting) else None
        if self._trial is not None:
            return self._trial.batches
        with self._lock:
            group = _first_of(self._waiting, self.settings.max_export_batch_size, max_bytes)
            self._tried = len(group)
        return group

    def remove(self, group: list[Batch]) -> None:
        """Forget *group*, which is what `next` gave."""
        if self._trial is not None:
            self._suspects.popleft()
            return
        with self._lock:
            for batch in group:
                self._waiting.popleft()
                self._count -= batch.count
            self._tried = 0

    def replace(self, group: list[Batch], parts: list[list[Batch]]) -> None:
        """Try *parts*, one after another, instead of *group*, which is what `next` gave."""
        self.remove(group)
        if self._trial is not None:
            self._suspects.extendleft(_Suspect(part) for part in reversed(parts))
            return
        with self._lock:
            self._waiting.extendleft(batch for part in reversed(parts) for batch in reversed(part))
            self._count += sum(batch.count for part in parts for batch in part)

    def isolate(self, group: list[Batch], parts: list[list[Batch]]) -> None:
        """Try each of *parts* by itself, before anything else, instead of *group*, which is what `next` gave."""
        self.remove(group)
        self._suspects.extendleft(_Suspect(part, is_next=True) for part in reversed(parts))

    def arrived(self) -> None:
        """Something arrived at the destination: what fails next is itself at fault."""
        self._has_arrived = bool(self._suspects)

    @property
    def is_trial(self) -> bool:
        """Whether what `next` gave is suspected of being at fault itself."""
        return self._trial is not None

    def fail(self, group: list[Batch], *, error_rate: float) -> bool:
        """*group*, which is what `next` gave, was answered with an error; whether it is given up: one event, at fault itself.

        *error_rate* is how many of the other requests the destination answers so: where it is high, a failure says little.
        """
        suspect = self._trial
        if suspect is None:
            group[0].attempts += 1
            if group[0].attempts >= _PATIENCE:
                self.remove(group)
                self._suspects.append(_Suspect(group))
                self._has_arrived = False
            return False
        suspect.is_next = False
        suspect.failures += 1
        if self._has_arrived:
            suspect.guilt -= math.log(max(error_rate, _LEAST_ERROR_RATE))
        is_told, self._has_arrived = self._has_arrived, False
        parts = halves_of(group) if is_told or suspect.failures >= _PATIENCE else []
        self._suspects.popleft()
        if not parts and len(group) == 1 and suspect.guilt >= _GUILTY:
            return True
        self._suspects.extend([_Suspect(part) for part in parts] or [suspect])
        return False

    def take_gone(self) -> list[Batch]:
        """The oldest of the batches that wait, taken out, as far as their segments were removed."""
        gone: list[Batch] = []
        with self._lock:
            while self._waiting and self._waiting[0].is_gone:
                gone.append(self._waiting.popleft())
                self._count -= gone[-1].count
                self._tried = max(0, self._tried - 1)
        return gone

    def tell_overtaken(self) -> None:
        """Tell the account how many events stepped aside; to be called when what came of a request is counted."""
        aside = (suspect.batches for suspect in self._suspects if not suspect.is_next)
        self.account.overtake(sum(batch.count for batches in aside for batch in batches))

    def is_in_memory(self) -> bool:
        """Whether there are batches that no journal keeps."""
        return any(batch.kept.place is None for batch in self._batches())

    def _batches(self) -> list[Batch]:
        return [*self._waiting, *(batch for suspect in self._suspects for batch in suspect.batches)]

    def drain(self) -> list[Batch]:
        """All batches; none is left."""
        found = self._batches()
        self._waiting.clear()
        self._suspects.clear()
        return found


def _first_of(batches: deque[Batch], max_count: int | None, max_bytes: int) -> list[Batch]:
    """The oldest batches that fit one request of at most *max_count* events and *max_bytes*, and always the first."""
    group = [batches[0]]
    size, count = batches[0].size, batches[0].count
    for batch in islice(batches, 1, None):
        size += batch.size
        count += batch.count
        if size > max_bytes or (max_count is not None and count > max_count):
            break
        group.append(batch)
    return group


def halves_of(group: list[Batch]) -> list[list[Batch]]:
    """*group* in two parts; nothing for a single event, nor where a segment is gone, which is found when it is read again."""
    if len(group) > 1:
        middle = len(group) // 2
        return [group[:middle], group[middle:]]
    try:
        return [[half] for half in group[0].halves()] if group[0].count > 1 else []
    except OSError:
        return []
