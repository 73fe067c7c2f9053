"""Any span of anybody's is an event: nothing raises, nothing is guessed from a name, nothing gets lost."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import pytest
from honeyhive.events import otlp
from honeyhive.events.conventions import event_type_of, model_call_of
from honeyhive.events.decode import DecodedSpan, SpanPoint, decode_request, split_records
from honeyhive.events.event import Event, EventType, Usage
from honeyhive.events.reader import read_records, read_span
from honeyhive.events.wire import WireError
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Read = Callable[..., Event]

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
@example(span=DecodedSpan(attributes={"llm.input_messages." + "0." * 5000: 1, "llm.tools.9999999999999999999999": 2}))
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

    try:
        strictly = list(read_records([data]))
    except WireError as error:
        assert [str(problem) for problem in problems][:1] == [str(error)]
    else:
        assert (strictly, problems) == (read, [])


def test_a_span_that_cannot_be_read_costs_no_other(read_foreign: Read) -> None:
    whole = otlp.span([otlp.name_and_kind("whole", 1)])
    broken = b"\x12\x03\x0a\x7f\x00"
    (body,), _ = split_records(otlp.record(otlp.resource({}), {otlp.scope("x"): [whole, broken, whole]}))
    problems: list[WireError] = []

    names = [event.event_name for event in read_records([body], unreadable=problems.append) if isinstance(event, Event)]

    assert (names, len(problems)) == (["whole", "whole"], 1)
    with pytest.raises(WireError):
        list(read_records([body]))


@pytest.mark.parametrize("name", ["generate_report", "google_search", "chat_router", "openai", "llm", "gpt-4"])
def test_no_event_is_a_model_call_by_its_name(read_foreign: Read, name: str) -> None:
    assert read_foreign({}, name=name).event_type is EventType.tool


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"honeyhive_event_type": "generic", "gen_ai.operation.name": "chat"}, "generic"),
        ({"honeyhive_event_type_raw": "chain", "gen_ai.operation.name": "chat"}, "chain"),
        ({"gen_ai.operation.name": "embeddings"}, "model"),
        ({"gen_ai.operation.name": "invoke_workflow"}, "chain"),
        ({"gen_ai.operation.name": "retrieval"}, "tool"),
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "m"}, "chain"),
        ({"gen_ai.operation.name": "new one", "openinference.span.kind": "AGENT"}, "chain"),
        ({"openinference.span.kind": "GUARDRAIL"}, "tool"),
        ({"openinference.span.kind": "UNKNOWN", "llm.model_name": "m"}, "model"),
        ({"llm.request.type": "completion"}, "model"),
        ({"gen_ai.request.model": "m"}, "model"),
        ({"http.request.method": "GET"}, "tool"),
        ({"gen_ai.operation.name": ["chat"], "openinference.span.kind": 3}, "tool"),
    ],
)
def test_an_event_is_of_the_type_that_its_attributes_say(attributes: Mapping[str, object], expected: str) -> None:
    assert event_type_of(attributes) == expected


def test_what_honeyhives_own_attributes_say_wins(read_foreign: Read) -> None:
    event = read_foreign(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "theirs",
            "gen_ai.request.temperature": 1.0,
            "honeyhive_config.model": "ours",
            "honeyhive_metadata.prompt_tokens": 1,
            "gen_ai.usage.input_tokens": 2,
            "honeyhive_outputs.content": "ours",
            "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "theirs"}]}]',
        }
    )

    assert event.config == {"model": "ours", "temperature": 1.0}
    assert event.metadata["prompt_tokens"] == 1
    assert event.outputs == {"role": "assistant", "content": "ours"}


def test_attributes_that_nobody_reads_stay_in_the_metadata_whatever_their_shape() -> None:
    attributes: dict[str, object] = {
        "gen_ai.custom": {"a": [1, {"b": b"x"}]},
        "array": [1.5, None, "x", [True]],
        "bytes": b"\x89PNG\r\n\x1a\n",
        "nan": math.nan,
        "": "nameless",
    }
    parts = [otlp.attribute(key, value) for key, value in attributes.items()]
    (span,) = decode_request(otlp.record(otlp.resource({}), {otlp.scope("x"): [otlp.span(parts)]}))
    event = read_span(span)

    assert isinstance(event, Event)
    metadata = event.metadata
    assert metadata["array"] == [1.5, None, "x", [True]]
    assert metadata["gen_ai.custom"]["a"][1]["b"].items() >= {"type": "bytes", "size": 1}.items()
    assert metadata["bytes"].items() >= {"size": 8, "mime_type": "image/png"}.items()
    assert (metadata["nan"], metadata[""]) == (None, "nameless")
    assert orjson.loads(event.to_json())["metadata"] == metadata


def test_links_scope_resource_and_dropped_counts_survive() -> None:
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "shop"
    resource_spans.resource.attributes.add(key="cloud.region").value.string_value = "eu"
    scope_spans = resource_spans.scope_spans.add(schema_url="https://opentelemetry.io/schemas/1.44.0")
    scope_spans.scope.name, scope_spans.scope.version = "their.instrumentation", "3"
    scope_spans.scope.attributes.add(key="short").value.string_value = "name"
    span = scope_spans.spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, name="n", dropped_attributes_count=2)
    link = span.links.add(trace_id=b"u" * 16, span_id=b"v" * 8, trace_state="a=b")
    link.attributes.add(key="why").value.string_value = "resumed"
    event_of_span = span.events.add(name="retry", time_unix_nano=5_000_000)
    event_of_span.attributes.add(key="attempt").value.int_value = 2

    (decoded,) = decode_request(request.SerializeToString())
    event = read_span(decoded)

    assert isinstance(event, Event)
    assert (decoded.schema_url, decoded.links[0].trace_state) == ("https://opentelemetry.io/schemas/1.44.0", "a=b")
    told = {key: value for key, value in event.metadata.items() if key not in {"status", "trace_id", "span_id"}}
    assert told == {
        "service.name": "shop",
        "links": ["75757575-7575-8575-b676-767676767676"],
        "link_attributes": [{"why": "resumed"}],
        "instrumentor": "their.instrumentation",
        "scope.name": "their.instrumentation",
        "scope.version": "3",
        "scope.attributes": {"short": "name"},
        "resource": {"cloud.region": "eu"},
        "dropped_attributes_count": 2,
        "span_events": [{"name": "retry", "time": 5.0, "attributes": {"attempt": 2}}],
    }


def test_an_exception_is_the_error_where_the_status_says_no_more(read_foreign: Read) -> None:
    said = {"exception.type": "ValueError", "exception.message": "no", "exception.stacktrace": "…"}
    told = read_foreign({}, points=[("exception", 1, said)], error="")
    explained = read_foreign({}, points=[("exception", 1, said)], error="ValueError: no")
    only_a_type = read_foreign({"error.type": "TimeoutError"}, error="")

    assert (told.error, explained.error, only_a_type.error) == ("no", "ValueError: no", "TimeoutError")
    assert told.metadata["span_events"][0]["attributes"] == said


def test_what_1x_spreads_over_dotted_names_is_put_together(read_foreign: Read) -> None:
    attributes = {
        "honeyhive_outputs.result.role": "assistant",
        "honeyhive_outputs.result.list.0": 1,
        "honeyhive_outputs.result.list.1.x": 2,
        "honeyhive_session_id": "s",
        "honeyhive_project": "p",
        "honeyhive_user_id": "u",
        "honeyhive_error_type": "ValueError",
    }
    event = read_foreign(attributes, scope="honeyhive.140234")

    assert event.outputs == {"result": {"role": "assistant", "list": [1, {"x": 2}]}}
    assert (event.session_id, event.project, event.user_properties) == ("s", "p", {"user_id": "u"})
    assert event.metadata["error_type"] == "ValueError"
    dotted = read_foreign({"honeyhive_outputs.a.b": 1}, scope="honeyhive")
    assert dotted.outputs == {"a.b": 1}


def test_a_clock_that_was_never_set_tells_only_how_long_it_took() -> None:
    span = DecodedSpan(name="n", start_ns=2_000_000_000_000_000, end_ns=2_000_000_005_000_000)
    event = read_span(span)

    assert isinstance(event, Event)
    assert (event.start_time, event.duration, event.metadata["clock_unset"]) == (0.0, 5.0, True)


def test_the_model_call_of_a_foreign_span_is_what_a_price_is_looked_up_by() -> None:
    call = model_call_of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.response.model": "claude-sonnet-4-5",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 2,
        }
    )

    assert call is not None
    assert (call.model, call.provider) == ("claude-sonnet-4-5", "anthropic")
    assert call.usage == Usage(input_tokens=10, output_tokens=2, total_tokens=12)
    assert model_call_of({"gen_ai.operation.name": "execute_tool", "gen_ai.usage.input_tokens": 1}) is None
    assert model_call_of({"gen_ai.operation.name": "chat"}) is None
