"""Any value as JSON: never raises, never runs `str()` on an unknown object, never grows without bound."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import pathlib
import types
import uuid
import warnings
from collections import OrderedDict
from typing import Any, NamedTuple

import attrs
import numpy as np
import orjson
import pandas as pd  # type: ignore[import-untyped]  # its stubs are a package of their own
import pydantic
import pytest
from honeyhive.events.values import to_json
from hypothesis import given
from hypothesis import strategies as st


@dataclasses.dataclass
class Point:
    x: int
    inner: Any = None
    _private: int = 0


class Pair(NamedTuple):
    left: int
    right: object


class Color(enum.Enum):
    RED = "red"
    ODD = frozenset({1})


@attrs.define
class Crate:
    size: int
    inside: Any = None


class Account(pydantic.BaseModel):
    name: str
    password: pydantic.SecretStr
    token: pydantic.SecretBytes
    hidden: str = pydantic.Field(default="h", exclude=True)


class Lying(pydantic.BaseModel):
    count: int

    @pydantic.computed_field
    @property
    def average(self) -> float:
        return 1 / self.count


JSON_FORMS: list[tuple[object, object]] = [
    ({"a": [1, 2.5, None, True]}, {"a": [1, 2.5, None, True]}),
    (decimal.Decimal("1.10"), "1.10"),
    ({1}, [1]),
    ((1, 2), [1, 2]),
    (
        b"secret",
        {
            "type": "bytes",
            "size": 6,
            "sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
        },
    ),
    (dt.date(2026, 1, 2), "2026-01-02"),
    (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (ValueError("no"), {"type": "ValueError", "message": "no"}),
    (Point(1), {"x": 1, "inner": None}),
    (OrderedDict(a=1), {"a": 1}),
    ({3: "three"}, {"3": "three"}),
    (1 << 70, str(1 << 70)),
    (["a\ud800"], ["a?"]),
    (
        ["a\ud800", uuid.UUID(int=7), dt.date(2026, 1, 2), Color.RED, (1,)],
        ["a?", str(uuid.UUID(int=7)), "2026-01-02", "red", [1]],
    ),
    (10**5000, "<int of 16610 bits>"),
    (float("nan"), None),
    (dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC), "2026-01-02T03:04:05.000006+00:00"),
    (dt.time(1, 2), "01:02:00"),
    (dt.timedelta(minutes=1), 60.0),
    (fractions.Fraction(1, 3), "1/3"),
    (1 + 2j, "(1+2j)"),
    (pathlib.PurePosixPath("/a/b"), "/a/b"),
    (Color.RED, "red"),
    (Color.ODD, [1]),
    (Pair(1, {2}), {"left": 1, "right": [2]}),
    (collections.deque([1, 2], maxlen=2), [1, 2]),
    (collections.Counter("aab"), {"a": 2, "b": 1}),
    (types.MappingProxyType({"a": 1}), {"a": 1}),
    (collections.ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
    ({"a": 1}.keys(), ["a"]),
    ({"a": 1}.values(), [1]),
    ({"a": 1}.items(), [["a", 1]]),
    (range(3), "range(0, 3)"),
    (int, "<class int>"),
    (Point, f"<class {__name__}.Point>"),
    (to_json, "<function honeyhive.events.values.to_json>"),
    (functools.partial(to_json, 1), "<functools.partial>"),
    (Crate(1, {"a": {2}}), {"size": 1, "inside": {"a": [2]}}),
    (np.arange(3), [0, 1, 2]),
    (np.float32(1.5), 1.5),
    (np.bool_(True), True),
    (np.datetime64("2026-01-02"), "2026-01-02"),
    (np.zeros((200, 100)), {"type": "numpy.ndarray", "shape": [200, 100], "dtype": "float64"}),
    (pd.Timestamp("2026-01-02"), "2026-01-02T00:00:00"),
    (pd.NaT, None),
    (pd.Series([1, 2], name="n"), {"type": "pandas.Series", "size": 2, "name": "n", "values": [1, 2]}),
    (pd.Index([1]), {"type": "pandas.Index", "size": 1, "values": [1]}),
    (
        pd.DataFrame({"a": range(3), "b": "x"}),
        {"type": "pandas.DataFrame", "shape": [3, 2], "columns": ["a", "b"], "rows": [[0, "x"], [1, "x"], [2, "x"]]},
    ),
    (pydantic.SecretStr("k"), "**********"),
    ([{"key": pydantic.SecretBytes(b"k")}], [{"key": "**********"}]),
]


@pytest.mark.parametrize(("value", "expected"), JSON_FORMS, ids=lambda value: type(value).__name__)
def test_a_value_keeps_its_json_form(value: object, expected: object) -> None:
    assert orjson.loads(to_json(value)) == expected


@given(
    value=st.recursive(
        st.text(st.characters(codec=None)) | st.integers() | st.floats() | st.binary(max_size=4),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.text(st.characters(codec=None)) | st.integers() | st.binary(max_size=2), inner)
        ),
    )
)
def test_whatever_containers_hold_is_json(value: object) -> None:
    orjson.loads(to_json(value))


def test_a_pydantic_model_keeps_its_secrets_and_its_exclusions() -> None:
    account = Account(name="n", password=pydantic.SecretStr("canary"), token=pydantic.SecretBytes(b"canary"))

    written = to_json({"account": account})

    assert orjson.loads(written) == {"account": {"name": "n", "password": "**********", "token": "**********"}}
    assert b"canary" not in written


def test_a_pydantic_model_that_fails_to_dump_is_its_type_name_and_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unvalidated = Lying.model_construct(count="3")

        assert orjson.loads(to_json(Lying(count=0))) == f"<{__name__}.Lying>"
        assert orjson.loads(to_json(unvalidated)) == f"<{__name__}.Lying>"
        assert orjson.loads(to_json(Account.model_construct(name=7))) == {"name": 7}


def test_a_model_whose_own_dump_raises_is_its_type_name() -> None:
    class Broken:
        model_fields: dict[str, Any] = {}  # noqa: RUF012  as pydantic's metaclass leaves it

        def model_dump(self) -> object:
            raise ValueError("no")

    assert orjson.loads(to_json(Broken())).endswith("Broken>")
