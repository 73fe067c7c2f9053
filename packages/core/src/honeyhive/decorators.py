"""`trace`: an event around each call of a function."""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import Token
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast, overload

from opentelemetry.context import Context

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.tracing.context import EVENT_KEY, SPAN_KEY, SUPPRESS_KEY, attach, current_context, detach
from honeyhive.tracing.lineage import nearest, open_event
from honeyhive.tracing.parts import field_part, static_part
from honeyhive.tracing.span import OpenEvent
from honeyhive.tracing.streams import wrap_async_generator, wrap_generator

if TYPE_CHECKING:
    from honeyhive.tracer import HoneyHiveTracer

P = ParamSpec("P")
R = TypeVar("R")

_OUTPUT_KEY: Final = otlp.encode_key(f"{semconv.FIELD_PREFIX}outputs.result")
_INPUT_KEY: Final = f"{semconv.FIELD_PREFIX}inputs."
_ONLY_RESULT: Final = ("outputs.result",)
_RECEIVERS: Final = frozenset({"self", "cls"})

Call = tuple[OpenEvent, Token[Context], Context]


class CallPlan:
    """What is known of a traced function before any call: names, encoded keys, the static bytes of its events."""

    def __init__(
        self,
        function: Callable[..., object],
        *,
        event_type: EventType,
        event_name: str | None,
        capture_inputs: bool,
        capture_outputs: bool,
        fields: Mapping[str, Mapping[str, object]],
        channel_of: Callable[[], Channel | None],
    ) -> None:
        self.event_type = event_type
        self.static = static_part(event_name or _name_of(function), event_type)
        self.capture_inputs = capture_inputs
        self.capture_outputs = capture_outputs
        self.fields = fields
        self.channel_of = channel_of
        self.signature = _signature_of(function)
        parameters = self.signature.parameters.values()
        self.is_positional = all(
            parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD} for parameter in parameters
        )
        names = [parameter.name for parameter in parameters]
        self.count = len(names)
        recorded = [name if index or name not in _RECEIVERS else None for index, name in enumerate(names)]
        self.keys = [None if name is None else otlp.encode_key(f"{_INPUT_KEY}{name}") for name in recorded]
        inputs = tuple(f"inputs.{name}" for name in recorded if name is not None)
        self.names = inputs + _ONLY_RESULT if capture_inputs else _ONLY_RESULT

    def begin(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Call | None:
        """Open the event of one call and make it current; None when nothing is to be recorded."""
        context = current_context()
        event = self._open(args, kwargs, context)
        if event is None:
            return None
        return event, attach(Context({**context, SPAN_KEY: event, EVENT_KEY: event})), context

    def open_stream(self, args: tuple[object, ...], kwargs: dict[str, object]) -> OpenEvent | None:
        """Open the event of one iteration, not current: each step makes it so."""
        context = current_context()
        event = self._open(args, kwargs, context)
        if event is not None:
            event.base = context
        return event

    def _open(self, args: tuple[object, ...], kwargs: dict[str, object], context: Context) -> OpenEvent | None:
        try:
            channel = self.channel_of()
            if channel is None or not channel.enabled or context.get(SUPPRESS_KEY):
                return None
            event = open_event(channel, self.static, self.event_type, context, nearest(context))
            if event is None:
                return None
            event.names = self.names
            if self.capture_inputs:
                self._capture(event, args, kwargs)
            if self.fields:
                event.merge(self.fields)
        except Exception as error:  # noqa: BLE001  the function is called whatever happens here
            guard.swallow(error, "open an event")
            return None
        return event

    def end(self, call: Call, result: object) -> None:
        """End the event of one call with what it returned."""
        event, token, context = call
        detach(token, context)
        try:
            if self.capture_outputs:
                event.finish_call(_OUTPUT_KEY, result)
            else:
                event.end()
        except Exception as error:  # noqa: BLE001  the result is returned whatever happens here
            guard.swallow(error, "end an event")

    @staticmethod
    def fail(call: Call, error: BaseException) -> None:
        """End the event of one call with what it raised."""
        event, token, context = call
        detach(token, context)
        with guard("end an event"):
            event.fail(error)

    def _capture(self, event: OpenEvent, args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        values: Iterable[object]
        if not kwargs and len(args) == self.count and self.is_positional:
            values = args
        else:
            try:
                bound = self.signature.bind(*args, **kwargs)
            except TypeError:  # the call itself is wrong; calling the function says so better than we can
                event.names = _ONLY_RESULT
                return
            bound.apply_defaults()
            values = bound.arguments.values()
        captured = event.captured
        for key, value in zip(self.keys, values, strict=True):
            if key is None:
                continue
            if otlp.looks_like_json(value):
                event.mark_texts((self.names[len(captured)],))
            captured.append(field_part(key, value))


def _name_of(function: Callable[..., object]) -> str:
    """The qualified name of *function*; of a partial or a callable object, that of its type."""
    return getattr(function, "__qualname__", type(function).__qualname__)


def _signature_of(function: Callable[..., object]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except ValueError:  # a builtin that does not tell its parameters
        return inspect.signature(_any_call)


def _any_call(*args: object, **kwargs: object) -> None:
    """The parameters of a function that does not tell its own."""


@overload
def trace(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def trace(
    *,
    event_type: EventType | str = EventType.tool,
    event_name: str | None = None,
    tracer: "HoneyHiveTracer | None" = None,
    capture_inputs: bool = True,
    capture_outputs: bool = True,
    config: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def trace(
    function: Callable[..., Any] | None = None,
    /,
    *,
    event_type: EventType | str = EventType.tool,
    event_name: str | None = None,
    tracer: "HoneyHiveTracer | None" = None,
    capture_inputs: bool = True,
    capture_outputs: bool = True,
    config: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
) -> Any:
    """Record an event around each call of a function, coroutine function, generator or async generator.

    The event has the arguments as ``inputs`` and the result as ``outputs.result`` (unless *capture_inputs* or
    *capture_outputs* is False), is the parent of whatever runs inside, and ends once however the call ends. It belongs to
    *tracer*, or to the default tracer of the moment of the call; before `HoneyHiveTracer.init` nothing is recorded.
    *event_type* is ``tool`` unless given, *event_name* the function's qualified name. Raises ``ValueError`` for an unknown
    event type and ``TypeError`` for a class. Usable bare (``@trace``) or with options.
    """
    given = {"config": config, "metadata": metadata}
    fields = {name: values for name, values in given.items() if values}
    wanted_type = EventType(event_type)

    def decorate(function: Any) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            return _inside(cast("Any", function), decorate)
        if inspect.isclass(function):
            message = f"@trace takes functions, and {function.__qualname__} is a class; put it on the class's methods"
            raise TypeError(message)
        channel_of = default_channel if tracer is None else functools.partial(getattr, tracer, "channel")
        plan = CallPlan(
            function,
            event_type=wanted_type,
            event_name=event_name,
            capture_inputs=capture_inputs,
            capture_outputs=capture_outputs,
            fields=fields,
            channel_of=channel_of,
        )
        return _wrap(function, plan)

    return decorate if function is None else decorate(function)


def _inside(descriptor: Any, decorate: Callable[[Any], Any]) -> Any:
    """A static or class method whose function is decorated: the decorators came in the other order."""
    return type(descriptor)(decorate(descriptor.__func__))


def _wrap(function: Callable[..., Any], plan: CallPlan) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(function):
        return wrap_async_generator(function, plan.open_stream, keeps_items=plan.capture_outputs)
    if inspect.isgeneratorfunction(function):
        return wrap_generator(function, plan.open_stream, keeps_items=plan.capture_outputs)
    begin, end, fail = plan.begin, plan.end, plan.fail
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def traced_coroutine(*args: Any, **kwargs: Any) -> Any:
            call = begin(args, kwargs)
            if call is None:
                return await function(*args, **kwargs)
            try:
                result = await function(*args, **kwargs)
            except BaseException as error:
                fail(call, error)
                raise
            end(call, result)
            return result

        return cast("Callable[..., Any]", traced_coroutine)

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
        end(call, result)
        return result

    return traced
