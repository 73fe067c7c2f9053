"""Spans of OpenInference as HoneyHive's events, under the names of its own package."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from honeyhive.events.event import Event, EventType
from openinference.semconv.trace import (
    DocumentAttributes,
    EmbeddingAttributes,
    MessageAttributes,
    MessageContentAttributes,
    RerankerAttributes,
    SpanAttributes,
    ToolAttributes,
    ToolCallAttributes,
)

Read = Callable[..., Event]


def message(prefix: str, index: int, **parts: object) -> dict[str, Any]:
    return {f"{prefix}.{index}.{name}": value for name, value in parts.items()}


def call(**more: Any) -> dict[str, Any]:
    asked, answered = SpanAttributes.LLM_INPUT_MESSAGES, SpanAttributes.LLM_OUTPUT_MESSAGES
    made = f"{MessageAttributes.MESSAGE_TOOL_CALLS}.0"
    part = f"{asked}.1.{MessageAttributes.MESSAGE_CONTENTS}"
    return {
        SpanAttributes.OPENINFERENCE_SPAN_KIND: "LLM",
        SpanAttributes.LLM_MODEL_NAME: "gpt-4o-mini",
        SpanAttributes.LLM_PROVIDER: "azure",
        SpanAttributes.LLM_SYSTEM: "openai",
        SpanAttributes.LLM_INVOCATION_PARAMETERS: json.dumps(
            {"model": "gpt-4o-mini", "temperature": 0, "messages": []}
        ),
        f"{asked}.0.{MessageAttributes.MESSAGE_ROLE}": "system",
        f"{asked}.0.{MessageAttributes.MESSAGE_CONTENT}": "Be short.",
        f"{asked}.1.{MessageAttributes.MESSAGE_ROLE}": "user",
        f"{part}.0.{MessageContentAttributes.MESSAGE_CONTENT_TYPE}": "text",
        f"{part}.0.{MessageContentAttributes.MESSAGE_CONTENT_TEXT}": "What is it?",
        f"{part}.1.{MessageContentAttributes.MESSAGE_CONTENT_TYPE}": "image",
        f"{part}.1.{MessageContentAttributes.MESSAGE_CONTENT_IMAGE}.image.url": "data:image/png;base64,iVBORw0KGgo=",
        f"{answered}.0.{MessageAttributes.MESSAGE_ROLE}": "assistant",
        f"{answered}.0.{made}.{ToolCallAttributes.TOOL_CALL_ID}": "c1",
        f"{answered}.0.{made}.{ToolCallAttributes.TOOL_CALL_FUNCTION_NAME}": "look",
        f"{answered}.0.{made}.{ToolCallAttributes.TOOL_CALL_FUNCTION_ARGUMENTS_JSON}": '{"at": "it"}',
        f"{SpanAttributes.LLM_TOOLS}.0.{ToolAttributes.TOOL_JSON_SCHEMA}": json.dumps({"name": "look"}),
        SpanAttributes.LLM_FINISH_REASON: "tool_calls",
        SpanAttributes.INPUT_VALUE: json.dumps({"messages": [{"role": "user", "content": "What is it?"}]}),
        SpanAttributes.INPUT_MIME_TYPE: "application/json",
        SpanAttributes.OUTPUT_VALUE: json.dumps({"choices": []}),
        SpanAttributes.LLM_TOKEN_COUNT_PROMPT: 50,
        SpanAttributes.LLM_TOKEN_COUNT_COMPLETION: 20,
        SpanAttributes.LLM_TOKEN_COUNT_TOTAL: 70,
        SpanAttributes.LLM_TOKEN_COUNT_PROMPT_DETAILS_CACHE_READ: 30,
        SpanAttributes.LLM_TOKEN_COUNT_PROMPT_DETAILS_AUDIO: 5,
        SpanAttributes.LLM_TOKEN_COUNT_COMPLETION_DETAILS_REASONING: 8,
        SpanAttributes.LLM_COST_TOTAL: 0.25,
        SpanAttributes.SESSION_ID: "s1",
        SpanAttributes.USER_ID: "u1",
        SpanAttributes.METADATA: json.dumps({"tier": "gold", "cost": 9, "status": "odd"}),
        SpanAttributes.TAG_TAGS: ["a", "b"],
        **more,
    }


def test_a_model_call_is_a_model_event_with_everything_in_its_place(read_foreign: Read) -> None:
    event = read_foreign(call(), points=[("First Token Stream Event", 40, {})])

    assert event.event_type is EventType.model
    assert event.config == {
        "model": "gpt-4o-mini",
        "provider": "azure",
        "temperature": 0,
        "tools": [{"name": "look"}],
    }
    system, user = event.inputs["chat_history"]
    assert system == {"role": "system", "content": "Be short."}
    assert user["content"][0] == {"type": "text", "text": "What is it?"}
    assert user["content"][1].items() >= {"type": "image", "size": 8, "mime_type": "image/png"}.items()
    assert event.outputs == {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "c1", "name": "look", "arguments": {"at": "it"}}],
    }
    assert event.user_properties == {"user_id": "u1"}
    told = {key: value for key, value in event.metadata.items() if key not in {"trace_id", "span_id"}}
    assert told == {
        "status": "ok",
        "provider": "azure",
        "system": "openai",
        "span_kind": "LLM",
        "session_id": "s1",
        "user_id": "u1",
        "input_mime_type": "application/json",
        "finish_reason": "tool_calls",
        "prompt_tokens": 50,
        "completion_tokens": 20,
        "total_tokens": 70,
        "cache_read_input_tokens": 30,
        "reasoning_tokens": 8,
        "input_audio_tokens": 5,
        "cost": 0.25,
        "cost_source": "reported",
        "time_to_first_token_ms": 40.0,
        "tags": ["a", "b"],
        "tier": "gold",
        "user.cost": 9,
        "user.status": "odd",
        "instrumentor": "some.instrumentation",
        "scope.name": "some.instrumentation",
        "scope.version": "1.2",
    }


def test_two_conventions_on_one_span_are_read_once(read_foreign: Read) -> None:
    both = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 50,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_creation.input_tokens": 3,
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "It."}]}]),
    }
    event = read_foreign(call(**both))

    assert event.config["provider"] == "openai"
    assert event.outputs == {"role": "assistant", "content": "It."}
    assert len(event.inputs["chat_history"]) == 2
    assert (event.metadata["total_tokens"], event.metadata["cache_write_input_tokens"]) == (70, 3)
    assert not [key for key in event.metadata if key.startswith(("gen_ai.", "llm.", "input.", "output."))]


def test_hidden_messages_leave_the_whole_input_and_output(read_foreign: Read) -> None:
    shown = {
        key: value
        for key, value in call().items()
        if not key.startswith((SpanAttributes.LLM_INPUT_MESSAGES, SpanAttributes.LLM_OUTPUT_MESSAGES))
    }
    shown[SpanAttributes.OUTPUT_VALUE] = json.dumps({"choices": [{"message": {"role": "assistant", "content": "It."}}]})
    event = read_foreign(shown)

    assert event.inputs == {"chat_history": [{"role": "user", "content": "What is it?"}]}
    assert event.outputs == {"role": "assistant", "content": "It."}


def test_a_retriever_has_its_query_and_documents(read_foreign: Read) -> None:
    documents = SpanAttributes.RETRIEVAL_DOCUMENTS
    event = read_foreign(
        {
            SpanAttributes.OPENINFERENCE_SPAN_KIND: "RETRIEVER",
            SpanAttributes.INPUT_VALUE: "rain",
            **message(
                documents,
                10,
                **{DocumentAttributes.DOCUMENT_ID: "d2", DocumentAttributes.DOCUMENT_CONTENT: "dry"},
            ),
            **message(
                documents,
                2,
                **{
                    DocumentAttributes.DOCUMENT_ID: "d1",
                    DocumentAttributes.DOCUMENT_CONTENT: "wet",
                    DocumentAttributes.DOCUMENT_SCORE: 0.5,
                    DocumentAttributes.DOCUMENT_METADATA: '{"page": 1}',
                },
            ),
        }
    )

    assert event.event_type is EventType.tool
    assert event.inputs == {"query": "rain"}
    assert event.outputs == {
        "documents": [
            {"id": "d1", "content": "wet", "score": 0.5, "metadata": {"page": 1}},
            {"id": "d2", "content": "dry"},
        ]
    }


def test_a_reranker_has_documents_on_both_sides(read_foreign: Read) -> None:
    event = read_foreign(
        {
            SpanAttributes.OPENINFERENCE_SPAN_KIND: "RERANKER",
            RerankerAttributes.RERANKER_QUERY: "rain",
            RerankerAttributes.RERANKER_TOP_K: 1,
            **message(RerankerAttributes.RERANKER_INPUT_DOCUMENTS, 0, **{DocumentAttributes.DOCUMENT_ID: "d1"}),
            **message(RerankerAttributes.RERANKER_OUTPUT_DOCUMENTS, 0, **{DocumentAttributes.DOCUMENT_ID: "d1"}),
        }
    )

    assert event.inputs == {"query": "rain", "documents": [{"id": "d1"}]}
    assert event.outputs == {"documents": [{"id": "d1"}]}
    assert event.config["top_k"] == 1


def test_an_embedding_keeps_its_texts_and_not_its_vectors(read_foreign: Read) -> None:
    event = read_foreign(
        {
            SpanAttributes.OPENINFERENCE_SPAN_KIND: "EMBEDDING",
            SpanAttributes.EMBEDDING_MODEL_NAME: "small",
            **message(
                SpanAttributes.EMBEDDING_EMBEDDINGS,
                0,
                **{EmbeddingAttributes.EMBEDDING_TEXT: "rain", EmbeddingAttributes.EMBEDDING_VECTOR: [0.1, 0.2, 0.3]},
            ),
        }
    )

    assert event.event_type is EventType.model
    assert (event.config["model"], event.inputs) == ("small", {"texts": ["rain"]})
    assert event.outputs == {"count": 1, "dimensions": 3}


def test_a_tool_has_its_arguments_and_result(read_foreign: Read) -> None:
    event = read_foreign(
        {
            SpanAttributes.OPENINFERENCE_SPAN_KIND: "TOOL",
            SpanAttributes.TOOL_NAME: "look",
            SpanAttributes.TOOL_PARAMETERS: json.dumps({"type": "object", "properties": {"at": {}}}),
            SpanAttributes.INPUT_VALUE: '{"at": "it"}',
            SpanAttributes.OUTPUT_VALUE: "seen",
        }
    )

    assert (event.event_type, event.inputs, event.outputs) == (EventType.tool, {"at": "it"}, {"result": "seen"})
    assert event.metadata["tool_name"] == "look"
    assert event.metadata["tool_parameters"] == {"type": "object", "properties": {"at": {}}}


def test_arguments_in_the_tools_parameters_are_its_inputs(read_foreign: Read) -> None:
    attributes = {SpanAttributes.OPENINFERENCE_SPAN_KIND: "TOOL", SpanAttributes.TOOL_PARAMETERS: '{"at": "it"}'}

    assert read_foreign(attributes).inputs == {"at": "it"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [('{"a": 1}', {"a": 1}), ("[1, 2]", {"value": [1, 2]}), ("done", {"result": "done"})],
)
def test_a_chains_output_is_an_object_whatever_it_was(read_foreign: Read, value: str, expected: object) -> None:
    attributes = {SpanAttributes.OPENINFERENCE_SPAN_KIND: "CHAIN", SpanAttributes.OUTPUT_VALUE: value}

    assert read_foreign(attributes).outputs == expected


def test_evaluations_are_metrics_and_annotations_are_feedback(read_foreign: Read) -> None:
    event = read_foreign(
        {
            SpanAttributes.OPENINFERENCE_SPAN_KIND: "CHAIN",
            "evaluations.0.evaluation.name": "relevance",
            "evaluations.0.evaluation.score": 0.5,
            "evaluations.0.evaluation.explanation": "partly",
            "annotations.0.annotation.name": "thumb",
            "annotations.0.annotation.label": "up",
        }
    )

    assert event.metrics == {"relevance": 0.5, "relevance_explanation": "partly"}
    assert event.feedback == {"thumb": "up"}


def test_prompt_template_and_variables_are_configuration(read_foreign: Read) -> None:
    event = read_foreign(
        call(
            **{
                SpanAttributes.LLM_PROMPT_TEMPLATE: "Say {it}",
                SpanAttributes.LLM_PROMPT_TEMPLATE_VERSION: "v2",
                SpanAttributes.LLM_PROMPT_TEMPLATE_VARIABLES: '{"it": "hi"}',
            }
        )
    )

    assert event.config["template"] == {"content": "Say {it}", "version": "v2"}
    assert event.config["template_inputs"] == {"it": "hi"}


def test_every_name_of_the_convention_for_a_call_is_read(read_foreign: Read) -> None:
    """What a newer version of the convention adds shows up here, in the metadata by its raw name."""
    singular = {
        value
        for name, value in vars(SpanAttributes).items()
        if name.isupper() and isinstance(value, str) and name.startswith(("LLM_MODEL", "LLM_RE", "LLM_PRO", "LLM_SYS"))
    }
    names = sorted(singular - {SpanAttributes.LLM_PROMPTS})
    event = read_foreign({SpanAttributes.OPENINFERENCE_SPAN_KIND: "LLM", **dict.fromkeys(names, "x")})

    assert len(names) >= 8
    assert not set(names) & event.metadata.keys()
