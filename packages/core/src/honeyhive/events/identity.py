"""Names of events, computed from OpenTelemetry ids, so that any process can name its remote parent."""

import uuid


def event_id_of(trace_id: bytes, span_id: bytes) -> str:
    """The event id of a span: a UUID of version 8 made of the first eight bytes of *trace_id* and the *span_id*."""
    raw = bytearray(trace_id[:8] + span_id)
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def new_session_id() -> str:
    """A fresh session id: a random UUID."""
    return str(uuid.uuid4())


def parse_session_id(text: object) -> str | None:
    """*text*, or a ``uuid.UUID``, as a session id in canonical form (lower case); None when it is not a UUID."""
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        return None
