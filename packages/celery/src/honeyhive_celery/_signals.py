"""A task attempt from ``task_prerun`` to ``task_postrun``: its event, its context and its session.

Celery calls both in the thread, or greenlet, that runs the task, and the second one on every way out but the death of the
process. What an attempt needs in between is kept on ``task.request``, because a replaced task runs again under the same id.
"""

import dataclasses
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, cast

from celery import Task, current_task
from celery.app.task import Context as Request
from celery.exceptions import TaskPredicate
from honeyhive.integration import (
    CONSUMER,
    Context,
    EventType,
    OpenEvent,
    SessionScope,
    Status,
    attached,
    extract,
    guard,
    session_scope,
    start_event,
)
from opentelemetry.trace import StatusCode

from honeyhive_celery import _carrier
from honeyhive_celery._attributes import destination_of, message_attributes, messaging_system, task_attributes

_ATTEMPT: Final = "_honeyhive_attempt"
_ERROR_TYPE: Final = "error.type"
_TERMINATED: Final = "worker_terminated"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One execution of a task; *session* is None when it runs inside its caller (``apply``, eager mode)."""

    event: OpenEvent
    attachment: AbstractContextManager[None]
    session: SessionScope | None = None
    creation: str | None = None

    @property
    def traceparent(self) -> str:
        """The attempt's event as a W3C trace parent."""
        return f"00-{self.event.trace_id.hex()}-{self.event.span_id.hex()}-01"


def running_attempt(task_id: object) -> Attempt | None:
    """The attempt of task *task_id* that this thread runs."""
    if not current_task:
        return None
    request = current_task.request
    return _attempt_of(request) if request.id == task_id else None


def _attempt_of(request: object) -> Attempt | None:
    return cast("Attempt | None", vars(request).get(_ATTEMPT))


def on_task_prerun(task: "Task[..., Any]", **_: object) -> None:
    """Start the attempt's event and make it current."""
    with guard("start the event of a task"):
        request = task.request
        attempt = _start_inside_caller(task, request) if request.is_eager else _start_from_message(task, request)
        if attempt is not None:
            vars(request)[_ATTEMPT] = attempt
            # Left again in `on_task_postrun`; entered last, so that no failure of ours leaves it current.
            attempt.attachment.__enter__()


def on_task_failure(sender: "Task[..., Any]", exception: BaseException, **_: object) -> None:
    """Record what went wrong. In the main process, which tells of lost workers, there is no attempt."""
    with guard("record the failure of a task"):
        attempt = _attempt_of(sender.request)
        if attempt is not None:
            # Celery hands over a stand-in for an exception that it cannot pickle; the original is being handled.
            _record_error(attempt, sender, sys.exception() or exception)


def on_task_retry(request: object, reason: object, **_: object) -> None:
    """Note the type of the exception that a retry is for: the attempt itself is no error."""
    with guard("record the retry of a task"):
        attempt, cause = _attempt_of(request), getattr(reason, "exc", None)
        if attempt is not None and isinstance(cause, BaseException):
            attempt.event.set_attribute("celery.retry.error.type", type(cause).__qualname__)


def on_task_postrun(task: "Task[..., Any]", state: str | None = None, **_: object) -> None:
    """Restore the context of before the task, whatever the task attached, and end event and session."""
    with guard("leave a task"):
        attempt = cast("Attempt | None", vars(task.request).pop(_ATTEMPT, None))
        if attempt is None:
            return
        attempt.attachment.__exit__(None, None, None)
        _finish(attempt, task, state)


def _start_inside_caller(task: "Task[..., Any]", request: Request) -> Attempt | None:
    """``apply`` and eager mode: an ordinary step of whoever calls, with no message between."""
    attributes = task_attributes(request.get, task.name)
    event = start_event(EventType.chain, f"process {task.name}", attributes=attributes)
    return None if event is None else Attempt(event=event, attachment=attached(event.context))


def _start_from_message(task: "Task[..., Any]", request: Request) -> Attempt | None:
    """An attempt below whoever published it, never below what the worker process happens to have current."""
    carrier = _carrier.read(request)
    session, context = session_scope(task.name, extract(_carrier.parent_carrier(carrier), is_trusted=True))
    event = _start_consumer(task, request, context)
    if event is None:
        return None
    previous = _carrier.span_context(carrier.get(_carrier.PREVIOUS))
    if previous is not None:
        event.add_link(previous)
    wait_ms = _carrier.queue_wait_ms(carrier, eta=request.eta, started_at_s=event.start_ns / 1e9)
    if wait_ms is not None:
        event.enrich(metrics={"queue_wait_ms": wait_ms})
    creation = _carrier.creation_of(carrier)
    return Attempt(event=event, attachment=attached(event.context), session=session, creation=creation)


def _start_consumer(task: "Task[..., Any]", request: Request, context: Context) -> OpenEvent | None:
    system = messaging_system(task.app, is_reading=True)
    destination = destination_of(cast("Mapping[str, object]", request.delivery_info or {}))
    message = message_attributes(request.id, operation="process", destination=destination, system=system)
    return start_event(
        EventType.chain,
        f"process {task.name}",
        parent=context,
        kind=CONSUMER,
        attributes={**task_attributes(request.get, task.name), **message},
    )


def _finish(attempt: Attempt, task: "Task[..., Any]", state: str | None) -> None:
    if state is not None:
        attempt.event.set_attribute("celery.state", state)
    elif attempt.session is None:
        # Eager with `throw`: Celery raises before it has decided on a state.
        error = sys.exception()
        if error is not None:
            _record_error(attempt, task, error)
    else:
        _record_termination(attempt.event, attempt.session)
    attempt.event.end()
    if attempt.session is not None:
        attempt.session.finish()


def _record_error(attempt: Attempt, task: "Task[..., Any]", error: BaseException) -> None:
    """Make *error* the attempt's, unless it is a way to say something: a retry, or what the task lists in ``throws``."""
    if isinstance(error, TaskPredicate) or isinstance(error, task.throws):  # noqa: SIM101  it may be one class, or several
        return
    attempt.event.record_error(error)
    if attempt.session is not None:
        attempt.session.fail(error)


def _record_termination(event: OpenEvent, session: SessionScope) -> None:
    """The process was told to end (revoked, over its time limit, shut down) while the task ran."""
    event.set_status(StatusCode.ERROR, _TERMINATED)
    event.set_attribute(_ERROR_TYPE, _TERMINATED)
    session.status, session.error = Status.ERROR, _TERMINATED
