"""What user code says of the event or the session it runs in, or of any other by its id."""

from collections.abc import Mapping
from typing import cast

from honeyhive.events.event import Status, Usage
from honeyhive.events.identity import parse_session_id
from honeyhive.events.usage import sound
from honeyhive.events.values import key_text, to_json
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import current_context
from honeyhive.tracing.failure import describe_error
from honeyhive.tracing.fields import Fields, mapping_of, text_of
from honeyhive.tracing.lineage import channel_for, current_event, event_above, nearest
from honeyhive.tracing.parts import usage_metadata
from honeyhive.tracing.session import SessionScope, session_for, session_here
from honeyhive.tracing.updates import write_update


def enrich_current_event(  # noqa: PLR0913  the fields of an event
    channel: Channel | None = None,
    /,
    *,
    attributes: Fields | None = None,
    metadata: Fields | None = None,
    metrics: Fields | None = None,
    feedback: Fields | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    config: Fields | None = None,
    user_properties: Fields | None = None,
    error: BaseException | str | None = None,
    usage: Usage | None = None,
    event_id: str | None = None,
    update_event_id: str | None = None,
    **more: object,
) -> bool:
    """Add to the event that the caller runs in; False when there is none, or it belongs to another tracer than *channel*.

    *attributes* and unknown keywords become metadata; of equal keys, metadata gives way to attributes and those to
    keywords. With *event_id* the event of that id is meant, open or finished, of any process; *update_event_id* gives the
    current event an id.
    """
    with guard("enrich an event"):
        fields = {
            "metadata": {**mapping_of(metadata), **mapping_of(attributes), **more},
            "metrics": mapping_of(metrics),
            "feedback": mapping_of(feedback),
            "inputs": mapping_of(inputs),
            "outputs": mapping_of(outputs),
            "config": mapping_of(config),
            "user_properties": mapping_of(user_properties),
        }
        event = current_event()
        is_current = event is not None and not event.ended and (channel is None or event.channel is channel)
        if event_id is not None and not (is_current and event is not None and event.event_id == text_of(event_id)):
            if usage is not None:
                fields["metadata"] = {**usage_metadata(sound(usage)), **fields["metadata"]}
            return _update(channel, event_id, None, fields, error)
        if event is None or not is_current:
            return False
        event.enrich(usage=usage, **fields)
        if error is not None:
            event.note_error(error_text(error))
        if update_event_id is not None:
            event.name_self(update_event_id)
        return True
    return False


def enrich_current_session(  # noqa: PLR0913  the fields of a session
    channel: Channel | None = None,
    /,
    *,
    session_id: str | None = None,
    attributes: Fields | None = None,
    metadata: Fields | None = None,
    metrics: Fields | None = None,
    feedback: Fields | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    config: Fields | None = None,
    user_properties: Fields | None = None,
    error: BaseException | str | None = None,
    **more: object,
) -> bool:
    """Add to the session that an event of *channel* started here would belong to, or to the one called *session_id*.

    False when there is none. Of a session that is finished, or of another process, what is said travels as an update.
    *attributes* and unknown keywords become metadata, as in `enrich_current_event`.
    """
    with guard("enrich a session"):
        fields = {
            "metadata": {**mapping_of(metadata), **mapping_of(attributes), **more},
            "metrics": mapping_of(metrics),
            "feedback": mapping_of(feedback),
            "inputs": mapping_of(inputs),
            "outputs": mapping_of(outputs),
            "config": mapping_of(config),
            "user_properties": mapping_of(user_properties),
        }
        scope = _session_here(channel)
        if session_id is not None and (scope is None or scope.session_id != parse_session_id(session_id)):
            return _update(channel, session_id, session_id, fields, error)
        if scope is None:
            return False
        scope.enrich(**fields)
        if error is not None:
            _note_session_error(scope, error)
        return True
    return False


def _session_here(channel: Channel | None) -> SessionScope | None:
    context = current_context()
    parent = nearest(context)
    found = channel or channel_for(context, parent)
    if found is None:
        return None
    event = event_above(context, parent)
    return session_for(found, session_here(context, event)) or found.default_session


def _note_session_error(scope: SessionScope, error: BaseException | str) -> None:
    if scope.finished or scope.is_default:
        write_update(scope.channel, scope.session_id, scope.session_id, {}, error_text(error))
    else:
        text, capture = error_text(error), scope.channel.capture
        scope.status, scope.error = Status.ERROR, text if capture is None else capture.error(text, "error")


def _update(
    channel: Channel | None,
    event_id: str,
    session_id: str | None,
    fields: Mapping[str, Fields],
    error: BaseException | str | None,
) -> bool:
    context = current_context()
    target = channel or channel_for(context, nearest(context))
    if target is None:
        return False
    return write_update(target, event_id, session_id, fields, None if error is None else error_text(error))


def error_text(error: object) -> str:
    """What an event says of *error*, an exception or a text."""
    if issubclass(type(error), BaseException):  # by its type: an object that is asked for its class may never answer
        return describe_error(cast("BaseException", error))
    return key_text(error) if issubclass(type(error), str) else to_json(error).decode().strip('"')
