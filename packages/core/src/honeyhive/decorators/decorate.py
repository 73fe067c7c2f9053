"""`trace` and `atrace`: the decorators themselves."""

import inspect
from functools import partial
from typing import Any, Protocol, Unpack, cast, overload

from honeyhive.decorators.classes import trace_methods
from honeyhive.decorators.options import F, TraceKeywords, TraceOptions, options_of
from honeyhive.decorators.wrapping import traced
from honeyhive.deprecation import warn_deprecated
from honeyhive.events.event import EventType


class Decorator(Protocol):
    """What `trace` with options is: it gives back what it is put on, with its type unchanged."""

    def __call__(self, function: F, /) -> F:
        """*function*, traced."""
        ...


@overload
def trace(event_type: F, /) -> F: ...


@overload
def trace(
    event_type: EventType | str | None = None, event_name: str | None = None, **options: Unpack[TraceKeywords]
) -> Decorator: ...


def trace(event_type: Any = None, event_name: str | None = None, **options: Any) -> Any:
    """Record an event around each call of a function, coroutine function, generator or async generator.

    The event has the arguments as ``inputs``, defaults included, and the result as ``outputs.result``, is the parent of
    whatever runs inside, and ends once however the call ends. Usable bare (``@trace``), with an event type
    (``@trace("model")``) or with options:

    - ``event_type``: ``model``, ``tool`` (unless given), ``chain`` or ``generic``. Any other text, as 1.x's examples have it,
      is kept as ``metadata.event_type``, with a warning. ``event_name``: the function's qualified name unless given.
    - ``tracer`` (or ``tracer_instance``), or a function that finds it, which gets a method's ``self``. Unless given, the
      tracer of the event or session that the call runs in, else the default one; before there is one nothing is recorded.
    - ``capture_inputs``, ``capture_outputs`` (also ``include_…``): False leaves them out. ``ignore_arguments``: names of
      arguments that are not recorded. ``self``, ``cls`` and an argument called ``tracer`` never are.
    - ``metadata``, ``config`` (or ``span_config``), ``inputs``, ``outputs``, ``metrics``, ``feedback``, ``user_properties``:
      mappings that each event has from its start. ``user_id`` is one of the user properties. ``error``: what each event has
      as its error, an exception or a text.
    - ``session_id`` (a UUID): a session that exists elsewhere, which the call and all inside belong to. ``session_name``:
      names the session that the call belongs to. ``project``, ``source``: of this event, instead of its tracer's.
      ``event_id``: the event's id, instead of one made here.

    A stream's event covers the iteration: it has the items as output (texts joined; at most 10,000 and 1 MiB),
    ``metrics.items`` and ``metrics.time_to_first_item_ms``, and is ``abandoned`` when it is left early. So does the event of a
    function that returns a generator or a coroutine. On a class it is `trace_class`. Raises
    `honeyhive.errors.ConfigurationError` for unknown options, naming the nearest, and ``TypeError`` for what cannot be called.
    """
    if event_type is not None and not isinstance(event_type, str):
        return decorated(event_type, options_of(None, event_name, options))
    wanted = options_of(event_type, event_name, options)
    return partial(decorated, options=wanted)


@overload
def atrace(event_type: F, /) -> F: ...


@overload
def atrace(
    event_type: EventType | str | None = None, event_name: str | None = None, **options: Unpack[TraceKeywords]
) -> Decorator: ...


def atrace(event_type: Any = None, event_name: str | None = None, **options: Any) -> Any:
    """The same as `trace`, which knows coroutine functions; deprecated since 1.x."""
    warn_deprecated("honeyhive.atrace", "honeyhive.trace")
    if event_type is not None and not isinstance(event_type, str):
        return decorated(event_type, options_of(None, event_name, options))
    wanted = options_of(event_type, event_name, options)
    return partial(decorated, options=wanted)


def decorated(function: Any, options: TraceOptions) -> Any:
    """*function* with *options*, whatever `trace` may be put on."""
    if isinstance(function, (staticmethod, classmethod)):  # the decorators came in the other order
        descriptor = cast("Any", function)
        return type(descriptor)(decorated(descriptor.__func__, options))
    if inspect.isclass(function):
        return trace_methods(function, options)
    if not callable(function):
        kind = type(function).__qualname__
        hint = f"; put @trace under @{kind}" if hasattr(function, "__get__") else ""
        message = f"@trace takes functions and classes, not {kind}{hint}"
        raise TypeError(message)
    return traced(function, options)
