"""A traced stream answers every step as the untraced one does: items, results, errors and what they come from."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from honeyhive import trace
from honeyhive.testing import recording
from hypothesis import given
from hypothesis import strategies as st

Log = list[object]


def _answers(log: Log) -> Generator[int, str, str]:
    try:
        for number in range(4):
            try:
                word = yield number
            except KeyError as error:
                log.append(str(error))
                if error.args == ("end",):
                    return "ended"
            else:
                log.append(_react(word))
                if word == "return":
                    return "returned"
    finally:
        log.append("finally")
    return "exhausted"


async def _async_answers(log: Log) -> AsyncGenerator[int, str]:
    try:
        for number in range(4):
            try:
                word = yield number
                await asyncio.sleep(0)
            except KeyError as error:
                log.append(str(error))
                if error.args == ("end",):
                    return
            else:
                log.append(_react(word))
                if word == "return":
                    return
    finally:
        log.append("finally")


ERRORS: dict[str, type[BaseException]] = {
    "value": ValueError,
    "stop": StopIteration,
    "stop async": StopAsyncIteration,
    "cancel": asyncio.CancelledError,
}


def _react(word: str) -> str:
    if word in ERRORS:
        raise ERRORS[word]
    return word


SENT = st.tuples(st.just("send"), st.sampled_from([None, "word", "return", *ERRORS]))
THROWN = st.tuples(
    st.just("throw"), st.sampled_from([KeyError("go on"), KeyError("end"), OSError("other"), GeneratorExit()])
)
STEPS = st.lists(SENT | THROWN | st.just(("close", None)), min_size=1, max_size=6)


def _told(error: BaseException) -> tuple[object, ...]:
    """What a program can tell of *error*."""
    around = (type(error.__cause__), type(error.__context__))
    return type(error), str(error), getattr(error, "value", None), around


def _drive(function: Callable[[Log], Any], steps: list[tuple[str, Any]]) -> list[object]:
    log: Log = []
    stream = function(log)
    for name, value in steps:
        step = getattr(stream, name)
        try:
            log.append(step() if name == "close" else step(_fresh(value)))
        except BaseException as error:  # noqa: BLE001  all that comes out is compared
            log.append(_told(error))
    stream.close()
    return log


async def _drive_later(function: Callable[[Log], Any], steps: list[tuple[str, Any]]) -> list[object]:
    log: Log = []
    stream = function(log)
    if asyncio.iscoroutine(stream):
        stream = await stream
    for name, value in steps:
        step = getattr(stream, f"a{name}")
        try:
            log.append(await (step() if name == "close" else step(_fresh(value))))
        except BaseException as error:  # noqa: BLE001  all that comes out is compared
            log.append(_told(error))
    await stream.aclose()
    return log


def _fresh(value: Any) -> Any:
    """An error that was raised before has a context of its own."""
    return type(value)(*value.args) if isinstance(value, BaseException) else value


def _returned(log: Log) -> Generator[int, str, str]:
    return _answers(log)


async def _async_returned(log: Log) -> AsyncGenerator[int, str]:
    return _async_answers(log)


@given(STEPS)
def test_a_generator_answers_the_same_traced_and_untraced(steps: list[tuple[str, Any]]) -> None:
    with recording() as recorder:
        expected = _drive(_answers, steps)

        assert _drive(trace(_answers), steps) == expected
        assert _drive(trace(_returned), steps) == expected
        assert all(event.metadata["status"] for event in recorder.events())


@given(STEPS)
def test_an_async_generator_answers_the_same_traced_and_untraced(steps: list[tuple[str, Any]]) -> None:
    async def compare() -> None:
        expected = await _drive_later(_async_answers, steps)

        assert await _drive_later(trace(_async_answers), steps) == expected
        assert await _drive_later(trace(_async_returned), steps) == expected

    with recording():
        asyncio.run(compare())
