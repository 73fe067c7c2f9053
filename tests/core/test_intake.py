"""Third-party spans taken in: whose session they are in, what of them survives, and which of two is the model event."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from honeyhive import HoneyHiveTracer, enrich_session, session, trace
from honeyhive.events.conventions import Reading
from honeyhive.events.conventions.usage import plain_usage, read_usage
from honeyhive.events.decode import decode_request
from honeyhive.events.event import Event
from honeyhive.integration import SERVER, attached, current_session, extract, inject, start_event, suppress
from honeyhive.models import EventType
from honeyhive.testing import MemoryTracer, Recorder, recording
from honeyhive.tracer import HoneyHiveSpanProcessor
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace as otel_trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

UNITS = [SpanKind.SERVER, SpanKind.CONSUMER]
MODEL = {"openinference.span.kind": "LLM", "llm.token_count.prompt": 7, "llm.token_count.completion": 2}


@trace
def work() -> None:
    pass


def tokens(recorder: Recorder) -> tuple[int, int]:
    """Input and output tokens of everything recorded, as any reader adds them up."""
    told = [event.metadata for event in recorder.events()]
    return sum(each.get("prompt_tokens", 0) for each in told), sum(each.get("completion_tokens", 0) for each in told)


def by_name(recorder: Recorder) -> dict[str, Event]:
    return {event.event_name: event for event in recorder.events()}


@pytest.mark.parametrize("kind", UNITS)
def test_each_request_and_task_span_has_a_session_of_its_own_that_ends_with_it(
    recorder: Recorder, kind: SpanKind
) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    for number in range(3):
        with tracer.start_as_current_span(f"request {number}", kind=kind):
            work()
            with tracer.start_as_current_span(f"query {number}"):
                pass

    own = [found for found in recorder.sessions() if found.session_id != recorder.tracer.session_id]
    assert [found.root.event_name for found in own] == ["request 0", "request 1", "request 2"]
    assert len({found.session_id for found in own}) == 3
    for number, found in enumerate(own):
        assert [(depth, event.event_name) for depth, event in found.walk()] == [
            (0, f"request {number}"),
            (1, f"request {number}"),
            (2, "work"),
            (2, f"query {number}"),
        ]
        assert found.root.end_time >= max(event.end_time for event in found.events)
        assert "synthesized" not in found.root.metadata


def test_a_failed_request_span_is_a_failed_session(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    with tracer.start_as_current_span("request", kind=SpanKind.SERVER) as span:
        span.set_status(StatusCode.ERROR, "upstream is gone")

    (found,) = [found for found in recorder.sessions() if found.root.event_name == "request"]
    assert found.root.error == "upstream is gone"
    assert found.root.metadata["status"] == "error"


@pytest.mark.parametrize("capture", ["metadata", "none"])
def test_the_error_of_a_request_span_is_told_of_its_session_as_the_policy_has_it(capture: Any) -> None:
    with recording(capture=capture) as recorder:
        with recorder.tracer.provider.get_tracer("lib").start_as_current_span("GET /", kind=SpanKind.SERVER) as span:
            span.set_status(StatusCode.ERROR, "no account of Ada Lovelace")

        (found,) = recorder.sessions()
        assert found.root.error == "error"
        assert b"Lovelace" not in recorder.request()


def test_requests_in_parallel_threads_stay_apart(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    barrier = threading.Barrier(4)

    def request(number: int) -> None:
        with tracer.start_as_current_span(f"request {number}", kind=SpanKind.SERVER):
            barrier.wait()
            work()
            barrier.wait()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(request, range(4)))

    own = [found for found in recorder.sessions() if found.session_id != recorder.tracer.session_id]
    assert [len(found.events) for found in own] == [2, 2, 2, 2]


def test_a_request_span_inside_a_session_joins_it(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    with session("chat"), tracer.start_as_current_span("request", kind=SpanKind.SERVER):
        work()

    assert recorder.tree().splitlines() == ["session chat", "  tool request", "    tool work"]


def test_a_request_span_below_an_event_is_no_request_of_its_own(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")

    @trace
    def outer() -> None:
        with tracer.start_as_current_span("in process", kind=SpanKind.SERVER):
            pass

    outer()

    assert len(recorder.sessions()) == 1


@pytest.mark.parametrize("kind", [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.PRODUCER])
def test_a_root_span_that_is_no_request_belongs_to_the_session_of_the_process(
    recorder: Recorder, kind: SpanKind
) -> None:
    with recorder.tracer.provider.get_tracer("lib").start_as_current_span("root", kind=kind):
        work()

    assert {event.session_id for event in recorder.events()} == {recorder.tracer.session_id}


def test_a_request_with_a_remote_parent_that_sampled_nothing_is_still_recorded_in_a_session_of_its_own(
    recorder: Recorder,
) -> None:
    remote = SpanContext(1 << 100, 7, is_remote=True, trace_flags=TraceFlags(0))
    context = otel_trace.set_span_in_context(otel_trace.NonRecordingSpan(remote))
    tracer = recorder.tracer.provider.get_tracer("lib")

    with tracer.start_as_current_span("request", context=context, kind=SpanKind.SERVER):
        work()

    (found,) = [found for found in recorder.sessions() if found.root.event_name == "request"]
    assert [(depth, event.event_name) for depth, event in found.walk()] == [(0, "request"), (1, "request"), (2, "work")]
    spans = {span.name: span for span in recorder.spans() if "session" not in span.attributes.values()}
    assert spans["request"].trace_id == remote.trace_id.to_bytes(16, "big")
    assert spans["request"].flags == 0x301


def test_a_request_span_of_a_caller_that_is_not_trusted_is_linked_to_it() -> None:
    with recording(trust_incoming="never") as recorder:
        context = recorder.tracer.propagator.extract({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})
        with recorder.tracer.provider.get_tracer("lib").start_as_current_span("GET /", context, SpanKind.SERVER):
            work()

        (served,) = [span for span in recorder.spans() if span.kind == SERVER]
        (below,) = [span for span in recorder.spans() if span.name == "work"]
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in served.links] == [("1" * 32, "2" * 16)]
    assert served.trace_id.hex() != "1" * 32
    assert not below.links


def test_what_is_said_of_the_session_inside_a_request_span_reaches_that_session(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    with tracer.start_as_current_span("request", kind=SpanKind.SERVER):
        enrich_session(metadata={"tier": "gold"})
        inside = current_session()
    assert inside is not None

    (found,) = [found for found in recorder.sessions() if found.session_id == inside.session_id]
    assert (found.root.event_name, found.root.metadata["tier"]) == ("request", "gold")


def test_the_session_of_a_request_span_is_carried_to_the_next_service(recorder: Recorder) -> None:
    carrier: dict[str, str] = {}
    with recorder.tracer.provider.get_tracer("lib").start_as_current_span("request", kind=SpanKind.SERVER):
        inside = current_session()
        inject(carrier, url="http://127.0.0.1/next")
    assert inside is not None

    continued = extract(carrier)
    with attached(continued):
        work()

    assert by_name(recorder)["work"].session_id == inside.session_id != recorder.tracer.session_id


def exported(recorder: Recorder) -> Any:
    """What a stock collector reads: (resource spans, scope spans, span) of the span that is called ``full``."""
    request = ExportTraceServiceRequest.FromString(recorder.request())
    (found,) = [
        (resource_spans, scope_spans, span)
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
        if span.name == "full"
    ]
    return found


def test_links_trace_state_flags_counts_and_scope_of_a_span_survive(recorder: Recorder) -> None:
    linked = SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("v", "l")]))
    above = SpanContext(1 << 100, 7, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("v", "1")]))
    context = otel_trace.set_span_in_context(otel_trace.NonRecordingSpan(above))
    provider = TracerProvider(
        shutdown_on_exit=False,
        resource=Resource({"service.name": "theirs"}, "https://schemas/resource"),
        span_limits=SpanLimits(max_span_attributes=3, max_events=1, max_links=1, max_event_attributes=1),
    )
    provider.add_span_processor(HoneyHiveSpanProcessor(tracer_instance=recorder.tracer))
    tracer = provider.get_tracer("lib", "1.2", "https://schemas/scope", {"region": "eu", "shards": [1, 2]})
    span = tracer.start_span("full", context, SpanKind.CLIENT, links=[Link(linked, {"why": "batch"}), Link(linked)])
    span.set_attributes({"a": 1, "b": 2.5, "c": True, "d": "x", "e": ("p", "q")})
    span.add_event("lost")
    span.add_event("noted", {"one": 1, "two": 2})
    span.set_status(StatusCode.ERROR, "no")
    span.end()

    resource_spans, scope_spans, found = exported(recorder)
    assert resource_spans.schema_url == "https://schemas/resource"
    assert [(item.key, item.value.string_value) for item in resource_spans.resource.attributes] == [
        ("service.name", "theirs")
    ]
    assert scope_spans.schema_url == "https://schemas/scope"
    assert (scope_spans.scope.name, scope_spans.scope.version) == ("lib", "1.2")
    scope = {item.key: item.value for item in scope_spans.scope.attributes}
    assert scope["region"].string_value == "eu"
    assert [value.int_value for value in scope["shards"].array_value.values] == [1, 2]
    assert (found.kind, found.trace_state, found.flags) == (3, "v=1", 0x301)
    assert (found.status.code, found.status.message) == (2, "no")
    assert (found.dropped_attributes_count, found.dropped_events_count, found.dropped_links_count) == (2, 1, 1)
    (event,) = found.events
    assert (event.name, event.dropped_attributes_count, len(event.attributes)) == ("noted", 1, 1)
    (link,) = found.links
    assert (int.from_bytes(link.trace_id, "big"), int.from_bytes(link.span_id, "big")) == (5, 6)
    assert link.trace_state == "v=l" or link.attributes == []
    assert link.flags & 0x300 == 0x300


def test_an_exception_in_a_span_is_told_once_with_its_type_and_message(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    with pytest.raises(ValueError, match="bad input"), tracer.start_as_current_span("fails"):
        raise ValueError("bad input")

    event = recorder.event("fails")
    assert event.error == "ValueError: bad input"
    (span,) = [span for span in recorder.spans() if span.name == "fails"]
    (point,) = span.points
    assert point.attributes["exception.message"] == "bad input"


@pytest.mark.parametrize("count", [200, 2000])
def test_many_attributes_never_cost_an_event_its_identity(recorder: Recorder, count: int) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    with session("chat") as block, tracer.start_as_current_span("wide") as span:
        span.set_attributes({f"key {number}": number for number in range(count)})

    event = recorder.event("wide")
    assert event.session_id == block.session_id
    (found,) = [span for span in recorder.spans() if span.name == "wide"]
    assert len([key for key in found.attributes if key.startswith("key ")]) == min(count, 1024)
    assert event.project == "tests"


def test_a_long_conversation_does_not_cost_a_model_call_what_it_is(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    messages = {f"llm.input_messages.{n}.message.{part}": "hi" for n in range(2000) for part in ("role", "content")}
    said = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.provider": "openai", **messages}
    with recorder.tracer.provider.get_tracer("lib").start_as_current_span("chat", attributes=said) as span:
        span.set_attributes({"llm.output_messages.0.message.content": "bye", "llm.token_count.prompt": 7})

    event = recorder.event("chat")
    assert (event.event_type, event.config["model"], event.metadata["prompt_tokens"]) == ("model", "gpt-4o", 7)
    assert event.outputs["content"] == "bye"
    (found,) = ExportTraceServiceRequest.FromString(recorder.request()).resource_spans[-1].scope_spans[0].spans
    assert found.dropped_attributes_count == 4005 - 1024
    assert caplog.records == []


def test_what_a_users_own_provider_evicts_of_a_spans_start_is_still_known(recorder: Recorder) -> None:
    provider = TracerProvider(span_limits=SpanLimits(max_span_attributes=8), shutdown_on_exit=False)
    provider.add_span_processor(HoneyHiveSpanProcessor(tracer_instance=recorder.tracer))
    said = {"openinference.span.kind": "LLM", "llm.provider": "openai"}
    with provider.get_tracer("lib").start_as_current_span("chat", attributes=said) as span:
        span.set_attributes({f"llm.input_messages.{n}.message.content": "hi" for n in range(50)})
    provider.shutdown()

    event = recorder.event("chat")
    assert (event.event_type, event.config["provider"]) == ("model", "openai")


def test_a_span_cannot_claim_an_identity(recorder: Recorder) -> None:
    with recorder.tracer.provider.get_tracer("lib").start_as_current_span("forged") as span:
        span.set_attributes({"honeyhive.session_id": "other", "honeyhive.project": "other", "honeyhive_parent_id": "x"})

    event = recorder.event("forged")
    assert (event.session_id, event.parent_id, event.project) == (
        recorder.tracer.session_id,
        recorder.tracer.session_id,
        "tests",
    )
    (found,) = [span for span in recorder.spans() if span.name == "forged"]
    names = [name for name in found.attributes if "session" in name]
    assert names == ["honeyhive.session_id"]


def test_spans_of_a_users_own_provider_become_events_and_keep_their_resource(recorder: Recorder) -> None:
    theirs = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "billing"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(theirs))
    provider.add_span_processor(HoneyHiveSpanProcessor())
    tracer = provider.get_tracer("lib")

    with session("chat"), tracer.start_as_current_span("outer"):
        work()

    assert recorder.tree().splitlines() == ["session chat", "  tool outer", "    tool work"]
    assert by_name(recorder)["outer"].metadata["service.name"] == "billing"
    assert "service.name" not in by_name(recorder)["work"].metadata
    assert [span.name for span in theirs.get_finished_spans()] == ["outer"]


def test_each_span_reaches_the_journal_under_the_resource_it_was_made_with(tmp_path: Path) -> None:
    ours = HoneyHiveTracer(project="tests", service_name="shop", data_dir=tmp_path)
    provider = TracerProvider(resource=Resource({"service.name": "billing"}), shutdown_on_exit=False)
    provider.add_span_processor(HoneyHiveSpanProcessor(tracer_instance=ours))
    try:
        with ours.session("chat"):
            for made_by, name in ((provider, "theirs"), (ours.provider, "on ours")):
                with made_by.get_tracer("lib").start_as_current_span(name):
                    pass
        assert ours.flush()
        segments = [path.read_bytes() for path in tmp_path.glob("journal/*.otlp")]
    finally:
        ours.shutdown()

    services = {span.name: span.resource["service.name"] for segment in segments for span in decode_request(segment)}
    assert services == {"chat": "shop", "theirs": "billing", "on ours": "shop"}


def test_a_span_that_its_own_provider_does_not_sample_is_not_taken_in(recorder: Recorder) -> None:
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(HoneyHiveSpanProcessor())
    with provider.get_tracer("lib").start_as_current_span("unsampled"):
        work()

    assert [event.event_name for event in recorder.events()] == ["work"]


def test_two_processors_on_one_provider_record_a_span_once(recorder: Recorder) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    for _ in range(2):
        provider.add_span_processor(HoneyHiveSpanProcessor(tracer_instance=recorder.tracer))
    with provider.get_tracer("lib").start_as_current_span("once"):
        pass

    assert [span.name for span in recorder.spans()].count("once") == 1


def test_a_span_belongs_to_the_tracer_whose_session_it_is_made_in(recorder: Recorder) -> None:
    other = MemoryTracer(project="other")
    tracer = recorder.tracer.provider.get_tracer("lib")

    with other.session("chat"), tracer.start_as_current_span("theirs"):
        pass
    with tracer.start_as_current_span("ours"):
        pass

    assert [event.event_name for event in recorder.events()] == ["ours"]
    assert [event.event_name for event in other.recorder.events()] == ["theirs"]


def test_suppression_leaves_spans_of_every_provider_out(recorder: Recorder) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(HoneyHiveSpanProcessor())
    with suppress():
        for tracer in (recorder.tracer.provider.get_tracer("lib"), provider.get_tracer("lib")):
            with tracer.start_as_current_span("silent"):
                pass
            tracer.start_span("silent too").end()

    assert recorder.spans() == []


def test_a_disabled_tracer_takes_nothing_in() -> None:
    with recording(disable_tracing=True) as recorder:
        with recorder.tracer.provider.get_tracer("lib").start_as_current_span("x"):
            pass
        assert recorder.spans() == []


def test_a_span_that_the_name_filters_leave_out_has_its_children_below_its_parent() -> None:
    filters = {"exclude": [{"type": "prefix", "value": "noise"}]}
    with recording(span_name_filters=filters) as recorder:
        tracer = recorder.tracer.provider.get_tracer("lib")
        with (
            tracer.start_as_current_span("outer"),
            tracer.start_as_current_span("noise 1"),
            tracer.start_as_current_span("noise 2"),
        ):
            work()
            with tracer.start_as_current_span("inner"):
                pass

        assert recorder.tree().splitlines()[1:] == ["  tool outer", "    tool work", "    tool inner"]
        assert recorder.stats().dropped == {"filtered": 2}


def test_a_model_event_that_contains_a_providers_span_is_a_chain_without_usage(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("openinference.instrumentation.openai")
    event = start_event(EventType.model, "ChatOpenAI")
    assert event is not None
    with event.activate(), tracer.start_as_current_span("ChatCompletion", attributes=MODEL):
        pass
    event.finish(metadata={"prompt_tokens": 7, "completion_tokens": 2})

    assert recorder.tree().splitlines()[1:] == ["  chain ChatOpenAI", "    model ChatCompletion"]
    assert "prompt_tokens" not in by_name(recorder)["ChatOpenAI"].metadata
    assert tokens(recorder) == (7, 2)


@pytest.mark.parametrize("between", ["span", "event"])
def test_a_model_span_of_a_framework_that_contains_one_is_a_chain_without_usage(
    recorder: Recorder, between: str
) -> None:
    framework = recorder.tracer.provider.get_tracer("openinference.instrumentation.langchain")
    provider = recorder.tracer.provider.get_tracer("openinference.instrumentation.openai")

    @trace
    def step() -> None:
        call()

    def call() -> None:
        with provider.start_as_current_span("ChatCompletion", attributes=MODEL):
            pass

    with framework.start_as_current_span("ChatOpenAI", attributes=MODEL):
        if between == "event":
            step()
        else:
            with framework.start_as_current_span("RunnableLambda"):
                call()

    assert {event.event_name for event in recorder.events() if event.event_type == EventType.model} == {
        "ChatCompletion"
    }
    assert tokens(recorder) == (7, 2)
    outer = next(span for span in recorder.spans() if span.name == "ChatOpenAI")
    assert not any(key.startswith("llm.token_count") for key in outer.attributes)


@pytest.mark.parametrize(
    ("outer", "inner", "kept"),
    [
        ("opentelemetry.instrumentation.genai.openai", "openinference.instrumentation.openai", "inner"),
        ("openinference.instrumentation.openai", "opentelemetry.instrumentation.openai_v2", "outer"),
        ("opentelemetry.instrumentation.openai.v1", "opentelemetry.instrumentation.genai.openai", "inner"),
    ],
)
def test_two_instrumentations_of_one_library_make_one_event_of_a_call(
    recorder: Recorder, outer: str, inner: str, kept: str
) -> None:
    provider = recorder.tracer.provider
    with (
        session("chat"),
        provider.get_tracer(outer).start_as_current_span("outer", attributes=MODEL),
        provider.get_tracer(inner).start_as_current_span("inner", attributes=MODEL),
    ):
        work()

    assert recorder.tree().splitlines() == ["session chat", f"  model {kept}", "    tool work"]
    assert recorder.stats().dropped == {"duplicate": 1}
    assert tokens(recorder) == (7, 2)


def test_two_calls_inside_one_another_by_one_instrumentation_are_two_events(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("openinference.instrumentation.openai")
    with (
        tracer.start_as_current_span("outer", attributes=MODEL),
        tracer.start_as_current_span("inner", attributes=MODEL),
    ):
        pass

    assert recorder.tree().splitlines()[1:] == ["  chain outer", "    model inner"]


def test_a_span_that_never_ends_is_not_kept(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    for _ in range(100):
        tracer.start_span("forgotten")
    with tracer.start_as_current_span("kept"):
        pass

    assert [event.event_name for event in recorder.events()] == ["kept"]


USAGE_NAMES = [
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.total_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.reasoning.output_tokens",
    "llm.token_count.prompt",
    "llm.token_count.completion",
    "llm.token_count.total",
    "llm.token_count.prompt_details.cache_write",
    "llm.token_count.completion_details.audio",
    "llm.cost.total",
    "langfuse.observation.usage_details",
]
COUNTS = st.integers(-1, 50) | st.sampled_from(["", "7", "x", '{"input": 3, "output": 4}', None, 2.0, 2.5, True])


@given(st.dictionaries(st.sampled_from(USAGE_NAMES), COUNTS))
def test_the_usage_that_a_price_is_looked_up_by_is_the_one_that_readers_show(attributes: dict[str, object]) -> None:
    quick = plain_usage(attributes)

    assert quick is None or quick == read_usage(Reading(attributes, event_type=EventType.model))


TEXT = "x" * 1000


@pytest.mark.parametrize(
    "made",
    [
        {"attributes": {"text": TEXT * 100}},
        {"attributes": {"texts": [TEXT] * 100}},
        {"attributes": {"vector": [0.5] * 10_000}},
        {"links": [Link(SpanContext(1, 2, is_remote=False), {"text": TEXT * 100})]},
        {"point": {"text": TEXT * 100}},
        {"description": TEXT * 100},
    ],
)
def test_the_queue_is_told_about_how_large_a_span_is(recorder: Recorder, made: dict[str, Any]) -> None:
    """It is bounded in bytes, and holds spans before they are encoded."""
    told: list[int] = []
    put = recorder.tracer.channel.put

    def measured(scope: bytes, span: Any, size: int) -> None:
        told.append(size)
        told.append(len(span.encode()))
        put(scope, span, size)

    recorder.tracer.channel.put = measured
    point, description = made.pop("point", None), made.pop("description", None)
    with recorder.tracer.provider.get_tracer("lib").start_as_current_span("s", **made) as span:
        if point is not None:
            span.add_event("said", point)
        if description is not None:
            span.set_status(StatusCode.ERROR, description)

    size, actual = told[-2:]
    assert actual / 2 < size < actual * 2
