"""What is known of a traced function before any call, and what each call does with it."""

import sys
from collections.abc import Callable
from contextvars import Token
from functools import partial
from typing import Any, Final

from opentelemetry.context import Context

from honeyhive.decorators.arguments import Arguments, name_of
from honeyhive.decorators.options import TraceOptions, tracer_finder
from honeyhive.decorators.results import LATER, cover, is_later
from honeyhive.decorators.special import in_named_session, specialise
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import EVENT_KEY, SPAN_KEY, SUPPRESS_KEY, attach, current_context, detach
from honeyhive.tracing.lineage import channel_for, nearest, open_event
from honeyhive.tracing.parts import add_values, static_part
from honeyhive.tracing.span import OpenEvent

_ONLY_RESULT: Final = ("outputs.result",)

Call = tuple[OpenEvent, Token[Context], Context]


class CallPlan:
    """What is known of a traced function before any call: names, encoded keys, the static bytes of its events."""

    def __init__(self, function: Callable[..., object], options: TraceOptions) -> None:
        self.options = options
        self.name = options.event_name or name_of(function)
        self.static = static_part(self.name, options.event_type)
        self.arguments = Arguments(function, options.ignore_arguments) if options.capture_inputs else None
        self.names = _ONLY_RESULT if self.arguments is None else self.arguments.names + _ONLY_RESULT
        self._event_type = options.event_type
        self._tracer = options.tracer
        self._find_tracer = tracer_finder(options.tracer)
        self._session_id = options.session_id
        self._is_special = options.is_special

    def begin(self, args: tuple[object, ...], kwargs: dict[str, object]) -> Call | None:
        """Open the event of one call and make it current; None when nothing is to be recorded."""
        context = current_context()
        event = self._open(args, kwargs, context)
        if event is None:
            return None
        inside = context if self._session_id is None or event.base is None else event.base
        return event, attach(Context({**inside, SPAN_KEY: event, EVENT_KEY: event})), context

    def open_stream(self, args: tuple[object, ...], kwargs: dict[str, object]) -> OpenEvent | None:
        """Open the event of one iteration, not current: each step makes it so."""
        context = current_context()
        event = self._open(args, kwargs, context)
        if event is not None and event.base is None:
            event.base = context
        return event

    def _open(  # noqa: C901  the hot path: a call costs more than each of these questions
        self, args: tuple[object, ...], kwargs: dict[str, object], context: Context
    ) -> OpenEvent | None:
        try:
            if context.get(SUPPRESS_KEY):
                return None
            parent = nearest(context)
            channel = channel_for(context, parent) if self._tracer is None else self._given_channel(args)
            if channel is None or not channel.enabled:
                return None
            inside = context if self._session_id is None else in_named_session(channel, context, self.options)
            event = open_event(channel, self.static, self._event_type, inside, parent)
            if event is None:
                return None
            if inside is not context:
                event.base = inside
            event.names = self.names
            arguments = self.arguments
            if arguments is not None:
                if not event.session.is_sampled:
                    event.capture_late = partial(self._capture, arguments, event, args, kwargs)
                    event.is_plain = False
                elif len(args) == arguments.exact and not kwargs and channel.capture is None:
                    if texts := add_values(event.captured, arguments.recorded, args):
                        event.mark_texts(texts)
                else:
                    self._capture(arguments, event, args, kwargs)
            if self._is_special:
                specialise(event, self.options)
        except Exception as error:  # noqa: BLE001  the function is called whatever happens here
            guard.swallow(error, "open an event")
            return None
        return event

    def _given_channel(self, args: tuple[object, ...]) -> Channel | None:
        tracer: Any = self._tracer if self._find_tracer is None else self._find_tracer(args)
        return None if tracer is None else tracer.channel

    def _capture(
        self, arguments: Arguments, event: OpenEvent, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        values = arguments.values(args, kwargs)
        if values is None:  # the call itself is wrong; calling the function says so better than we can
            event.names = _ONLY_RESULT
            if arguments.is_of_another:
                event.capture_inputs({"args": args, "kwargs": kwargs})
                event.names += _ONLY_RESULT
            return
        recorded = arguments.recorded
        if event.channel.capture is not None:
            recorded = [
                one for one in recorded if event.channel.capture.reads("inputs", one[2].removeprefix("inputs."))
            ]
            event.names = (*(name for _, _, name in recorded), *_ONLY_RESULT)
        if texts := add_values(event.captured, recorded, values):
            event.mark_texts(texts)

    def end(self, call: Call, result: Any) -> Any:
        """End the event of one call with what it returned, which is returned; a stream that it returned is covered."""
        event, token, context = call
        detach(token, context)
        try:
            if type(result) in LATER:
                references = sys.getrefcount(result)  # by itself, for nothing else to refer to it meanwhile
                if is_later(result, references):
                    return cover(result, event, context, keeps_result=self.options.capture_outputs)
            if self.options.capture_outputs:
                event.finish_call(result)
            else:
                event.end()
        except Exception as error:  # noqa: BLE001  the result is returned whatever happens here
            guard.swallow(error, "end an event")
        return result

    @staticmethod
    def fail(call: Call, error: BaseException) -> None:
        """End the event of one call with what it raised."""
        event, token, context = call
        detach(token, context)
        with guard("end an event"):
            event.fail(error)
