"""The one place where an error of ours is kept from the host application.

``Exception`` only, never ``BaseException``: a cancellation or an interrupt inside our code is the host's, not ours. So is what
a signal handler raises there.
"""

import functools
import logging
import os
import sys
import threading
import time
from collections import Counter
from types import CodeType, TracebackType
from typing import Any, Final, Self, cast

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
        """Count *error*, log its type once a minute, and return (or raise it again when ``strict``).

        What a signal handler of the program raised is the program's, wherever the signal came, and is raised again.
        """
        if _is_of_signal_handler(error):
            raise error
        self.note(error, activity)
        if self.strict:
            raise error

    def note(self, error: Exception, activity: str) -> None:
        """Count *error*, and log its type once a minute."""
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
        if _is_of_signal_handler(error):
            return False
        if self._guard.strict:
            self._guard.swallowed[f"{self._activity}: {type(error).__qualname__}"] += 1
            return False
        self._guard.note(error, self._activity)
        return True


def _is_of_signal_handler(error: Exception) -> bool:
    """Whether a signal handler raised *error*: Celery's soft time limit and every ``signal.alarm`` end work like this."""
    # Not `signal`'s own function, which makes an enum of each answer: it takes thirty times as long.
    signal: Any = sys.modules.get("_signal")
    if signal is None or threading.current_thread() is not threading.main_thread():
        return False
    handlers = {_code_of(signal.getsignal(number)) for number in range(1, signal.NSIG)} - {None}
    traceback = error.__traceback__
    while handlers and traceback is not None:
        if traceback.tb_frame.f_code in handlers:
            return True
        traceback = traceback.tb_next
    return False


def _code_of(handler: Any) -> CodeType | None:
    """The code that runs as *handler*; None for one in C, and for the numbers that stand for none at all."""
    if handler is None or isinstance(handler, int):
        return None
    while isinstance(handler, functools.partial):
        handler = cast("Any", handler).func
    kind: Any = type(cast("object", handler))
    for function in (handler, getattr(handler, "__func__", None), getattr(kind, "__call__", None)):  # noqa: B004
        code = getattr(function, "__code__", None)
        if isinstance(code, CodeType):
            return code
    return None


def _own_frames(traceback: TracebackType | None) -> str:
    frames: list[str] = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return " > ".join(frames[-4:]) or "unknown place"


guard: Final = Guard()
os.register_at_fork(after_in_child=guard.reset_after_fork)
