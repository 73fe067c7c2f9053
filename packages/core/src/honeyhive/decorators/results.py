"""Functions that return their work instead of doing it: a generator, an asynchronous one, a coroutine.

Their event covers that work too. Other iterators are not covered: what is behind one may be anything, and handing the
program another object than its own would be noticed. Neither is what somebody else refers to: a generator that its owner
goes on with later would be closed with the one in its place.
"""

import sys
from collections.abc import Callable, Generator
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, Final, cast

from opentelemetry.context import Context

from honeyhive.decorators.fronts import IS_AWAITABLE, async_generator_front
from honeyhive.events.event import Status
from honeyhive.guard import guard
from honeyhive.tracing.span import OpenEvent
from honeyhive.tracing.streams import TracedStream, wrap_async_stream, wrap_stream

LATER: Final = frozenset({GeneratorType, AsyncGeneratorType, CoroutineType})


def _returned(function: Callable[[], object]) -> int:
    result = function()
    return _references(None, result)


def _references(_call: object, result: object) -> int:
    return sys.getrefcount(result)


# How many references `CallPlan.end` sees to what nobody but the traced call refers to; it is called just like these two.
_ALONE: Final = _returned(object)


def is_later(result: object, references: int) -> bool:
    """Whether *result* is work still to be done, which nobody but the caller has: *references* are those `CallPlan.end` sees."""
    if type(result) not in LATER or references > _ALONE:
        return False
    # A generator that can be awaited, of `types.coroutine`, has no equal in Python.
    return not (type(result) is GeneratorType and result.gi_code.co_flags & IS_AWAITABLE)


def cover(result: Any, event: OpenEvent, context: Context, *, keeps_result: bool) -> Any:
    """*result*, one of the types of `LATER`, whose *event* ends when it does; *context* is the one around the call."""
    if event.base is None:
        event.base = context
    kind = type(cast("object", result))
    covered: Any
    if kind is AsyncGeneratorType:
        covered = _async_items(wrap_async_stream(result, event, keeps_items=keeps_result))
    elif kind is CoroutineType:
        covered = _awaited(_Pending(result, event), keeps_result=keeps_result)
    else:
        covered = _items(wrap_stream(result, event, keeps_items=keeps_result))
    covered.__name__, covered.__qualname__ = result.__name__, result.__qualname__
    return covered


def _items(stream: TracedStream[Any]) -> Generator[Any, Any, Any]:
    return (yield from stream)


def _one_stream(stream: object) -> None:
    """The parameters of `_async_items`."""


_async_items: Final = async_generator_front(_one_stream, lambda args, _kwargs: args[0])


class _Pending:
    """A coroutine and its event, which ends as ``abandoned`` when nobody ever awaits the coroutine."""

    def __init__(self, coroutine: "CoroutineType[Any, Any, Any]", event: OpenEvent) -> None:
        self.coroutine = coroutine
        self.event = event

    def __del__(self) -> None:
        if not self.event.ended:
            self.coroutine.close()  # Python warns of what was never awaited: once, of ours, under the same name
            self.event.status = Status.ABANDONED
            self.event.end()


async def _awaited(pending: _Pending, *, keeps_result: bool) -> Any:
    event = pending.event
    try:
        with event.activate():
            result = await pending.coroutine
    except BaseException as error:
        with guard("end an event"):
            event.fail(error)
        raise
    with guard("end an event"):
        if keeps_result:
            event.finish_call(result)
        else:
            event.end()
    return result
