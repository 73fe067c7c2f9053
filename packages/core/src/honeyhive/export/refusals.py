"""What a destination refuses for good: kept with the reason, and told, but not for every request."""

import logging
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final, Protocol

from honeyhive.export.rejected import rejected_dir
from honeyhive.settings import Settings

_LOG: Final = logging.getLogger("honeyhive")
_TELL_INTERVAL_S: Final = 60.0


class Reject(Protocol):
    """Keeps what a destination refuses."""

    def __call__(self, settings: Settings, fingerprint: str, request: bytes, reason: str) -> None:
        """Keep *request*, which went where *fingerprint* says and was refused for *reason*."""
        ...


class Refusals:
    """The refusals of one destination."""

    def __init__(self, fingerprint: str, reject: Reject) -> None:
        self._fingerprint = fingerprint
        self._reject = reject
        self._untold: Counter[str] = Counter()
        self._told_at: dict[str, float] = {}

    def note(self, settings: Settings, request: bytes, refused: Mapping[str, int]) -> None:
        """Keep *request*, of which so many events were *refused* for each reason, and tell it once a minute."""
        self._reject(settings, self._fingerprint, request, ", ".join(refused))
        for reason, count in refused.items():
            self._tell(settings, reason, count)

    def _tell(self, settings: Settings, reason: str, count: int) -> None:
        self._untold[reason] += count
        now = time.monotonic()
        if now - self._told_at.get(reason, -_TELL_INTERVAL_S) < _TELL_INTERVAL_S:
            return
        self._told_at[reason] = now
        number = self._untold.pop(reason)
        where = f"kept in {rejected_dir(settings.data_dir)}" if settings.journal else "gone, since HH_JOURNAL is off"
        _LOG.warning("honeyhive: %s refused %d events (%s); %s", settings.destination, number, reason, where)
