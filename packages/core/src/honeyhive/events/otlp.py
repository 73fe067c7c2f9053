"""OTLP bytes of one event, written directly: the writing half of the codec.

The stock exporter builds protobuf objects at about 37 µs a span; these few joins cost 1 or 2 (``facts/performance.md`` §3).
Field numbers are those of ``opentelemetry/proto/trace/v1/trace.proto`` and ``common/v1/common.proto``.
"""

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, cast

import orjson

from honeyhive.events.values import digits, key_text, to_json, utf8
from honeyhive.events.wire import SHORT, SHORT_VARINTS, delimited, signed_varint, varint

_DOUBLE: Final = struct.Struct("<d").pack
_TIMES: Final = struct.Struct("<BQBQ").pack
_FIXED64: Final = struct.Struct("<Q").pack
_FIXED32: Final = struct.Struct("<I").pack

_MAX_LEVELS: Final = 16
_ATTRIBUTE: Final = b"\x4a"  # Span.attributes = 9
_START_TAG: Final = 0x39  # Span.start_time_unix_nano = 7, fixed64
_END_TAG: Final = 0x41  # Span.end_time_unix_nano = 8, fixed64

# Span.flags = 16, fixed32: sampled (bit 0), "is_remote is known" (bit 8), "parent is remote" (bit 9).
FLAGS_LOCAL_PARENT: Final = b"\x85\x01" + _FIXED32(0x101)
FLAGS_REMOTE_PARENT: Final = b"\x85\x01" + _FIXED32(0x301)

# A checksum of a record, in a field of ResourceSpans that OTLP does not use: other readers skip it (design decision 3).
CHECKSUM_FIELD: Final = 20001
_CHECKSUM_TAG: Final = varint(CHECKSUM_FIELD << 3 | 5)
CHECKSUM_SIZE: Final = len(_CHECKSUM_TAG) + 4


class _Made(dict[int, bytes]):
    """What *make* makes of a number below `SHORT`, kept from its first use."""

    def __init__(self, make: Callable[[int], bytes]) -> None:
        self._make = make

    def __missing__(self, number: int) -> bytes:
        made = self[number] = self._make(number)
        return made


def _text_start(size: int) -> bytes:
    """KeyValue.value = 2 with AnyValue.string_value = 1, up to the text's own *size* bytes."""
    length = varint(size)
    return b"".join((b"\x12", varint(1 + len(length) + size), b"\x0a", length))


def _number_value(number: int) -> bytes:
    """KeyValue.value = 2 with AnyValue.int_value = 3."""
    return delimited(b"\x12", b"\x18" + varint(number))


_TEXT_STARTS: Final = _Made(_text_start)
_SMALL_NUMBERS: Final = _Made(_number_value)


@lru_cache(4096)
def encode_key(key: str) -> bytes:
    """KeyValue.key = 1."""
    return delimited(b"\x0a", utf8(key))


def any_value(value: object, above: tuple[int, ...] = ()) -> bytes:  # noqa: PLR0911  one return a kind of value
    """An AnyValue message: scalars typed, sequences and mappings as arrays and key-value lists, None empty.

    ``int`` beyond 64 bits becomes text, which OTLP has no other place for. A container that is inside itself, or 16 levels
    deep, is its JSON text, and so is an object that is none of these; *above* are the containers that *value* is inside of.
    """
    kind = type(value)
    if kind is str:
        return delimited(b"\x0a", utf8(cast("str", value)))
    if kind is bool:
        return b"\x10\x01" if value else b"\x10\x00"
    if kind is int:
        number = cast("int", value)
        return b"\x18" + signed_varint(number) if -(1 << 63) <= number < 1 << 63 else any_value(digits(number))
    if kind is float:
        return b"\x21" + _DOUBLE(cast("float", value))
    if value is None:
        return b""
    # By their types: an object that is asked for its class may never answer.
    if issubclass(kind, bytes):
        return delimited(b"\x3a", cast("bytes", value))
    is_mapping = issubclass(kind, Mapping)
    if is_mapping or (issubclass(kind, Sequence) and not issubclass(kind, (str, bytearray))):
        if len(above) == _MAX_LEVELS or id(value) in above:
            return delimited(b"\x0a", to_json(value))
        inside = (*above, id(value))
        if is_mapping:
            return _pairs(cast("Mapping[object, object]", value), inside)
        items = cast("Sequence[object]", value)
        return delimited(b"\x2a", b"".join(delimited(b"\x0a", any_value(item, inside)) for item in items))
    is_scalar = issubclass(kind, (str, int, float))
    return any_value(_base(cast("str | float", value))) if is_scalar else delimited(b"\x0a", to_json(value))


