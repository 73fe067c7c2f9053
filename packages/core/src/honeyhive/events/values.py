"""Any Python value as JSON bytes: fast for plain data, bounded and harmless for everything else."""

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, cast

import orjson

from honeyhive.events.objects import MAX_ITEMS, describe, type_name

__all__ = ["digits", "key_text", "to_json", "type_name", "utf8"]

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
_SCALARS: Final = frozenset({str, int, *_NATIVE})
# orjson counts the levels of lists and dicts, and since 3.12 not those of tuples: some hundred of them inside one another,
# as a linked list of pairs has, overwrite memory that is not its own (`test_tuples_inside_tuples_do_not_end_the_process`).
_MAX_TUPLES: Final = 100


def to_json(value: object) -> bytes:
    """*value* as JSON in UTF-8; never raises for ``Exception`` reasons.

    It runs no code of the user's but pydantic's dump and an exception's ``__str__``. Plain containers, enums and UUIDs go
    through orjson, other objects by what `describe` makes of them: dataclasses by their fields, bytes by their hash, unknown
    objects by their type. On anything that orjson refuses (cycles, depth over 254, integers over 64 bits, lone surrogates),
    and where it meets more than 100,000 such objects, the value is first made plain: at most 32 levels, 10,000 items a
    container, and 100,000 values in all.
    """
    if type(value) is tuple and _is_deep(cast("tuple[object, ...]", value)):
        return _plain_json(cast("object", value))
    try:
        return orjson.dumps(value, None, _FAST)
    except _REFUSALS:
        return _to_json_slowly(cast("object", value))


# A `SystemError` is orjson's for a UUID that holds no 128 bits.
_REFUSALS: Final = (TypeError, ValueError, RecursionError, SystemError)


def _to_json_slowly(value: object) -> bytes:
    try:
        return orjson.dumps(value, _Described(), _OPTIONS)
    except _REFUSALS:
        return _plain_json(value)


def _plain_json(value: object) -> bytes:
    try:
        return orjson.dumps(_Plain().of(value, _MAX_DEPTH), None, _OPTIONS)
    except Exception:  # noqa: BLE001  code of the value's own, in a subclass of a container
        return orjson.dumps(f"<{type_name(value)}>")


def _is_deep(value: tuple[object, ...]) -> bool:
    """Whether *value* has more tuples inside one another than orjson should see."""
    if tuple not in map(type, value):  # most of them, in the caller's time
        return False
    level: list[tuple[object, ...]] = [value]
    for _ in range(_MAX_TUPLES):
        tuples = [cast("tuple[object, ...]", item) for one in level for item in one if type(item) is tuple]
        inside = {id(item): item for item in tuples}
        if not inside:
            return False
        level = list(inside.values())
    return True


class _Described:
    """`describe` for at most 100,000 objects: few that share their parts may be endless ones written out."""

    def __init__(self) -> None:
        self._left = _MAX_VALUES

    def __call__(self, value: object) -> object:
        self._left -= 1
        if self._left < 0:
            message = "more objects than there is room for"
            raise ValueError(message)
        return describe(value)


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
            return value if _INT64_MIN <= value <= _UINT64_MAX else digits(value)
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
            plain: dict[str, object] = {}
            for key, item in self._some(_DICT.items(value), _DICT.__len__(value)):
                name = key_text(key)
                # Two objects of one type, or 1 and "1", are two keys.
                plain[name if name not in plain else f"{name} #{len(plain) + 1}"] = self.of(item, depth)
            return plain
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


def digits(number: int) -> str:
    """*number* in decimal, or how long it is where Python refuses to write it out."""
    try:
        return int.__repr__(number)
    except ValueError:  # over the limit of `sys.set_int_max_str_digits`
        return f"<int of {int.bit_length(number)} bits>"


def key_text(key: object) -> str:
    """The name that *key* has as JSON: what orjson makes of a number or an enum, and of a container its JSON text."""
    kind = type(key)
    if issubclass(kind, str):
        return utf8(str.__str__(cast("str", key))).decode()
    if kind in _NATIVE or kind is int:
        return orjson.dumps(key).decode().strip('"') if kind is not int else digits(cast("int", key))
    described = describe(key)
    if isinstance(described, (dict, list)):
        return to_json(cast("object", described)).decode()
    return key_text(described) if type(described) in _SCALARS else f"<{type_name(key)}>"
