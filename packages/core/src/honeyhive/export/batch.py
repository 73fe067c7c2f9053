"""Records on their way to a destination: put together to fill a request, and taken apart where one is too large."""

import dataclasses
import time
from collections import deque
from itertools import islice
from typing import Final

from honeyhive.events.otlp import CHECKSUM_FIELD
from honeyhive.export.journal import Place
from honeyhive.export.rewriting import delimited_field, fields_of

MAX_REQUEST_BYTES: Final = 2 << 20
_RESOURCE_SPANS: Final = 1  # ExportTraceServiceRequest.resource_spans
_SCOPES: Final = 2  # ResourceSpans.scope_spans
_SPANS: Final = 2  # ScopeSpans.spans


@dataclasses.dataclass(slots=True)
class Batch:
    """One record on its way to a destination: in the journal, or in memory when it could not be written there."""

    count: int
    size: int
    due: float
    place: Place | None
    body: bytes | None
    attempts: int = 0
    first: int = 0
    """Of the spans in the record, the first that is on its way: none before it unless the record was taken apart."""
    is_part: bool = False

    def read(self) -> bytes:
        """The record; raises ``OSError`` when its segment is gone."""
        if self.body is not None:
            return self.body
        record = self.place.read() if self.place is not None else b""
        return part_of(record, self.first, self.first + self.count) if self.is_part else record

    def halves(self) -> "tuple[Batch, Batch]":
        """The two halves of its spans, of which there are two at least; raises ``OSError`` as `read` does."""
        record, middle = self.read(), self.count // 2
        return self._part(record, 0, middle), self._part(record, middle, self.count)

    def _part(self, record: bytes, start: int, stop: int) -> "Batch":
        part = part_of(record, start, stop)
        return dataclasses.replace(
            self,
            count=stop - start,
            size=len(part),
            body=part if self.place is None else None,
            first=self.first + start,
            is_part=True,
        )


def part_of(record: bytes, start: int, stop: int) -> bytes:
    """The spans from *start* to *stop* of *record*, under the same resource and scopes, without its checksum."""
    (whole,) = fields_of(memoryview(record))
    pieces: list[bytes | memoryview] = []
    position = 0
    body = whole.payload or memoryview(b"")
    for number, payload, begin, end in fields_of(body):
        if number == _SCOPES and payload is not None:
            scope, position = _spans_between(payload, start, stop, position)
            pieces.append(scope)
        elif number != CHECKSUM_FIELD:
            pieces.append(body[begin:end])
    return delimited_field(_RESOURCE_SPANS, b"".join(pieces))


def _spans_between(scope: memoryview, start: int, stop: int, position: int) -> tuple[bytes, int]:
    """*scope* with its spans from *start* to *stop*, nothing without any; its first one is at *position* of the record."""
    pieces: list[memoryview] = []
    is_empty = True
    for number, _, begin, end in fields_of(scope):
        is_kept = number != _SPANS or start <= position < stop
        if is_kept:
            pieces.append(scope[begin:end])
        if number == _SPANS:
            is_empty &= not is_kept
            position += 1
    return b"" if is_empty else delimited_field(_SCOPES, b"".join(pieces)), position


def is_due(batches: deque[Batch], threshold: int) -> bool:
    """Whether to send now: the oldest has waited long enough, or there is enough for a full request."""
    if time.monotonic() >= batches[0].due:
        return True
    return batches[0].attempts == 0 and sum(batch.count for batch in batches) >= threshold


def group_of(batches: deque[Batch], max_count: int | None, max_bytes: int) -> list[Batch]:
    """The oldest batches that fit one request of at most *max_count* events and *max_bytes*, and always the first."""
    group = [batches[0]]
    size, count = batches[0].size, batches[0].count
    for batch in islice(batches, 1, None):
        size += batch.size
        count += batch.count
        if size > max_bytes or (max_count is not None and count > max_count):
            break
        group.append(batch)
    return group
