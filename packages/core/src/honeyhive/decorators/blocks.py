"""`tracer.trace(...)`: one object that is a decorator and a block, synchronous or asynchronous."""

from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Final

from opentelemetry.trace import INVALID_SPAN, Span

from honeyhive.decorators.decorate import decorated
from honeyhive.decorators.options import KEYWORDS, F, TraceOptions, TracerLike, options_of
from honeyhive.decorators.plan import Call, CallPlan
from honeyhive.events.event import EventType
from honeyhive.events.identity import parse_session_id
from honeyhive.tracing.context import EVENT_KEY, current_context
from honeyhive.tracing.entries import Entries
from honeyhive.tracing.fields import Fields, mapping_of

_SESSION_ID: Final = "session_id"


class TraceBlock:
    """An event around a ``with`` or ``async with`` block, which is given the event, or around each call of a function.

    The block is given OpenTelemetry's invalid span, which takes everything and keeps nothing, where nothing is recorded.
    """

    def __init__(self, options: TraceOptions) -> None:
        self._options = options
        self._plan: CallPlan | None = None
        self._entries: Entries[Call | None] = Entries()

    def __call__(self, function: F) -> F:
        """*function* with an event around each call, called like the function unless the block has a name."""
        return decorated(function, self._options)

    def __enter__(self) -> Span:
        if self._options.event_name is None:
            message = "a trace block needs a name: with tracer.trace('answer', event_type='chain')"
            raise TypeError(message)
        if self._plan is None:
            self._plan = CallPlan(_block, replace(self._options, capture_inputs=False, capture_outputs=False))
        call = self._plan.begin((), {})
        self._entries.add(call)
        return INVALID_SPAN if call is None else call[0]

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        here = current_context().get(EVENT_KEY)
        call = self._entries.take(lambda entry: entry is None or entry[0] is here)
        if call is None or self._plan is None:
            return
        if error is None:
            self._plan.end(call, None)
        else:
            self._plan.fail(call, error)

    async def __aenter__(self) -> Span:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def _block() -> None:
    """The function that a block stands for."""


def trace_with(
    tracer: TracerLike, name: str | None, event_type: EventType | str | None, keywords: Mapping[str, Any]
) -> TraceBlock:
    """What `HoneyHiveTracer.trace` gives: *keywords* are those of `trace`; as in 1.x, others become span attributes."""
    known = {key: value for key, value in keywords.items() if key in KEYWORDS}
    attributes = {key: value for key, value in keywords.items() if key not in KEYWORDS and value is not None}
    named = name if name is not None else attributes.pop("event_name", None)
    # A warning about the event type is for the caller of the method that calls this.
    options = options_of(event_type, named, {**_checked(known), "tracer": tracer}, stacklevel=5)
    return TraceBlock(replace(options, attributes=attributes))


def enrich_span_context(  # noqa: PLR0913  1.x's signature
    event_name: str,
    *,
    attributes: Fields | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    metadata: Fields | None = None,
    metrics: Fields | None = None,
    feedback: Fields | None = None,
    config: Fields | None = None,
    user_properties: Fields | None = None,
    error: BaseException | str | None = None,
    event_id: str | None = None,
    session_id: str | None = None,
    project: str | None = None,
    source: str | None = None,
    tracer_instance: TracerLike | None = None,
) -> TraceBlock:
    """1.x's block around a new event that has these fields from its start; *attributes* are OpenTelemetry's."""
    said = {
        "inputs": inputs,
        "outputs": outputs,
        "metadata": metadata,
        "metrics": metrics,
        "feedback": feedback,
        "config": config,
        "user_properties": user_properties,
        "error": error,
        "event_id": event_id,
        "session_id": session_id,
        "project": project,
        "source": source,
        "tracer": tracer_instance,
    }
    options = options_of(None, event_name, _checked(said))
    return TraceBlock(replace(options, attributes=attributes or {}))


def _checked(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """*keywords* whose session id is a UUID, or is kept as metadata: at run time it may be anything that came in."""
    session_id = keywords.get(_SESSION_ID)
    if session_id is None or parse_session_id(str(session_id)) is not None:
        return dict(keywords)
    metadata = {_SESSION_ID: session_id, **mapping_of(keywords.get("metadata"))}
    return {**keywords, _SESSION_ID: None, "metadata": metadata}
