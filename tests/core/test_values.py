"""Any value as JSON: never raises, never runs `str()` on an unknown object, never grows without bound."""

import dataclasses
import datetime as dt
import decimal
import uuid
from collections import OrderedDict
from typing import Any

import orjson
import pytest
from honeyhive.events.values import to_json


class Locked:
    """An object that must not be asked for anything."""

    def __repr__(self) -> str:
        raise RuntimeError("asked")

    __str__ = __repr__


@dataclasses.dataclass
class Point:
    x: int
    inner: Any = None


def cyclic() -> list[Any]:
    items: list[Any] = [1]
    items.append(items)
    return items


def deep(levels: int) -> list[Any]:
    outer: list[Any] = []
    for _ in range(levels):
        outer = [outer]
    return outer


JSON_FORMS: list[tuple[object, object]] = [
    ({"a": [1, 2.5, None, True]}, {"a": [1, 2.5, None, True]}),
    (decimal.Decimal("1.10"), "1.10"),
    ({1}, [1]),
    ((1, 2), [1, 2]),
    (b"secret", {"type": "bytes", "size": 6}),
    (dt.date(2026, 1, 2), "2026-01-02"),
    (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (ValueError("no"), {"type": "ValueError", "message": "no"}),
    (Point(1), {"x": 1, "inner": None}),
    (OrderedDict(a=1), {"a": 1}),
    ({3: "three"}, {"3": "three"}),
    (1 << 70, str(1 << 70)),
    (["a\ud800"], ["a?"]),
]


@pytest.mark.parametrize(("value", "expected"), JSON_FORMS)
def test_a_value_keeps_its_json_form(value: object, expected: object) -> None:
    assert orjson.loads(to_json(value)) == expected


def test_an_unknown_object_is_its_type_name() -> None:
    assert orjson.loads(to_json({"client": Locked()})) == {"client": f"<{__name__}.Locked>"}


def test_cycles_and_bottomless_nesting_end() -> None:
    assert orjson.loads(to_json(cyclic())) == [1, "<cycle: list>"]
    assert len(to_json(deep(10_000))) < 1000


def test_a_model_whose_dump_raises_is_its_type_name() -> None:
    class Broken:
        model_fields: dict[str, Any] = {}  # noqa: RUF012  as pydantic's metaclass leaves it

        def model_dump(self) -> object:
            raise ValueError("no")

    assert orjson.loads(to_json(Broken())).endswith("Broken>")
