"""Spans of OpenTelemetry's GenAI conventions, of every version, as HoneyHive's events."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from honeyhive.events.event import Event, EventType

Read = Callable[..., Event]

ASKED = [
    {"role": "user", "parts": [{"type": "text", "content": "Weather in Paris?"}]},
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "I need a tool."},
            {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Paris"}},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
]
ANSWERED = [{"role": "assistant", "parts": [{"type": "text", "content": "Rain."}], "finish_reason": "stop"}]


def inference(**more: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.id": "r1",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.reasoning.level": "low",
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "gen_ai.usage.cache_write.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 20,
        "gen_ai.usage.image.input_tokens": 7,
        "gen_ai.conversation.id": "conv-1",
        "user.id": "u1",
        "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be short."}]),
        "gen_ai.input.messages": json.dumps(ASKED),
        "gen_ai.output.messages": json.dumps(ANSWERED),
        "gen_ai.tool.definitions": json.dumps([{"type": "function", "name": "weather"}]),
        "server.address": "api.openai.com",
        **more,
    }


def test_an_inference_is_a_model_event_with_everything_in_its_place(read_foreign: Read) -> None:
    event = read_foreign(inference(), name="chat gpt-4o-mini", scope="opentelemetry.instrumentation.openai_v2")

    assert (event.event_type, event.event_name, event.error) == (EventType.model, "chat gpt-4o-mini", None)
    assert event.config == {
        "model": "gpt-4o-mini",
        "provider": "openai",
        "temperature": 0.2,
        "max_tokens": 100,
        "reasoning_effort": "low",
        "n": 2,
        "stop_sequences": ["END"],
        "tools": [{"type": "function", "name": "weather"}],
    }
    assert event.inputs == {
        "chat_history": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "Weather in Paris?"},
            {
                "role": "assistant",
                "content": "",
                "reasoning": "I need a tool.",
                "tool_calls": [{"id": "c1", "name": "weather", "arguments": {"city": "Paris"}}],
            },
            {"role": "tool", "content": "rain", "tool_call_id": "c1"},
        ]
    }
    assert event.outputs == {"role": "assistant", "content": "Rain."}
    assert event.user_properties == {"user_id": "u1"}
    told = {key: value for key, value in event.metadata.items() if key not in {"trace_id", "span_id"}}
    assert told == {
        "status": "ok",
        "server.address": "api.openai.com",
        "provider": "openai",
        "response_model": "gpt-4o-mini-2024-07-18",
        "response_id": "r1",
        "operation_name": "chat",
        "conversation_id": "conv-1",
        "user_id": "u1",
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "total_tokens": 130,
        "cache_read_input_tokens": 40,
        "cache_write_input_tokens": 10,
        "reasoning_tokens": 20,
        "input_image_tokens": 7,
        "finish_reason": "stop",
        "time_to_first_token_ms": 250.0,
        "instrumentor": "opentelemetry.instrumentation.openai_v2",
        "scope.name": "opentelemetry.instrumentation.openai_v2",
        "scope.version": "1.2",
    }


@pytest.mark.parametrize("nonsense", [-1.0, 1e300, math.nan, math.inf, 2**63 - 1, "soon"])
def test_a_first_token_after_no_time_that_there_is_is_not_told(read_foreign: Read, nonsense: object) -> None:
    event = read_foreign({"gen_ai.operation.name": "chat", "gen_ai.response.time_to_first_chunk": nonsense})

    assert "time_to_first_token_ms" not in event.metadata
    assert Event.from_json(event.to_json()) == event


@pytest.mark.parametrize(
    ("older", "field", "name", "value"),
    [
        ({"gen_ai.system": "anthropic"}, "config", "provider", "anthropic"),
        ({"gen_ai.system": "anthropic"}, "metadata", "system", "anthropic"),
        ({"gen_ai.usage.prompt_tokens": 5}, "metadata", "prompt_tokens", 5),
        ({"gen_ai.usage.completion_tokens": 6}, "metadata", "completion_tokens", 6),
        ({"gen_ai.usage.cache_creation.input_tokens": 7}, "metadata", "cache_write_input_tokens", 7),
        ({"gen_ai.usage.cache_creation_input_tokens": 7}, "metadata", "cache_write_input_tokens", 7),
        ({"gen_ai.usage.cache_read_input_tokens": 8}, "metadata", "cache_read_input_tokens", 8),
        ({"gen_ai.usage.reasoning_tokens": 9}, "metadata", "reasoning_tokens", 9),
        ({"gen_ai.response.finish_reason": "length"}, "metadata", "finish_reason", "length"),
        ({"gen_ai.openai.request.seed": 3}, "config", "seed", 3),
        ({"gen_ai.openai.response.system_fingerprint": "fp"}, "metadata", "openai_system_fingerprint", "fp"),
    ],
)
def test_older_names_mean_what_the_new_ones_do(
    read_foreign: Read, older: dict[str, Any], field: str, name: str, value: object
) -> None:
    event = read_foreign({"gen_ai.operation.name": "chat", **older})

    assert getattr(event, field)[name] == value
    assert not older.keys() & event.metadata.keys()


def test_messages_in_the_span_events_of_before_are_read_in_their_order(read_foreign: Read) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
    event = read_foreign(
        {"gen_ai.operation.name": "chat"},
        points=[
            ("gen_ai.system.message", 0, {"content": "Be short."}),
            ("gen_ai.user.message", 0, {"content": "Hello"}),
            ("gen_ai.assistant.message", 0, {"tool_calls": json.dumps([call])}),
            ("gen_ai.tool.message", 0, {"id": "c1", "content": "2"}),
            ("gen_ai.choice", 9, {"index": 0, "finish_reason": "stop", "message": json.dumps({"content": "Hi"})}),
        ],
    )

    assert event.inputs["chat_history"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "name": "f", "arguments": {"x": 1}}]},
        {"role": "tool", "content": "2", "tool_call_id": "c1"},
    ]
    assert event.outputs == {"role": "assistant", "content": "Hi"}
    assert event.metadata["finish_reason"] == "stop"
    assert "span_events" not in event.metadata


def test_several_choices_are_candidates_and_the_first_is_the_answer(read_foreign: Read) -> None:
    answers = [{"role": "assistant", "parts": [{"type": "text", "content": text}]} for text in ("a", "b")]
    event = read_foreign(inference(**{"gen_ai.output.messages": json.dumps(answers)}))

    records = [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert event.outputs == {**records[0], "candidates": records}


def test_media_in_a_message_are_a_hash_a_type_and_a_size(read_foreign: Read) -> None:
    picture = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="}
    asked = [{"role": "user", "parts": [{"type": "text", "content": "What is it?"}, picture]}]
    event = read_foreign(inference(**{"gen_ai.input.messages": json.dumps(asked)}))

    assert event.inputs["chat_history"][1]["content"] == [
        {"type": "text", "text": "What is it?"},
        {
            "type": "image",
            "size": 8,
            "mime_type": "image/png",
            "sha256": "4c4b6a3be1314ab86138bef4314dde022e600960d8689a2c8f8631802d20dab6",
        },
    ]


def test_a_tool_call_has_arguments_result_and_id(read_foreign: Read) -> None:
    event = read_foreign(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "weather",
            "gen_ai.tool.call.id": "c1",
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.arguments": '{"city": "Paris"}',
            "gen_ai.tool.call.result": "rain",
        }
    )

    assert event.event_type is EventType.tool
    assert (event.inputs, event.outputs) == ({"city": "Paris"}, {"result": "rain"})
    expected = {"tool_name": "weather", "tool_call_id": "c1", "tool_type": "function", "operation_name": "execute_tool"}
    assert event.metadata.items() >= expected.items()


def test_a_retrieval_has_its_query_and_documents(read_foreign: Read) -> None:
    documents = [{"id": "d1", "score": 0.9}]
    event = read_foreign(
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.retrieval.query.text": "rain",
            "gen_ai.retrieval.top_k": 3,
            "gen_ai.retrieval.documents": json.dumps(documents),
        }
    )

    assert event.event_type is EventType.tool
    assert (event.inputs, event.outputs, event.config) == ({"query": "rain"}, {"documents": documents}, {"top_k": 3})


def test_an_agent_is_a_chain_and_keeps_its_names(read_foreign: Read) -> None:
    event = read_foreign(
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper", "gen_ai.agent.id": "a1"}
    )

    assert event.event_type is EventType.chain
    assert event.metadata.items() >= {"agent_name": "helper", "agent_id": "a1"}.items()


def test_an_evaluation_is_a_metric_with_its_label_and_explanation(read_foreign: Read) -> None:
    said = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.8,
        "gen_ai.evaluation.score.label": "good",
        "gen_ai.evaluation.explanation": "to the point",
    }
    event = read_foreign({"gen_ai.operation.name": "chat"}, points=[("gen_ai.evaluation.result", 1, said)])

    assert event.metrics == {"relevance": 0.8, "relevance_label": "good", "relevance_explanation": "to the point"}


def test_no_conversation_id_is_ever_made_up(read_foreign: Read) -> None:
    event = read_foreign({"gen_ai.operation.name": "chat", "session.id": "s", "thread_id": "t"})

    assert "conversation_id" not in event.metadata


def test_an_unknown_model_is_an_event_without_one(read_foreign: Read) -> None:
    event = read_foreign({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3})

    assert event.event_type is EventType.model
    assert (event.config.get("model"), event.config.get("provider")) == (None, None)
    assert event.metadata["prompt_tokens"] == 3
