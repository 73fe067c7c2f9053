"""Calls that fail, are cancelled or contain other model calls: one event each, that says what happened."""

import asyncio
import functools
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
from honeyhive import enrich_span, trace
from honeyhive.events.event import Usage
from honeyhive.guard import guard
from honeyhive.integration import EventType, start_event
from honeyhive.testing import MemoryTracer, Recorder


@trace(event_name="inner")
def fails(number: int) -> int:
    message = f"Tracer error: {number}"
    raise LookupError(message)


@trace(event_name="outer", event_type="chain")
def calls(number: int) -> int:
    return fails(number)


def test_a_failing_call_of_two_levels_is_two_spans_with_all_there_is_to_say(recorder: Recorder) -> None:
    with pytest.raises(LookupError):
        calls(7)

    spans = [span for span in recorder.spans() if span.name in {"inner", "outer"}]
    assert len(spans) == len(recorder.spans()) - 1  # and the session's
    assert [[point.name for point in span.points] for span in spans] == [["exception"], ["exception"]]
    for name, event_type in (("inner", "tool"), ("outer", "chain")):
        event = recorder.event(name)
        assert (event.event_type, event.inputs, event.outputs) == (event_type, {"number": 7}, {})
        assert (event.error, event.metadata["error.type"]) == ("LookupError: Tracer error: 7", "LookupError")
        assert (event.metadata["status"], event.duration > 0) == ("error", True)
    assert recorder.event("inner").parent_id == recorder.event("outer").event_id


@pytest.mark.parametrize("kind", ["function", "coroutine"])
@pytest.mark.parametrize("text", ["Tracer error", "tracer not initialised", "", "No tracer"])
def test_the_function_runs_once_whatever_its_error_says(recorder: Recorder, kind: str, text: str) -> None:
    runs: list[int] = []
    error = RuntimeError(text)

    @trace
    def function() -> None:
        runs.append(1)
        raise error

    @trace
    async def coroutine() -> None:
        function.__wrapped__()  # type: ignore[attr-defined]

    with pytest.raises(RuntimeError) as caught:
        function() if kind == "function" else asyncio.run(coroutine())

    assert (caught.value is error, runs) == (True, [1])
    assert len(recorder.events()) == 1


def test_the_exception_is_the_same_with_the_same_traceback_cause_and_context(recorder: Recorder) -> None:
    cause = KeyError("cause")

    @trace
    def function() -> None:
        message = "no"
        raise ValueError(message) from cause

    with pytest.raises(ValueError, match="no") as caught:
        function()

    assert caught.value.__cause__ is cause
    assert caught.traceback[-1].name == "function"


@pytest.mark.parametrize(("code", "status"), [(None, "ok"), (0, "ok"), (1, "error"), ("broken", "error")])
def test_leaving_the_program_is_an_error_only_with_a_code(recorder: Recorder, code: Any, status: str) -> None:
    with pytest.raises(SystemExit):
        trace(event_name="main")(sys.exit)(code)

    assert recorder.event("main").metadata["status"] == status


def test_an_interrupt_passes_and_is_recorded(recorder: Recorder) -> None:
    @trace(event_name="main")
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        main()

    assert recorder.event("main").error == "KeyboardInterrupt"


def test_an_error_that_cannot_be_written_down_is_recorded_by_its_type(recorder: Recorder) -> None:
    class UnspeakableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @trace(event_name="main")
    def main() -> None:
        raise UnspeakableError

    with pytest.raises(UnspeakableError):
        main()

    assert recorder.event("main").error == "UnspeakableError"


def test_what_other_instrumentations_record_of_an_exception_is_kept(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer") as span:
        span.record_exception(ValueError("no"), attributes={"retry": 2})

    (span,) = [span for span in recorder.spans() if span.name == "answer"]
    assert {"exception.message": "ValueError: no", "retry": 2}.items() <= span.points[0].attributes.items()
    assert recorder.event("answer").metadata["status"] == "ok"


# Model calls inside model calls.


@pytest.mark.parametrize("way", ["usage", "metadata"])
def test_usage_counts_once_when_a_model_event_contains_one(recorder: Recorder, way: str) -> None:
    said: dict[str, Any] = (
        {"usage": Usage(input_tokens=10, output_tokens=5, cost=0.5)}
        if way == "usage"
        else {"metadata": {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.5}}
    )

    @trace(event_type="model", event_name="provider")
    def provider() -> None:
        enrich_span(**said)

    @trace(event_type="model", event_name="wrapper", metadata={"kept": True})
    def wrapper() -> None:
        provider()
        enrich_span(**said)

    wrapper()

    assert (recorder.event("wrapper").event_type, recorder.event("provider").event_type) == ("chain", "model")
    assert "prompt_tokens" not in recorder.event("wrapper").metadata
    assert "cost" not in recorder.event("wrapper").metadata
    assert recorder.event("wrapper").metadata["kept"] is True
    (session,) = recorder.sessions()
    assert (session.root.metadata["total_tokens"], session.root.metadata["cost"]) == (15, 0.5)


def test_a_model_event_that_contains_a_tool_stays_one(recorder: Recorder) -> None:
    tool = trace(event_name="tool")(lambda: None)
    trace(event_type="model", event_name="model")(tool)()

    assert recorder.event("model").event_type == "model"


def test_an_event_that_is_no_model_stays_what_it_is(recorder: Recorder) -> None:
    event = start_event(EventType.tool, "search")
    assert event is not None
    event.contains_model()
    event.end()

    assert recorder.event("search").event_type == "tool"


class TimeLimitError(Exception):
    """What a program raises to end work that takes too long, as Celery does for a soft time limit."""


def _raise(*_: object) -> None:
    raise TimeLimitError


class Limit:
    def __call__(self, *_: object) -> None:
        raise TimeLimitError

    def reached(self, *_: object) -> None:
        raise TimeLimitError


@pytest.mark.parametrize("handler", [_raise, functools.partial(_raise, 1), Limit(), Limit().reached])
def test_what_a_signal_handler_raises_inside_of_our_code_reaches_the_program(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, handler: Callable[..., None]
) -> None:
    def find() -> MemoryTracer:
        signal.raise_signal(signal.SIGUSR1)  # comes while we look for the tracer
        return recorder.tracer

    monkeypatch.setattr(guard, "strict", False)
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(TimeLimitError):
            trace(tracer=find, event_name="work")(lambda: None)()
        with guard("do something"), pytest.raises(TimeLimitError), guard("do more"):
            find()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert guard.swallowed == {}
