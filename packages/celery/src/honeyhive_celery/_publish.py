"""Publishing: one PRODUCER event for each message, and the session in the message's headers.

`TracedSend` knows how a publish ends, Celery's ``before_task_publish`` knows the message; no context is attached meanwhile.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Final, cast

from celery import Celery
from honeyhive.integration import PRODUCER, EventType, OpenEvent, guard, inject, start_event

from honeyhive_celery import _carrier
from honeyhive_celery._attributes import destination_of, message_attributes, messaging_system, task_attributes
from honeyhive_celery._signals import running_attempt


@dataclasses.dataclass(slots=True)
class _Publication:
    """A publish under way in this thread, from `TracedSend` to the signal that shows its message."""

    event: OpenEvent
    app: Celery
    is_written: bool = False


_publication: Final[ContextVar[_Publication | None]] = ContextVar("honeyhive_celery_publication", default=None)


class TracedSend:
    """``send_task`` of one app: everything is published through it, and what it raises ends the PRODUCER event.

    It stands in for ``app.send_task`` and not for ``app.amqp.send_task_message``, because reading the latter would fix the
    app's configuration before the user has finished it. *replaced* is what stood on the app itself before, if anything.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._send_task: Callable[..., Any] = app.send_task
        self.replaced: object = vars(app).get("send_task")
        functools.update_wrapper(self, app.send_task)

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Publish as the app does; the same result, the same exception."""
        event: OpenEvent | None = None
        with guard("start the event of a publish"):
            event = _start(args[0] if args else options.get("name"))
        if event is None:
            return self._send_task(*args, **options)
        token = _publication.set(_Publication(event, self._app))
        try:
            result = self._send_task(*args, **options)
        except BaseException as error:
            with guard("record a failed publish"):
                event.record_error(error)
            raise
        finally:
            _publication.reset(token)
            event.end()
        return result


def on_before_task_publish(
    sender: str,
    headers: dict[str, object] | None = None,
    body: object = None,
    exchange: object = None,
    routing_key: object = None,
    **_: object,
) -> None:
    """Describe the message in its PRODUCER event, and put trace and session into its headers."""
    if headers is None:
        return
    with guard("put the session into a task message"):
        destination = destination_of({"exchange": exchange, "routing_key": routing_key})
        publication = _publication.get()
        if publication is not None and not publication.is_written:
            publication.is_written = True
            system = messaging_system(publication.app)
            _write(publication.event, sender, headers, body, destination=destination, system=system)
            return
        event = _start(sender)
        if event is not None:
            # An app that was not instrumented: nobody would tell us how its publish ends, so its event ends here.
            with event:
                _write(event, sender, headers, body, destination=destination, system=None)


def _start(task_name: object) -> OpenEvent | None:
    if not isinstance(task_name, str):  # Celery has its own words for it
        return None
    return start_event(EventType.chain, f"send {task_name}", kind=PRODUCER)


def _write(
    event: OpenEvent,
    task_name: str,
    headers: dict[str, object],
    body: object,
    *,
    destination: object,
    system: str | None,
) -> None:
    field = _fields(headers, body).get
    task_id = field("id")
    event.set_attributes(task_attributes(field, task_name))
    event.set_attributes(message_attributes(task_id, operation="send", destination=destination, system=system))
    _write_headers(headers, event, task_id=task_id, retries=field("retries"))


def _fields(headers: Mapping[str, object], body: object) -> Mapping[str, object]:
    """Where a message says what it is: in its headers, or by protocol 1 in its body."""
    is_first_protocol = "id" not in headers and isinstance(body, Mapping)
    return cast("Mapping[str, object]", body) if is_first_protocol else headers


def _write_headers(headers: MutableMapping[str, object], event: OpenEvent, *, task_id: object, retries: object) -> None:
    retry_count = retries if isinstance(retries, int) else 0
    baggage = headers.get(_carrier.BAGGAGE)
    carrier = {_carrier.BAGGAGE: baggage} if isinstance(baggage, str) else {}
    inject(carrier, context=event.context)
    if _carrier.brings_own_trace(headers, retries=retry_count):
        _keep_own_trace(headers, carrier, event)
    previous = running_attempt(task_id) if retry_count > 0 else None
    _carrier.write(
        headers,
        carrier,
        enqueued_at_s=event.start_ns / 1e9,
        creation=None if previous is None else previous.creation,
        previous=None if previous is None else previous.traceparent,
    )


def _keep_own_trace(headers: Mapping[str, object], carrier: dict[str, str], event: OpenEvent) -> None:
    """Leave the trace that the user put into *headers*, and link to it (OpenTelemetry's rule for creation contexts)."""
    for name in (_carrier.TRACEPARENT, _carrier.TRACESTATE):
        carrier.pop(name, None)
    target = _carrier.span_context(headers[_carrier.TRACEPARENT])
    if target is not None:
        event.add_link(target)
