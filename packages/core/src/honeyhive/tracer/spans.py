"""Events of one tracer, opened by hand."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, overload

from opentelemetry.trace import Link, Span, SpanKind

from honeyhive.decorators import F, TraceBlock, trace, trace_with
from honeyhive.errors import ConfigurationError
from honeyhive.events.event import EventType
from honeyhive.events.identity import parse_session_id
from honeyhive.guard import guard
from honeyhive.settings.checks import unknown_option
from honeyhive.tracer.identity import TracerIdentity
from honeyhive.tracer.otel import event_type_of
from honeyhive.tracing.context import SESSION_KEY, current_context, span_of, with_values
from honeyhive.tracing.enrichment import enrich_current_event
from honeyhive.tracing.lineage import nearest, open_event
from honeyhive.tracing.parts import static_part
from honeyhive.tracing.session import SessionScope
from honeyhive.tracing.span import OpenEvent

Fields = Mapping[str, Any]

_NS_PER_S: Final = 1_000_000_000
_NS_PER_MS: Final = 1_000_000
_MAPPINGS: Final = ("inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties")
_EVENT_FIELDS: Final = frozenset(
    {
        *_MAPPINGS,
        "event_name",
        "event_type",
        "event_id",
        "session_id",
        "parent_id",
        "project",
        "source",
        "error",
        "duration",
        "start_time",
        "end_time",
    }
)


class TracerSpans(TracerIdentity):
    """`HoneyHiveTracer`'s methods that make events and say something of them."""

    def start_span(
        self,
        name: str,
        *,
        kind: SpanKind | None = None,
        attributes: Mapping[str, Any] | None = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> AbstractContextManager[Span]:
        """A block around an event, which is given it as an OpenTelemetry span and is current in it.

        *start_time* in Unix nanoseconds. An attribute ``honeyhive_event_type`` says what the event is (a tool unless given).
        """
        block: AbstractContextManager[Span] = self.tracer.start_as_current_span(
            name,
            kind=kind or SpanKind.INTERNAL,
            attributes=attributes,
            links=links,
            start_time=start_time,
            record_exception=record_exception,
            set_status_on_exception=set_status_on_exception,
        )
        return block

    @overload
    def trace(self, name: F, /) -> F: ...

    @overload
    def trace(
        self, name: str | None = None, event_type: EventType | str | None = None, **options: Any
    ) -> TraceBlock: ...

    def trace(self, name: Any = None, event_type: EventType | str | None = None, **options: Any) -> Any:
        """An event called *name*: a block around it (``with``, ``async with``), or a decorator, bare or with options.

        Options are those of `honeyhive.trace`; any other keyword is an attribute of the span, as in 1.x. A function's events
        are called like it where there is no *name*; a block needs one.
        """
        if name is not None and not isinstance(name, str):
            return trace(tracer=self)(name)
        return trace_with(self, name, event_type, options)

    def enrich_span(  # noqa: PLR0913, PLR0917  1.x's signature
        self,
        attributes: Fields | None = None,
        metadata: Fields | None = None,
        metrics: Fields | None = None,
        feedback: Fields | None = None,
        inputs: Fields | None = None,
        outputs: Fields | None = None,
        config: Fields | None = None,
        user_properties: Fields | None = None,
        error: BaseException | str | None = None,
        event_id: str | None = None,
        update_event_id: str | None = None,
        **more: Any,
    ) -> bool:
        """Add to the current event of this tracer, or to that of *event_id*, which may be over; see `honeyhive.enrich_span`.

        Whether there was an event to add to. Unknown keywords become metadata.
        """
        return enrich_current_event(
            self.channel,
            attributes=attributes,
            metadata=metadata,
            metrics=metrics,
            feedback=feedback,
            inputs=inputs,
            outputs=outputs,
            config=config,
            user_properties=user_properties,
            error=error,
            event_id=event_id,
            update_event_id=update_event_id,
            **more,
        )

    def create_event(  # noqa: PLR0913  1.x's signature
        self,
        event_name_or_dict: str | Mapping[str, Any],
        *,
        event_type: str = "tool",
        inputs: Fields | None = None,
        outputs: Fields | None = None,
        error: str | None = None,
        duration: float | None = None,
        metadata: Fields | None = None,
        config: Fields | None = None,
        feedback: Fields | None = None,
        metrics: Fields | None = None,
        **more: Any,
    ) -> str | None:
        """Record an event that is over, in the session and under the event that the caller runs in; its id.

        *duration* in seconds before now. Further keywords, and a mapping in place of the name, are fields of the event
        record: ``user_properties``, ``event_id``, ``parent_id``, ``session_id``, ``project``, ``source``, ``start_time``
        and ``end_time`` (Unix milliseconds). None when nothing is recorded. Raises `ConfigurationError` for an unknown one,
        naming the nearest.
        """
        fields: dict[str, Any] = {
            "event_type": event_type,
            "inputs": inputs,
            "outputs": outputs,
            "error": error,
            "duration": duration,
            "metadata": metadata,
            "config": config,
            "feedback": feedback,
            "metrics": metrics,
            **more,
        }
        if isinstance(event_name_or_dict, Mapping):
            fields.update(event_name_or_dict)
        else:
            fields["event_name"] = event_name_or_dict
        for name in fields:
            if name not in _EVENT_FIELDS:
                raise ConfigurationError(unknown_option(name, set(_EVENT_FIELDS)))
        with guard("record an event"):
            return self._record(fields)
        return None

    def _record(self, fields: Mapping[str, Any]) -> str | None:
        if not self.channel.enabled:
            return None
        context = current_context()
        above = nearest(context)
        session_id = fields.get("session_id")
        if session_id is not None:
            known = parse_session_id(str(session_id)) or str(session_id)
            if not (type(above) is OpenEvent and above.session.session_id == known):
                session = SessionScope(self.channel, session_id=known, owned=False)
                context, above = with_values(context, {SESSION_KEY: session}), None
        event_type = event_type_of(fields.get("event_type"))
        name = str(fields.get("event_name") or "unknown_event")
        event = open_event(self.channel, static_part(name, event_type), event_type, context, above)
        if event is None:
            return None
        event.ambient = span_of(context)
        return _write(event, fields)


def _write(event: OpenEvent, fields: Mapping[str, Any]) -> str:
    end_ns = event.start_ns
    if fields.get("end_time") is not None:
        end_ns = round(fields["end_time"] * _NS_PER_MS)
    if fields.get("start_time") is not None:
        event.start_ns = round(fields["start_time"] * _NS_PER_MS)
        if fields.get("end_time") is None and fields.get("duration") is not None:
            end_ns = event.start_ns + round(fields["duration"] * _NS_PER_S)
    elif fields.get("duration") is not None:
        event.start_ns = end_ns - round(fields["duration"] * _NS_PER_S)
    if fields.get("event_id") is not None:
        event.name_self(str(fields["event_id"]))
    if fields.get("parent_id") is not None:
        event.name_parent(str(fields["parent_id"]))
    if fields.get("project") is not None or fields.get("source") is not None:
        event.label(project=fields.get("project"), source=fields.get("source"))
    event.merge({name: fields.get(name) for name in _MAPPINGS})
    if fields.get("error") is not None:
        event.note_error(str(fields["error"]))
    event.end(end_ns)
    return event.event_id
