from collections.abc import Iterator
from typing import Any

import pytest
from honeyhive.models import Usage
from honeyhive.testing import Recorder
from honeyhive_langchain._classify import chain_kind, class_name
from honeyhive_langchain._documents import document_records
from honeyhive_langchain._messages import message_record
from honeyhive_langchain._usage import usage_of
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ChatMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult, Generation, LLMResult
from langchain_core.tools import ToolException, tool
from langchain_core.utils.function_calling import convert_to_openai_tool

pytestmark = pytest.mark.usefixtures("instrumented")

USAGE: UsageMetadata = {
    "input_tokens": 100,
    "output_tokens": 30,
    "total_tokens": 130,
    "input_token_details": {"cache_read": 60, "cache_creation": 20},
    "output_token_details": {"reasoning": 10},
}
CALL = {"name": "double", "args": {"number": 2}, "id": "call-1"}
COUNTED = {
    "prompt_tokens": 100,
    "completion_tokens": 30,
    "total_tokens": 130,
    "cache_read_input_tokens": 60,
    "cache_write_input_tokens": 20,
    "reasoning_tokens": 10,
}


class Provider(BaseChatModel):
    """A model of a provider that reports everything, with as many candidates as it is asked for."""

    model: str = "m-1"
    temperature: float = 0.5
    candidates: int = 1
    api_key: str = "sk-secret"

    @property
    def _llm_type(self) -> str:
        return "provider"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "api_key": self.api_key, "seed": 7}

    def _generate(self, *_args: Any, **_more: Any) -> ChatResult:
        message = AIMessage(
            "four",
            tool_calls=[CALL],
            usage_metadata=USAGE,
            response_metadata={"finish_reason": "tool_calls", "model_name": "m-1-2026", "id": "r-1"},
        )
        return ChatResult(generations=[ChatGeneration(message=message) for _ in range(self.candidates)])

    def _stream(
        self, *_args: Any, run_manager: CallbackManagerForLLMRun | None = None, **_more: Any
    ) -> Iterator[ChatGenerationChunk]:
        for word in ("fo", "ur"):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=word))
            if run_manager is not None:
                run_manager.on_llm_new_token(token=word, chunk=chunk)
            yield chunk
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=USAGE, chunk_position="last"))


@tool
def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def test_a_model_event_says_what_was_asked_and_what_came_of_it(recorder: Recorder) -> None:
    model = Provider().bind(tools=[convert_to_openai_tool(double)])
    model.invoke([("system", "count"), ("user", "2 * 2"), ToolMessage("4", tool_call_id="call-0")], max_tokens=9)

    event = recorder.event("Provider")
    assert event.event_type == "model"
    tools = event.config["tools"]
    assert [described["function"]["name"] for described in tools] == ["double"]
    assert event.config == {
        "model": "m-1",
        "provider": "provider",
        "temperature": 0.5,
        "max_tokens": 9,
        "seed": 7,
        "tools": tools,
    }
    assert event.inputs["chat_history"] == [
        {"role": "system", "content": "count"},
        {"role": "user", "content": "2 * 2"},
        {"role": "tool", "content": "4", "tool_call_id": "call-0"},
    ]
    assert event.outputs == {
        "role": "assistant",
        "content": "four",
        "tool_calls": [{"id": "call-1", "name": "double", "arguments": {"number": 2}}],
    }
    assert (
        event.metadata.items()
        >= {
            "finish_reason": "tool_calls",
            "response_model": "m-1-2026",
            "response_id": "r-1",
            **COUNTED,
        }.items()
    )


def test_candidates_share_one_usage(recorder: Recorder) -> None:
    Provider(candidates=3).invoke("2 * 2")

    event = recorder.event("Provider")
    assert event.metadata.items() >= COUNTED.items()
    assert event.outputs["content"] == "four"
    assert [candidate["content"] for candidate in event.outputs["candidates"]] == ["four"] * 3


def test_a_stream_has_the_usage_of_a_call_and_the_time_to_its_first_token(recorder: Recorder) -> None:
    assert "".join(chunk.text for chunk in Provider().stream("2 * 2")) == "four"

    event = recorder.event("Provider")
    assert event.outputs == {"role": "assistant", "content": "four"}
    assert event.metadata.items() >= COUNTED.items()
    assert 0 < event.metadata["time_to_first_token_ms"] < event.duration


