"""A traced function in place of another one, of the same kind: plain, coroutine, generator, asynchronous generator."""

import functools
import inspect
import types
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, Final, cast

from honeyhive.decorators.fronts import async_generator_front, coroutine_front, generator_front
from honeyhive.decorators.options import TraceOptions
from honeyhive.decorators.plan import CallPlan
from honeyhive.tracing.streams import wrap_async_stream, wrap_stream

_MARK: Final = "__honeyhive_traced__"
_CACHE_METHODS: Final = ("cache_info", "cache_clear")  # of `functools.lru_cache`, which `functools.wraps` leaves behind


def traced(function: Callable[..., Any], options: TraceOptions, *, checks_names: bool = True) -> Callable[..., Any]:
    """*function* with an event around each call.

    Raises `ConfigurationError` when an argument to be ignored does not exist, unless *checks_names* is False.
    """
    plan = CallPlan(function, options)
    if plan.arguments is not None and checks_names:
        plan.arguments.check_ignored()
    wrapper = _wrapper_of(function)(function, plan)
    for name in _CACHE_METHODS:
        if not hasattr(wrapper, name) and hasattr(function, name):
            setattr(wrapper, name, getattr(function, name))
    setattr(wrapper, _MARK, True)
    return wrapper


def is_traced(function: object) -> bool:
    """Whether *function* has an event around its calls already."""
    return getattr(function, _MARK, False)


def _wrapper_of(function: Callable[..., Any]) -> Callable[[Callable[..., Any], CallPlan], Callable[..., Any]]:
    code: object = function
    if not isinstance(function, (types.FunctionType, types.MethodType, functools.partial)):
        code = cast("Any", function).__call__
    if inspect.isasyncgenfunction(code):
        return _async_generator
    if inspect.isgeneratorfunction(code):
        return _generator
    return _coroutine if inspect.iscoroutinefunction(code) else _plain


def _plain(function: Callable[..., Any], plan: CallPlan) -> Callable[..., Any]:
    begin, end, fail = plan.begin, plan.end, plan.fail

    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Any:
        call = begin(args, kwargs)
        if call is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            fail(call, error)
            raise
        return end(call, result)

    return traced


def _coroutine(function: Callable[..., Any], plan: CallPlan) -> Callable[..., Any]:
    begin, end, fail = plan.begin, plan.end, plan.fail

    async def run(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = begin(args, kwargs)
        if call is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            fail(call, error)
            raise
        return end(call, result)

    return coroutine_front(function, run)


def _generator(function: Callable[..., Any], plan: CallPlan) -> Callable[..., Any]:
    keeps_items = plan.options.capture_outputs

    def run(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Generator[Any, Any, Any]:
        stream = function(*args, **kwargs)
        event = plan.open_stream(args, kwargs)
        return stream if event is None else wrap_stream(stream, event, keeps_items=keeps_items)

    return generator_front(function, run)


def _async_generator(function: Callable[..., Any], plan: CallPlan) -> Callable[..., Any]:
    keeps_items = plan.options.capture_outputs

    def run(args: tuple[Any, ...], kwargs: dict[str, Any]) -> AsyncGenerator[Any, Any]:
        stream = function(*args, **kwargs)
        event = plan.open_stream(args, kwargs)
        return stream if event is None else wrap_async_stream(stream, event, keeps_items=keeps_items)

    return async_generator_front(function, run)
