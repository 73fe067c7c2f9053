"""The free functions of the facade, which act on the default tracer."""

from collections.abc import Mapping
from typing import Any

from honeyhive.tracer import HoneyHiveTracer, default_tracer_channel
from honeyhive.tracing.channel import default_channel
from honeyhive.tracing.enrichment import enrich_current_event, enrich_current_session
from honeyhive.tracing.session import SessionBlock
from honeyhive.tracing.session import session as open_session


def session(
    name: str | None = None,
    *,
    session_id: str | None = None,
    inputs: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    user_properties: Mapping[str, object] | None = None,
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
        metadata=metadata,
        user_properties=user_properties,
        channel=default_tracer_channel() if tracer is None else tracer.channel,
    )


def enrich_span(**fields: Any) -> bool:
    """Add to the event that the caller runs in: ``metadata``, ``metrics``, ``feedback``, ``inputs``, ``outputs``,
    ``config``, ``user_properties`` (mappings), ``error`` (text), ``usage`` (`honeyhive.models.Usage`).

    Unknown keywords become metadata, as in 1.x. False when there is no open event.
    """  # noqa: D205  one sentence of many names
    return enrich_current_event(**fields)


def enrich_session(**fields: Any) -> bool:
    """Add to the session that the caller runs in, with the mappings of `enrich_span`; False when there is no tracer.

    In a process that continues a session begun elsewhere, what is said travels as an update record.
    """
    return enrich_current_session(default_channel(), **fields)


def flush(tracer: HoneyHiveTracer | None = None, timeout_millis: float = 30_000) -> bool:
    """Whether everything that *tracer* (the default one unless given) accepted was delivered within *timeout_millis*."""
    if tracer is not None:
        return tracer.flush(timeout_millis)
    channel = default_channel()
    return channel is None or channel.flush(timeout_millis / 1000)
