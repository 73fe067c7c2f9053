"""`trace_class`: an event around each call of each public method that a class defines."""

import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar, Unpack, cast, overload

from honeyhive.decorators.options import TraceKeywords, TraceOptions, options_of
from honeyhive.decorators.wrapping import is_traced, traced
from honeyhive.events.event import EventType

C = TypeVar("C", bound=type)

# Descriptors around a function, by what makes one.
_DESCRIPTORS: Final[dict[object, Callable[[Any], object]]] = {staticmethod: staticmethod, classmethod: classmethod}


@overload
def trace_class(cls: C, /) -> C: ...


@overload
def trace_class(
    cls: None = None, /, *, event_type: EventType | str | None = None, **options: Unpack[TraceKeywords]
) -> Callable[[C], C]: ...


def trace_class(
    cls: type | None = None, /, *, event_type: EventType | str | None = None, **options: Unpack[TraceKeywords]
) -> Any:
    """Record an event around each call of the public methods that a class defines, called ``Class.method``.

    Methods, static and class methods, coroutine and generator methods are traced. What the class inherits is not (trace the
    base class too), nor is what begins with an underscore. Properties, other descriptors, nested classes and whatever else
    can be called stay as they are. Options are those of `trace`, for every method. The same as ``@trace`` on a class.
    """
    wanted = options_of(event_type, None, dict(options))
    return partial(trace_methods, options=wanted) if cls is None else trace_methods(cls, wanted)


def trace_methods(cls: C, options: TraceOptions) -> C:
    """*cls* with its own public methods traced, in place."""
    for name, member in list(cast("Mapping[str, object]", vars(cls)).items()):
        wraps = _DESCRIPTORS.get(type(member))
        function: Any = member if wraps is None else cast("Any", member).__func__
        if name.startswith("_") or type(function) is not types.FunctionType or is_traced(function):
            continue
        named = replace(options, event_name=f"{options.event_name or cls.__name__}.{name}")
        # An argument to be ignored need not exist in every method.
        method = traced(function, named, checks_names=False)
        setattr(cls, name, method if wraps is None else wraps(method))
    return cls
