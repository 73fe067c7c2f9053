"""What an exception means for the event it ended."""

import sys
import traceback

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import Status
from honeyhive.events.values import type_name


def status_of(error: BaseException) -> Status:
    """How an event ended that *error* left: cancelled and abandoned are states of their own, not errors."""
    # Cancellation exists only where asyncio has been imported; importing it here would cost 40 ms.
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and isinstance(error, asyncio.CancelledError):
        return Status.CANCELLED
    if isinstance(error, GeneratorExit):
        return Status.ABANDONED
    return Status.ERROR


def describe_error(error: BaseException) -> str:
    """*error* in one line, ``ValueError: message``; only the type when its message cannot be had."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  an exception whose own __str__ raises
        message = ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def exception_point(error: BaseException, time_ns: int) -> bytes:
    """The OpenTelemetry exception event of *error*, stack trace included."""
    try:
        stack = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001  an exception whose own __str__ raises
        stack = ""
    attributes = {
        semconv.EXCEPTION_TYPE: type_name(error),
        semconv.EXCEPTION_MESSAGE: describe_error(error),
        semconv.EXCEPTION_STACKTRACE: stack,
    }
    return otlp.span_event("exception", time_ns, attributes)