def _pairs(value: Mapping[object, object], inside: tuple[int, ...]) -> bytes:
    pairs = (
        encode_key(key if type(key) is str else key_text(key)) + delimited(b"\x12", any_value(item, inside))
        for key, item in value.items()
    )
    return delimited(b"\x32", b"".join(delimited(b"\x0a", pair) for pair in pairs))


def _base(value: str | float) -> str | float:
    """What an object of a subclass (an enum, a numpy scalar) is, past code of its own."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__int__(value) if isinstance(value, int) else float.__float__(value)


def attribute(key: str, value: object, tag: bytes = _ATTRIBUTE) -> bytes:
    """One attribute; *tag* is that of ``Span.attributes`` unless given."""
    if type(value) is str and tag is _ATTRIBUTE:
        return text_attribute(encode_key(key), utf8(value))
    return delimited(tag, encode_key(key) + delimited(b"\x12", any_value(value)))


def text_attribute(key: bytes, text: bytes) -> bytes:
    """A span attribute with a key of `encode_key` and a text that is in UTF-8 already; the hot path's own."""
    size = len(text)
    start = _TEXT_STARTS[size] if size < SHORT else _text_start(size)
    outer = len(key) + len(start) + size
    return b"".join((_ATTRIBUTE, SHORT_VARINTS[outer] if outer < SHORT else varint(outer), key, start, text))


def attributes(named: Iterable[tuple[str, object]]) -> list[bytes]:
    """Each of *named* as `attribute` makes it: the same bytes, with no call of its own for a text or a small number."""
    encoded: list[bytes] = []
    for key, value in named:
        name = encode_key(key)
        if type(value) is str:
            text = utf8(value)
            size = len(text)
            start = _TEXT_STARTS[size] if size < SHORT else _text_start(size)
            outer = len(name) + len(start) + size
            length = SHORT_VARINTS[outer] if outer < SHORT else varint(outer)
            encoded.append(b"".join((_ATTRIBUTE, length, name, start, text)))
        elif type(value) is int and 0 <= value < SHORT:
            number = _SMALL_NUMBERS[value]
            encoded.append(b"".join((_ATTRIBUTE, varint(len(name) + len(number)), name, number)))
        else:
            encoded.append(attribute(key, value))
    return encoded


def text_head(key: bytes, size: int) -> bytes:
    """What is before a text of *size* bytes in `text_attribute`: the hot path joins its texts once, with all else."""
    start = _TEXT_STARTS[size] if size < SHORT else _text_start(size)
    outer = len(key) + len(start) + size
    return b"".join((_ATTRIBUTE, SHORT_VARINTS[outer] if outer < SHORT else varint(outer), key, start))


def field_attribute(key: bytes, value: object) -> bytes:
    """A key of an event's mapping: containers as JSON text, scalars typed, None empty."""
    kind = type(value)
    if kind is dict or kind is list:
        return text_attribute(key, to_json(value))
    if kind is str:
        return text_attribute(key, utf8(cast("str", value)))
    if type(value) is int and 0 <= value < SHORT:
        number = _SMALL_NUMBERS[value]
        return b"".join((_ATTRIBUTE, varint(len(key) + len(number)), key, number))
    # By its real type: `isinstance` would make a lazy proxy load what it stands for.
    if value is None or issubclass(kind, (int, float)):
        return delimited(_ATTRIBUTE, key + delimited(b"\x12", any_value(value)))
    # Anything else by its JSON form: a text or a number there is a scalar here, as if it had been one.
    text = to_json(value)
    if text[:1] in b"{[":
        return text_attribute(key, text)
    try:
        scalar: object = orjson.loads(text)
    except orjson.JSONDecodeError:  # an `orjson.Fragment` of the user's that is no JSON
        return text_attribute(key, utf8(text.decode("utf-8", "replace")))
    return delimited(_ATTRIBUTE, key + delimited(b"\x12", any_value(scalar)))


