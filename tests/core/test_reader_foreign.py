"""Any span of anybody's is an event: nothing raises, nothing is guessed from a name, nothing gets lost."""

import math
from collections.abc import Callable, Mapping

import orjson
import pytest
from honeyhive.events import otlp
from honeyhive.events.conventions import event_type_of, model_call_of
from honeyhive.events.decode import DecodedSpan, decode_request
from honeyhive.events.event import Event, EventType, Usage
from honeyhive.events.reader import read_span
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Read = Callable[..., Event]


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


def test_a_users_own_attributes_change_neither_the_status_nor_the_cost_of_an_event(read_foreign: Read) -> None:
    event = read_foreign({"status": "active", "cost": -5, "prompt_tokens": "many", "size": 3})

    assert event.metadata.items() >= {"status": "ok", "size": 3}.items()
    assert event.metadata.items() >= {"user.status": "active", "user.cost": -5, "user.prompt_tokens": "many"}.items()
    assert not {"cost", "prompt_tokens"} & event.metadata.keys()


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
