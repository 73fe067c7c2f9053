"""The pieces a span's bytes are joined from, and spans that the worker joins."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from honeyhive import __about__, semconv
from honeyhive.events import otlp
from honeyhive.events.event import EventType, Usage
from honeyhive.events.values import utf8
from honeyhive.guard import guard
from honeyhive.tracing.channel import Channel

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


def field_part(key: bytes, value: object) -> Part:
    """One key of an event's mapping as bytes, or as a reference when it is a large text."""
    if type(value) is str and len(value) > LARGE_TEXT:
        return LargeText(key, value)
    return otlp.field_attribute(key, value)


def field_parts(field: str, values: Mapping[str, object], into: dict[str, Part], texts: list[str]) -> None:
    """Add the parts of one mapping field to *into*, by name, and names of texts that look like JSON to *texts*."""
    for key, value in values.items():
        name = f"{field}.{key}"
        into[name] = field_part(otlp.encode_key(semconv.FIELD_PREFIX + name), value)
        if otlp.looks_like_json(value):
            texts.append(name)


class PendingSpan:
    """A span that the worker finishes: it has large texts, or a price to be looked up."""

    __slots__ = ("model", "parts", "provider", "usage")

    def __init__(self, parts: list[Part], *, usage: Usage | None, model: str | None, provider: str | None) -> None:
        self.parts = parts
        self.usage = usage
        self.model = model
        self.provider = provider

    def encode(self) -> bytes:
        """The span as an entry of ``ScopeSpans.spans``."""
        parts = [part if isinstance(part, bytes) else part.encode() for part in self.parts]
        if self.usage is not None:
            parts.extend(self._cost_parts(self.usage))
        return otlp.span(parts)

    def _cost_parts(self, usage: Usage) -> Iterable[bytes]:
        from honeyhive.export.prices import price  # noqa: PLC0415  half a second of imports, for priced events only

        priced = None
        with guard("price a model call"):
            priced = price(usage, self.model, self.provider)
        if priced is None:
            return ()
        values = {semconv.COST: priced.cost, semconv.COST_SOURCE: priced.source}
        return [_metadata(name, value) for name, value in values.items()]


@lru_cache(2048)
def static_part(name: str, event_type: EventType | None, kind: int = INTERNAL) -> bytes:
    """What is the same for all spans of one name: name, kind and event type (None: an update record)."""
    encoded = otlp.name_and_kind(name, kind)
    if event_type is None:
        return encoded
    attributes = {semconv.EVENT_TYPE: str(event_type), semconv.EVENT_NAME: name}
    return encoded + b"".join(otlp.attribute(key, value) for key, value in attributes.items())


def write_record(channel: Channel, head: Iterable[bytes], fields: Mapping[str, Mapping[str, object]]) -> None:
    """Hand over a span that was never open: a session's event, or an update; *fields* are its mappings."""
    parts: dict[str, Part] = {}
    texts: list[str] = []
    for field, values in fields.items():
        field_parts(field, values, parts, texts)
    pending = PendingSpan([*head, *parts.values(), *text_keys(texts)], usage=None, model=None, provider=None)
    channel.put(SCOPE, pending, sum(map(len, pending.parts)))


def text_keys(texts: list[str]) -> list[bytes]:
    """The attribute that names texts which look like JSON, where there are any."""
    return [otlp.attribute(semconv.TEXT_KEYS, texts)] if texts else []


def usage_metadata(usage: Usage) -> dict[str, object]:
    """*usage* under the names it has in an event's metadata; what the provider did not say is left out."""
    values = {
        semconv.PROMPT_TOKENS: usage.input_tokens,
        semconv.COMPLETION_TOKENS: usage.output_tokens,
        semconv.TOTAL_TOKENS: usage.total,
        semconv.CACHE_READ_TOKENS: usage.cache_read_tokens,
        semconv.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
        semconv.REASONING_TOKENS: usage.reasoning_tokens,
        semconv.COST: usage.cost,
    }
    return {name: value for name, value in values.items() if value is not None}


def without_reserved(metadata: Mapping[str, object]) -> Mapping[str, object]:
    """*metadata* with a ``status`` of the user's own under another name: ``metadata.status`` says how the event ended."""
    if semconv.STATUS not in metadata:
        return metadata
    return {f"user.{key}" if key == semconv.STATUS else key: value for key, value in metadata.items()}


def usage_of(metadata: Mapping[str, Any]) -> Usage | None:
    """The usage that a user's own metadata speaks of (``prompt_tokens`` or ``input_tokens``, …), if any."""

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
    )
    return usage if usage.input_tokens is not None or usage.output_tokens is not None else None


def _metadata(name: str, value: object) -> bytes:
    return otlp.field_attribute(otlp.encode_key(f"{semconv.FIELD_PREFIX}metadata.{name}"), value)
