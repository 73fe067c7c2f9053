"""The tracers of this process, and which of them code without one of its own records to."""

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Final, cast

from honeyhive.tracing.channel import default_channel, set_default_channel

if TYPE_CHECKING:
    from honeyhive.tracer.facade import HoneyHiveTracer

_tracers: Final["weakref.WeakSet[HoneyHiveTracer]"] = weakref.WeakSet()


class _Lock:
    """Guards the set of tracers; free again in a child that is forked meanwhile."""

    # Reentrant: a signal handler or a finalizer may flush or shut down all tracers while one is being registered.
    lock = threading.RLock()


def _reset_after_fork() -> None:
    _Lock.lock = threading.RLock()


os.register_at_fork(after_in_child=_reset_after_fork)


def register(tracer: "HoneyHiveTracer") -> None:
    """Note a new tracer; the first one is the default, and stays it until `set_default_tracer`."""
    with _Lock.lock:
        _tracers.add(tracer)
        if default_channel() is None:
            set_default_channel(tracer.channel)


def live_tracers() -> "list[HoneyHiveTracer]":
    """The tracers that still exist."""
    with _Lock.lock:
        return list(_tracers)


def set_default_tracer(tracer: "HoneyHiveTracer | None") -> None:
    """Let code without a tracer of its own record to *tracer*; to none for None, until another is made."""
    set_default_channel(None if tracer is None else tracer.channel)


def get_default_tracer() -> "HoneyHiveTracer | None":
    """The tracer that code without one of its own records to."""
    channel = default_channel()
    return None if channel is None else cast("HoneyHiveTracer | None", channel.owner)


def clear_registry() -> None:
    """Forget all tracers, the default one too: the next one that is made is the default. For tests."""
    with _Lock.lock:
        _tracers.clear()
    set_default_channel(None)


def flush_all(timeout_millis: float) -> bool:
    """Whether everything that any tracer had accepted was delivered within *timeout_millis* altogether."""
    deadline = time.monotonic() + timeout_millis / 1000
    # Each of them, also when one could not deliver.
    flushed = [tracer.channel.flush(max(0.0, deadline - time.monotonic())) for tracer in live_tracers()]
    return all(flushed)


def shutdown_tracer(tracer_instance: "HoneyHiveTracer") -> None:
    """The same as ``tracer_instance.shutdown()``."""
    tracer_instance.shutdown()


def graceful_shutdown_all() -> None:
    """Shut all tracers down; each has five seconds to deliver what it has."""
    for tracer in live_tracers():
        tracer.shutdown()
