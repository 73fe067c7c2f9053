"""Spans of traceloop, langfuse and langsmith as HoneyHive's events."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from honeyhive.events.event import Event, EventType

Read = Callable[..., Event]


def test_traceloops_indexed_messages_are_a_chat(read_foreign: Read) -> None:
    event = read_foreign(
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hello",
            "gen_ai.prompt.prompt_filter_results": "[]",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.finish_reason": "stop",
            "gen_ai.completion.0.content": "Hi",
            "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "f",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"x": 1}',
            "llm.request.functions.0.name": "f",
            "llm.request.functions.0.parameters": '{"type": "object"}',
            "llm.frequency_penalty": 0.5,
            "llm.is_streaming": True,
            "gen_ai.usage.prompt_tokens": 3,
            "gen_ai.usage.completion_tokens": 4,
            "llm.usage.total_tokens": 7,
        },
        points=[("llm.content.completion.chunk", 30, {}), ("llm.content.completion.chunk", 40, {})],
    )

    assert event.event_type is EventType.model
    assert event.config == {
        "model": "gpt-4o-mini",
        "provider": "OpenAI",
        "frequency_penalty": 0.5,
        "stream": True,
        "tools": [{"name": "f", "parameters": {"type": "object"}}],
    }
    assert event.inputs == {"chat_history": [{"role": "user", "content": "Hello"}]}
    assert event.outputs == {
        "role": "assistant",
        "content": "Hi",
        "tool_calls": [{"id": "c1", "name": "f", "arguments": {"x": 1}}],
    }
    expected = {
        "finish_reason": "stop",
        "prompt_tokens": 3,
        "completion_tokens": 4,
        "total_tokens": 7,
        "time_to_first_token_ms": 30.0,
        "gen_ai.prompt.prompt_filter_results": "[]",
    }
    assert event.metadata.items() >= expected.items()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("workflow", EventType.chain),
        ("task", EventType.chain),
        ("agent", EventType.chain),
        ("tool", EventType.tool),
        ("unknown", EventType.tool),
    ],
)
def test_traceloops_steps_have_their_kind_arguments_and_result(
    read_foreign: Read, kind: str, expected: EventType
) -> None:
    event = read_foreign(
        {
            "traceloop.span.kind": kind,
            "traceloop.workflow.name": "flow",
            "traceloop.entity.input": '{"args": ["a"], "kwargs": {"k": 1}}',
            "traceloop.entity.output": '"done"',
            "traceloop.association.properties.user_id": "u1",
            "traceloop.association.properties.chat": "c",
        }
    )

    assert event.event_type is expected
    assert (event.inputs, event.outputs) == ({"args": ["a"], "k": 1}, {"result": "done"})
    assert event.user_properties == {"user_id": "u1"}
    expected_metadata = {"workflow_name": "flow", "span_kind": kind, "chat": "c", "user_id": "u1"}
    assert event.metadata.items() >= expected_metadata.items()


def test_what_traceloop_puts_around_a_frameworks_inputs_is_taken_off_and_a_users_own_result_stays_whole(
    read_foreign: Read,
) -> None:
    chain = read_foreign(
        {
            "traceloop.entity.input": '{"inputs": {"q": 1}, "tags": ["seq:1"], "metadata": {}, "kwargs": {}}',
            "traceloop.entity.output": '{"outputs": {"r": 2}, "kwargs": {"tags": []}}',
        }
    )
    tool = read_foreign(
        {
            "traceloop.entity.input": '{"input_str": "{\\"q\\": 1}", "inputs": null, "tags": [], "kwargs": {}}',
            "traceloop.entity.output": '{"output": "sun", "kwargs": {}}',
        }
    )
    users = read_foreign(
        {
            "traceloop.entity.input": '{"inputs": {"q": 1}, "top_k": 5}',
            "traceloop.entity.output": '{"outputs": [1], "score": 0.5}',
        }
    )

    assert (chain.inputs, chain.outputs) == ({"q": 1}, {"r": 2})
    assert (tool.inputs, tool.outputs) == ({"q": 1}, {"result": "sun"})
    assert (users.inputs, users.outputs) == ({"inputs": {"q": 1}, "top_k": 5}, {"outputs": [1], "score": 0.5})


def test_the_session_that_1x_writes_for_traceloop_is_the_events_session(read_foreign: Read) -> None:
    event = read_foreign(
        {
            "traceloop.association.properties.session_id": "chosen by the program",
            "traceloop.association.properties.project": "p",
            "traceloop.association.properties.source": "s",
        }
    )

    assert (event.session_id, event.project, event.source) == ("chosen by the program", "p", "s")


def langfuse(**observation: Any) -> dict[str, Any]:
    return {f"langfuse.observation.{name.replace('__', '.')}": value for name, value in observation.items()}


def test_a_langfuse_generation_is_a_model_event_with_inclusive_usage(read_foreign: Read) -> None:
    event = read_foreign(
        langfuse(
            type="generation",
            model__name="claude-sonnet-4-5",
            model__parameters='{"temperature": 0.1}',
            input=json.dumps([{"role": "user", "content": "Hello"}]),
            output=json.dumps({"role": "assistant", "content": "Hi"}),
            usage_details=json.dumps(
                {"input": 20, "input_cache_read": 70, "input_cache_creation": 10, "output": 5, "output_reasoning": 3}
            ),
            cost_details=json.dumps({"input": 0.1, "output": 0.2}),
            completion_start_time='"2026-01-01T00:00:00.500000Z"',
            metadata__tier='"gold"',
            metadata__page="7",
            prompt__name="greeting",
            prompt__version=3,
        )
        | {"user.id": "u1", "langfuse.trace.tags": ["t"]},
        scope="langfuse-sdk",
    )

    assert event.event_type is EventType.model
    assert event.config == {
        "model": "claude-sonnet-4-5",
        "temperature": 0.1,
        "template": {"name": "greeting", "version": 3},
    }
    assert event.inputs == {"chat_history": [{"role": "user", "content": "Hello"}]}
    assert event.outputs == {"role": "assistant", "content": "Hi"}
    expected = {
        "prompt_tokens": 100,
        "cache_read_input_tokens": 70,
        "cache_write_input_tokens": 10,
        "completion_tokens": 8,
        "reasoning_tokens": 3,
        "total_tokens": 108,
        "cost_source": "reported",
        "time_to_first_token_ms": 500.0,
        "tier": "gold",
        "page": "7",
        "tags": ["t"],
    }
    assert event.metadata.items() >= expected.items()
    assert event.metadata["cost"] == pytest.approx(0.3)
    assert not [key for key in event.metadata if key.startswith("langfuse.")]


def test_a_langfuse_error_is_the_events_error(read_foreign: Read) -> None:
    event = read_foreign(langfuse(type="tool", level="ERROR", status_message="no network", input='{"q": 1}'))

    assert (event.error, event.metadata["status"]) == ("no network", "error")
    assert (event.event_type, event.inputs) == (EventType.tool, {"q": 1})


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("span", "chain"), ("agent", "chain"), ("retriever", "tool"), ("embedding", "model"), ("guardrail", "tool")],
)
def test_langfuses_kinds_are_event_types(read_foreign: Read, kind: str, expected: str) -> None:
    assert read_foreign(langfuse(type=kind), name="model generate").event_type == expected


def test_a_langsmith_model_run_is_a_model_event(read_foreign: Read) -> None:
    said = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "HumanMessage"]}
    answer = {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "AIMessage"],
        "kwargs": {"content": "Hi", "type": "ai", "tool_calls": [{"id": "c1", "name": "f", "args": {"x": 1}}]},
    }
    event = read_foreign(
        {
            "langsmith.span.kind": "llm",
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "langchain",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.prompt": json.dumps({"messages": [[{**said, "kwargs": {"content": "Hello", "type": "human"}}]]}),
            "gen_ai.completion": json.dumps({"generations": [[{"text": "Hi", "message": answer}]]}),
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 2,
            "gen_ai.usage.total_tokens": 12,
            "gen_ai.usage.input_token_details": "{'cache_read': 4}",
            "langsmith.metadata.tier": "gold",
            "langsmith.span.tags": "a, b",
        }
    )

    assert event.event_type is EventType.model
    assert event.config == {"model": "gpt-4o-mini"}
    assert event.inputs == {"chat_history": [{"role": "user", "content": "Hello"}]}
    assert event.outputs == {
        "role": "assistant",
        "content": "Hi",
        "tool_calls": [{"id": "c1", "name": "f", "arguments": {"x": 1}}],
    }
    expected = {
        "cache_read_input_tokens": 4,
        "total_tokens": 12,
        "tier": "gold",
        "tags": ["a", "b"],
        "system": "langchain",
    }
    assert event.metadata.items() >= expected.items()


@pytest.mark.parametrize(
    ("kind", "operation", "expected"),
    [("retriever", "embeddings", "tool"), ("prompt", "chat", "chain"), ("chain", "chain", "chain")],
)
def test_langsmiths_kind_goes_before_the_operation_it_writes(
    read_foreign: Read, kind: str, operation: str, expected: str
) -> None:
    event = read_foreign(
        {"langsmith.span.kind": kind, "gen_ai.operation.name": operation, "gen_ai.prompt": '{"question": "?"}'}
    )

    assert (event.event_type, event.inputs) == (expected, {"question": "?"})
