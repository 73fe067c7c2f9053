"""OpenTelemetry's Tracer, whose spans are events of ours."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, SpanKind
from opentelemetry.util.types import Attributes

from honeyhive import semconv
from honeyhive.events.event import EventType, Status
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import SUPPRESS_KEY, current_context, span_of
from honeyhive.tracing.failure import describe_error, status_of
from honeyhive.tracing.lineage import nearest, open_event
from honeyhive.tracing.parts import static_part
from honeyhive.tracing.span import OpenEvent

_DOTTED: Final = "honeyhive."
_TYPES: Final = frozenset(EventType) - {EventType.session}


class EventTracer(trace.Tracer):
    """Starts events of *channel* by OpenTelemetry's interface. An attribute ``honeyhive_event_type`` says of which type."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: ARG002  OpenTelemetry's signature
        set_status_on_exception: bool = True,  # noqa: ARG002  OpenTelemetry's signature
    ) -> trace.Span:
        """A span that its caller ends; one that records nothing where nothing is to be recorded."""
        with guard("start a span"):
            event = self._open(name, context, kind, attributes or {})
            if event is not None:
                event.start_ns = event.start_ns if start_time is None else start_time
                for link in links or ():
                    event.add_link(link.context, link.attributes)
                return event
        return INVALID_SPAN

    def start_as_current_span(  # noqa: PLR0913, PLR0917  OpenTelemetry's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Any:
        """A context manager in which the span is current; it ends there unless told otherwise."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        return _current(span, ends=end_on_exit, records_exception=record_exception, sets_status=set_status_on_exception)

    def _open(
        self, name: str, context: Context | None, kind: SpanKind, attributes: Mapping[str, Any]
    ) -> OpenEvent | None:
        given = context
        context = current_context() if context is None else context
        if not self._channel.enabled or context.get(SUPPRESS_KEY):
            return None
        renamed = {_underscored(key): value for key, value in attributes.items()}
        event_type = event_type_of(renamed.pop(semconv.EVENT_TYPE, None))
        above = nearest(context) if given is None else span_of(given)
        event = open_event(self._channel, static_part(name, event_type, kind.value + 1), event_type, context, above)
        if event is not None:
            event.base, event.kind, event.ambient = context, kind.value + 1, span_of(context)
            event.set_attributes(renamed)
        return event


@contextmanager
def _current(span: trace.Span, *, ends: bool, records_exception: bool, sets_status: bool) -> Generator[trace.Span]:
    if not isinstance(span, OpenEvent):
        yield span
        return
    try:
        with span.activate():
            yield span
    except BaseException as error:
        if sets_status and records_exception:
            span.record_error(error)
        elif records_exception:
            span.record_exception(error)
        elif sets_status and status_of(error) is Status.ERROR:
            span.note_error(describe_error(error))
        raise
    finally:
        if ends:
            span.end()


def event_type_of(value: object) -> EventType:
    """The event type that *value* names; what is no type, or a session's, is a tool, as in 1.x."""
    text = getattr(value, "value", value)
    return EventType(text) if isinstance(text, str) and text in _TYPES else EventType.tool


def _underscored(key: str) -> str:
    # 1.x took ``honeyhive.outputs.text`` for ``honeyhive_outputs.text``; the names of identity are dotted by themselves.
    if not isinstance(cast("object", key), str):  # `set_attribute` says what is wrong with it
        return key
    if key.startswith(_DOTTED) and key not in {semconv.SESSION_ID, semconv.PROJECT, semconv.SOURCE}:
        return f"{semconv.FIELD_PREFIX}{key.removeprefix(_DOTTED)}"
    return key
