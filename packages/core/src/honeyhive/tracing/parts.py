"""The pieces a span's bytes are joined from, and spans that the worker joins."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from honeyhive import __about__, semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Usage
from honeyhive.events.values import key_text, to_json, utf8
from honeyhive.events.wire import read_varint
from honeyhive.export.shedding import shed_note, without_bodies
from honeyhive.guard import guard
from honeyhive.lateload import late_imports
from honeyhive.tracing.capture import is_body
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.fields import text_of
from honeyhive.tracing.limits import limited_attributes

SCOPE: Final = otlp.scope(semconv.SCOPE_NAME, __about__.__version__)
INTERNAL: Final = 1

# From here on a text is kept by reference and encoded by the worker: 1 MB costs the caller 12 µs instead of 2,739
# (`facts/performance.md` §1 item 4). A str is immutable, so it cannot change while it waits.
LARGE_TEXT: Final = 8192


class LargeText:
    """An attribute whose text waits to be encoded."""

    __slots__ = ("key", "text")

    def __init__(self, key: bytes, text: str) -> None:
        self.key = key
        self.text = text

    def __len__(self) -> int:
        return len(self.key) + len(self.text)

    def encode(self) -> bytes:
        """The attribute's bytes."""
        return otlp.text_attribute(self.key, utf8(self.text))


Part = bytes | LargeText
_NO_TEXTS: Final = frozenset({int, float, bool, type(None)})
Shorten = Callable[[Sequence[bytes], int], list[bytes]]

_ROOM_FOR_NOTES: Final = 4096
_ERROR_KEY: Final = otlp.encode_key(semconv.ERROR)
_OTLP_ERROR: Final = 2


def key_of(encoded: bytes) -> str:
    """The key that `otlp.encode_key` made *encoded* of."""
    return encoded[read_varint(encoded, 1)[1] :].decode("utf-8", "replace")


def field_part(key: bytes, value: object) -> Part:
    """One key of an event's mapping as bytes, or as a reference when it is a large text."""
    if type(value) is str:
        return LargeText(key, value) if len(value) > LARGE_TEXT else otlp.text_attribute(key, utf8(value))
    return otlp.field_attribute(key, value)


Recorded = Sequence[tuple[int, bytes, str]]


def add_values(pieces: list[Part], recorded: Recorded, values: Sequence[object]) -> list[str]:
    """Add *values* to *pieces*, as two pieces each: all that is before its text, and the text.

    *recorded* has the place of each among *values*, its encoded key and its name; the names of texts that look like JSON are
    returned. The pieces are joined once, with all else of the event at its end. What is no text has an empty second piece.
    """
    texts: list[str] = []
    add = pieces.append
    for index, key, name in recorded:
        value = values[index]
        kind = type(value)
        if kind is dict or kind is list:
            text = to_json(value)
            add(otlp.text_head(key, len(text)))
            add(text)
            continue
        add(field_part(key, value) if kind is str else otlp.field_attribute(key, value))
        add(b"")
        if kind not in _NO_TEXTS and otlp.looks_like_json(value):
            texts.append(name)
    return texts


def joined_values(pieces: Sequence[Part]) -> list[Part]:
    """One part for each value that `add_values` added to *pieces*."""
    pairs = zip(pieces[::2], pieces[1::2], strict=True)
    return [head + text if isinstance(head, bytes) and isinstance(text, bytes) else head for head, text in pairs]


def field_parts(field: str, values: Mapping[str, object], into: dict[str, Part], texts: list[str]) -> None:
    """Add the parts of one mapping field to *into*, by name, and names of texts that look like JSON to *texts*."""
    for key, value in values.items():
        name = name_in(field, key)
        into[name] = field_part(otlp.encode_key(semconv.FIELD_PREFIX + name), value)
        if otlp.looks_like_json(value):
            texts.append(name)


def name_in(field: str, key: object) -> str:
    """What the value under *key* of a mapping field is called; any object may be a key."""
    return f"{field}.{key if type(key) is str else key_text(key)}"