def looks_like_json(value: object) -> bool:
    """Whether *value* is a text that a reader would take for a container written as JSON."""
    if type(value) is str:
        return value.startswith(("{", "["))
    return issubclass(type(value), str) and str.startswith(cast("str", value), ("{", "["))


def name_and_kind(name: str, kind: int) -> bytes:
    """Span.name = 5 and Span.kind = 6 (OTLP numbers: 1 internal, 2 server, 3 client, 4 producer, 5 consumer)."""
    return delimited(b"\x2a", utf8(name)) + b"\x30" + varint(kind)


def identity(trace_id: bytes, span_id: bytes, parent_span_id: bytes) -> bytes:
    """Span.trace_id = 1, Span.span_id = 2, Span.parent_span_id = 4 (empty: none)."""
    if parent_span_id:
        return b"\x0a\x10" + trace_id + b"\x12\x08" + span_id + b"\x22\x08" + parent_span_id
    return b"\x0a\x10" + trace_id + b"\x12\x08" + span_id


def times(start_ns: int, end_ns: int) -> bytes:
    """Span.start_time_unix_nano = 7 and Span.end_time_unix_nano = 8."""
    return _TIMES(_START_TAG, start_ns, _END_TAG, end_ns)


def span_event(name: str, time_ns: int, attributes: Mapping[str, object]) -> bytes:
    """Span.events = 11."""
    body = [b"\x09", _FIXED64(time_ns), delimited(b"\x12", utf8(name))]
    body.extend(attribute(key, value, b"\x1a") for key, value in attributes.items())
    return delimited(b"\x5a", b"".join(body))


def span_link(trace_id: bytes, span_id: bytes, attributes: Mapping[str, object]) -> bytes:
    """Span.links = 13."""
    body = [b"\x0a\x10", trace_id, b"\x12\x08", span_id]
    body.extend(attribute(key, value, b"\x22") for key, value in attributes.items())
    return delimited(b"\x6a", b"".join(body))


def status(code: int, description: str | None = None) -> bytes:
    """Span.status = 15 (code 1 ok, 2 error)."""
    message = delimited(b"\x12", utf8(description)) if description else b""
    return delimited(b"\x7a", message + b"\x18" + varint(code))


def trace_state(text: str) -> bytes:
    """Span.trace_state = 3."""
    return delimited(b"\x1a", utf8(text))


def span(parts: Iterable[bytes]) -> bytes:
    """A whole span, as the entry of ``ScopeSpans.spans`` = 2 that it is on the wire."""
    body = b"".join(parts)
    size = len(body)
    return b"".join((b"\x12", SHORT_VARINTS[size] if size < SHORT else varint(size), body))


def resource(attributes: Mapping[str, object]) -> bytes:
    """ResourceSpans.resource = 1."""
    return delimited(b"\x0a", b"".join(attribute(key, value, b"\x0a") for key, value in attributes.items()))


@lru_cache(1024)
def scope(name: str, version: str | None = None) -> bytes:
    """ScopeSpans.scope = 1."""
    return delimited(b"\x0a", delimited(b"\x0a", utf8(name)) + (delimited(b"\x12", utf8(version)) if version else b""))


def record(resource_field: bytes, scopes: Mapping[bytes, Sequence[bytes]]) -> bytes:
    """One ``ExportTraceServiceRequest.resource_spans`` entry with its checksum: a whole request by itself.

    *scopes* maps a scope's field to its spans. Records may be concatenated: that is again one request.
    """
    pieces = [resource_field]
    for scope_field, spans in scopes.items():
        pieces += (b"\x12", varint(len(scope_field) + sum(map(len, spans))), scope_field, *spans)
    # Joined twice, for the checksum and for the length in front; every further copy of a batch would be felt.
    body = b"".join(pieces)
    checksum = _FIXED32(zlib.crc32(body))
    return b"".join((b"\x0a", varint(len(body) + CHECKSUM_SIZE), body, _CHECKSUM_TAG, checksum))


def checksum_holds(body: bytes) -> bool:
    """Whether the body of a record of ours ends in the checksum of what is before it."""
    if body[-CHECKSUM_SIZE:-4] != _CHECKSUM_TAG:
        return False
    return body[-4:] == _FIXED32(zlib.crc32(memoryview(body)[:-CHECKSUM_SIZE]))
