"""Threads and processes of plain pools, which leave the context of their work behind with whoever submitted it."""

import os
import sys
import threading
from typing import Any, Final

from opentelemetry.context import Context

from honeyhive.tracing.context import attach

# Where the functions are from that workers of the standard library run: those have no public mark.
_POOLS: Final = frozenset({"concurrent.futures.thread", "concurrent.futures.process", "multiprocessing.pool"})


class _Main:
    """The main thread of this process; in a forked child, the thread that forked."""

    identifier = threading.main_thread().ident


_main: Final = _Main()


def is_pool_worker() -> bool:
    """Whether this is a thread or process of a plain pool: code without a context was submitted without it."""
    is_main = threading.get_ident() == _main.identifier
    if is_main and "multiprocessing.process" not in sys.modules:
        return False
    return _is_pool_process() or (not is_main and _is_of_pool(threading.current_thread()))


def _is_pool_process() -> bool:
    processes: Any = sys.modules.get("multiprocessing.process")
    return processes is not None and _is_of_pool(processes.current_process())


def _is_of_pool(worker: object) -> bool:
    return getattr(getattr(worker, "_target", None), "__module__", None) in _POOLS


def _start_empty(_main: _Main) -> None:
    # A worker that is forked in the middle of a call has that call's context, and would put into its session what others
    # submit later.
    if _is_pool_process():
        attach(Context())


def _reset_after_fork() -> None:
    _main.identifier = threading.get_ident()
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:  # it knows a little later what kind of process this is
        util.register_after_fork(_main, _start_empty)


os.register_at_fork(after_in_child=_reset_after_fork)
