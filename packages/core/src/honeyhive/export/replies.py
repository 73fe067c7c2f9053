"""What a destination answers: its status at once, and of its body no more than an honest one has."""

import time
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, cast

import orjson

from honeyhive.events.wire import WireError, read_fields

# A collector answers with a few bytes; one that sends more, or goes on for ever, is not listened to.
MOST_BYTES: Final = 64 << 10
_PARTIAL_SUCCESS: Final = 1  # ExportTraceServiceResponse.partial_success
_REJECTED_SPANS: Final = 1  # ExportTracePartialSuccess.rejected_spans


class Reply(NamedTuple):
    """The status and headers of an answer, and the beginning of its body as it is on the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def beginning_of(chunks: Iterable[bytes], timeout_s: float) -> bytes:
    """What came of a body within *timeout_s*, at most about `MOST_BYTES`."""
    body = bytearray()
    deadline = time.monotonic() + timeout_s
    for chunk in chunks:
        body += chunk
        if len(body) > MOST_BYTES or time.monotonic() > deadline:
            break
    return bytes(body)


def rejected_in(reply: Reply) -> int:
    """How many spans a collector took the rest without, as it says itself (OTLP's partial success); 0 unless it does."""
    kind = reply.headers.get("content-type", "").partition(";")[0]
    try:
        if kind == "application/json":
            return _rejected_in_json(reply.body)
        if kind == "application/x-protobuf":
            return _number(_field(_field(reply.body, _PARTIAL_SUCCESS), _REJECTED_SPANS))
    except (WireError, ValueError):  # what cannot be read says nothing
        pass
    return 0


def _rejected_in_json(body: bytes) -> int:
    said = cast("object", orjson.loads(body)) if body else None
    partial = cast("dict[str, object]", said).get("partialSuccess") if isinstance(said, dict) else None
    rejected = cast("dict[str, object]", partial).get("rejectedSpans") if isinstance(partial, dict) else None
    # The JSON form of an int64 is a text.
    return _number(int(rejected) if isinstance(rejected, str) else rejected)


def _field(message: object, number: int) -> object:
    values = [value for field, value in read_fields(message) if field == number] if isinstance(message, bytes) else []
    return values[-1] if values else None


def _number(value: object) -> int:
    return max(0, value) if isinstance(value, int) else 0
