"""A later word on an event or a session that is finished, from any process: a zero-length span that names it by id."""

from collections.abc import Mapping

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import Status
from honeyhive.events.identity import parse_session_id
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.fields import text_of
from honeyhive.tracing.parts import Part, error_parts, static_part, without_reserved, write_record


def write_update(
    channel: Channel,
    event_id: str,
    session_id: str | None,
    fields: Mapping[str, Mapping[str, object] | None],
    error: str | None = None,
) -> bool:
    """Say something of the event called *event_id*, which may be finished and of another process; whether it was taken.

    *fields* are the event's mappings by name (``metadata``, ``metrics``, ``feedback``, …), merged into what it has. A
    session is an event whose id is its session id. *session_id* is None where the caller does not know it: readers find
    the event by its own id. Nothing is written when there is nothing to say or the tracer records nothing.
    """
    said = {name: dict(values) for name, values in fields.items() if values}
    if not channel.enabled or not (said or error):
        return False
    if "metadata" in said:
        said["metadata"] = dict(without_reserved(said["metadata"]))
    if error and channel.capture is not None:
        error = channel.capture.error(error, "error")
    if error:
        said.setdefault("metadata", {})[semconv.STATUS] = str(Status.ERROR)
    now_ns = channel.now_ns()
    head: list[Part] = [
        otlp.identity(channel.new_trace_id(), channel.new_span_id(), b""),
        static_part(semconv.UPDATE_SPAN, None),
        otlp.times(now_ns, now_ns),
        channel.identity,
        otlp.attribute(semconv.UPDATE_TARGET, parse_session_id(event_id) or text_of(event_id)),
        otlp.FLAGS_LOCAL_PARENT,
    ]
    if session_id is not None:
        head.append(otlp.attribute(semconv.SESSION_ID, parse_session_id(session_id) or text_of(session_id)))
    if error:
        head += error_parts(error)
    write_record(channel, head, said)
    return True