def error_parts(error: str) -> list[Part]:
    """What says of a span that it ended with *error*; a large text is told once, and not in its status too."""
    return [field_part(_ERROR_KEY, error), otlp.status(_OTLP_ERROR, error if len(error) <= LARGE_TEXT else None)]


class PendingSpan:
    """A span that the worker finishes: it has large texts, or a price to be looked up."""

    __slots__ = ("model", "parts", "provider", "usage")

    def __init__(self, parts: list[Part], *, usage: Usage | None, model: str | None, provider: str | None) -> None:
        self.parts = parts
        self.usage = usage
        self.model = model
        self.provider = provider

    def shed(self) -> "tuple[PendingSpan, int]":
        """The span without its bodies, and about how many bytes it takes."""
        encoded = b"".join([part for part in self.parts if isinstance(part, bytes)])
        large = [part for part in self.parts if isinstance(part, LargeText)]
        kept = [part for part in large if not is_body(key_of(part.key))]
        gone = sum(map(len, large)) - sum(map(len, kept))
        parts: list[Part] = [without_bodies(memoryview(encoded)), *kept, *([shed_note(gone)] if gone else [])]
        pending = PendingSpan(parts, usage=self.usage, model=self.model, provider=self.provider)
        return pending, sum(map(len, parts))

    def encode(self) -> bytes:
        """The span as an entry of ``ScopeSpans.spans``."""
        parts = [part if isinstance(part, bytes) else part.encode() for part in self.parts]
        if self.usage is not None:
            parts.extend(cost_parts(self.usage, self.model, self.provider))
        return otlp.span(parts)

    def encode_short(self, shorten: Shorten, limit: int) -> bytes:
        """`encode` in about *limit* bytes: long texts are redacted and cut before they are joined; notes say which."""
        with late_imports():
            from honeyhive.export.truncation import field_name, note_of  # noqa: PLC0415  for events of megabytes

        large = [part for part in self.parts if isinstance(part, LargeText)]
        room = limit - sum(len(part) for part in self.parts if isinstance(part, bytes)) - _ROOM_FOR_NOTES
        whole = [utf8(part.text) for part in large]
        short = shorten(whole, max(room, 0))
        full = {
            field_name(key_of(part.key)): len(before)
            for part, before, after in zip(large, whole, short, strict=True)
            if len(after) < len(before)
        }
        parts = [part for part in self.parts if isinstance(part, bytes)]
        parts += [otlp.text_attribute(part.key, text) for part, text in zip(large, short, strict=True)]
        if self.usage is not None:
            parts.extend(cost_parts(self.usage, self.model, self.provider))
        return otlp.span([*parts, note_of(full)] if full else parts)


def cost_parts(usage: Usage, model: str | None, provider: str | None) -> Iterable[bytes]:
    """What the price list says that a model call costs, as attributes; for the worker."""
    with late_imports():
        from honeyhive.export.prices import price  # noqa: PLC0415  half a second of imports, for priced events only

    priced = None
    with guard("price a model call"):
        priced = price(usage, model, provider)
    if priced is None:
        return ()
    values = {semconv.COST: priced.cost, semconv.COST_SOURCE: priced.source, semconv.COST_PRICE_DATE: priced.date}
    return [_metadata(name, value) for name, value in values.items() if value is not None]


@lru_cache(2048)
def static_part(name: str, event_type: EventType | None, kind: int = INTERNAL) -> bytes:
    """What is the same for all spans of one name: name, kind and event type (None: an update record)."""
    name = text_of(name)
    encoded = otlp.name_and_kind(name, kind)
    if event_type is None:
        return encoded
    attributes = {semconv.EVENT_TYPE: str(event_type), semconv.EVENT_NAME: name}
    return encoded + b"".join(otlp.attribute(key, value) for key, value in attributes.items())


_MODEL_TYPE: Final = otlp.attribute(semconv.EVENT_TYPE, str(EventType.model))
_CHAIN_TYPE: Final = otlp.attribute(semconv.EVENT_TYPE, str(EventType.chain))


