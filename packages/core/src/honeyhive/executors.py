"""Threads and processes of a pool that continue what was current where their work was submitted."""

import contextvars
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from types import CoroutineType
from typing import Any, Generic, ParamSpec, TypeVar

from opentelemetry.context import Context

from honeyhive.guard import guard
from honeyhive.tracer import default_tracer_channel
from honeyhive.tracing.channel import default_channel
from honeyhive.tracing.context import attached, current_context
from honeyhive.tracing.propagation import extract, inject

P = ParamSpec("P")
T = TypeVar("T")


class Carried(Generic[P, T]):
    """A function that runs in the context that it was carried from, in this process or in another.

    Here it has all context variables, each call a copy of them; a coroutine has trace, session and baggage. Pickled, it takes trace, session and baggage along, and the
    process that unpickles it makes its default tracer from the environment if it has none.
    """

    def __init__(self, function: Callable[P, T]) -> None:
        self._function = function
        self._context = contextvars.copy_context()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function."""
        context = self._context.copy()
        result: Any = context.run(self._function, *args, **kwargs)
        return _continued(result, context.run(current_context)) if type(result) is CoroutineType else result

    def __reduce__(self) -> tuple[Any, ...]:
        """The function and a carrier: contexts do not leave the process."""
        return CarriedFar, (self._function, self._context.copy().run(_carrier))


class CarriedFar(Generic[P, T]):
    """A `Carried` function in another process than the one that it was carried from."""

    def __init__(self, function: Callable[P, T], carrier: dict[str, str]) -> None:
        self._function = function
        self._carrier = carrier

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function."""
        context = Context()
        with guard("continue a session"):
            context = extract(default_tracer_channel(), self._carrier, is_trusted=True)
        with attached(context):
            result: Any = self._function(*args, **kwargs)
        return _continued(result, context) if type(result) is CoroutineType else result


def _continued(coroutine: Any, context: Context) -> Any:
    """*coroutine*, whose work is done where it is awaited, with *context* current in it."""

    async def continued() -> Any:
        with attached(context):
            return await coroutine

    return continued()


def _carrier() -> dict[str, str]:
    fields: dict[str, str] = {}
    with guard("propagate a session"):
        inject(default_channel(), fields, with_own_session=True)
    return fields


def carry_context(function: Callable[P, T]) -> Callable[P, T]:
    """*function* as one that runs in the context of now, wherever it is called: ``Thread(target=carry_context(work))``.

    It can be pickled where *function* can, as ``multiprocessing`` needs it under ``spawn``.
    """
    return Carried(function)


class PropagatingExecutor(Executor):
    """What `propagating_executor` returns."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit *fn* to run in the context of now."""
        return self._executor.submit(Carried(fn), *args, **kwargs)

    def map(self, fn: Callable[..., T], *iterables: Iterable[Any], **options: Any) -> Iterator[T]:
        """Map *fn*, each call in the context of now."""
        return self._executor.map(Carried(fn), *iterables, **options)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut the executor down."""
        self._executor.shutdown(wait, cancel_futures=cancel_futures)


def propagating_executor(executor: Executor) -> PropagatingExecutor:
    """*executor* with ``submit`` and ``map`` that keep the parent: what is submitted runs in the submitter's context.

    It takes threads, processes and any other executor: a call that is pickled carries trace, session and baggage. Leaving a
    ``with`` block of it shuts *executor* down.
    """
    return PropagatingExecutor(executor)
