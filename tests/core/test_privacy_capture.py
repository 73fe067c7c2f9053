"""Capture policies: what is not to be recorded is not read at all."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pydantic
import pytest
from honeyhive import enrich_session, enrich_span, session, trace
from honeyhive.integration import EventType, Usage, capture_policy, start_event
from honeyhive.settings import Settings
from honeyhive.testing import Recorder, recording
from honeyhive.tracing.capture import capture_of
from opentelemetry.trace import Link, SpanContext, Status, StatusCode

CONTENT = "the user's words"


@trace(event_name="call", config={"model": "gpt-4o", "temperature": 0.5, "prompt": CONTENT})
def call(value: str, other: str = CONTENT) -> str:
    enrich_span(metadata={"note": "kept"}, metrics={"score": 0.5}, feedback={"rating": 1})
    return value


def plain_call(_recorder: Recorder) -> None:
    call(CONTENT)


def failing_call(_recorder: Recorder) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        raise ValueError(CONTENT)

    with contextlib.suppress(ValueError):
        failing()


def stream_call(_recorder: Recorder) -> None:
    @trace(event_name="stream")
    def stream() -> Generator[str]:
        yield CONTENT

    @trace(event_name="async stream")
    async def async_stream() -> AsyncGenerator[str]:
        yield CONTENT

    async def consume() -> None:
        async for _ in async_stream():
            pass

    list(stream())
    asyncio.run(consume())


def session_call(_recorder: Recorder) -> None:
    with contextlib.suppress(ValueError), session("chat", inputs={"q": CONTENT}, outputs={"a": CONTENT}):
        enrich_session(metadata={"plan": "free"}, inputs={"more": CONTENT})
        raise ValueError(CONTENT)


def model_call(_recorder: Recorder) -> None:
    event = start_event(EventType.model, "model", inputs={"messages": [CONTENT]}, attributes={"gen_ai.prompt": CONTENT})
    assert event is not None
    event.set_attribute("gen_ai.request.model", "gpt-4o")
    event.set_attribute("honeyhive_inputs.more", CONTENT)
    event.add_event("gen_ai.content.prompt", {"gen_ai.prompt": CONTENT})
    event.add_link(SpanContext(1, 2, is_remote=True), {"text": CONTENT})
    event.note_error(CONTENT)
    event.set_status(Status(StatusCode.ERROR, CONTENT))
    event.record_exception(ValueError(CONTENT))
    event.finish(
        outputs={"content": CONTENT},
        config={"model": "gpt-4o", "provider": "openai", "system": CONTENT, "temperature": 0.2},
        usage=Usage(input_tokens=10, output_tokens=5),
    )


def foreign_call(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("library")
    attributes = {"gen_ai.prompt.0.content": CONTENT, "input.value": CONTENT, "gen_ai.request.model": "gpt-4o"}
    link = Link(SpanContext(1, 2, is_remote=True), {"text": CONTENT})
    span = tracer.start_span("foreign", attributes={**attributes, "gen_ai.usage.input_tokens": 10}, links=[link])
    span.add_event("gen_ai.choice", {"message": CONTENT})
    span.record_exception(ValueError(CONTENT))
    span.set_status(Status(StatusCode.ERROR, CONTENT))
    span.end()


def update_call(recorder: Recorder) -> None:
    recorder.tracer.enrich_span(event_id="0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d", outputs={"a": CONTENT}, error=CONTENT)


PARTS: list[Callable[[Recorder], None]] = [
    plain_call,
    failing_call,
    stream_call,
    session_call,
    model_call,
    foreign_call,
    update_call,
]


def everything(recorder: Recorder) -> None:
    for part in PARTS:
        part(recorder)


@pytest.mark.parametrize("number", range(len(PARTS)))
@pytest.mark.parametrize("capture", ["metadata", "none"])
def test_content_is_recorded_of_nothing_unless_all_is_captured(number: int, capture: Any) -> None:
    with recording(project="capture") as whole:
        PARTS[number](whole)
    with recording(project="capture", capture=capture) as recorder:
        PARTS[number](recorder)

    assert CONTENT.encode() in whole.request()
    assert CONTENT.encode() not in recorder.request()
    assert len(recorder.spans()) == len(whole.spans())


def test_metadata_mode_keeps_what_measures_and_names() -> None:
    with recording(project="capture", capture="metadata") as recorder:
        everything(recorder)

    called, model = recorder.event("call"), recorder.event("model")
    assert (called.inputs, called.outputs) == ({}, {})
    assert called.config == {"model": "gpt-4o", "temperature": 0.5}
    assert called.metadata["note"] == "kept"
    assert called.metrics["score"] == 0.5
    assert called.feedback == {"rating": 1}
    assert model.config["model"] == "gpt-4o"
    assert model.config["provider"] == "openai"
    assert model.metadata["prompt_tokens"] == 10
    assert model.metadata["cost"] > 0
    assert recorder.event("failing").error == "ValueError"
    assert recorder.event("stream").metrics["items"] == 1
    assert recorder.event("foreign").metadata["prompt_tokens"] == 10


def test_none_mode_keeps_names_times_and_status_alone() -> None:
    with recording(project="capture", capture="none") as recorder:
        everything(recorder)

    for event in recorder.events(with_sessions=True):
        assert (event.inputs, event.outputs, event.config, event.metrics, event.feedback) == ({}, {}, {}, {}, {})
        assert event.user_properties == {}
        assert event.duration >= 0
    assert not [point for span in recorder.spans() for point in span.points if point.name.startswith("gen_ai.")]
    failing = recorder.event("failing")
    assert (failing.error, failing.metadata["status"]) == ("error", "error")
    assert "prompt_tokens" not in recorder.event("model").metadata
    assert {event.event_name for event in recorder.events()} >= {"call", "failing", "stream", "model", "foreign"}
    assert [found.root.error for found in recorder.sessions() if found.root.event_name == "chat"] == ["error"]


def test_single_keys_and_whole_fields_can_be_left_out() -> None:
    with recording(project="capture", capture_exclude=("inputs.other", "outputs.*", "metadata.note")) as recorder:
        call("kept")
        foreign_call(recorder)

    called, foreign = recorder.event("call"), recorder.event("foreign")
    assert called.inputs == {"value": "kept"}
    assert called.outputs == {}
    assert "note" not in called.metadata
    assert called.metrics["score"] == 0.5
    assert CONTENT in str(foreign.inputs)


def test_inputs_of_third_parties_are_left_out_as_ours_are() -> None:
    with recording(project="capture", capture_exclude=("inputs.*",)) as recorder:
        tracer = recorder.tracer.provider.get_tracer("library")
        tracer.start_span("foreign", attributes={"input.value": CONTENT, "output.value": "kept"}).end()

    foreign = recorder.event("foreign")
    assert CONTENT not in str(foreign)
    assert "kept" in str(foreign.outputs)


@pytest.mark.parametrize("capture", ["metadata", "none"])
def test_what_is_not_captured_is_not_looked_at(capture: Any) -> None:
    looked: list[bool] = []

    class Value(pydantic.BaseModel):
        @pydantic.model_serializer
        def serialized(self) -> dict[str, Any]:
            looked.append(True)
            return {}

    @trace(event_name="looking")
    def looking(value: Any) -> Any:
        return value

    with recording(project="capture"):
        looking(Value())
    assert looked
    looked.clear()
    with recording(project="capture", capture=capture):
        looking(Value())
    assert not looked


def test_adapters_can_ask_for_the_policy() -> None:
    with recording(project="capture"):
        assert capture_policy() is None
    with recording(project="capture", capture="metadata"):
        policy = capture_policy()
    assert policy is not None
    assert not policy.reads_field("inputs")
    assert policy.reads("metadata", "note")


def test_there_is_no_policy_to_ask_where_everything_is_captured() -> None:
    assert capture_of(Settings.from_env({})) is None


@pytest.mark.parametrize("key", ["code.stacktrace", "otel.status_description", "exception.message", "db.query.text"])
def test_attributes_that_quote_messages_are_content_whatever_they_are_called(key: str) -> None:
    with recording(project="capture", capture="metadata") as recorder:
        tracer = recorder.tracer.provider.get_tracer("library")
        tracer.start_span("foreign", attributes={key: "hush", "code.function.name": "kept"}).end()

    assert b"hush" not in recorder.request()
    assert b"kept" in recorder.request()
