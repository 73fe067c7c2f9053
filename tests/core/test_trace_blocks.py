"""`tracer.trace`: one object that is a block and a decorator, and 1.x's `enrich_span_context`."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from honeyhive import session, trace
from honeyhive.decorators import enrich_span_context
from honeyhive.integration import suppress
from honeyhive.testing import MemoryTracer, Recorder, recording
from opentelemetry import trace as otel_trace


@trace
def step() -> int:
    return 1


def test_a_block_is_an_event_and_the_parent_of_what_runs_inside(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer", event_type="chain", inputs={"q": "why"}, team="search") as span:
        span.set_attribute("color", "red")
        assert otel_trace.get_current_span() is span
        step()

    assert recorder.tree().splitlines()[1:] == ["  chain answer", "    tool step"]
    event = recorder.event("answer")
    assert (event.inputs, event.outputs) == ({"q": "why"}, {})
    assert (event.metadata["team"], event.metadata["color"]) == ("search", "red")


def test_a_block_may_be_asynchronous_and_used_again(recorder: Recorder) -> None:
    block = recorder.tracer.trace("again")

    async def twice() -> None:
        async with block:
            await asyncio.sleep(0)
        async with block:
            step()

    asyncio.run(twice())

    assert [event.event_name for event in recorder.events()] == ["again", "again", "step"]


def test_a_block_may_be_shared_by_tasks_that_leave_it_in_any_order(recorder: Recorder) -> None:
    block = recorder.tracer.trace("shared")

    async def both() -> None:
        last_is_in, first_is_out = asyncio.Event(), asyncio.Event()

        async def first() -> None:
            with session("first"):
                with block:
                    await last_is_in.wait()
                step()
            first_is_out.set()

        async def last() -> None:
            with session("last"), block:
                last_is_in.set()
                await first_is_out.wait()
                step()

        await asyncio.gather(first(), last())

    asyncio.run(both())

    assert recorder.tree().splitlines() == [
        *("session first", "  tool shared", "  tool step"),
        *("session last", "  tool shared", "    tool step"),
    ]


def test_a_block_may_be_shared_by_generators_of_one_thread_and_be_suppressed_inside_itself(recorder: Recorder) -> None:
    block = recorder.tracer.trace("shared")

    @trace(event_name="stream")
    def steps() -> Iterator[None]:
        with block:
            yield
            with suppress(), block:
                step()
            step()

    first, last = steps(), steps()
    next(first)
    next(last)
    assert list(first) == list(last) == []

    assert recorder.tree().splitlines()[1:] == ["  tool stream", "    tool shared", "      tool step"] * 2


def test_an_error_that_leaves_a_block_is_recorded_and_raised(recorder: Recorder) -> None:
    error = KeyError("lost")
    with pytest.raises(KeyError) as caught, recorder.tracer.trace("answer"):
        raise error

    assert caught.value is error
    assert recorder.event("answer").error == "KeyError: 'lost'"


def test_it_decorates_functions_of_every_kind_around_their_whole_run(recorder: Recorder) -> None:
    tracer = recorder.tracer

    @tracer.trace
    def bare() -> int:
        return step()

    @tracer.trace(event_type="model")
    async def coroutine(question: str) -> int:
        await asyncio.sleep(0)
        return step()

    @tracer.trace("named", event_type="chain")
    def generator() -> Iterator[int]:
        yield step()

    assert (bare(), asyncio.run(coroutine("why")), list(generator())) == (1, 1, [1])

    events = [event for event in recorder.events() if event.event_name != "step"]
    assert [event.event_name.rsplit(".", 1)[-1] for event in events] == ["bare", "coroutine", "named"]
    assert [event.event_type for event in events] == ["tool", "model", "chain"]
    assert events[1].inputs == {"question": "why"}
    steps = [event for event in recorder.events() if event.event_name == "step"]
    assert [one.parent_id for one in steps] == [event.event_id for event in events]


def test_a_block_without_a_name_says_what_is_missing(recorder: Recorder) -> None:
    with pytest.raises(TypeError, match="a trace block needs a name"), recorder.tracer.trace(event_type="tool"):
        pass


def test_its_events_belong_to_its_tracer(recorder: Recorder) -> None:
    mine = MemoryTracer(project="mine")
    with mine.trace("answer"):
        step()

    assert [event.event_name for event in mine.recorder.events()] == ["answer", "step"]
    assert recorder.events() == []


def test_where_nothing_is_recorded_the_block_has_a_span_that_takes_everything() -> None:
    with recording(disable_tracing=True) as recorder:
        with recorder.tracer.trace("answer") as span:
            span.set_attribute("a", 1)
            span.add_event("e")
            assert not span.is_recording()
        assert recorder.spans() == []


def test_a_session_id_that_came_in_from_outside_breaks_nothing(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer", session_id="../../etc/passwd"):
        pass

    assert recorder.event("answer").metadata["session_id"] == "../../etc/passwd"


@pytest.mark.parametrize("given", [{}, {"tracer_instance": None}])
def test_enrich_span_context_is_a_block_with_every_field(recorder: Recorder, given: dict[str, Any]) -> None:
    with enrich_span_context(
        "look up",
        attributes={"color": "red"},
        inputs={"a": 1},
        outputs={"b": [2]},
        metadata={"c": None},
        metrics={"d": 0.5},
        feedback={"e": True},
        config={"f": "x"},
        user_properties={"g": "y"},
        error="broken",
        event_id="my-id",
        **given,
    ) as span:
        span.set_attribute("user.found", True)
        step()

    event = recorder.event("look up")
    assert (event.inputs, event.outputs, event.metrics, event.feedback) == (
        {"a": 1},
        {"b": [2]},
        {"d": 0.5},
        {"e": True},
    )
    assert (event.config, event.user_properties) == ({"f": "x"}, {"g": "y"})
    assert (event.error, event.event_id) == ("broken", "my-id")
    assert {"color": "red", "user.found": True, "c": None}.items() <= event.metadata.items()
    assert recorder.event("step").parent_id == "my-id"
