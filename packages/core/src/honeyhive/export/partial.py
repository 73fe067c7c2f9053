"""Partial success: what a collector says that it left out of a request it took (OTLP specification, "Partial Success")."""

from collections.abc import Mapping
from typing import Any, Final, cast

import orjson

from honeyhive.events.wire import WireError, read_fields

_PARTIAL_SUCCESS: Final = 1  # ExportTraceServiceResponse.partial_success
_REJECTED_SPANS: Final = 1  # ExportTracePartialSuccess.rejected_spans


def rejected_spans(content: bytes, headers: Mapping[str, str]) -> int:
    """How many spans of a request were left out, as its answer says; none where it says nothing that can be read."""
    if not content:
        return 0
    try:
        if "json" in headers.get("content-type", ""):
            return max(0, _of_json(orjson.loads(content)))
        return max(0, _of_protobuf(content))
    except (WireError, ValueError, TypeError, KeyError, AttributeError):
        return 0


def _of_json(answer: Any) -> int:
    partial = cast("dict[str, Any]", answer).get("partialSuccess")
    return int(cast("dict[str, Any]", partial or {}).get("rejectedSpans") or 0)


def _of_protobuf(answer: bytes) -> int:
    for number, value in read_fields(answer):
        if number == _PARTIAL_SUCCESS and isinstance(value, bytes):
            for inner, count in read_fields(value):
                if inner == _REJECTED_SPANS and isinstance(count, int) and count < 1 << 63:
                    return count
    return 0
