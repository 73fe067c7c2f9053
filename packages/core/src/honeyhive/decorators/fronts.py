"""Functions that take exactly the arguments of another one, so that Python itself refuses a wrong call at once.

A coroutine function or a generator function made with ``*args, **kwargs`` accepts any call and fails at the first step,
far from the mistake. Whether a function is one is part of its code, which a class or a plain function cannot pretend
before Python 3.12; so the few lines in front of a traced one are compiled for its parameters, as `dataclasses` does it.
"""

import functools
import types
from collections.abc import Callable
from typing import Any, Final

_RUN: Final = "_honeyhive_run"

_COROUTINE: Final = """
async def traced({parameters}):
    return await {run}(({positional}), {{{named}}})
"""

_GENERATOR: Final = """
def traced({parameters}):
    return (yield from {run}(({positional}), {{{named}}}))
"""

# `yield from` does not exist in asynchronous generators.
_ASYNC_GENERATOR: Final = """
async def traced({parameters}):
    stream, sent = {run}(({positional}), {{{named}}}), None
    step = stream.asend
    while True:
        try:
            item = await step(sent)
        except StopAsyncIteration:
            return
        finally:
            sent = None  # an error that leaves here would refer to this frame, and the frame to it
        step = stream.asend
        try:
            sent = yield item
        except GeneratorExit:
            await stream.aclose()
            raise
        except BaseException as error:
            step, sent = stream.athrow, error
"""

_TAKES_MORE: Final = 0x04  # CO_VARARGS, which `inspect` has; its import is the caller's
_TAKES_NAMED: Final = 0x08  # CO_VARKEYWORDS
IS_AWAITABLE: Final = 0x100  # CO_ITERABLE_COROUTINE, which `types.coroutine` sets

Run = Callable[[tuple[Any, ...], dict[str, Any]], Any]


def coroutine_front(function: Callable[..., Any], run: Run) -> Callable[..., Any]:
    """A coroutine function like *function* that awaits ``run(args, kwargs)``."""
    return _front(_COROUTINE, function, run)


def generator_front(function: Callable[..., Any], run: Run) -> Callable[..., Any]:
    """A generator function like *function* that yields from ``run(args, kwargs)``."""
    front = _front(_GENERATOR, function, run)
    code: Any = getattr(function, "__code__", None)
    return types.coroutine(front) if code is not None and code.co_flags & IS_AWAITABLE else front


def async_generator_front(function: Callable[..., Any], run: Run) -> Callable[..., Any]:
    """An asynchronous generator function like *function* that passes on what ``run(args, kwargs)`` yields."""
    return _front(_ASYNC_GENERATOR, function, run)


def _front(template: str, function: Callable[..., Any], run: Run) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    # In the function's own module, where frameworks look up the names in its annotations.
    module = getattr(function, "__globals__", {})
    exec(_compiled(template, _shape_of(function)), module, names)  # noqa: S102  names and counts of compiled code only
    front = names["make"](run)
    if isinstance(function, types.FunctionType):
        front.__defaults__ = function.__defaults__
        front.__kwdefaults__ = function.__kwdefaults__
    return functools.wraps(function)(front)


Shape = tuple[tuple[str, ...], int, int, int, bool, bool]


def _shape_of(function: Callable[..., Any]) -> Shape:
    """Names of the parameters, and how many are positional-only, positional and keyword-only; ``*args, **kwargs`` if unknown.

    Of the function's own code: its signature may be that of another one, which it wraps.
    """
    code = function.__code__ if isinstance(function, types.FunctionType) else _any_call.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    takes_more, takes_named = bool(code.co_flags & _TAKES_MORE), bool(code.co_flags & _TAKES_NAMED)
    names = code.co_varnames[: count + takes_more + takes_named]
    if _RUN in names or not all(name.isidentifier() for name in names):
        return _shape_of(_AnyCallable())
    return names, code.co_posonlyargcount, code.co_argcount, code.co_kwonlyargcount, takes_more, takes_named


def _any_call(*args: object, **kwargs: object) -> None:
    """The parameters of what is no function of Python's own."""


class _AnyCallable:
    def __call__(self, *args: object, **kwargs: object) -> None:
        """Stand for a callable whose parameters are not known."""


@functools.lru_cache(512)
def _compiled(template: str, shape: Shape) -> types.CodeType:
    names, positional_only, positional, keyword_only, takes_more, takes_named = shape
    rest = list(names[positional + keyword_only :])
    more = rest.pop(0) if takes_more else None
    named = rest.pop(0) if takes_named else None
    # Defaults are put into the made function; here every parameter has one, so that any order of them compiles.
    parameters = [f"{name}=None" for name in names[:positional]]
    if positional_only:
        parameters.insert(positional_only, "/")
    only_named = names[positional : positional + keyword_only]
    if more is not None or only_named:
        parameters.append(f"*{more or ''}")
    parameters += [f"{name}=None" for name in only_named]
    if named is not None:
        parameters.append(f"**{named}")
    source = template.format(
        run=_RUN,
        parameters=", ".join(parameters),
        positional="".join(f"{name}, " for name in (*names[:positional], *([f"*{more}"] if more else []))),
        named=", ".join([*(f"{name!r}: {name}" for name in only_named), *([f"**{named}"] if named else [])]),
    )
    body = "\n".join(f"    {line}" for line in source.strip().splitlines())
    return compile(f"def make({_RUN}):\n{body}\n    return traced\n", "<honeyhive trace>", "exec")
