"""The types that users see from decorated functions; checked by pyright, never run."""

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any, assert_type, overload

from honeyhive import HoneyHiveTracer, trace
from honeyhive.models import EventType


@trace
def bare(question: str, *, limit: int = 3) -> list[str]:
    return [question] * limit


@trace("model")
def typed_by_place(question: str) -> str:
    return question


@trace(EventType.chain, "named")
async def coroutine(question: str) -> str:
    return question


@trace(event_type="tool", metadata={"a": 1}, ignore_arguments=["secret"], user_id="u")
def generator(secret: str) -> Generator[int, str, bool]:
    yield len(secret)
    return True


@trace()
async def async_generator(text: str) -> AsyncGenerator[str, None]:
    yield text


@trace
def iterator() -> Iterator[int]:
    yield 1


@trace(event_name="stream")
async def async_iterator() -> AsyncIterator[int]:
    yield 1


@overload
def overloaded(value: int) -> int: ...
@overload
def overloaded(value: str) -> str: ...
@trace
def overloaded(value: int | str) -> int | str:
    return value


def results(tracer: HoneyHiveTracer) -> None:
    assert_type(bare("q", limit=1), list[str])
    assert_type(typed_by_place("q"), str)
    assert_type(generator("s"), Generator[int, str, bool])
    assert_type(async_generator("s"), AsyncGenerator[str, None])
    assert_type(iterator(), Iterator[int])
    assert_type(async_iterator(), AsyncIterator[int])
    assert_type(overloaded(1), int)
    assert_type(overloaded("a"), str)
    assert_type(trace(len)([1]), int)
    assert_type(trace(tracer=tracer)(len)([1]), int)
    assert_type(trace(functools.partial(bare, limit=1))("q"), list[str])


async def awaited() -> None:
    assert_type(await coroutine("q"), str)
    async for text in async_generator("s"):
        assert_type(text, str)


def signatures() -> None:
    def takes(_function: Callable[[str], list[str]], _coroutine: Callable[[str], Coroutine[Any, Any, str]]) -> None:
        """Stand for a framework's own function."""

    takes(bare, coroutine)
    takes(coroutine, bare)  # pyright: ignore[reportArgumentType]
    assert_type(bare.__name__, str)


def mistakes_in_calls() -> None:
    bare(1)  # pyright: ignore[reportArgumentType]
    bare()  # pyright: ignore[reportCallIssue]
    bare("q", limits=1)  # pyright: ignore[reportCallIssue]
    wrong: int = typed_by_place("q")  # pyright: ignore[reportAssignmentType]
    assert wrong


def mistakes_in_options() -> None:
    trace(event_nam="x")  # pyright: ignore[reportCallIssue]
    trace(metadata="text")  # pyright: ignore[reportArgumentType]
    trace(event_type=5)  # pyright: ignore[reportArgumentType]
    trace(5)  # pyright: ignore[reportCallIssue, reportArgumentType]
    trace(capture_inputs="no")  # pyright: ignore[reportArgumentType]
    trace(tracer="name")  # pyright: ignore[reportArgumentType]
    trace(event_type="tool")("not a function")  # pyright: ignore[reportArgumentType]
