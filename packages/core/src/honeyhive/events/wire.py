"""Protocol Buffers wire format: the few primitives that OTLP needs, both ways.

Source: the Protocol Buffers encoding specification. Only wire types 0, 1, 2 and 5 exist in proto3.
"""

import struct
from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
LENGTH_DELIMITED: Final = 2
FIXED32: Final = 5

SHORT: Final = 16384
_LAST_BYTES: Final = [bytes((number,)) for number in range(128)]
_FIRST_BYTES: Final = [bytes((number | 128,)) for number in range(128)]
SHORT_VARINTS: Final = (*_LAST_BYTES, *[first + last for last in _LAST_BYTES[1:] for first in _FIRST_BYTES])
_FIXED64_STRUCT: Final = struct.Struct("<Q")
_FIXED32_STRUCT: Final = struct.Struct("<I")
_MAX_VARINT_BYTES: Final = 10
_UINT64_MASK: Final = (1 << 64) - 1


class WireError(ValueError):
    """Bytes that are not a protobuf message, or that end in the middle of one."""


def varint(number: int) -> bytes:
    """*number* (0 or more) as a varint."""
    if number < SHORT:
        return SHORT_VARINTS[number]
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def signed_varint(number: int) -> bytes:
    """*number* as ``int64``: a negative one is its two's complement in ten bytes."""
    return varint(number & _UINT64_MASK)


def delimited(tag: bytes, payload: bytes) -> bytes:
    """A length-delimited field: *tag*, length, *payload*."""
    return b"".join((tag, varint(len(payload)), payload))


def read_varint(buffer: bytes | memoryview, position: int) -> tuple[int, int]:
    """The varint at *position* and the position behind it; raises `WireError` when it does not end."""
    result = shift = 0
    for index in range(position, min(position + _MAX_VARINT_BYTES, len(buffer))):
        byte = buffer[index]
        result |= (byte & 127) << shift
        if byte < 128:
            return result & _UINT64_MASK, index + 1
        shift += 7
    message = f"the varint at byte {position} does not end"
    raise WireError(message)


def read_fields(buffer: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field of one message: its number, and an int (varint, fixed) or the bytes of a length-delimited field.

    Raises `WireError` on anything that is not a proto3 message.
    """
    position, end = 0, len(buffer)
    while position < end:
        key, position = read_varint(buffer, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, position = read_varint(buffer, position)
        elif kind == LENGTH_DELIMITED:
            length, position = read_varint(buffer, position)
            if position + length > end:
                message = f"field {number} says {length} bytes, {end - position} are left"
                raise WireError(message)
            yield number, buffer[position : position + length]
            position += length
            continue
        elif kind in (FIXED64, FIXED32):
            size, unpack = (8, _FIXED64_STRUCT) if kind == FIXED64 else (4, _FIXED32_STRUCT)
            if position + size > end:
                message = f"field {number} is cut short"
                raise WireError(message)
            value = unpack.unpack_from(buffer, position)[0]
            position += size
        else:
            message = f"field {number} has wire type {kind}"
            raise WireError(message)
        if number == 0:
            message = "field number 0"
            raise WireError(message)
        yield number, value
