"""Model calls: what is recorded of them, and that each ends once on every path."""

import asyncio
import gc
from collections.abc import Callable

import pytest
from honeyhive.testing import Recorder
from llama_index.core.llms import ChatMessage, CustomLLM

MESSAGES = [ChatMessage("You are brief.", role="system"), ChatMessage("What sleeps?", role="user")]


def test_a_completion_is_one_model_event_with_request_answer_and_usage(
    recorder: Recorder, tree: Callable[[], str], llm: CustomLLM
) -> None:
    llm.complete("What sleeps?", max_tokens=20)

    assert tree() == "model ScriptedLLM.complete\n  tool tokenize"
    event = recorder.event("ScriptedLLM.complete")
    assert event.config == {"model": "scripted-1", "temperature": 0.5, "max_tokens": 20}
    assert event.inputs == {"chat_history": [{"role": "user", "content": "What sleeps?"}]}
    assert event.outputs == {"role": "assistant", "content": "a black cat"}
    named = ("prompt_tokens", "completion_tokens", "total_tokens", "finish_reason", "response_model", "response_id")
    assert [event.metadata[name] for name in named] == [11, 4, 15, "stop", "scripted-1-2026", "r-1"]


def test_usage_counts_once_when_one_call_goes_through_three_methods(
    recorder: Recorder, tree: Callable[[], str], llm: CustomLLM
) -> None:
    answer = asyncio.run(llm.achat(MESSAGES))

    assert answer.message.content == "a black cat"
    assert tree() == (
        "chain ScriptedLLM.achat\n  chain ScriptedLLM.chat\n    model ScriptedLLM.complete\n      tool tokenize"
    )
    assert [event.metadata.get("prompt_tokens") for event in recorder.events()] == [None, None, 11, None]
    assert recorder.event("ScriptedLLM.achat").inputs["chat_history"] == [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "What sleeps?"},
    ]


def test_a_stream_stays_open_until_its_last_item(recorder: Recorder, tree: Callable[[], str], llm: CustomLLM) -> None:
    stream = llm.stream_complete("What sleeps?")
    assert recorder.events() == []

    words = [item.delta for item in stream]

    assert words == ["a", "black", "cat"]
    assert tree() == "model ScriptedLLM.stream_complete\n  tool tokenize"
    event = recorder.event("ScriptedLLM.stream_complete")
    assert event.outputs["content"] == "ablackcat"
    assert event.metadata["prompt_tokens"] == 11
    assert 0 < event.metadata["time_to_first_token_ms"] < event.duration


def test_an_asynchronous_stream_is_a_chain_around_the_stream_it_reads(
    recorder: Recorder, tree: Callable[[], str], llm: CustomLLM
) -> None:
    async def consume() -> list[str | None]:
        return [item.delta async for item in await llm.astream_chat(MESSAGES)]

    assert asyncio.run(consume()) == ["a", "black", "cat"]
    assert tree() == (
        "chain ScriptedLLM.astream_chat\n"
        "  chain ScriptedLLM.stream_chat\n"
        "    model ScriptedLLM.stream_complete\n"
        "      tool tokenize"
    )
    assert [event.metadata.get("prompt_tokens") for event in recorder.events()] == [None, None, 11, None]


def test_a_failing_call_fails_its_event_and_raises_the_same_exception(
    recorder: Recorder, tree: Callable[[], str], failing_llm: Callable[[Exception], CustomLLM]
) -> None:
    error = RuntimeError("overloaded")

    with pytest.raises(RuntimeError) as raised:
        failing_llm(error).chat(MESSAGES)

    assert raised.value is error
    assert tree() == "chain ScriptedLLM.chat [error]\n  model ScriptedLLM.complete [error]\n    tool tokenize"
    assert recorder.event("ScriptedLLM.complete").error == "RuntimeError: overloaded"


def test_a_stream_that_fails_keeps_what_had_arrived(
    recorder: Recorder, failing_llm: Callable[[Exception], CustomLLM]
) -> None:
    with pytest.raises(RuntimeError):
        list(failing_llm(RuntimeError("connection lost")).stream_complete("What sleeps?"))

    event = recorder.event("ScriptedLLM.stream_complete")
    assert (event.metadata["status"], event.error) == ("error", "RuntimeError: connection lost")
    assert event.outputs["content"] == "ablackcat"


def test_a_stream_that_its_consumer_leaves_is_abandoned(
    recorder: Recorder, tree: Callable[[], str], llm: CustomLLM
) -> None:
    for _ in llm.stream_chat(MESSAGES):
        break

    assert tree() == (
        "chain ScriptedLLM.stream_chat [abandoned]\n  model ScriptedLLM.stream_complete [abandoned]\n    tool tokenize"
    )
    assert recorder.event("ScriptedLLM.stream_complete").outputs["content"] == "a"


def test_an_asynchronous_stream_that_its_consumer_leaves_is_abandoned(tree: Callable[[], str], llm: CustomLLM) -> None:
    async def leave() -> None:
        async for _ in await llm.astream_complete("What sleeps?"):
            break

    asyncio.run(leave())
    gc.collect()

    assert tree() == (
        "chain ScriptedLLM.astream_complete [abandoned]\n"
        "  model ScriptedLLM.stream_complete [abandoned]\n"
        "    tool tokenize"
    )


def test_a_stream_that_nobody_reads_is_abandoned_when_it_is_dropped(tree: Callable[[], str], llm: CustomLLM) -> None:
    stream = llm.stream_complete("What sleeps?")
    assert tree() == ""
    del stream
    gc.collect()

    assert tree() == "model ScriptedLLM.stream_complete [abandoned]"
