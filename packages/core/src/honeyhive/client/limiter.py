"""At most so many requests in a window of time."""

import threading
import time
from collections import deque
from collections.abc import Callable


class RateLimiter:
    """Says how long the next request has to wait; a request that waits has its place already.

    *calls* None is no limit. *clock* gives seconds.
    """

    def __init__(self, calls: int | None, window_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._window_s = window_s
        self._clock = clock
        self._starts = deque[float](maxlen=calls)
        self._is_limited = calls is not None
        self._lock = threading.Lock()

    def reserve(self) -> float:
        """Seconds until this request may start."""
        if not self._is_limited:
            return 0.0
        with self._lock:
            now = self._clock()
            is_full = len(self._starts) == self._starts.maxlen
            start = max(now, self._starts[0] + self._window_s) if is_full else now
            self._starts.append(start)
            return start - now
