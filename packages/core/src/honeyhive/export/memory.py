"""How much may wait for delivery in memory, where no journal keeps it."""

import threading


class MemoryBound:
    """A number of bytes that batches take and free."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._lock = threading.RLock()

    def take(self, size: int) -> bool:
        """Whether *size* bytes more may wait."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def free(self, size: int) -> None:
        """Give *size* bytes back."""
        with self._lock:
            self._left += size
