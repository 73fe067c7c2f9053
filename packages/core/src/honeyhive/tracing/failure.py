"""What an exception means for the event it ended."""

import sys
import traceback
from collections.abc import Mapping
from typing import Final

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import Status
from honeyhive.events.values import type_name

# Characters from which a message is told once, and from which a stack is told without messages: an event has room for one.
_LARGE_MESSAGE: Final = 1 << 16
_LARGE_STACK: Final = 1 << 20
# Cancellation exists only where its library has been imported; importing asyncio here would cost 40 ms.
_CANCELLATIONS: Final = (("asyncio", "CancelledError"), ("trio", "Cancelled"))


def status_of(error: BaseException) -> Status:
    """How an event ended that *error* left: cancelled and abandoned are states of their own, not errors.

    ``sys.exit()`` without a code, or with 0, is a program that ends well.
    """
    if _is_cancellation(error):
        return Status.CANCELLED
    if isinstance(error, GeneratorExit):
        return Status.ABANDONED
    if isinstance(error, SystemExit) and not error.code:
        return Status.OK
    return Status.ERROR


def _is_cancellation(error: BaseException) -> bool:
    for library, name in _CANCELLATIONS:
        kind = getattr(sys.modules.get(library), name, None)
        if isinstance(kind, type) and isinstance(error, kind):
            return True
    return False


def describe_error(error: BaseException) -> str:
    """*error* in one line, ``ValueError: message``; only the type when its message cannot be had."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001  an exception whose own __str__ raises
        message = ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def exception_point(
    error: BaseException, time_ns: int, more: Mapping[str, object] | None = None, *, told: str | None = None
) -> bytes:
    """The OpenTelemetry exception event of *error*, stack trace included, with *more* attributes of the caller's.

    A large message is left out where *told*, the error of the event itself, is that message.
    """
    message = describe_error(error)
    is_large = len(message) > _LARGE_MESSAGE
    attributes = {
        semconv.EXCEPTION_TYPE: type_name(error),
        **({} if is_large and message == told else {semconv.EXCEPTION_MESSAGE: message}),
        semconv.EXCEPTION_STACKTRACE: _frames_of(error) if is_large else _stack_of(error),
        **(more or {}),
    }
    return otlp.span_event("exception", time_ns, attributes)


def _stack_of(error: BaseException) -> str:
    try:
        stack = "".join(traceback.format_exception(error))
    except Exception:  # noqa: BLE001  an exception whose own __str__ raises
        return ""
    return stack if len(stack) <= _LARGE_STACK else _frames_of(error)


def _frames_of(error: BaseException) -> str:
    """Where *error* comes from, without what it and those that it follows say."""
    return "".join((*traceback.format_tb(error.__traceback__), type_name(error)))
