"""Events cut to size: the texts of one give way, longest first; what it is never does."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Final, cast

import orjson

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.wire import read_varint, varint
from honeyhive.export.rewriting import Field, Rewrite, delimited_field, fields_of, rewritten

TRUNCATED: Final = f"{semconv.FIELD_PREFIX}metadata.truncated"

_KEPT: Final = frozenset(
    (
        semconv.SESSION_ID,
        semconv.PROJECT,
        semconv.SOURCE,
        semconv.EVENT_TYPE,
        semconv.EVENT_NAME,
        semconv.EVENT_ID,
        semconv.PARENT_ID,
        semconv.UPDATE_TARGET,
        f"{semconv.FIELD_PREFIX}metadata.{semconv.STATUS}",
        f"{semconv.FIELD_PREFIX}metadata.{semconv.COST}",
        TRUNCATED,
    )
)
# A text that is cut keeps at least its ends; the marker and the note of it take room too.
_LEAST: Final = 128
_NOTE: Final = 160
_MOST_NOTES: Final = 64
_FIELDS: Final = tuple(f"{semconv.FIELD_PREFIX}{field}." for field in semconv.FIELDS)
# Fields of Span that may go as a whole: attributes, events and links, with the fields that count those that went.
_COUNTERS: Final = {9: 10, 11: 12, 13: 14}
_COUNTED: Final = {counter: number for number, counter in _COUNTERS.items()}


def cut_text(text: bytes, size: int) -> bytes:
    """*text* in UTF-8 as head and tail of about *size* bytes together, with the number of bytes gone between them."""
    if len(text) <= size:
        return text
    half = size // 2
    head = text[:half].decode("utf-8", "ignore").encode()
    tail = text[len(text) - half :].decode("utf-8", "ignore").encode()
    gone = len(text) - len(head) - len(tail)
    return b"".join((head, f" [… {gone} bytes truncated …] ".encode(), tail))


def cap_for(sizes: Iterable[int], budget: int) -> int:
    """The size that texts of *sizes* may have so that together they take *budget*: short ones stay whole."""
    left, rest = sorted(sizes), budget
    for index, size in enumerate(left):
        share = rest // (len(left) - index)
        if size > share:
            return max(share - _NOTE, _LEAST)
        rest -= size
    return max(left, default=_LEAST)


def cut_span(entry: bytes, limit: int) -> bytes:
    """*entry* of ``ScopeSpans.spans`` in about *limit* bytes, with ``metadata.truncated`` saying which fields were longer.

    Identity, name, times, status and numbers stay. Where the texts are too many to be kept even so, the largest attributes,
    span events and links go, and are counted in the fields that OTLP has for that.
    """
    leaves = _Leaves(cap=None)
    leaves.visit(entry)
    cap = cap_for(leaves.sizes, limit - (len(entry) - sum(leaves.sizes)))
    cutter = _Leaves(cap=cap)
    span = cutter.visit(entry)
    span = _noted(span, cutter.full)
    return span if len(span) <= limit else _without_largest(span, limit)


def note_of(full: Mapping[str, int]) -> bytes:
    """The attribute that names the fields that were cut, with their full lengths in bytes."""
    return otlp.field_attribute(otlp.encode_key(TRUNCATED), dict(list(full.items())[:_MOST_NOTES]))


def field_name(key: str) -> str:
    """*key* of an attribute as a reader knows it: ``inputs.prompt``."""
    return key.removeprefix(semconv.FIELD_PREFIX) if key.startswith(_FIELDS) else key


class _Leaves:
    """Visits the texts of a span: measures them, or cuts those over *cap*."""

    def __init__(self, *, cap: int | None) -> None:
        self._cap = cap
        self.sizes: list[int] = []
        self.full: dict[str, int] = {}

    def visit(self, entry: bytes) -> bytes:
        pair = partial(self._pair, above="")
        handlers: Mapping[int, Rewrite] = {
            9: pair,
            11: self._point,
            13: partial(rewritten, handlers={4: partial(self._pair, above="links.")}),
            15: partial(rewritten, handlers={2: partial(self._leaf, name="status_message")}),
        }
        after = rewritten(memoryview(entry), {2: partial(rewritten, handlers=handlers)})
        return entry if after is None else after

    def _point(self, body: memoryview) -> bytes | None:
        name = _text_of(fields_of(body), 2)
        return rewritten(body, {3: partial(self._pair, above=f"{name}.")})

    def _pair(self, body: memoryview, *, above: str) -> bytes | None:
        key = _text_of(fields_of(body), 1)
        if key in _KEPT:
            return None
        return rewritten(body, {2: partial(self._value, name=above + field_name(key))})

    def _value(self, value: memoryview, *, name: str) -> bytes | None:
        leaf = partial(self._leaf, name=name)
        items = partial(rewritten, handlers={1: partial(self._value, name=name)})
        members = partial(rewritten, handlers={1: partial(self._pair, above=f"{name}.")})
        return rewritten(value, {1: leaf, 5: items, 6: members, 7: leaf})

    def _leaf(self, text: memoryview, *, name: str) -> bytes | None:
        size = len(text)
        self.sizes.append(size)
        if self._cap is None or size <= self._cap + _NOTE:
            return None
        self.full[name] = max(size, self.full.get(name, 0))
        return cut_text(bytes(text), self._cap)


def _text_of(fields: Sequence[Field], number: int) -> str:
    texts = [field.payload for field in fields if field.number == number and field.payload is not None]
    return bytes(texts[-1]).decode("utf-8", "replace") if texts else ""


def _noted(entry: bytes, full: Mapping[str, int]) -> bytes:
    """*entry* with a note of the fields in *full*, and of those that an earlier note has."""
    if not full:
        return entry
    span = _span_of(entry)
    earlier: dict[str, int] = {}
    kept: list[memoryview] = []
    for field in fields_of(span):
        if field.number == 9 and field.payload is not None and _text_of(fields_of(field.payload), 1) == TRUNCATED:  # noqa: PLR2004  Span.attributes
            earlier = _note_in(field.payload)
        else:
            kept.append(span[field.start : field.end])
    return delimited_field(2, b"".join((*kept, note_of({**full, **earlier}))))


def _note_in(pair: memoryview) -> dict[str, int]:
    values = [field.payload for field in fields_of(pair) if field.number == 2 and field.payload is not None]  # noqa: PLR2004  KeyValue.value
    try:
        note = cast("object", orjson.loads(_text_of(fields_of(values[-1]), 1))) if values else None
    except orjson.JSONDecodeError:
        return {}
    return cast("dict[str, int]", note) if isinstance(note, dict) else {}


def _span_of(entry: bytes) -> memoryview:
    payload = fields_of(memoryview(entry))[0].payload
    return memoryview(b"") if payload is None else payload


def _without_largest(entry: bytes, limit: int) -> bytes:
    span = _span_of(entry)
    fields = fields_of(span)
    excess = len(entry) - limit
    gone: dict[int, int] = {}
    left_out: set[int] = set()
    for field in fields:
        if field.number in _COUNTED:  # what an SDK has dropped before us
            position = read_varint(span, field.start)[1]
            gone[_COUNTED[field.number]] = read_varint(span, position)[0]
            left_out.add(field.start)
    movable = [field for field in fields if _is_movable(field)]
    for field in sorted(movable, key=lambda field: field.start - field.end):
        if excess <= 0:
            break
        excess -= field.end - field.start
        left_out.add(field.start)
        gone[field.number] = gone.get(field.number, 0) + 1
    kept = [span[field.start : field.end] for field in fields if field.start not in left_out]
    return delimited_field(2, b"".join((*kept, *dropped_counts(gone))))


def _is_movable(field: Field) -> bool:
    if field.number not in _COUNTERS or field.payload is None:
        return False
    return field.number != 9 or _text_of(fields_of(field.payload), 1) not in _KEPT  # noqa: PLR2004  Span.attributes


def dropped_counts(gone: Mapping[int, int]) -> list[bytes]:
    """The fields of Span that count attributes (9), events (11) and links (13) that are not in it."""
    return [varint(_COUNTERS[number] << 3) + varint(count) for number, count in gone.items() if count]