def test_a_stream_of_protocol_events_has_the_time_to_its_first_token(recorder: Recorder) -> None:
    for _ in Provider().stream_events("2 * 2", version="v3"):
        pass

    assert recorder.event("Provider").metadata["time_to_first_token_ms"] > 0


def test_a_model_that_nobody_can_name_is_an_event_all_the_same(recorder: Recorder) -> None:
    FakeListChatModel(responses=["fine"]).invoke("why")

    event = recorder.event("FakeListChatModel")
    assert "model" not in event.config
    assert event.outputs == {"role": "assistant", "content": "fine"}


def test_a_tool_that_reports_its_failure_in_a_message_has_failed(recorder: Recorder) -> None:
    @tool
    def divide(number: int) -> float:
        """Divide."""
        message = "not by zero"
        raise ToolException(message)

    divide.handle_tool_error = True
    divide.invoke({"type": "tool_call", "id": "call-1", "name": "divide", "args": {"number": 0}})

    event = recorder.event("divide")
    assert (event.metadata["status"], event.error) == ("error", "not by zero")
    assert event.outputs == {"result": "not by zero"}


def test_documents_are_recorded_with_their_scores() -> None:
    documents = [
        Document("a", id="1", metadata={"relevance_score": 0.5, "page": 3}),
        Document("b", metadata={"score": "high"}),
    ]

    assert document_records(documents) == [
        {"content": "a", "metadata": {"relevance_score": 0.5, "page": 3}, "id": "1", "score": 0.5},
        {"content": "b", "metadata": {"score": "high"}},
    ]


@pytest.mark.parametrize(
    ("details", "cached", "written"),
    [
        ({"cache_read": 60, "cache_creation": 20}, 60, 20),
        # langchain-openai with a service tier; `flex` itself is what is left of the input
        ({"flex_cache_read": 60, "flex": 40}, 60, None),
        # langchain-anthropic with times to live
        (
            {"cache_read": 60, "cache_creation": 0, "ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15},
            60,
            20,
        ),
        ({}, None, None),
    ],
)
def test_cached_tokens_are_a_part_of_the_input_and_never_taken_off_it(
    details: dict[str, int], cached: int | None, written: int | None
) -> None:
    message = AIMessage("", usage_metadata={**USAGE, "input_token_details": details})
    usage = usage_of(LLMResult(generations=[[ChatGeneration(message=message)]]))

    assert usage == Usage(
        input_tokens=100,
        output_tokens=30,
        total_tokens=130,
        cache_read_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=10,
    )


def test_usage_is_found_where_older_integrations_leave_it() -> None:
    reported = {"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}
    response = LLMResult(generations=[[Generation(text="")]], llm_output={"token_usage": reported})

    assert usage_of(response) == Usage(input_tokens=3, output_tokens=4, cache_read_tokens=2)
    assert usage_of(LLMResult(generations=[[Generation(text="")]])) is None


def test_a_run_is_named_and_classified_by_facts() -> None:
    assert class_name({"name": "given", "id": ["a", "B"]}, otherwise="chain") == "given"
    assert class_name({"id": ["langchain", "prompts", "Prompt"]}, otherwise="chain") == "Prompt"
    assert class_name(None, otherwise="retriever") == "retriever"
    assert chain_kind({"ls_integration": "langgraph"}, [], None) == "graph"
    assert chain_kind({"ls_integration": "langchain_create_agent"}, [], None) == "agent"
    assert chain_kind({"ls_integration": "langgraph", "langgraph_node": "user_agent_parser"}, [], None) is None
    assert chain_kind({"langgraph_node": "user_agent_parser"}, ["graph:step:1"], None) == "node"
    assert chain_kind(None, None, "parser") == "parser"


def test_messages_of_any_class_are_recorded() -> None:
    class Gesture(BaseMessage):
        type: str = "gesture"

    broken = {"name": "double", "args": "{", "id": "call-2", "error": "not JSON", "type": "invalid_tool_call"}

    assert message_record(ChatMessage(content="hi", role="critic")) == {"role": "critic", "content": "hi"}
    assert message_record(AIMessageChunk(content="hi", name="bot")) == {
        "role": "assistant",
        "content": "hi",
        "name": "bot",
    }
    assert message_record(Gesture(content="nod")) == {"role": "gesture", "content": "nod"}
    assert message_record(AIMessage("", invalid_tool_calls=[broken]))["tool_calls"] == [
        {"id": "call-2", "name": "double", "arguments": "{", "error": "not JSON"}
    ]
