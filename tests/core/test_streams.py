"""Streams: one event over the iteration, which ends once, however the iteration does."""

import asyncio
import contextvars
import gc
import inspect
import logging
import threading
import types
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from typing import Any

import pytest
from honeyhive import trace
from honeyhive.integration import OpenEvent, start_event, wrap_async_stream, wrap_stream
from honeyhive.models import EventType
from honeyhive.testing import Recorder, recording
from opentelemetry import trace as otel_trace


@pytest.fixture(autouse=True)
def no_complaints(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is ever logged on `opentelemetry.context`, whose complaints users know too well."""
    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        yield
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


@trace
def step(number: int) -> int:
    return number


@trace
def items(count: int) -> Generator[str, None, str]:
    for number in range(count):
        step(number)
        yield str(number)
    return "done"


@trace
async def async_items(count: int) -> AsyncGenerator[str]:
    for number in range(count):
        await asyncio.sleep(0)
        step(number)
        yield str(number)


def _is_uncurrent() -> bool:
    return otel_trace.get_current_span() is otel_trace.INVALID_SPAN


def _exhaust(stream: Any) -> None:
    for _ in stream:
        assert _is_uncurrent()


def _break(stream: Any) -> None:
    for _ in stream:
        break
    stream.close()


def _forget(stream: Any) -> None:
    next(stream)
    del stream
    gc.collect()


def _close(stream: Any) -> None:
    next(stream)
    stream.close()
    stream.close()


def _throw(stream: Any) -> None:
    next(stream)
    with pytest.raises(KeyError, match="mine"):
        stream.throw(KeyError("mine"))


def _drop_in_a_thread(stream: Any) -> None:
    next(stream)
    holder = [stream]
    del stream
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join()
    gc.collect()


def _end_elsewhere(stream: Any) -> None:
    next(stream)
    contextvars.Context().run(_exhaust, stream)


WAYS: list[tuple[Callable[[Any], None], str]] = [
    (_exhaust, "ok"),
    (_break, "abandoned"),
    (_forget, "abandoned"),
    (_close, "abandoned"),
    (_throw, "error"),
    (_drop_in_a_thread, "abandoned"),
    (_end_elsewhere, "ok"),
]


@pytest.mark.parametrize(("way", "status"), WAYS)
def test_a_generators_event_ends_once_however_it_is_left(
    recorder: Recorder, way: Callable[[Any], None], status: str
) -> None:
    way(items(3))

    assert _is_uncurrent()
    event = recorder.event("items")
    assert event.metadata["status"] == status
    assert event.outputs["result"] == ("012" if status == "ok" else "0")


async def _aexhaust(stream: Any) -> None:
    async for _ in stream:
        assert _is_uncurrent()


async def _abreak(stream: Any) -> None:
    async for _ in stream:
        break
    await stream.aclose()


async def _aforget(stream: Any) -> None:
    await anext(stream)
    del stream
    gc.collect()
    await asyncio.sleep(0)  # the loop closes what was forgotten, in a task of its own
    await asyncio.sleep(0)


async def _athrow(stream: Any) -> None:
    await anext(stream)
    with pytest.raises(KeyError, match="mine"):
        await stream.athrow(KeyError("mine"))


async def _acancel(stream: Any) -> None:
    async def consume() -> None:
        async for _ in stream:
            pass

    task = asyncio.create_task(consume())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _leave_to_the_loop(stream: Any) -> None:
    await anext(stream)


ASYNC_WAYS: list[tuple[Callable[[Any], Coroutine[Any, Any, None]], str]] = [
    (_aexhaust, "ok"),
    (_abreak, "abandoned"),
    (_aforget, "abandoned"),
    (_athrow, "error"),
    (_acancel, "cancelled"),
    (_leave_to_the_loop, "cancelled"),  # `asyncio.run` cancels what is left, the closing of the stream too
]


@pytest.mark.parametrize(("way", "status"), ASYNC_WAYS)
def test_an_async_generators_event_ends_once_however_it_is_left(
    recorder: Recorder, way: Callable[[Any], Coroutine[Any, Any, None]], status: str
) -> None:
    asyncio.run(way(async_items(3)))
    gc.collect()

    event = recorder.event("async_items")
    assert event.metadata["status"] == status
    assert event.outputs["result"] == ("012" if status == "ok" else "0")


def test_an_async_generator_without_a_loop_ends_its_event_when_it_is_dropped(recorder: Recorder) -> None:
    @trace
    async def ready() -> AsyncIterator[int]:
        yield 1

    stream: Any = ready()
    with pytest.raises(StopIteration):
        stream.asend(None).send(None)
    del stream
    gc.collect()

    assert recorder.events()[0].metadata["status"] == "abandoned"


def test_a_task_for_each_item_keeps_the_parents(recorder: Recorder) -> None:
    async def consume() -> None:
        stream = async_items(3)

        async def take() -> str:
            return await anext(stream)

        for number in range(3):
            assert await asyncio.create_task(take()) == str(number)
            assert _is_uncurrent()
        with pytest.raises(StopAsyncIteration):
            await asyncio.create_task(take())

    asyncio.run(consume())

    parent = recorder.event("async_items")
    steps = [event for event in recorder.events() if event.event_name == "step"]
    assert [event.parent_id for event in steps] == [parent.event_id] * 3


def test_runs_one_after_another_do_not_nest(recorder: Recorder) -> None:
    @trace
    async def run() -> None:
        async for _ in async_items(1):
            pass

    async def three_runs() -> None:
        for _ in range(3):
            await run()
            assert _is_uncurrent()

    asyncio.run(three_runs())

    (session,) = recorder.sessions()
    runs = [event for event in recorder.events() if event.event_name.endswith("run")]
    assert [event.parent_id for event in runs] == [session.session_id] * 3


def test_a_stream_that_fails_is_an_error_with_what_came_before(recorder: Recorder) -> None:
    @trace
    def fails() -> Iterator[str]:
        yield "a"
        message = "broken"
        raise ValueError(message)

    with pytest.raises(ValueError, match="broken"):
        list(fails())

    (event,) = recorder.events()
    assert (event.error, event.outputs, event.metrics["items"]) == ("ValueError: broken", {"result": "a"}, 1)


def test_the_time_to_the_first_item_is_recorded_and_of_a_model_the_time_to_its_first_token(recorder: Recorder) -> None:
    trace(event_type="model", event_name="answer")(_letters)()
    list(trace(event_type="model", event_name="answer")(_letters)())
    list(trace(event_name="tool")(_letters)())

    answer, tool = recorder.event("answer"), recorder.event("tool")
    assert answer.metadata["time_to_first_token_ms"] == answer.metrics["time_to_first_item_ms"] > 0
    assert "time_to_first_token_ms" not in tool.metadata
    assert 0 < tool.metrics["time_to_first_item_ms"] < tool.duration


def _letters() -> Iterator[str]:
    yield "a"
    yield "b"


def test_what_is_kept_of_a_stream_is_bounded_and_says_so(recorder: Recorder) -> None:
    @trace
    def long(count: int, text: str) -> Iterator[str]:
        for _ in range(count):
            yield text

    for _ in long(10_010, "x"):
        pass
    for _ in long(20, "x" * 100_000):
        pass

    many, large = recorder.events()
    assert (len(many.outputs["result"]), many.metadata["items_kept"], many.metrics["items"]) == (10_000, 10_000, 10_010)
    assert len(large.outputs["result"]) <= 1 << 20
    assert large.metadata["items_kept"] == len(large.outputs["result"]) // 100_000


def test_items_that_are_no_texts_are_a_list(recorder: Recorder) -> None:
    @trace
    def mixed() -> Iterator[object]:
        yield "a"
        yield {"b": None}
        yield 1.5

    list(mixed())

    assert recorder.events()[0].outputs["result"] == ["a", {"b": None}, 1.5]


def test_a_generator_returns_and_delegates_as_it_did(recorder: Recorder) -> None:
    def outer() -> Generator[str, None, str]:
        return (yield from items(2))

    stream = outer()
    assert (next(stream), next(stream)) == ("0", "1")
    with pytest.raises(StopIteration) as stopped:
        next(stream)
    assert stopped.value.value == "done"
    assert recorder.event("items").metadata["status"] == "ok"


def test_an_async_generator_receives_what_is_sent_and_thrown(recorder: Recorder) -> None:
    @trace
    async def talk() -> AsyncGenerator[str, str]:
        try:
            yield (yield "first")
        except KeyError:
            yield "caught"

    async def converse() -> None:
        sending, throwing = talk(), talk()
        assert (await anext(sending), await sending.asend("hello")) == ("first", "hello")
        assert (await anext(throwing), await throwing.athrow(KeyError())) == ("first", "caught")
        await sending.aclose()
        await throwing.aclose()

    asyncio.run(converse())

    assert [event.metadata["status"] for event in recorder.events()] == ["abandoned", "abandoned"]


def test_streams_inside_streams_are_parents_and_children(recorder: Recorder) -> None:
    @trace
    def outer() -> Iterator[str]:
        yield from items(1)
        step(9)

    assert list(outer()) == ["0"]

    names = [line.strip().rsplit(".", 1)[-1] for line in recorder.tree().splitlines()[1:]]
    assert names == ["outer", "tool items", "tool step", "tool step"]
    depth = [len(line) - len(line.lstrip()) for line in recorder.tree().splitlines()]
    assert depth == [0, 2, 4, 6, 4]


def test_two_streams_in_turns_keep_their_own_children(recorder: Recorder) -> None:
    first, second = items(2), items(2)

    for pair in zip(first, second, strict=True):
        assert pair[0] == pair[1]

    steps = [event for event in recorder.events() if event.event_name == "step"]
    parents = {event.event_id for event in recorder.events() if event.event_name == "items"}
    assert len(parents) == 2
    assert {event.parent_id for event in steps} == parents


# Functions that return a stream or a coroutine instead of being one.


def _returning(function: Callable[..., Any]) -> Callable[..., Any]:
    """A plain function that returns what *function* gives."""

    def plain(*args: Any) -> Any:
        return function(*args)

    return plain


def test_a_generator_that_is_returned_is_covered(recorder: Recorder) -> None:
    @trace(event_name="answer")
    def answer() -> Iterator[str]:
        step(0)

        def stream() -> Iterator[str]:
            step(1)
            yield "a"
            yield "b"

        return stream()

    result = answer()
    assert inspect.isgenerator(result)
    assert result.__name__ == "stream"
    assert _is_uncurrent()
    assert list(result) == ["a", "b"]

    event = recorder.event("answer")
    assert (event.outputs, event.metrics["items"]) == ({"result": "ab"}, 2)
    steps = [one for one in recorder.events() if one.event_name == "step"]
    assert [one.parent_id for one in steps] == [event.event_id] * 2


def test_an_async_generator_that_is_returned_is_covered(recorder: Recorder) -> None:
    @trace(event_name="answer")
    async def answer() -> AsyncIterator[str]:
        return async_items(2)

    async def consume() -> list[str]:
        stream = await answer()
        kinds.append(inspect.isasyncgen(stream))
        return [item async for item in stream]

    kinds: list[bool] = []
    assert (asyncio.run(consume()), kinds) == (["0", "1"], [True])

    event = recorder.event("answer")
    assert event.outputs == {"result": "01"}
    assert recorder.event("async_items").parent_id == event.event_id


def test_a_coroutine_that_is_returned_is_covered(recorder: Recorder) -> None:
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        return step(number)

    answer = trace(event_name="answer")(_returning(work))

    async def fails() -> None:
        message = "no"
        raise ValueError(message)

    failing = trace(event_name="failing")(_returning(fails))

    assert asyncio.run(answer(7)) == 7
    with pytest.raises(ValueError, match="no"):
        asyncio.run(failing())

    assert recorder.event("answer").outputs == {"result": 7}
    assert recorder.event("step").parent_id == recorder.event("answer").event_id
    assert recorder.event("failing").error == "ValueError: no"


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_returned_stream_that_nobody_iterates_is_abandoned(recorder: Recorder, is_closed: bool) -> None:
    result: Any = trace(event_name="answer")(_returning(_letters))()
    if is_closed:
        result.close()
    del result
    gc.collect()

    assert recorder.event("answer").metadata["status"] == "abandoned"


def test_a_returned_coroutine_that_nobody_awaits_is_abandoned_and_warned_of_once(recorder: Recorder) -> None:
    async def work() -> None:
        pass

    with pytest.warns(RuntimeWarning, match="coroutine '.*work' was never awaited") as told:
        trace(event_name="answer")(_returning(work))()

    assert len(told) == 1
    told.clear()  # a warning keeps the coroutine that it is about
    gc.collect()
    assert recorder.event("answer").metadata["status"] == "abandoned"


def test_other_iterators_that_are_returned_are_the_same_objects(recorder: Recorder) -> None:
    rows = iter([1, 2])

    assert trace(event_name="query")(lambda: rows)() is rows
    assert len(recorder.events()) == 1


def test_a_stream_that_somebody_else_goes_on_with_is_the_same_object(recorder: Recorder) -> None:
    class Feed:
        def __init__(self) -> None:
            self.letters = _letters()

        @trace
        def open(self) -> Iterator[str]:
            return self.letters

    feed = Feed()
    taken = [next(feed.open())]
    gc.collect()
    taken += feed.open()

    assert taken == ["a", "b"]
    assert feed.open() is feed.letters
    assert [event.metadata["status"] for event in recorder.events()] == ["ok"] * 3


async def _suspend() -> int:
    await _pause()
    return 5


@trace
@types.coroutine
def _pause() -> Generator[None]:
    yield


def test_a_generator_that_is_awaited_still_can_be(recorder: Recorder) -> None:
    @types.coroutine
    def pause() -> Generator[None]:
        yield

    async def run() -> None:
        await _suspend()
        await trace(event_name="returned")(_returning(pause))()

    asyncio.run(run())

    assert [event.event_name for event in recorder.events()] == ["_pause", "returned"]


class MineError(Exception):
    """An exception that can be referred to weakly."""


@trace
def _waiting() -> Generator[None]:
    yield


@trace
async def _async_waiting() -> AsyncGenerator[None]:
    yield


def test_an_error_that_is_thrown_into_a_stream_is_free_at_once(recorder: Recorder) -> None:
    errors: list[weakref.ref[MineError]] = []

    def thrown() -> None:
        stream = _waiting()
        next(stream)
        try:
            stream.throw(MineError())
        except MineError as error:
            errors.append(weakref.ref(error))

    async def thrown_later() -> None:
        stream = _async_waiting()
        await anext(stream)
        try:
            await stream.athrow(MineError())
        except MineError as error:
            errors.append(weakref.ref(error))

    gc.disable()
    try:
        thrown()
        asyncio.run(thrown_later())
        assert [error() for error in errors] == [None, None]
    finally:
        gc.enable()


# Streams that an adapter wraps.


def _opened() -> OpenEvent:
    event = start_event(EventType.model, "chat")
    assert event is not None
    return event


def test_a_wrapped_stream_that_is_dropped_before_its_first_step_ends_its_event(recorder: Recorder) -> None:
    wrap_stream(iter("ab"), _opened())
    gc.collect()

    assert recorder.event("chat").metadata["status"] == "abandoned"


def test_a_wrapped_async_stream_that_is_dropped_before_its_first_step_ends_its_event(recorder: Recorder) -> None:
    wrap_async_stream(async_items(1), _opened())
    gc.collect()

    assert recorder.event("chat").metadata["status"] == "abandoned"


def test_closing_a_wrapped_stream_closes_what_it_wraps(recorder: Recorder) -> None:
    closed: list[str] = []

    class Response:
        def __iter__(self) -> Iterator[str]:
            return self

        def __next__(self) -> str:
            return "x"

        def close(self) -> None:
            closed.append("closed")

    wrap_stream(Response(), _opened()).close()

    assert closed == ["closed"]
    assert recorder.event("chat").metadata["status"] == "abandoned"


def test_closing_a_wrapped_async_stream_closes_what_it_wraps(recorder: Recorder) -> None:
    closed: list[str] = []

    class Response:
        def __aiter__(self) -> AsyncIterator[str]:
            return self

        async def __anext__(self) -> str:
            return "x"

        async def close(self) -> None:
            closed.append("closed")

    async def consume() -> None:
        stream = wrap_async_stream(Response(), _opened())
        assert await anext(stream) == "x"
        await stream.aclose()

    asyncio.run(consume())

    assert closed == ["closed"]
    assert recorder.event("chat").outputs == {"result": "x"}


def test_an_iterator_without_throw_lets_the_error_pass(recorder: Recorder) -> None:
    stream = wrap_stream(iter("ab"), _opened())
    next(stream)
    with pytest.raises(KeyError):
        stream.throw(KeyError("mine"))

    assert recorder.event("chat").metadata["status"] == "error"


def test_streams_run_the_same_where_nothing_is_recorded() -> None:
    async def consume() -> list[str]:
        return [item async for item in async_items(2)]

    with recording(disable_tracing=True) as recorder:
        assert list(items(2)) == ["0", "1"]
        assert asyncio.run(consume()) == ["0", "1"]

    assert recorder.spans() == []