def as_chain(static: bytes) -> bytes:
    """A `static_part` of a model event as that of a chain of the same name."""
    return static.replace(_MODEL_TYPE, _CHAIN_TYPE, 1)


def write_record(channel: Channel, head: Iterable[Part], fields: Mapping[str, Mapping[str, object]]) -> None:
    """Hand over a span that was never open: a session's event, or an update; *fields* are its mappings."""
    parts: dict[str, Part] = {}
    texts: list[str] = []
    for field, values in fields.items():
        read = values if channel.capture is None else channel.capture.read(field, values)
        field_parts(field, read, parts, texts)
    kept, _, dropped = limited_attributes(parts, {}, channel.settings.max_attributes)
    pending = PendingSpan([*head, *kept, *text_keys(texts), *dropped], usage=None, model=None, provider=None)
    channel.put(SCOPE, pending, sum(map(len, pending.parts)))


def text_keys(texts: list[str]) -> list[bytes]:
    """The attribute that names texts which look like JSON, where there are any."""
    return [otlp.attribute(semconv.TEXT_KEYS, texts)] if texts else []


def usage_metadata(usage: Usage) -> dict[str, object]:
    """*usage* under the names it has in an event's metadata; what the provider did not say is left out."""
    reported = {} if usage.cost is None else {semconv.COST_SOURCE: semconv.REPORTED}
    return {**usage.to_metadata(), **reported}


def without_reserved(metadata: Mapping[str, object]) -> Mapping[str, object]:
    """*metadata* with a ``status`` of the user's own under another name: ``metadata.status`` says how the event ended."""
    if semconv.STATUS not in metadata:
        return metadata
    return {f"user.{key}" if key == semconv.STATUS else key: value for key, value in metadata.items()}


_USAGE_NAMES: Final = frozenset(
    {
        semconv.PROMPT_TOKENS,
        semconv.COMPLETION_TOKENS,
        semconv.TOTAL_TOKENS,
        semconv.CACHE_READ_TOKENS,
        semconv.CACHE_WRITE_TOKENS,
        semconv.REASONING_TOKENS,
        semconv.INPUT_AUDIO_TOKENS,
        semconv.OUTPUT_AUDIO_TOKENS,
        semconv.COST,
        semconv.COST_SOURCE,
        semconv.COST_PRICE_DATE,
        "input_tokens",
        "output_tokens",
    }
)


def without_usage(metadata: Mapping[str, object]) -> dict[str, object]:
    """*metadata* without tokens and cost, for an event whose usage another event has."""
    return {key: value for key, value in metadata.items() if key not in _USAGE_NAMES}


def usage_of(metadata: Mapping[str, Any]) -> Usage | None:
    """The usage that a user's own metadata speaks of (``prompt_tokens`` or ``input_tokens``, …), if any."""
    if not metadata or not any(map(metadata.__contains__, _USAGE_NAMES)):
        return None

    def count(*names: str) -> int | None:
        found = (metadata.get(name) for name in names)
        return next((value for value in found if type(value) is int), None)

    usage = Usage(
        input_tokens=count(semconv.PROMPT_TOKENS, "input_tokens"),
        output_tokens=count(semconv.COMPLETION_TOKENS, "output_tokens"),
        total_tokens=count(semconv.TOTAL_TOKENS),
        cache_read_tokens=count(semconv.CACHE_READ_TOKENS),
        cache_write_tokens=count(semconv.CACHE_WRITE_TOKENS),
        reasoning_tokens=count(semconv.REASONING_TOKENS),
        input_audio_tokens=count(semconv.INPUT_AUDIO_TOKENS),
        output_audio_tokens=count(semconv.OUTPUT_AUDIO_TOKENS),
    )
    return usage if usage.input_tokens is not None or usage.output_tokens is not None else None


def _metadata(name: str, value: object) -> bytes:
    return otlp.field_attribute(otlp.encode_key(f"{semconv.FIELD_PREFIX}metadata.{name}"), value)
