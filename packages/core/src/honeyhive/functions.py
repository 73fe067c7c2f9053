"""The free functions of the facade, which act on the default tracer."""

from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import INVALID_SPAN, Span

from honeyhive.events.event import Usage
from honeyhive.tracer import HoneyHiveTracer, default_tracer_channel
from honeyhive.tracing.blocks import SessionBlock
from honeyhive.tracing.blocks import session as open_session
from honeyhive.tracing.channel import default_channel
from honeyhive.tracing.enrichment import enrich_current_event, enrich_current_session
from honeyhive.tracing.fields import Fields
from honeyhive.tracing.lineage import current_event


def session(  # noqa: PLR0913  the fields of a session
    name: str | None = None,
    *,
    session_id: str | None = None,
    inputs: Mapping[str, object] | None = None,
    outputs: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    user_properties: Mapping[str, object] | None = None,
    feedback: Mapping[str, object] | None = None,
    metrics: Mapping[str, object] | None = None,
    sampled: bool | None = None,
    tracer: HoneyHiveTracer | None = None,
) -> SessionBlock:
    """Start one user interaction: events inside the ``with`` or ``async with`` block belong to it.

    A new session starts unless *session_id* (a UUID) names one to continue. Its event is written when the block ends. It
    belongs to *tracer*, or to the default one, which is made from the environment when there is none yet.
    Raises `honeyhive.errors.ConfigurationError` for a session id that is not a UUID.
    """
    return open_session(
        name,
        session_id=session_id,
        inputs=inputs,
        outputs=outputs,
        metadata=metadata,
        user_properties=user_properties,
        feedback=feedback,
        metrics=metrics,
        sampled=sampled,
        channel=default_tracer_channel() if tracer is None else tracer.channel,
    )


class Enrichment:
    """What `enrich_span` did: true when there was an event to add to; as a block, it is given that event.

    After the block nothing is undone. The block is given OpenTelemetry's invalid span, which takes everything and keeps
    nothing, where no event is open.
    """

    __slots__ = ("_was_taken",)

    def __init__(self, was_taken: bool) -> None:
        self._was_taken = was_taken

    def __bool__(self) -> bool:
        return self._was_taken

    def __enter__(self) -> Span:
        return current_event() or INVALID_SPAN

    def __exit__(self, *_error: object) -> None:
        pass


class EnrichSpan:
    """The type of `enrich_span`, which has no state: whatever is said is said at once."""

    __slots__ = ()

    def __call__(  # noqa: PLR0913, PLR0917  1.x's signature
        self,
        attributes: Fields | None = None,
        metadata: Fields | None = None,
        metrics: Fields | None = None,
        feedback: Fields | None = None,
        inputs: Fields | None = None,
        outputs: Fields | None = None,
        config: Fields | None = None,
        error: BaseException | str | None = None,
        event_id: str | None = None,
        tracer: HoneyHiveTracer | None = None,
        *,
        tracer_instance: HoneyHiveTracer | None = None,
        user_properties: Fields | None = None,
        usage: Usage | None = None,
        update_event_id: str | None = None,
        **more: object,
    ) -> Enrichment:
        """Add to the event that the caller runs in; the result is false when there is none.

        *attributes* and unknown keywords become metadata; of equal keys, metadata gives way to attributes and those to
        keywords. *error* (an exception or a text) makes the event an error. With *event_id*, what is said is of the event
        of that id, also when it is finished or of another process; it travels as an update. *update_event_id* gives the
        current event another id. With *tracer* (or *tracer_instance*), an event of another tracer is left alone.
        """
        chosen = tracer if tracer is not None else tracer_instance
        was_taken = enrich_current_event(
            None if chosen is None else chosen.channel,
            attributes=attributes,
            metadata=metadata,
            metrics=metrics,
            feedback=feedback,
            inputs=inputs,
            outputs=outputs,
            config=config,
            user_properties=user_properties,
            error=error,
            usage=usage,
            event_id=event_id,
            update_event_id=update_event_id,
            **more,
        )
        return Enrichment(was_taken)


enrich_span: Final = EnrichSpan()


def enrich_session(  # noqa: PLR0913  1.x's signature and its documented fields
    session_id: str | Fields | None = None,
    metadata: Fields | None = None,
    tracer: HoneyHiveTracer | None = None,
    tracer_instance: HoneyHiveTracer | None = None,
    *,
    attributes: Fields | None = None,
    inputs: Fields | None = None,
    outputs: Fields | None = None,
    config: Fields | None = None,
    metrics: Fields | None = None,
    feedback: Fields | None = None,
    user_properties: Fields | None = None,
    error: BaseException | str | None = None,
    **more: object,
) -> bool:
    """Add to the session that the caller runs in, or to the one called *session_id*; False when there is no tracer.

    A mapping in *session_id*'s place is metadata, as 1.x's documents have it; so are unknown keywords. What is said of a
    session that is finished, or was begun by another process, travels as an update. The session is one of *tracer* (or
    *tracer_instance*), unless given that of the tracer whose event or session the caller runs in.
    """
    chosen = tracer if tracer is not None else tracer_instance
    if isinstance(session_id, Mapping):
        session_id, metadata = None, {**session_id, **(metadata or {})}
    return enrich_current_session(
        None if chosen is None else chosen.channel,
        session_id=session_id,
        attributes=attributes,
        metadata=metadata,
        metrics=metrics,
        feedback=feedback,
        inputs=inputs,
        outputs=outputs,
        config=config,
        user_properties=user_properties,
        error=error,
        **more,
    )


def flush(tracer_instance: HoneyHiveTracer | None = None, timeout_millis: float = 30_000) -> bool:
    """Whether everything that the tracer (the default one unless given) accepted was delivered in *timeout_millis*."""
    if tracer_instance is not None:
        return tracer_instance.flush(timeout_millis)
    channel = default_channel()
    return channel is None or channel.flush(timeout_millis / 1000)
