"""`trace`: one event a call, on every path, and the program unchanged."""

import asyncio
import functools
import gc
import inspect
import json
import logging
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from honeyhive import enrich_span, trace
from honeyhive.models import EventType, Usage
from honeyhive.testing import Recorder, recording
from opentelemetry import trace as otel_trace


@trace
def inner(a: int, b: int = 2, *more: int, **named: int) -> dict[str, int]:
    return {"sum": a + b + sum(more) + sum(named.values())}


@trace(event_type=EventType.chain, event_name="outer")
async def outer(text: str) -> dict[str, int]:
    await asyncio.sleep(0)
    return inner(1, 2, 3, d=4)


def test_calls_nest_and_carry_inputs_and_outputs(recorder: Recorder) -> None:
    assert asyncio.run(outer("[not json")) == {"sum": 10}

    assert recorder.tree().splitlines()[1:] == ["  chain outer", "    tool inner"]
    assert recorder.event("outer").inputs == {"text": "[not json"}
    called = recorder.event("inner")
    assert called.inputs == {"a": 1, "b": 2, "more": [3], "named": {"d": 4}}
    assert called.outputs == {"result": {"sum": 10}}
    assert called.start_time < called.end_time


def test_a_text_that_is_json_stays_a_text(recorder: Recorder) -> None:
    @trace
    def echo(text: str, parsed: object) -> str:
        return text

    echo('{"a": 1}', json.loads('{"a": 1}'))

    (event,) = recorder.events()
    assert event.inputs == {"text": '{"a": 1}', "parsed": {"a": 1}}
    assert event.outputs == {"result": '{"a": 1}'}


def test_an_error_is_recorded_once_and_raised_as_the_same_object(recorder: Recorder) -> None:
    error = ValueError("Tracer error: no")
    calls: list[int] = []

    @trace
    def fails() -> None:
        calls.append(1)
        raise error

    with pytest.raises(ValueError, match="no") as caught:
        fails()

    assert caught.value is error
    assert calls == [1]
    (span,) = [span for span in recorder.spans() if "fails" in span.name]
    assert [point.name for point in span.points] == ["exception"]
    (event,) = recorder.events()
    assert (event.error, event.metadata["status"]) == ("ValueError: Tracer error: no", "error")


def test_a_cancelled_call_is_cancelled_not_failed(recorder: Recorder) -> None:
    @trace
    async def waits() -> None:
        await asyncio.Event().wait()

    async def cancels() -> None:
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancels())

    (event,) = recorder.events()
    assert (event.error, event.metadata["status"]) == (None, "cancelled")


@trace
def numbers(count: int) -> Iterator[str]:
    for number in range(count):
        step(number)
        yield str(number)


@trace
async def letters(text: str) -> AsyncGenerator[str]:
    for letter in text:
        await asyncio.sleep(0)
        step(0)
        yield letter


@trace
def step(number: int) -> int:
    return number


def test_a_generator_has_one_event_over_the_whole_iteration(recorder: Recorder) -> None:
    assert list(numbers(2)) == ["0", "1"]

    assert inspect.isgeneratorfunction(numbers)
    assert recorder.tree().splitlines()[1:] == ["  tool numbers", "    tool step", "    tool step"]
    event = recorder.event("numbers")
    assert event.outputs == {"result": "01"}
    assert event.metrics["items"] == 2
    assert event.metrics["time_to_first_item_ms"] > 0


def test_nothing_is_current_between_the_steps_of_a_generator(recorder: Recorder) -> None:
    iterator = numbers(2)
    next(iterator)

    assert otel_trace.get_current_span() is otel_trace.INVALID_SPAN
    list(iterator)
    assert recorder.event("numbers").metadata["status"] == "ok"


@pytest.mark.parametrize("way", ["close", "forget"])
def test_a_stream_left_early_is_abandoned(recorder: Recorder, way: str) -> None:
    iterator: Any = numbers(3)
    next(iterator)
    if way == "close":
        iterator.close()
    del iterator
    gc.collect()

    event = recorder.event("numbers")
    assert (event.metadata["status"], event.outputs) == ("abandoned", {"result": "0"})


