"""A model's own client library, instrumented by somebody else: its span is below the model's event, and only there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from honeyhive import session, trace
from honeyhive.testing import Recorder
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda

USAGE: Any = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
CALL = {"openinference.span.kind": "LLM", "llm.token_count.prompt": 7, "llm.token_count.completion": 2}


class ClientModel(BaseChatModel):
    """A chat model whose client library makes a span of each request."""

    tracer: Any
    inner: Any = None

    @property
    def _llm_type(self) -> str:
        return "client"

    def _request(self) -> None:
        with self.tracer.start_as_current_span("request", attributes=CALL):
            pass

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        if self.inner is None:
            self._request()
        else:
            self.inner.invoke("inner")
            step()
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content="hello", usage_metadata=USAGE))])

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        self._request()
        for text in ("hel", "lo"):
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        self._request()
        for text in ("hel", "lo"):
            await asyncio.sleep(0)
            yield ChatGenerationChunk(message=AIMessageChunk(content=text))


@trace(event_name="step")
def step() -> None:
    pass


@pytest.fixture
def model(recorder: Recorder, instrumented: None) -> ClientModel:
    return ClientModel(tracer=recorder.tracer.provider.get_tracer("openinference.instrumentation.openai"))


def tokens(recorder: Recorder) -> int:
    return sum(event.metadata.get("prompt_tokens", 0) for event in recorder.events())


def test_the_clients_span_is_the_model_event_and_has_the_usage(recorder: Recorder, model: ClientModel) -> None:
    with session("chat"):
        model.invoke("hi")
        step()

    assert recorder.tree().splitlines() == [
        "session chat",
        "  chain ClientModel",
        "    model request",
        "  tool step",
    ]
    assert tokens(recorder) == 7


def test_in_a_chain_each_step_stays_where_it_is(recorder: Recorder, model: ClientModel) -> None:
    def after(message: Any) -> Any:
        step()
        return message

    with session("chat"):
        (model | RunnableLambda(after)).invoke("hi")

    assert recorder.tree().splitlines() == [
        "session chat",
        "  chain RunnableSequence",
        "    chain ClientModel",
        "      model request",
        "    chain after",
        "      tool step",
    ]


def test_concurrent_calls_have_their_own_requests(recorder: Recorder, model: ClientModel) -> None:
    async def ask() -> None:
        await asyncio.gather(*(model.ainvoke("hi") for _ in range(5)))

    with session("chat"):
        asyncio.run(ask())

    by_id = {event.event_id: event for event in recorder.events()}
    requests = [event for event in recorder.events() if event.event_name == "request"]
    parents = [event.parent_id or "" for event in requests]
    assert len(set(parents)) == 5
    assert {by_id[parent].event_name for parent in parents} == {"ClientModel"}
    assert tokens(recorder) == 35


def test_what_the_program_does_between_the_items_of_a_stream_is_not_inside_the_model(
    recorder: Recorder, model: ClientModel
) -> None:
    async def read() -> None:
        async for _ in model.astream("hi"):
            step()

    with session("sync"):
        for _ in model.stream("hi"):
            step()
    with session("async"):
        asyncio.run(read())

    by_id = {event.event_id: event for event in recorder.events()}
    steps = [event for event in recorder.events() if event.event_name == "step"]
    assert len(steps) >= 4
    assert all(event.parent_id not in by_id for event in steps)
    requests = [event for event in recorder.events() if event.event_name == "request"]
    assert [by_id[event.parent_id or ""].event_name for event in requests] == ["ClientModel", "ClientModel"]


def test_of_models_inside_one_another_only_the_innermost_is_one(recorder: Recorder, model: ClientModel) -> None:
    outer = ClientModel(tracer=model.tracer, inner=model, name="outer")
    with session("chat"):
        outer.invoke("hi")

    assert recorder.tree().splitlines() == [
        "session chat",
        "  chain outer",
        "    chain ClientModel",
        "      model request",
        "    tool step",
    ]
    assert tokens(recorder) == 7
