"""Events that a destination refuses for good: kept apart, with the reason, to be looked at and sent again by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from honeyhive.events import otlp
from honeyhive.export.journal import Journal, read_journal
from honeyhive.export.journal.segment import LOCAL
from honeyhive.export.rewriting import delimited_field, fields_of

MAX_REJECTED_BYTES: Final = 64 << 20
_RESOURCE_SPANS: Final = 1  # ExportTraceServiceRequest.resource_spans
# A field of ResourceSpans that OTLP does not use: other readers skip it.
_REASON_FIELD: Final = otlp.CHECKSUM_FIELD + 2


class RejectedRecord(NamedTuple):
    """The body of a ``ResourceSpans`` that was refused, and why."""

    body: bytes
    reason: str


class Rejected:
    """Writes what was refused into a data directory: segments as in the journal, which go nowhere by themselves."""

    def __init__(self, data_dir: Path) -> None:
        self._journal = Journal(rejected_dir(data_dir), max_bytes=MAX_REJECTED_BYTES)

    def append(self, fingerprint: str, request: bytes, reason: str) -> None:
        """Keep the records of *request*, refused for *reason*."""
        for record in fields_of(memoryview(request)):
            if record.number == _RESOURCE_SPANS and record.payload is not None:
                self._journal.append(f"{LOCAL}-{fingerprint}", _with_reason(record.payload, reason))

    def close(self) -> None:
        """Close the open segment."""
        self._journal.close()

    def reset_after_fork(self) -> None:
        """Leave the parent's segment to the parent."""
        self._journal.reset_after_fork()


def rejected_dir(data_dir: Path) -> Path:
    """Where refused events lie."""
    return data_dir / "rejected"


def read_rejected(data_dir: Path) -> Iterator[RejectedRecord]:
    """Every refused record in *data_dir*, oldest first."""
    for body in read_journal(rejected_dir(data_dir)).bodies:
        reasons = [
            bytes(field.payload or b"") for field in fields_of(memoryview(body)) if field.number == _REASON_FIELD
        ]
        yield RejectedRecord(body, reasons[0].decode(errors="replace") if reasons else "")


def _with_reason(body: memoryview, reason: str) -> bytes:
    kept = [body[field.start : field.end] for field in fields_of(body) if field.number != otlp.CHECKSUM_FIELD]
    return otlp.record(b"".join((*kept, delimited_field(_REASON_FIELD, reason.encode()))), {})
