"""From an open event to the bytes of its span, and on to the way out of the process."""

from typing import TYPE_CHECKING, Any, Final

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Status, Usage
from honeyhive.events.usage import sound
from honeyhive.tracing.limits import limited_attributes, limited_points, point_counts
from honeyhive.tracing.parts import (
    SCOPE,
    Part,
    PendingSpan,
    as_chain,
    error_parts,
    field_parts,
    joined_values,
    name_in,
    text_keys,
    usage_metadata,
    usage_of,
    without_reserved,
    without_usage,
)

if TYPE_CHECKING:
    from honeyhive.tracing.span import OpenEvent

_STATUS_KEY: Final = otlp.encode_key(f"{semconv.FIELD_PREFIX}metadata.{semconv.STATUS}")
_STATUS_PARTS: Final = {status: otlp.text_attribute(_STATUS_KEY, status.encode()) for status in Status}
_OK: Final = Status.OK  # asked of the enum at each call, it would be felt
_PLAIN_END: Final = otlp.FLAGS_LOCAL_PARENT + _STATUS_PARTS[_OK]
_OWNER: Final = 3

_Said = dict[str, dict[str, object]]


def write_event(event: "OpenEvent", end_ns: int) -> None:
    """Hand the span of *event*, which ended at *end_ns*, over to its channel."""
    session, channel = event.session, event.channel
    owner = session.encoded if session.channel is channel else session.encoded_for(channel)
    identity = otlp.identity(event.trace_id, event.span_id, event.parent_span_id)
    times = otlp.times(event.start_ns, end_ns)
    parts: list[Any]
    fields: _Said = {}
    if event.is_plain and event.status is _OK:
        parts = [identity, event.static, times, owner, _PLAIN_END, *event.captured]
    else:
        parts = [identity, event.static, times, owner, event.flags, _STATUS_PARTS[event.status]]
        if event.fields is not None:  # copied, because another thread may be in the middle of saying something
            fields = {field: dict(values) for field, values in list(event.fields.items())}
        if event.labels is not None:
            parts[_OWNER] = otlp.attribute(semconv.SESSION_ID, session.session_id) + channel.identity_from(
                *event.labels
            )
        if event.holds_model:
            _become_chain(event, parts, fields)
        usage = _gather_usage(event, fields)
        parts.extend(_all_parts(event, fields))
        if usage is not None:
            _put_pending(event, parts, fields, usage)
            return
    try:
        span = otlp.span(parts)
    except TypeError:  # a LargeText among them: joining is the worker's
        _put_pending(event, parts, fields, None)
    else:
        channel.put(SCOPE, span, len(span))


def _put_pending(event: "OpenEvent", parts: list[Part], fields: _Said, usage: Usage | None) -> None:
    config = fields.get("config", {})
    model, provider = config.get("model"), config.get("provider")
    pending = PendingSpan(
        parts,
        usage=usage,
        model=model if isinstance(model, str) else None,
        provider=provider if isinstance(provider, str) else None,
    )
    event.channel.put(SCOPE, pending, sum(map(len, parts)))


def _become_chain(event: "OpenEvent", parts: list[Any], fields: _Said) -> None:
    """Write a model event that contains one as a chain without usage, so that usage counts once (decision 11)."""
    if event.event_type is not EventType.model:
        return
    event.event_type = EventType.chain
    parts[1] = event.static = as_chain(event.static)
    if "metadata" in fields:
        fields["metadata"] = without_usage(fields["metadata"])


def _gather_usage(event: "OpenEvent", fields: _Said) -> Usage | None:
    """Put the usage of a model event into its metadata; the usage that a price is wanted for, if any.

    Events of other types have none (design decision 11), and a cost that was reported is not computed.
    """
    if event.event_type is not EventType.model:
        return None
    metadata = fields.get("metadata", {})
    usage = sound(event.usage) if event.usage is not None else usage_of(metadata)
    if usage is None:
        return None
    known = fields["metadata"] = {**usage_metadata(usage), **metadata}
    return usage if semconv.COST not in known else None


def _all_parts(event: "OpenEvent", fields: _Said) -> list[Part]:
    """Everything that an event seldom has, beside its inputs."""
    named = dict(zip(event.names, joined_values(event.captured), strict=False))
    texts = list(event.texts) if event.texts is not None else []
    if fields:
        said_again = {name_in(field, key) for field, values in fields.items() for key in values}
        texts = [name for name in texts if name not in said_again]
        for field, values in fields.items():
            field_parts(field, without_reserved(values) if field == "metadata" else values, named, texts)
    settings = event.channel.settings
    own = event.attributes or {}
    kept, attributes, dropped = limited_attributes(named, own, settings.max_attributes)
    parts: list[Part] = [*kept, *text_keys(texts), *dropped]
    if event.own_id is not None:
        parts.append(otlp.attribute(semconv.EVENT_ID, event.own_id))
    if event.parent_id is not None:
        parts.append(otlp.attribute(semconv.PARENT_ID, event.parent_id))
    if event.error is not None:
        parts += error_parts(event.error)
    elif event.otel_status is not None:
        parts.append(event.otel_status)
    parts.extend(attributes)
    if event.points is not None:
        points, dropped_points = limited_points(event.points, event.dropped_points, settings)
        parts.extend((*points, *point_counts(dropped_points)))
    if event.trace_state:
        parts.append(otlp.trace_state(event.trace_state.to_header()))
    return parts
