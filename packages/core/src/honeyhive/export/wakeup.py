"""An event that may be set anywhere, also by a signal handler or a finalizer that runs inside its own methods."""

from queue import Empty, SimpleQueue


class Wakeup:
    """What `threading.Event` is, without its lock: that one is not reentrant, and a program would hang on itself."""

    def __init__(self) -> None:
        self._tokens: SimpleQueue[None] = SimpleQueue()  # its `put` is reentrant, by its documentation
        self._is_set = False

    def set(self) -> None:
        """End the wait."""
        if not self._is_set:
            self._is_set = True
            self._tokens.put(None)

    def is_set(self) -> bool:
        """Whether `set` was called since `clear`."""
        return self._is_set

    def clear(self) -> None:
        """Let the next wait wait."""
        self._is_set = False
        while not self._tokens.empty():
            try:
                self._tokens.get_nowait()
            except Empty:
                return

    def wait(self, timeout_s: float | None) -> None:
        """Wait for `set`, at most *timeout_s*."""
        if self._is_set:
            return
        try:
            self._tokens.get(timeout=timeout_s)
        except Empty:
            return
