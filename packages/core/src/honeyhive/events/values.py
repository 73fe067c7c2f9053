"""Any Python value as JSON bytes: fast for plain data, bounded and harmless for everything else."""

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, cast

import orjson

from honeyhive.events.objects import MAX_ITEMS, describe, type_name

__all__ = ["to_json", "type_name", "utf8"]

# Dataclasses and times are not left to orjson: a slot without a value, or a time zone that raises, ends the process there
# (3.13.0; `test_what_breaks_orjson_breaks_nothing`).
_FAST: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_OPTIONS: Final = _FAST | orjson.OPT_NON_STR_KEYS
# The base classes' own methods, past what a subclass makes of them.
_DICT: Final[Any] = dict
_LIST: Final[Any] = list
_MAX_DEPTH: Final = 32
_MAX_VALUES: Final = 100_000
_INT64_MIN: Final = -(1 << 63)
_UINT64_MAX: Final = (1 << 64) - 1
_NATIVE: Final = frozenset({uuid.UUID, type(None), bool, float})


def to_json(value: object) -> bytes:
    """*value* as JSON in UTF-8; never raises for ``Exception`` reasons.

    It runs no code of the user's but pydantic's dump and an exception's ``__str__``. Plain containers, enums and UUIDs go
    through orjson, other objects by what `describe` makes of them: dataclasses by their fields, bytes by their hash, unknown
    objects by their type. On anything that orjson refuses (cycles, depth over 254, integers over 64 bits, lone surrogates)
    the value is first made plain: at most 32 levels, 10,000 items a container, and 100,000 values in all.
    """
    try:
        return orjson.dumps(value, None, _FAST)
    except (TypeError, ValueError, RecursionError):
        return _to_json_slowly(value)


def _to_json_slowly(value: object) -> bytes:
    try:
        return orjson.dumps(value, describe, _OPTIONS)
    except (TypeError, ValueError, RecursionError):
        try:
            return orjson.dumps(_Plain().of(value, _MAX_DEPTH), None, _OPTIONS)
        except Exception:  # noqa: BLE001  code of the value's own, in a subclass of a container
            return orjson.dumps(f"<{type_name(value)}>")


def utf8(text: str) -> bytes:
    """*text* in UTF-8; a lone surrogate, which protobuf strings may not hold, becomes a question mark."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


class _Plain:
    """One value on its way to containers and scalars that orjson takes."""

    def __init__(self) -> None:
        self._above: set[int] = set()
        self._values_left = _MAX_VALUES

    def of(self, value: Any, depth: int) -> Any:
        """*value* itself, or what stands for it, at most *depth* levels deep."""
        self._values_left -= 1
        kind = type(cast("object", value))
        if kind in _NATIVE:
            return value
        if kind is str:
            return utf8(value).decode()
        if kind is int:
            return value if _INT64_MIN <= value <= _UINT64_MAX else _digits(value)
        if depth == 0:
            return f"<{type_name(value)}>"
        if id(value) in self._above:
            return f"<cycle: {type_name(value)}>"
        self._above.add(id(value))
        try:
            return self._inside(value, kind, depth - 1)
        finally:
            self._above.discard(id(value))

    def _inside(self, value: Any, kind: type, depth: int) -> object:
        if issubclass(kind, dict):
            pairs = self._some(_DICT.items(value), _DICT.__len__(value))
            return {_key(key): self.of(item, depth) for key, item in pairs}
        if issubclass(kind, list):
            size = _LIST.__len__(value)
            items = [self.of(item, depth) for item in self._some(_LIST.__iter__(value), size)]
            return items if len(items) == size else [*items, f"<{size - len(items)} more>"]
        described = describe(value)
        return self.of(described, depth) if described is not value else f"<{type_name(value)}>"

    def _some(self, items: Iterable[Any], size: int) -> Iterator[Any]:
        """As many of *items* as there is room for."""
        for item in islice(items, min(size, MAX_ITEMS)):
            if self._values_left <= 0:
                return
            yield item


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:  # over the limit of `sys.set_int_max_str_digits`
        return f"<int of {number.bit_length()} bits>"


def _key(key: object) -> str:
    if issubclass(type(key), str):
        return utf8(str.__str__(cast("str", key))).decode()
    return str(key) if type(key) in (int, float, bool, type(None)) else f"<{type_name(key)}>"
