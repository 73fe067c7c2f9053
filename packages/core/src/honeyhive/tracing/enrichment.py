"""What user code says of the event or the session it runs in."""

from collections.abc import Mapping

from honeyhive.events.event import Usage
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.lineage import current_event
from honeyhive.tracing.session import current_session

Fields = Mapping[str, object]


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
        event = current_event()
        session = event.session if event is not None else current_session(channel)
        if session is None:
            return False
        session.enrich(
            metadata={**(metadata or {}), **more},
            metrics=metrics,
            feedback=feedback,
            inputs=inputs,
            outputs=outputs,
            config=config,
            user_properties=user_properties,
        )
        return True
    return False
