"""Whatever a span says and whatever bytes arrive: reading raises nothing, and what cannot be read is reported."""

import json
import re

import pytest
from honeyhive.events import otlp
from honeyhive.events.decode import DecodedSpan, SpanPoint, split_records
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records, read_span
from honeyhive.events.wire import WireError
from hypothesis import example, given
from hypothesis import strategies as st

# Names that some convention has a meaning for, and the beginnings of names that they spread over several attributes.
NAMES = [
    "honeyhive_event_type",
    "honeyhive_inputs.a",
    "honeyhive_outputs",
    "honeyhive_metadata.status",
    "honeyhive_text_keys",
    "honeyhive.session_id",
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.request.temperature",
    "gen_ai.provider.name",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.input_token_details",
    "gen_ai.response.finish_reasons",
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.retrieval.documents",
    "gen_ai.prompt",
    "gen_ai.prompt.0",
    "gen_ai.prompt.0.role",
    "gen_ai.prompt.0.content",
    "gen_ai.completion.1.tool_calls.0.arguments",
    "openinference.span.kind",
    "llm.input_messages.0.message.content",
    "llm.input_messages.0.message.contents.0.message_content.type",
    "llm.input_messages.0.message.tool_calls.0.tool_call.function.arguments",
    "llm.input_messages.x",
    "llm.invocation_parameters",
    "llm.tools.0.tool.json_schema",
    "llm.token_count.total",
    "llm.cost.total",
    "retrieval.documents.0.document.metadata",
    "embedding.embeddings.0.embedding.vector",
    "evaluations.0.evaluation.name",
    "input.value",
    "output.value",
    "metadata",
    "tag.tags",
    "tool.parameters",
    "traceloop.span.kind",
    "traceloop.entity.input",
    "traceloop.association.properties.user_id",
    "langfuse.observation.type",
    "langfuse.observation.usage_details",
    "langfuse.observation.cost_details",
    "langfuse.observation.completion_start_time",
    "langfuse.observation.output",
    "langfuse.observation.level",
    "langsmith.span.kind",
    "langsmith.metadata.status",
]
Json = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(1 << 63), (1 << 63) - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
    ),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "parts",
                    "type",
                    "message",
                    "messages",
                    "kwargs",
                    "id",
                    "tool_calls",
                    "function",
                    "choices",
                    "generations",
                    "input",
                    "output",
                    "total",
                    "prompt_tokens",
                ]
            ),
            inner | st.sampled_from(["text", "tool_call", "tool_result", "image", "constructor", "LLM"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)
Values = st.one_of(
    Json,
    Json.map(json.dumps),
    st.binary(max_size=8),
    st.floats(),
    st.sampled_from(["chat", "LLM", "RETRIEVER", "generation", "llm", "model", "session", "workflow", "ERROR"]),
)
Names = st.one_of(
    st.sampled_from(NAMES), st.tuples(st.sampled_from(NAMES), st.text(max_size=6)).map(".".join), st.text(max_size=12)
)
Attributes = st.dictionaries(Names, Values, max_size=8)
Points = st.builds(
    SpanPoint,
    st.sampled_from(
        [
            "gen_ai.choice",
            "gen_ai.user.message",
            "gen_ai.evaluation.result",
            "First Token Stream Event",
            "exception",
            "x",
        ]
    ),
    st.integers(0, (1 << 64) - 1),
    st.dictionaries(st.sampled_from(["message", "content", "role", "gen_ai.evaluation.name", "x"]), Values, max_size=3),
)
Uint64 = st.integers(0, (1 << 64) - 1)
Spans = st.builds(
    DecodedSpan,
    trace_id=st.binary(max_size=20),
    span_id=st.binary(max_size=12),
    parent_span_id=st.binary(max_size=12),
    name=st.text(max_size=4),
    kind=Uint64,
    start_ns=Uint64,
    end_ns=Uint64,
    attributes=Attributes,
    points=st.lists(Points, max_size=3),
    links=st.lists(
        st.builds(SpanPoint, st.just(""), st.just(0), Attributes, st.binary(max_size=20), st.binary(max_size=12)),
        max_size=2,
    ),
    status_code=Uint64,
    status_message=st.text(max_size=4),
    scope_name=st.sampled_from(["", "honeyhive", "honeyhive.1234", "other"]),
    scope_attributes=Attributes,
    resource=Attributes,
)


@given(span=Spans)
@example(span=DecodedSpan(start_ns=1_700_000_000_000_000))
@example(span=DecodedSpan(attributes={"llm.input_messages." + "0." * 5000: 1, f"llm.tools.{'9' * 5000}": 2}))
def test_whatever_a_span_says_it_is_an_event_that_json_gives_back(span: DecodedSpan) -> None:
    read = read_span(span)

    if isinstance(read, Event):
        assert Event.from_json(read.to_json()) == read


@pytest.mark.parametrize(
    "name", ["honeyhive_inputs.a", "input.value", "gen_ai.input.messages", "traceloop.entity.input"]
)
@pytest.mark.parametrize("levels", [10, 300, 1000, 100_000])
def test_a_text_of_any_depth_is_read_and_written(name: str, levels: int) -> None:
    text = "[" * levels + "]" * levels
    event = read_span(DecodedSpan(attributes={name: text, "gen_ai.operation.name": "chat"}))

    assert isinstance(event, Event)
    written = event.to_json()
    assert Event.from_json(written).to_json() == written


@given(data=st.binary(max_size=200))
def test_reading_any_bytes_raises_nothing_and_reports_what_is_no_otlp(data: bytes) -> None:
    problems: list[WireError] = []
    read = list(read_records([data], unreadable=problems.append))

    if problems:
        with pytest.raises(WireError, match=re.escape(str(problems[0]))):
            list(read_records([data]))
    else:
        assert list(read_records([data])) == read


def test_a_span_that_cannot_be_read_costs_no_other() -> None:
    whole = otlp.span([otlp.name_and_kind("whole", 1)])
    broken = b"\x12\x03\x0a\x7f\x00"
    (body,), _ = split_records(otlp.record(otlp.resource({}), {otlp.scope("x"): [whole, broken, whole]}))
    problems: list[WireError] = []

    names = [event.event_name for event in read_records([body], unreadable=problems.append) if isinstance(event, Event)]

    assert (names, len(problems)) == (["whole", "whole"], 1)
    with pytest.raises(WireError):
        list(read_records([body]))
