"""Any Python value as JSON bytes: fast for plain data, bounded and harmless for everything else.

An object that has no JSON form is described by its type, never by ``str()`` or ``repr()``: both may run user code, hold
secrets or never return (design decision 12).
"""

import dataclasses
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, cast

import orjson

_OPTIONS: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
_MAX_DEPTH: Final = 32
_MAX_ITEMS: Final = 10_000
_INT64_MIN: Final = -(1 << 63)
_UINT64_MAX: Final = (1 << 64) - 1


def to_json(value: object) -> bytes:
    """*value* as JSON in UTF-8; never raises for ``Exception`` reasons, and runs no user code but pydantic's dump.

    Plain containers, dataclasses, datetimes, enums, UUIDs and numpy arrays go through orjson; on anything that orjson
    refuses (cycles, depth over 254, integers over 64 bits, lone surrogates) the value is first made plain: at most 32
    levels and 10,000 items a container.
    """
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return _to_json_slowly(value)


def _to_json_slowly(value: object) -> bytes:
    try:
        return orjson.dumps(value, _describe, _OPTIONS)
    except (TypeError, ValueError, RecursionError):
        try:
            return orjson.dumps(_plain(value, _MAX_DEPTH, set()), None, orjson.OPT_NON_STR_KEYS)
        except Exception:  # noqa: BLE001  code of the value's own, in a subclass of a container
            return orjson.dumps(f"<{type_name(value)}>")


def type_name(value: object) -> str:
    """The full name of *value*'s type, such as ``decimal.Decimal``."""
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def utf8(text: str) -> bytes:
    """*text* in UTF-8; a lone surrogate, which protobuf strings may not hold, becomes a question mark."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _describe(value: object) -> object:
    """What stands for *value*, an object without a JSON form of its own.

    Asked by its real type: `isinstance` would ask a lazy proxy for its class, which makes it load what it stands for.
    """
    kind = type(value)
    if issubclass(kind, (bytes, bytearray, memoryview)):
        return {"type": "bytes", "size": len(cast("bytes", value))}
    if issubclass(kind, (set, frozenset, tuple)):
        return list(cast("tuple[object, ...]", value))
    if issubclass(kind, Decimal):
        return str(value)
    if issubclass(kind, BaseException):
        return {"type": type_name(value), "message": _message(cast("BaseException", value))}
    if kind is MappingProxyType:
        return dict(cast("Mapping[object, object]", value))
    dump = _pydantic_dump(value)
    if dump is not None:
        try:
            return dump()
        except Exception:  # noqa: BLE001  a user's serializer failed; the type still says what was there
            return f"<{type_name(value)}>"
    return f"<{type_name(value)}>"


def _pydantic_dump(value: object) -> Callable[[], object] | None:
    # `model_dump` of the class, so that a mock or a proxy that answers to every name does not count.
    if callable(getattr(type(value), "model_dump", None)) and hasattr(type(value), "model_fields"):
        return cast("Callable[[], object]", cast("Any", value).model_dump)
    return None


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  an exception whose own __str__ raises
        return ""


def _plain(value: object, depth: int, above: set[int]) -> object:
    """*value* as containers and scalars that orjson takes; *above* holds the ids of the containers around it."""
    kind = type(value)
    if value is None or kind is bool or issubclass(kind, float):
        return value
    if issubclass(kind, int):
        number = int(cast("int", value))
        return number if _INT64_MIN <= number <= _UINT64_MAX else str(number)
    if issubclass(kind, str):
        return utf8(str(value)).decode()
    if depth == 0:
        return f"<{type_name(value)}>"
    if dataclasses.is_dataclass(kind):
        value = {field.name: getattr(value, field.name, None) for field in dataclasses.fields(kind)}
    elif not issubclass(kind, (dict, list, tuple)):
        described = _describe(value)
        return _plain(described, depth - 1, above) if described is not value else f"<{type_name(value)}>"
    return _plain_container(cast("Mapping[object, object] | list[object]", value), depth, above)


def _plain_container(value: Mapping[object, object] | list[object], depth: int, above: set[int]) -> object:
    if id(value) in above:
        return f"<cycle: {type_name(value)}>"
    above.add(id(value))
    try:
        if issubclass(type(value), dict):
            pairs = list(cast("Mapping[object, object]", value).items())[:_MAX_ITEMS]
            return {_key(key): _plain(item, depth - 1, above) for key, item in pairs}
        return [_plain(item, depth - 1, above) for item in cast("list[object]", value)[:_MAX_ITEMS]]
    finally:
        above.discard(id(value))


def _key(key: object) -> str:
    if isinstance(key, str):
        return utf8(key).decode()
    return str(key) if isinstance(key, (int, float, bool)) or key is None else f"<{type_name(key)}>"
