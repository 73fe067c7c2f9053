"""When a destination that failed is tried again."""

import time
from typing import Final

from honeyhive.export.delivery import backoff_s

# Somebody waits in `flush`, but a destination that fails needs time as well: at first this long, then twice as long each time.
_HURRIED_PAUSE_S: Final = 0.02
_MAX_HURRIED_PAUSE_S: Final = 2.0
_MOST_DOUBLINGS: Final = 10
_FIRST_ERROR_RATE: Final = 0.5
_RATE_WEIGHT: Final = 0.2


class Pace:
    """Backs off after failures, shortly while somebody waits, and never before a time that the destination asked for."""

    def __init__(self) -> None:
        self.failures = 0
        """How many requests failed since one was judged."""
        self.error_rate = _FIRST_ERROR_RATE
        """How many requests that nobody suspects are answered with an error; the later ones count more."""
        self._failed_at = self._retry_at = self._not_before = 0.0

    @property
    def next_at(self) -> float:
        """When the next request may be made, on the monotonic clock, while nobody waits."""
        return max(self._retry_at, self._not_before)

    @property
    def hurried_at(self) -> float:
        """When it may be made while somebody waits."""
        pause_s = min(_MAX_HURRIED_PAUSE_S, _HURRIED_PAUSE_S * 2 ** min(self.failures, _MOST_DOUBLINGS))
        return max(self._not_before, min(self._retry_at, self._failed_at + pause_s))

    def note(self, *, is_error: bool) -> None:
        """Count the answer to a request that nobody suspects."""
        self.error_rate += _RATE_WEIGHT * (is_error - self.error_rate)

    def fail(self, retry_after_s: float | None) -> None:
        """A request failed; *retry_after_s* is what the destination asks for."""
        self.failures += 1
        self._failed_at = time.monotonic()
        if retry_after_s is not None:
            self._not_before = self._failed_at + retry_after_s
        self._retry_at = self._failed_at + backoff_s(self.failures)

    def hold(self, seconds: float) -> None:
        """Make no request for *seconds*."""
        self._not_before = time.monotonic() + seconds

    def recover(self) -> None:
        """The destination judges what it gets again."""
        self.failures = 0
        self._retry_at = self._not_before = 0.0

    def forgive(self) -> None:
        """Back off no more; what the destination asked for holds."""
        self._retry_at = 0.0
