"""Which headers a task message carries and how they are read; no Celery and no tracer in here.

Celery turns each header of a message into an attribute of ``task.request`` and sends unknown ones again on a retry, so ours
are always written anew, never appended to. Nothing of a task's content goes into them: brokers and monitors log headers.
"""

from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Final, cast

from honeyhive.integration import CARRIED, Context
from opentelemetry import trace
from opentelemetry.trace import SpanContext
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACEPARENT, TRACESTATE, BAGGAGE = CARRIED
ENQUEUED_AT: Final = "honeyhive-enqueued-at"
"""Unix seconds at which the message was published: protocol 2 has no such header."""
CREATION: Final = "honeyhive-creation"
"""On a retry: trace parent and state of the first publish, ``traceparent;tracestate``, under which all attempts stand."""
PREVIOUS: Final = "honeyhive-previous"
"""On a retry: trace parent of the attempt that asked for it."""

_OWN: Final = (ENQUEUED_AT, CREATION, PREVIOUS)
_READ: Final = (*CARRIED, *_OWN)
_MAX_TRACESTATE: Final = 512  # characters that W3C Trace Context §3.3.1.5 asks to pass on
_W3C: Final = TraceContextTextMapPropagator()


def read(request: object) -> dict[str, str]:
    """The headers of ours and of W3C's that the message of *request* (a ``task.request``) brought."""
    nested = getattr(request, "headers", None)
    found: dict[str, str] = {}
    for name in _READ:
        value = getattr(request, name, None)
        if value is None and isinstance(nested, Mapping):
            value = cast("Mapping[object, object]", nested).get(name)
        if isinstance(value, str):
            found[name] = value
    return found


def brings_own_trace(headers: Mapping[str, object], *, retries: int) -> bool:
    """Whether the user put a trace parent into *headers*; one beside our own header is left from an earlier message."""
    return retries == 0 and isinstance(headers.get(TRACEPARENT), str) and ENQUEUED_AT not in headers


def write(
    headers: MutableMapping[str, object],
    carrier: Mapping[str, str],
    *,
    enqueued_at_s: float,
    creation: str | None = None,
    previous: str | None = None,
) -> None:
    """Put *carrier* and our own headers into *headers*, in place of what an earlier message left of ours."""
    for name in _OWN:
        headers.pop(name, None)
    headers.update(carrier)
    if TRACESTATE in carrier:
        headers[TRACESTATE] = _shortened(carrier[TRACESTATE])
    headers[ENQUEUED_AT] = f"{enqueued_at_s:.6f}"
    if creation is not None:
        headers[CREATION] = creation
    if previous is not None:
        headers[PREVIOUS] = previous


def creation_of(carrier: Mapping[str, str]) -> str | None:
    """What a retry of the message with *carrier* writes as `CREATION`; None when the message brought no session.

    The first publish is then an event of another session, and cannot be the parent of the attempts.
    """
    if CREATION in carrier:
        return carrier[CREATION]
    if TRACEPARENT not in carrier or BAGGAGE not in carrier:
        return None
    return f"{carrier[TRACEPARENT]};{_shortened(carrier.get(TRACESTATE, ''))}"


def parent_carrier(carrier: Mapping[str, str]) -> dict[str, str]:
    """*carrier* with the trace that the attempt belongs under: the first publish's, so that attempts are siblings."""
    parent = dict(carrier)
    if CREATION in carrier:
        parent[TRACEPARENT], _, parent[TRACESTATE] = carrier[CREATION].partition(";")
    return parent


def span_context(traceparent: object) -> SpanContext | None:
    """The span that *traceparent* names, to be linked to; None when it is absent or malformed."""
    if not isinstance(traceparent, str):
        return None
    found = trace.get_current_span(_W3C.extract({TRACEPARENT: traceparent}, Context())).get_span_context()
    return found if found.is_valid else None


def queue_wait_ms(carrier: Mapping[str, str], *, eta: object, started_at_s: float) -> float | None:
    """Milliseconds from when the task could have started (published, and its *eta* come) until it did, at least 0."""
    try:
        ready_at_s = float(carrier[ENQUEUED_AT])
        if isinstance(eta, str):
            ready_at_s = max(ready_at_s, _unix_seconds(eta))
    except (KeyError, ValueError):
        return None
    # The clocks of two machines may differ.
    return max(0.0, round((started_at_s - ready_at_s) * 1000, 3))


def _unix_seconds(iso: str) -> float:
    moment = datetime.fromisoformat(iso)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def _shortened(tracestate: str) -> str:
    """Whole members of *tracestate*, from the left, as far as they fit: the first is the nearest, ours."""
    while len(tracestate) > _MAX_TRACESTATE:
        tracestate = tracestate.rpartition(",")[0]
    return tracestate
