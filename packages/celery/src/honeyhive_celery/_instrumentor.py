"""Attaching to Celery, and letting go."""

from typing import Final
from weakref import WeakSet

from celery import Celery, signals

from honeyhive_celery._publish import TracedSend, on_before_task_publish
from honeyhive_celery._signals import on_task_failure, on_task_postrun, on_task_prerun, on_task_retry
from honeyhive_celery._worker import on_process_shutdown

_STARTING: Final = (
    (signals.before_task_publish, on_before_task_publish),
    (signals.task_prerun, on_task_prerun),
)
# These do nothing without an attempt, and stay connected after `uninstrument`, so that a running task ends properly.
_ENDING: Final = (
    (signals.task_failure, on_task_failure),
    (signals.task_retry, on_task_retry),
    (signals.task_postrun, on_task_postrun),
    (signals.worker_process_shutdown, on_process_shutdown),
    (signals.worker_shutdown, on_process_shutdown),
)
_apps: Final[WeakSet[Celery]] = WeakSet()


def instrument(app: Celery) -> None:
    """Record what *app* publishes, and every task that this process runs; a second call changes nothing.

    Call it in the module that defines the app, so that producer, beat and worker all do. Celery's signals belong to the
    process: another app's messages carry the session too, but only an instrumented app's failed publish is seen to fail.
    """
    for signal, receiver in (*_STARTING, *_ENDING):
        signal.connect(receiver, weak=False)
    if app not in _apps:
        _apps.add(app)
        vars(app)["send_task"] = TracedSend(app)


def uninstrument() -> None:
    """Let go of every app; tasks that are running still end their events."""
    for signal, receiver in _STARTING:
        signal.disconnect(receiver)
    for app in list(_apps):
        _restore(vars(app))
    _apps.clear()


def _restore(attributes: dict[str, object]) -> None:
    traced = attributes.get("send_task")
    if not isinstance(traced, TracedSend):
        return
    if traced.replaced is None:
        del attributes["send_task"]
    else:
        attributes["send_task"] = traced.replaced
