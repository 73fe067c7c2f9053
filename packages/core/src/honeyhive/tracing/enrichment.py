"""What user code says of the event or the session it runs in."""

from collections.abc import Mapping
from typing import Final

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import Usage
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.lineage import current_event
from honeyhive.tracing.parts import static_part, write_record
from honeyhive.tracing.session import SessionScope, current_session

Fields = Mapping[str, object]

_FIELDS: Final = frozenset(semconv.FIELDS)


def enrich_current_event(  # noqa: PLR0913  the fields of an event
    *,
    attributes: Fields | None = None,
    metadata: Fields | None = None,
    metrics: Fields | None = None,
    feedback: Fields | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    config: Fields | None = None,
    user_properties: Fields | None = None,
    error: str | None = None,
    usage: Usage | None = None,
    **more: object,
) -> bool:
    """Add to the event that the caller runs in; False when there is none. Unknown keywords become metadata."""
    with guard("enrich an event"):
        event = current_event()
        if event is None or event.ended:
            return False
        merged = {**(attributes or {}), **(metadata or {}), **more}
        event.enrich(
            metadata=merged,
            metrics=metrics,
            feedback=feedback,
            inputs=inputs,
            outputs=outputs,
            config=config,
            user_properties=user_properties,
            usage=usage,
        )
        if error is not None:
            event.error = error
            event.is_plain = False
        return True
    return False


def enrich_current_session(
    channel: Channel | None,
    *,
    metadata: Fields | None = None,
    metrics: Fields | None = None,
    feedback: Fields | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    config: Fields | None = None,
    user_properties: Fields | None = None,
    **more: object,
) -> bool:
    """Add to the session that the caller runs in; False when there is none. Unknown keywords become metadata."""
    with guard("enrich a session"):
        session = current_session()
        if channel is None or session is None:
            return False
        fields: dict[str, Fields | None] = {
            "metadata": {**(metadata or {}), **more},
            "metrics": metrics,
            "feedback": feedback,
            "inputs": inputs,
            "outputs": outputs,
            "config": config,
            "user_properties": user_properties,
        }
        given = {name: values for name, values in fields.items() if values}
        if not given:
            return True
        if session.finished or session.is_default:
            write_update(channel, session, session.session_id, given)
        else:
            session.enrich(**given)
        return True
    return False


def write_update(channel: Channel, session: SessionScope, event_id: str, fields: Mapping[str, Fields]) -> None:
    """Write an update record: *fields* for the event of *event_id*, wherever that was or will be written."""
    if not channel.enabled:
        return
    now_ns = channel.now_ns()
    if session.unannounced:
        session.announce()
    head = (
        otlp.identity(channel.new_trace_id(), channel.new_span_id(), b""),
        static_part(semconv.UPDATE_SPAN, None),
        otlp.times(now_ns, now_ns),
        session.encoded_for(channel),
        otlp.attribute(semconv.UPDATE_TARGET, event_id),
        otlp.FLAGS_LOCAL_PARENT,
    )
    write_record(channel, head, fields)
