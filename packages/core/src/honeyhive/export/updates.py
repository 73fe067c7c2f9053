"""Updates on their way to the HoneyHive API, which takes them as ``PUT /events``; elsewhere they stay spans."""

import dataclasses
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.decode import count_spans, decode_resource_spans, split_records
from honeyhive.events.reader import Update, read_span
from honeyhive.events.values import to_json
from honeyhive.events.wire import delimited, read_fields, varint
from honeyhive.export.outcome import TOO_LARGE, Outcome

_TARGET: Final = otlp.encode_key(semconv.UPDATE_TARGET)
_RECORD_TAG: Final = b"\x0a"  # ExportTraceServiceRequest.resource_spans = 1
_SCOPES: Final = 2  # ResourceSpans.scope_spans
_SPANS: Final = 2  # ScopeSpans.spans
_DELIMITED: Final = 2
# What ``PUT /events`` takes (``facts/honeyhive-api.md`` §4.3); what it does not take goes into the metadata.
_SENT: Final = ("metadata", "feedback", "metrics", "outputs", "config", "user_properties")
# The worker has more to do than one body of many updates: after this long it looks at its queue again.
_SLICE_S: Final = 1.0
# An event may be on its way yet, from another process or inside the server.
_NOT_FOUND: Final = "http_404"
_NOT_FOUND_ATTEMPTS: Final = 3


@dataclasses.dataclass(frozen=True, slots=True)
class _Record:
    """The events of one record: what is sent, and how many spans that is."""

    key: bytes
    body: bytes
    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Word:
    """One update: the ids of its span, when it was said, and what it says."""

    key: bytes
    time_ns: int
    update: Update


def has_updates(body: bytes) -> bool:
    """Whether there may be an update in *body*, by a look at its bytes."""
    return _TARGET in body


class Parting:
    """Sends what is in one body apart, and remembers what became of each piece until all of them are settled.

    A body that is tried again after a failure in its middle sends nothing twice within a process.
    """

    def __init__(self, *, slice_s: float = _SLICE_S) -> None:
        self._slice_s = slice_s
        self._settled: dict[bytes, str | None] = {}
        self._left_out = Counter[str]()

    def deliver(
        self,
        body: bytes,
        attempt: int,
        post: Callable[[bytes], Outcome],
        put: Callable[[bytes, int], Outcome],
    ) -> Outcome:
        """Send the events of *body* by *post* and then each update by *put* (JSON, and the time of the user's call).

        The outcome is delivered once every piece is settled, and counts those that were refused for good.
        """
        records, words = _split(body)
        until = time.monotonic() + self._slice_s
        waiting = [record for record in records if record.key not in self._settled]
        if waiting:
            outcome = post(b"".join(record.body for record in waiting))
            self._left_out.update(outcome.dropped)
            if outcome.refused == TOO_LARGE and sum(record.count for record in waiting) > 1:
                return outcome  # the body is taken apart and comes again
            if not self._settle(outcome, *(record.key for record in waiting)):
                return outcome
        for number, same in enumerate(_by_event([word for word in words if word.key not in self._settled])):
            if number and time.monotonic() > until:
                return Outcome(retry_after_s=0.0, made_progress=True)
            outcome = put(_request(same), same[-1].time_ns)
            if outcome.refused == _NOT_FOUND and attempt < _NOT_FOUND_ATTEMPTS:
                return Outcome(retry_after_s=0.5 * 2**attempt)
            if not self._settle(outcome, *(word.key for word in same)):
                return outcome
        return self._account([(record.key, record.count) for record in records] + [(word.key, 1) for word in words])

    def _settle(self, outcome: Outcome, *keys: bytes) -> bool:
        """Remember what is certain of the pieces with *keys*; whether there was anything."""
        if outcome.is_unauthorized or not (outcome.is_delivered or outcome.refused):
            return False
        self._settled.update((key, outcome.refused) for key in keys)
        return True

    def _account(self, pieces: list[tuple[bytes, int]]) -> Outcome:
        dropped, self._left_out = self._left_out, Counter[str]()
        for key, count in pieces:
            reason = self._settled.pop(key, None)
            if reason is not None:
                dropped[reason] += count
        return Outcome(is_delivered=True, dropped=dropped)

    def forget(self) -> None:
        """Start clean."""
        self._settled.clear()


def _split(body: bytes) -> tuple[list[_Record], list[_Word]]:
    """The records of *body* without their updates, and the updates."""
    records: list[_Record] = []
    words: list[_Word] = []
    for record in split_records(body)[0]:
        events = _without_updates(record, words) if has_updates(record) else record
        count = count_spans(events)
        if count:
            key = hashlib.blake2b(record, digest_size=16).digest()
            records.append(_Record(key, delimited(_RECORD_TAG, events), count))
    return records, words


def _without_updates(record: bytes, words: list[_Word]) -> bytes:
    """*record* without its updates, which go to *words*; its checksum would not hold any more and goes too."""

    def rest_of(scope: bytes) -> bytes:
        return _rewritten(scope, _SPANS, lambda span: None if _is_update(span, words) else span)

    return _rewritten(record, _SCOPES, rest_of)


def _rewritten(message: bytes, number: int, rewrite: Callable[[bytes], bytes | None]) -> bytes:
    """The length-delimited fields of *message*, those with *number* as *rewrite* makes them; None leaves one out."""
    kept: list[bytes] = []
    for field, value in read_fields(message):
        if isinstance(value, bytes):
            new = rewrite(value) if field == number else value
            if new is not None:
                kept.append(delimited(varint(field << 3 | _DELIMITED), new))
    return b"".join(kept)


def _is_update(span: bytes, words: list[_Word]) -> bool:
    """Whether *span* is an update, which then goes to *words*; an event may only speak of one."""
    if not has_updates(span):
        return False
    (decoded,) = decode_resource_spans(delimited(b"\x12", delimited(b"\x12", span)))
    read = read_span(decoded)
    if not isinstance(read, Update):
        return False
    words.append(_Word(decoded.trace_id + decoded.span_id, decoded.start_ns, read))
    return True


def _by_event(words: list[_Word]) -> list[list[_Word]]:
    found: dict[str, list[_Word]] = {}
    for word in words:
        found.setdefault(word.update.event_id, []).append(word)
    return list(found.values())


def _request(words: list[_Word]) -> bytes:
    """One request for the updates of one event: later words win, key by key."""
    request: dict[str, Any] = {"event_id": words[0].update.event_id}
    for word in words:
        for name, values in _sent_fields(word.update):
            request.setdefault(name, {}).update(values)
    return to_json(request)


def _sent_fields(update: Update) -> Iterator[tuple[str, dict[str, Any]]]:
    rest: dict[str, Any] = {} if update.error is None else {"error": update.error}
    for name, values in update.fields.items():
        if values and name in _SENT:
            yield name, dict(values)
        elif values:
            rest[name] = dict(values)
    if rest:
        yield "metadata", rest