def test_an_async_stream_ends_once_however_it_is_left(recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    async def consume() -> None:
        async for _ in letters("ab"):
            pass
        stream = letters("cd")
        async for _ in stream:
            break
        await stream.aclose()

    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        asyncio.run(consume())

    assert inspect.isasyncgenfunction(letters)
    streams = [event for event in recorder.events() if event.event_name == "letters"]
    assert [event.metadata["status"] for event in streams] == ["ok", "abandoned"]
    assert [event.outputs["result"] for event in streams] == ["ab", "c"]
    assert not caplog.records


def test_a_generator_receives_what_is_sent_and_thrown(recorder: Recorder) -> None:
    @trace
    def talk() -> Any:
        try:
            yield (yield "first")
        except KeyError:
            yield "caught"
        return "done"

    sending, throwing = talk(), talk()
    assert (next(sending), sending.send("hello")) == ("first", "hello")
    assert (next(throwing), throwing.throw(KeyError())) == ("first", "caught")
    with pytest.raises(StopIteration, match="done"):
        next(sending)
    throwing.close()

    assert [event.metadata["status"] for event in recorder.events()] == ["ok", "abandoned"]


def test_methods_leave_out_their_receiver_and_bad_calls_raise_what_they_always_raised(recorder: Recorder) -> None:
    class Service:
        @trace
        def work(self, task: str) -> str:
            return task

        @classmethod
        @trace
        def make(cls, task: str) -> str:
            return task

        @trace
        @staticmethod
        def check(task: str) -> str:
            return task

    Service().work("a")
    Service.make(task="b")
    Service.check("c")
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        Service().work()  # pyright: ignore[reportCallIssue]  the mistake is the point

    assert [event.inputs for event in recorder.events()] == [{"task": "a"}, {"task": "b"}, {"task": "c"}, {}]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (5, "int$"),
        (property(len), "property; put @trace under @property$"),
        (functools.partialmethod(len), "partialmethod; put @trace under @partialmethod$"),
        (functools.cached_property(len), "cached_property; put @trace under @cached_property$"),
    ],
)
def test_what_cannot_be_called_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"@trace takes functions and classes, not {message}"):
        trace(wrong)


def test_enrichment_reaches_the_event_that_runs(recorder: Recorder) -> None:
    @trace(event_type="model", metadata={"team": "search"})
    def answer(question: str) -> str:
        enrich_span(
            config={"model": "gpt-4o-mini", "provider": "openai"},
            usage=Usage(input_tokens=1000, output_tokens=100, cache_read_tokens=400),
            feedback={"rating": 5},
            attributes={"a": 1},
            extra="kept",
        )
        return question

    answer("why")

    event = recorder.event("test_enrichment_reaches_the_event_that_runs.<locals>.answer")
    assert event.config == {"model": "gpt-4o-mini", "provider": "openai"}
    assert event.feedback == {"rating": 5}
    expected = {"team": "search", "a": 1, "extra": "kept", "prompt_tokens": 1000, "completion_tokens": 100}
    assert expected.items() <= event.metadata.items()
    assert event.metadata["total_tokens"] == 1100
    assert 0 < event.metadata["cost"] < 0.001
    assert event.metadata["cost_source"].startswith("genai-prices ")


def test_what_a_user_says_of_cost_and_status_is_kept_and_breaks_nothing(recorder: Recorder) -> None:
    @trace(event_type="model", config={"model": "gpt-4o-mini"})
    def answer() -> None:
        enrich_span(metadata={"cost": "a lot", "status": "gold", "prompt_tokens": 3, "completion_tokens": 4})

    answer()

    (event,) = recorder.events()
    assert event.metadata["cost"] == "a lot"
    assert (event.metadata["status"], event.metadata["user.status"]) == ("ok", "gold")


