"""What can be known of the thread that an event starts on."""

import os
import sys
import threading
from typing import Any, Final


class _Main:
    """The main thread of this process; in a forked child, the thread that forked."""

    identifier = threading.main_thread().ident


_main: Final = _Main()


def _reset_after_fork() -> None:
    _main.identifier = threading.get_ident()


os.register_at_fork(after_in_child=_reset_after_fork)


def is_pool_worker() -> bool:
    """Whether this is a thread of a `concurrent.futures.ThreadPoolExecutor`.

    There, code without a context was submitted by a plain ``submit``, which leaves the submitter's context behind.
    """
    if threading.get_ident() == _main.identifier:
        return False
    pools: Any = sys.modules.get("concurrent.futures.thread")
    workers = getattr(pools, "_threads_queues", ())  # weak keys; the threads have no public mark
    return threading.current_thread() in workers
