"""The one place where an error of ours is kept from the host application.

``Exception`` only, never ``BaseException``: a cancellation or an interrupt inside our code is the host's, not ours.
"""

import logging
import os
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Final, Self

_LOG: Final = logging.getLogger("honeyhive")
_LOG_INTERVAL_S: Final = 60.0


class Guard:
    """Swallows an ``Exception`` raised by our code, counts it, and logs it once a minute for each kind.

    Use it as a context manager around anything that runs inside the host, ``with guard("receive headers"):``; on a hot
    path catch ``Exception`` and call :meth:`swallow`. ``strict`` makes it raise again: the test suite switches it on.
    """

    def __init__(self) -> None:
        self.strict = False
        self.swallowed: Counter[str] = Counter()
        self._logged_at: dict[str, float] = {}
        self._lock = threading.RLock()

    def reset_after_fork(self) -> None:
        """Start with a free lock in a child: the parent's may have been held at the fork."""
        self._lock = threading.RLock()

    def __call__(self, activity: str) -> "_Guarded":
        """Guard a block; *activity* says what was being done, without any content of the user's."""
        return _Guarded(self, activity)

    def swallow(self, error: Exception, activity: str) -> None:
        """Count *error*, log its type once a minute, and return (or raise it again when ``strict``)."""
        kind = f"{activity}: {type(error).__qualname__}"
        with self._lock:
            self.swallowed[kind] += 1
            count = self.swallowed[kind]
            now = time.monotonic()
            due = now - self._logged_at.get(kind, -_LOG_INTERVAL_S) >= _LOG_INTERVAL_S
            if due:
                self._logged_at[kind] = now
        if due:
            # The traceback names our own frames; the message of the error may hold content, so only its type is logged.
            frames = _own_frames(error.__traceback__)
            _LOG.warning(
                "honeyhive could not %s (%s, %d so far) at %s", activity, type(error).__qualname__, count, frames
            )
        if self.strict:
            raise error


class _Guarded:
    __slots__ = ("_activity", "_guard")

    def __init__(self, owner: Guard, activity: str) -> None:
        self._guard = owner
        self._activity = activity

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        if self._guard.strict:
            self._guard.swallowed[f"{self._activity}: {type(error).__qualname__}"] += 1
            return False
        self._guard.swallow(error, self._activity)
        return True


def _own_frames(traceback: TracebackType | None) -> str:
    frames: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return " > ".join(frames[-4:]) or "unknown place"


guard: Final = Guard()
os.register_at_fork(after_in_child=guard.reset_after_fork)