def test_a_function_that_does_not_tell_its_parameters_is_recorded(recorder: Recorder) -> None:
    assert trace(event_name="smallest")(min)(3, 1) == 1

    assert recorder.event("smallest").inputs == {"args": [3, 1], "kwargs": {}}


def test_the_cost_of_an_unknown_model_is_absent_not_zero(recorder: Recorder) -> None:
    @trace(event_type="model", config={"model": "no-such-model"})
    def answer() -> None:
        enrich_span(metadata={"prompt_tokens": 3, "completion_tokens": 4})

    answer()

    (session,) = recorder.sessions()
    assert session.events[0].metadata.get("cost") is None
    assert session.root.metadata["total_tokens"] == 7
    assert session.root.metadata["cost"] is None
    assert session.root.metadata["unpriced_model_events"] == 1


def test_large_texts_arrive_whole(recorder: Recorder) -> None:
    text = "é" * 100_000

    @trace
    def echo(text: str) -> str:
        return text

    echo(text)

    (event,) = recorder.events()
    assert event.inputs["text"] == event.outputs["result"] == text


def test_capture_can_be_switched_off_for_a_function(recorder: Recorder) -> None:
    @trace(capture_inputs=False, capture_outputs=False)
    def quiet(secret: str) -> str:
        return secret

    quiet("canary")

    assert b"canary" not in recorder.request()
    assert len(recorder.events()) == 1


def test_capture_that_is_off_is_off_for_streams_too(recorder: Recorder) -> None:
    @trace(capture_outputs=False)
    def quiet() -> Iterator[str]:
        yield "canary"

    assert list(quiet()) == ["canary"]
    assert b"canary" not in recorder.request()
    assert recorder.events()[0].metrics["items"] == 1


def test_a_stream_keeps_what_passed_not_the_objects(recorder: Recorder) -> None:
    @trace
    def reuses() -> Iterator[list[int]]:
        buffer: list[int] = []
        for number in range(3):
            buffer.append(number)
            yield buffer

    for _ in reuses():
        pass

    assert recorder.events()[0].outputs["result"] == [[0], [0, 1], [0, 1, 2]]


def test_a_lazy_proxy_is_not_made_to_load(recorder: Recorder) -> None:
    loaded: list[str] = []

    class Lazy:
        @property
        def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  as Django's SimpleLazyObject has it
            loaded.append("asked")
            return dict

    @trace
    def view(user: object) -> None:
        pass

    view(Lazy())

    assert loaded == []
    assert recorder.events()[0].inputs["user"].endswith("Lazy>")


def test_disabled_tracing_calls_the_function_and_nothing_else() -> None:
    with recording(disable_tracing=True) as recorder:
        assert inner(1) == {"sum": 3}

    assert recorder.spans() == []


@pytest.mark.swallows
def test_an_error_of_ours_never_reaches_the_program(recorder: Recorder) -> None:
    def broken(_scope: bytes, _span: object, _size: int) -> None:
        message = "our own fault"
        raise RuntimeError(message)

    recorder.tracer.channel.put = broken

    assert inner(1) == {"sum": 3}


def test_threads_have_their_own_parents(recorder: Recorder) -> None:
    @trace
    def parent(name: str) -> None:
        inner(len(name))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(parent, ["a", "bb", "ccc"] * 20))

    events = {event.event_id: event for event in recorder.events()}
    children = [event for event in events.values() if event.event_name == "inner"]
    assert len(children) == 60
    for child in children:
        assert child.parent_id is not None
        assert len(events[child.parent_id].inputs["name"]) == child.inputs["a"]


def test_what_a_generator_opens_around_its_yields_stays_the_parent(recorder: Recorder) -> None:
    @trace
    def retrieve() -> Iterator[int]:
        with recorder.tracer.provider.get_tracer("lib").start_as_current_span("around"):
            for number in range(2):
                step(number)
                yield number

    assert list(retrieve()) == [0, 1]

    lines = recorder.tree().splitlines()
    assert lines[2:] == ["    tool around", "      tool step", "      tool step"]
