"""What an event is without its bodies: in overload these go first, and what the event is (ids, type, times, status, usage) stays."""

from typing import Final, Protocol, runtime_checkable

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.export.rewriting import fields_of

_ATTRIBUTES: Final = 9  # Span.attributes
_EVENTS: Final = 11  # Span.events
_BODIES: Final = tuple(f"{semconv.FIELD_PREFIX}{field}.".encode() for field in ("inputs", "outputs"))
_NOTE: Final = f"{semconv.FIELD_PREFIX}metadata.shed_bytes"
_ONE_BYTE: Final = 0x7F


@runtime_checkable
class Sheddable(Protocol):
    """A span whose bytes are made by the worker, and that can be made without its bodies."""

    def shed(self) -> "tuple[Sheddable, int]":
        """The span without its bodies, and about how many bytes it takes."""
        ...

    def encode(self) -> bytes:
        """The span as an entry of ``ScopeSpans.spans``."""
        ...


def shed(span: "bytes | object") -> "tuple[bytes | Sheddable, int] | None":
    """*span* without its bodies, and its size then; None where it has none that could go."""
    if isinstance(span, bytes):
        (whole,) = fields_of(memoryview(span))
        kept = otlp.span([without_bodies(whole.payload or memoryview(b""))])
        return (kept, len(kept)) if len(kept) < len(span) else None
    return span.shed() if isinstance(span, Sheddable) else None


def without_bodies(fields: memoryview) -> bytes:
    """The fields of a span without inputs, outputs and span events, and a note of how many bytes those were."""
    kept: list[bytes | memoryview] = []
    gone = 0
    for number, payload, start, end in fields_of(fields):
        if number == _EVENTS or (number == _ATTRIBUTES and payload is not None and _is_body(payload)):
            gone += end - start
        else:
            kept.append(fields[start:end])
    if gone:
        kept.append(shed_note(gone))
    return b"".join(kept)


def shed_note(size: int) -> bytes:
    """The attribute that tells how many bytes were shed."""
    return otlp.attribute(_NOTE, size)


def _is_body(attribute: memoryview) -> bool:
    # KeyValue.key is the first field; a length of more than one byte has a second.
    start = 2 if attribute[1] <= _ONE_BYTE else 3
    return bytes(attribute[start : start + len(_BODIES[1])]).startswith(_BODIES)
