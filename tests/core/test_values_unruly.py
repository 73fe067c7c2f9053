"""Values that would hurt a program that looks at them: they cost little, and the program does not notice."""

import dataclasses
import datetime as dt
import decimal
import enum
import threading
import time
from typing import Any

import orjson
import pytest
from honeyhive import trace
from honeyhive.events.values import to_json
from honeyhive.testing import Recorder

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


class Color(enum.Enum):
    RED = "red"


def cyclic() -> list[Any]:
    items: list[Any] = [1]
    items.append(items)
    return items


def deep(levels: int) -> list[Any]:
    outer: list[Any] = []
    for _ in range(levels):
        outer = [outer]
    return outer


def test_an_unknown_object_is_its_type_name() -> None:
    assert orjson.loads(to_json({"client": Locked()})) == {"client": f"<{__name__}.Locked>"}


def test_cycles_and_bottomless_nesting_end() -> None:
    assert orjson.loads(to_json(cyclic())) == [1, "<cycle: list>"]
    assert len(to_json(deep(10_000))) < 1000


def nested(levels: int, *, last: object = None) -> tuple[Any, ...]:
    outer: tuple[Any, ...] = (last,)
    for number in range(levels):
        outer = (number, outer)
    return outer


def test_tuples_inside_tuples_do_not_end_the_process(recorder: Recorder) -> None:
    """orjson 3.12 and 3.13.0 write past their buffer, as many bytes as there are tuples."""

    @trace
    def first(linked: tuple[Any, ...]) -> object:
        return linked[0]

    assert first(nested(10_000)) == 9_999
    assert len(to_json(nested(10_000))) < 1000
    assert orjson.loads(to_json(nested(2)))[1] == [0, [None]]
    (event,) = recorder.events()
    assert (event.error, event.outputs) == (None, {"result": 9_999})


def test_objects_that_share_their_parts_are_not_written_out_without_end() -> None:
    @dataclasses.dataclass
    class Sum:
        left: object
        right: object

    value: object = 1
    for _ in range(40):
        value = Sum(value, value)

    size = len(to_json(value))  # beforehand: to show a failure, pytest would write the value out

    assert size < 10_000_000


def test_a_number_with_too_many_digits_is_told_by_its_length(recorder: Recorder) -> None:
    @trace
    def echo(number: int) -> int:
        return number

    class Big(int):
        def __int__(self) -> int:
            raise RuntimeError("asked")

        __index__ = __str__ = __repr__ = __int__  # type: ignore[assignment]  # each raises

    echo(1 << 100_000)
    echo(Big(3))

    long, small = recorder.events()
    assert long.inputs == {"number": "<int of 100001 bits>"}
    assert (small.inputs, small.outputs) == ({"number": 3}, {"result": 3})


def test_keys_that_are_not_texts_are_all_kept() -> None:
    """The second of two tuples, or of two objects of one type, took the place of the first."""
    value = {(1, 2): "a", (3, 4): "b", Locked(): "c", None: "d", True: "e", "1": "f", 1 << 70: "g", Color.RED: "h"}

    assert orjson.loads(to_json(value)) == {
        "[1,2]": "a",
        "[3,4]": "b",
        f"<{__name__}.Locked>": "c",
        "null": "d",
        "true": "e",
        "1": "f",
        str(1 << 70): "g",
        "red": "h",
    }
    assert sorted(orjson.loads(to_json({Locked(): 1, Locked(): 2, (1,): 3})).values()) == [1, 2, 3]


def test_what_breaks_orjson_breaks_nothing() -> None:
    """orjson 3.13.0 ends the process at each of these."""
    guarded = object.__new__(Guarded)
    object.__setattr__(guarded, "x", 1)
    moment = dt.datetime(2026, 1, 1, tzinfo=BrokenZone())

    assert orjson.loads(to_json([guarded, Slotted(1), moment])) == [{"x": 1}, {"x": 1}, "<datetime.datetime>"]


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
        __slots__ = ()

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

    class FailureError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("asked")

    value = [Text("\ud800"), Set({1}), Number(1.5), Money("1.5"), Odd(), FailureError("x")]

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


def test_what_goes_in_and_what_comes_out_is_kept_in_one_form(recorder: Recorder) -> None:
    """1.x left containers with unknown objects out, wrote None and () as texts, and objects as their `repr`."""
    values = {
        "nothing": None,
        "empty": (),
        "text": "None",
        "number": 3,
        "client": Locked(),
        "rows": [Locked(), {1: None}],
    }

    @trace(event_name="echo")
    def echo(**values: Any) -> dict[str, Any]:
        return values

    def same(given: object) -> object:
        return given

    echo(**values)

    locked = f"<{__name__}.Locked>"
    form = {"nothing": None, "empty": [], "text": "None", "number": 3, "client": locked, "rows": [locked, {"1": None}]}
    event = recorder.event("echo")
    assert (event.inputs, event.outputs) == ({"values": form}, {"result": form})
    for name, value in values.items():
        trace(event_name=name)(same)(value)
        assert recorder.event(name).inputs == {"given": form[name]}
        assert recorder.event(name).outputs == {"result": form[name]}


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
