"""Protobuf messages written again with some of their fields changed, and everything else copied as it is."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from honeyhive.events.wire import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, WireError, read_varint, varint

Rewrite = Callable[[memoryview], bytes | None]
"""From the payload of a field to what it becomes; None where it stays."""

_ONE_BYTE: Final = 0x7F
_SIZES: Final = {FIXED64: 8, FIXED32: 4}


class Field(NamedTuple):
    """One field of a message: its number, its payload where that is length-delimited, and from where to where it goes."""

    number: int
    payload: memoryview | None
    start: int
    end: int


def fields_of(message: memoryview) -> list[Field]:
    """Each field of *message*, without copying; raises `WireError` on what is no message."""
    fields: list[Field] = []
    position, size = 0, len(message)
    while position < size:
        start = position
        key = message[position]
        position += 1
        if key > _ONE_BYTE:
            key, position = read_varint(message, start)
        number, wire_type = key >> 3, key & 7
        payload = None
        if wire_type == LENGTH_DELIMITED:
            # Most lengths are one byte too; one that is missing is for `read_varint` to complain of.
            length = message[position] if position < size else _ONE_BYTE + 1
            position += 1
            if length > _ONE_BYTE:
                length, position = read_varint(message, position - 1)
            payload = message[position : position + length]
            position += length
        elif wire_type == VARINT:
            _, position = read_varint(message, position)
        else:
            position += _SIZES.get(wire_type, size)
        if position > size or number == 0:
            error = f"field {number} is cut short or of wire type {wire_type}"
            raise WireError(error)
        fields.append(Field(number, payload, start, position))
    return fields


def rewritten(message: memoryview, handlers: Mapping[int, Rewrite]) -> bytes | None:
    """*message* with those of its fields changed whose handler changes them; None when none does."""
    pieces: list[bytes | memoryview] = []
    copied = 0
    for number, payload, start, end in fields_of(message):
        handler = handlers.get(number)
        after = handler(payload) if handler is not None and payload is not None else None
        if after is not None:
            pieces += (message[copied:start], delimited_field(number, after))
            copied = end
    return b"".join((*pieces, message[copied:])) if pieces else None


def delimited_field(number: int, payload: bytes) -> bytes:
    """A length-delimited field."""
    return b"".join((varint(number << 3 | LENGTH_DELIMITED), varint(len(payload)), payload))
