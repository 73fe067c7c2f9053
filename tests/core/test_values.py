"""Any value as JSON: never raises, never runs `str()` on an unknown object, never grows without bound."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import pathlib
import threading
import time
import types
import uuid
import warnings
from collections import OrderedDict
from typing import Any, NamedTuple

import attrs
import numpy as np
import orjson
import pandas as pd
import pydantic
import pytest
from honeyhive import trace
from honeyhive.events.values import to_json
from honeyhive.testing import Recorder
from hypothesis import given
from hypothesis import strategies as st

# A guard against hangs, not a figure: the benchmarks have those.
GENEROUS_S = 20.0


class Locked:
    """An object that must not be asked for anything."""

    def __repr__(self) -> str:
        raise RuntimeError("asked")

    __str__ = __repr__

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("asked")


class Client:
    """A client whose every attribute waits for a lock that somebody else holds."""

    lock = threading.Lock()

    def __getattribute__(self, name: str) -> object:
        with Client.lock:
            return object.__getattribute__(self, name)


@dataclasses.dataclass
class Point:
    x: int
    inner: Any = None
    _private: int = 0


@dataclasses.dataclass(slots=True)
class Slotted:
    x: int
    later: int = dataclasses.field(init=False)


@dataclasses.dataclass
class Guarded:
    x: int

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError("asked")


class BrokenZone(dt.tzinfo):
    def utcoffset(self, _when: dt.datetime | None) -> dt.timedelta:
        raise RuntimeError("asked")


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
    hidden: str = pydantic.Field("h", exclude=True)


class Lying(pydantic.BaseModel):
    count: int

    @pydantic.computed_field
    @property
    def average(self) -> float:
        return 1 / self.count


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
    (deep, f"<function {__name__}.deep>"),
    (functools.partial(deep, 1), "<functools.partial>"),
    (Slotted(1), {"x": 1}),
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


def test_an_unknown_object_is_its_type_name() -> None:
    assert orjson.loads(to_json({"client": Locked()})) == {"client": f"<{__name__}.Locked>"}


def test_cycles_and_bottomless_nesting_end() -> None:
    assert orjson.loads(to_json(cyclic())) == [1, "<cycle: list>"]
    assert len(to_json(deep(10_000))) < 1000


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


def test_what_breaks_orjson_breaks_nothing() -> None:
    """orjson 3.13.0 ends the process at each of these."""
    guarded = object.__new__(Guarded)
    object.__setattr__(guarded, "x", 1)
    moment = dt.datetime(2026, 1, 1, tzinfo=BrokenZone())

    assert orjson.loads(to_json([guarded, Slotted(1), moment])) == [{"x": 1}, {"x": 1}, "<datetime.datetime>"]


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


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", "audio/wav"),
        (b"\0\0\0\x18ftypmp42", "video/mp4"),
        (b"%PDF-1.7", "application/pdf"),
        (b"ID3\4", "audio/mpeg"),
        (b"plain", None),
    ],
)
def test_media_are_a_hash_a_type_and_a_size(head: bytes, kind: str | None) -> None:
    content = head + b"canary" * 100
    for data in (content, bytearray(content), memoryview(content)):
        written = to_json({"picture": data})

        described = orjson.loads(written)["picture"]
        assert (described["size"], len(described["sha256"]), described.get("mime_type")) == (len(content), 64, kind)
        assert b"canary" not in written


def test_long_media_are_hashed_at_both_ends() -> None:
    content = b"a" * (17 * 1024 * 1024)

    first, second = orjson.loads(to_json(content)), orjson.loads(to_json(content[:-1] + b"b"))

    assert first["size"] == second["size"] == len(content)
    assert first["sha256_of_ends"] != second["sha256_of_ends"]


def test_a_view_of_memory_that_is_gone_is_still_bytes() -> None:
    view = memoryview(b"abc")
    view.release()

    assert orjson.loads(to_json(view)) == {"type": "bytes"}
    assert orjson.loads(to_json(memoryview(b"abcd")[::2])) == {"type": "bytes"}


def test_subclasses_are_written_without_their_own_code() -> None:
    class Text(str):
        def __str__(self) -> str:
            raise RuntimeError("asked")

    class Set(set[int]):
        def __iter__(self) -> Any:
            raise RuntimeError("asked")

    class Number(float):
        def __float__(self) -> float:
            raise RuntimeError("asked")

    class Money(decimal.Decimal):
        def __str__(self) -> str:
            raise RuntimeError("asked")

    class Meta(type):
        def __getattribute__(cls, name: str) -> object:
            raise RuntimeError("asked")

    class Odd(metaclass=Meta):
        pass

    class Failure(Exception):
        def __str__(self) -> str:
            raise RuntimeError("asked")

    value = [Text("\ud800"), Set({1}), Number(1.5), Money("1.5"), Odd(), Failure("x")]

    written = orjson.loads(to_json(value))

    assert written[:4] == ["?", [1], 1.5, "1.5"]
    assert written[4].endswith("Odd>")
    assert written[5]["message"] == ""


def test_what_is_too_much_is_cut_and_says_so() -> None:
    numbers: list[Any] = [*range(20_000), 1 << 70]

    written = orjson.loads(to_json(numbers))

    assert (len(written), written[-1]) == (10_001, "<10001 more>")
    assert orjson.loads(to_json(set(range(10_002))))[-1] == "<2 more>"
    wide = [["\ud800"] * 1000] * 1000
    assert len(to_json(wide)) < 1_000_000


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Locked(), id="raising"),
        pytest.param(deep(10_000), id="10,000 levels"),
        pytest.param("x" * 50_000_000, id="50 MB of text"),
        pytest.param(b"x" * 50_000_000, id="50 MB of bytes"),
        pytest.param(cyclic(), id="cycle"),
        pytest.param([{"\ud800": "\ud800" * 1000}] * 100_000, id="surrogates"),
    ],
)
def test_a_program_does_not_notice_what_its_values_are(recorder: Recorder, value: object) -> None:
    @trace
    def echo(given: object) -> object:
        return given

    began = time.monotonic()

    assert echo(value) is value
    assert time.monotonic() - began < GENEROUS_S
    (event,) = recorder.events()
    assert (event.error, set(event.inputs), set(event.outputs)) == (None, {"given"}, {"result"})


def test_a_client_that_somebody_locked_is_not_waited_for(recorder: Recorder) -> None:
    @trace
    def use(client: object) -> object:
        return [client]

    client = Client()
    with Client.lock:  # whoever asks the client for an attribute now waits for ever
        worker = threading.Thread(target=use, args=(client,), daemon=True)
        worker.start()
        worker.join(GENEROUS_S)

        assert not worker.is_alive()
    (event,) = recorder.events()
    assert event.inputs == {"client": f"<{__name__}.Client>"}
    assert event.outputs == {"result": [f"<{__name__}.Client>"]}
