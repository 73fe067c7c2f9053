"""What a tracer does by 1.x's names: spans and events by hand, flushing, ending, defaults, providers."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from honeyhive import HoneyHive, HoneyHiveTracer, enrich_span, set_default_tracer, trace
from honeyhive.errors import ConfigurationError
from honeyhive.events.event import EventType
from honeyhive.guard import guard
from honeyhive.settings import HTTPSettings
from honeyhive.testing import MemoryTracer, Recorder
from honeyhive.tracer import (
    HoneyHiveSpanProcessor,
    clear_registry,
    flush,
    get_default_tracer,
    get_global_provider,
    graceful_shutdown_all,
    set_global_provider,
    shutdown_tracer,
)
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, ProxyTracerProvider, SpanKind

ID = "550e8400-e29b-41d4-a716-446655440000"
NOW_MS = 1_700_000_000_000


@pytest.fixture
def no_default() -> Iterator[None]:
    clear_registry()
    yield
    clear_registry()


@pytest.fixture
def own_global_provider() -> Iterator[None]:
    yield
    set_global_provider(ProxyTracerProvider(), force_override=True)


# Spans by hand.


def test_start_span_yields_a_current_span_that_is_an_event(recorder: Recorder) -> None:
    with recorder.tracer.start_span(
        "search",
        kind=SpanKind.CLIENT,
        attributes={"honeyhive_event_type": "model", "honeyhive.inputs.query": "bees", "plain": 1},
    ) as span:
        assert otel.get_current_span() is span
        span.set_attribute("honeyhive_outputs.count", 3)
        enrich_span(metadata={"a": 1})

    event = recorder.event("search")
    assert (event.event_type, event.inputs, event.outputs) == ("model", {"query": "bees"}, {"count": 3})
    assert (event.metadata["plain"], event.metadata["a"]) == (1, 1)
    (encoded,) = [span for span in recorder.spans() if span.name == "search"]
    assert encoded.kind == 3


@pytest.mark.parametrize(
    ("options", "status", "points"),
    [
        ({}, "error", 1),
        ({"record_exception": False}, "error", 0),
        ({"set_status_on_exception": False}, "ok", 1),
        ({"record_exception": False, "set_status_on_exception": False}, "ok", 0),
    ],
)
def test_an_error_in_a_span_is_the_callers_and_is_recorded_as_wanted(
    options: dict[str, Any], status: str, points: int, recorder: Recorder
) -> None:
    error = ValueError("no bees")
    with pytest.raises(ValueError, match="no bees") as caught, recorder.tracer.start_span("search", **options):
        raise error

    assert caught.value is error
    assert recorder.event("search").metadata["status"] == status
    (encoded,) = [span for span in recorder.spans() if span.name == "search"]
    assert len(encoded.points) == points


def test_a_span_takes_links_and_a_start_of_its_own(recorder: Recorder) -> None:
    with recorder.tracer.start_span("first") as first:
        pass
    with recorder.tracer.start_span("second", links=[Link(first.get_span_context())], start_time=5_000_000):
        pass

    (encoded,) = [span for span in recorder.spans() if span.name == "second"]
    assert len(encoded.links) == 1
    assert recorder.event("second").start_time == 5


def test_the_otel_tracer_makes_events_that_nest_with_all_others(recorder: Recorder) -> None:
    tracer = recorder.tracer.tracer
    with tracer.start_as_current_span("outer"), recorder.tracer.trace("middle", event_type="chain"):
        span = tracer.start_span("inner")
        span.end()

    assert recorder.tree().splitlines()[1:] == ["  tool outer", "    chain middle", "      tool inner"]


def test_a_span_of_the_otel_tracer_may_outlive_its_block(recorder: Recorder) -> None:
    with recorder.tracer.tracer.start_as_current_span("long", end_on_exit=False) as span:
        pass
    assert recorder.events() == []
    span.end()

    assert recorder.event("long").metadata["status"] == "ok"


def test_a_tracer_that_was_shut_down_gives_spans_that_take_everything_and_keep_nothing() -> None:
    tracer = MemoryTracer()
    session_id = tracer.session_id
    tracer.shutdown()

    with tracer.start_span("x") as span, tracer.trace("y") as other:
        span.set_attribute("a", 1)
        other.add_event("e")
    assert tracer.create_event("z") is None
    assert tracer.session_start() is None
    assert not tracer.is_initialized
    assert tracer.session_id == tracer.config.session.session_id == session_id
    assert tracer.session_name == tracer.config.session_name
    assert tracer.recorder.events() == []


@pytest.mark.swallows
def test_what_instrumentations_do_wrong_with_a_span_costs_no_more_than_that(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "strict", False)
    wrong: Any = 5
    with recorder.tracer.start_span("read", attributes={wrong: "x", "kept": 1}) as span:
        span.add_event(wrong)
        span.add_event("early", timestamp=-1)
        span.add_link(wrong)
        span.record_exception(wrong, timestamp=-1)
        span.update_name(wrong)
        span.end(wrong * 1e18)

    event = recorder.event("5")
    assert (event.metadata["kept"], event.end_time) == (1, 5e12)


# Finished events.


def test_create_event_writes_a_finished_event_into_the_current_session(recorder: Recorder) -> None:
    tracer = recorder.tracer
    with tracer.session("request") as session, tracer.start_span("step"):
        event_id = tracer.create_event(
            "lookup",
            event_type="model",
            inputs={"q": 1},
            outputs={"a": [1, 2]},
            error="none found",
            duration=1.5,
            metadata={"m": None},
            config={"model": "x"},
            feedback={"rating": 5},
            metrics={"score": 0.5},
            user_properties={"user_id": "u"},
        )

    event = recorder.event("lookup")
    assert event.event_id == event_id
    assert event.session_id == session.session_id != tracer.session_id
    assert event.parent_id == recorder.event("step").event_id
    assert event.duration == 1500
    assert (event.event_type, event.error, event.metadata["status"]) == ("model", "none found", "error")
    assert (event.inputs, event.outputs, event.config) == ({"q": 1}, {"a": [1, 2]}, {"model": "x"})
    assert (event.feedback, event.metrics, event.user_properties) == ({"rating": 5}, {"score": 0.5}, {"user_id": "u"})


def test_create_event_takes_a_whole_event_as_a_mapping(recorder: Recorder) -> None:
    event_id = recorder.tracer.create_event(
        {
            "event_name": "imported",
            "event_type": "chain",
            "event_id": ID,
            "session_id": ID.replace("5", "6"),
            "parent_id": "550e8400-e29b-41d4-a716-446655440001",
            "project": "other",
            "source": "import",
            "start_time": NOW_MS,
            "end_time": NOW_MS + 250,
        }
    )

    event = recorder.event("imported")
    assert event_id == event.event_id == ID
    assert (event.session_id, event.parent_id) == (ID.replace("5", "6"), "550e8400-e29b-41d4-a716-446655440001")
    assert (event.project, event.source, event.start_time) == ("other", "import", NOW_MS)
    assert event.duration == pytest.approx(250, abs=0.001)


def test_create_event_of_a_type_that_no_event_has_is_a_tool_as_in_1x(recorder: Recorder) -> None:
    for event_type in ("session", "strange"):
        recorder.tracer.create_event(event_type, event_type=event_type)

    assert {event.event_type for event in recorder.events()} == {EventType.tool}


def test_create_event_names_the_nearest_of_an_unknown_field(recorder: Recorder) -> None:
    with pytest.raises(ConfigurationError, match="unknown option 'input'; did you mean 'inputs'"):
        recorder.tracer.create_event("e", input={})


def test_the_next_session_of_a_process_is_a_session_of_its_own(recorder: Recorder) -> None:
    tracer = recorder.tracer
    first = tracer.config.session.session_id
    tracer.create_event("one")
    second = tracer.session_start()
    tracer.create_event("two")

    assert first != second == tracer.session_id == tracer.config.session.session_id
    assert (recorder.event("one").session_id, recorder.event("two").session_id) == (first, second)


def test_a_method_says_something_of_the_session_of_another_process(recorder: Recorder) -> None:
    tracer = recorder.tracer
    assert tracer.enrich_session({"said": "here"}, feedback={"rating": 1}, extra=2)
    assert tracer.enrich_session(session_id=ID, metrics={"score": 1})
    tracer.create_event("e")

    metadata = recorder.sessions()[0].root.metadata
    assert (metadata["said"], metadata["extra"]) == ("here", 2)
    (update,) = [span for span in recorder.spans() if span.attributes.get("honeyhive.update.event_id") == ID]
    assert update.attributes["honeyhive_metrics.score"] == 1


# Flushing and ending.


class Slow:
    """A tracer's way out that delivers when it is told to."""

    def __init__(self) -> None:
        self.flushed: list[float] = []
        self.answer = True

    def flush(self, timeout_s: float) -> bool:
        self.flushed.append(timeout_s)
        return self.answer


@pytest.mark.usefixtures("no_default")
def test_flush_all_flushes_every_tracer_and_says_when_one_could_not(tmp_path: Path) -> None:
    ways = [Slow(), Slow()]
    tracers = [MemoryTracer(), MemoryTracer()]
    for tracer, way in zip(tracers, ways, strict=True):
        tracer.channel.flush = way.flush
    dead = HoneyHiveTracer(otlp_endpoint="http://127.0.0.1:9", data_dir=tmp_path, flush_interval_s=3600)
    dead.create_event("e")

    assert not HoneyHiveTracer.flush_all(timeout_millis=300)
    assert [len(way.flushed) for way in ways] == [1, 1]
    assert all(way.flushed[0] <= 0.3 for way in ways)
    clear_registry()
    assert HoneyHiveTracer.flush_all()


def test_aflush_leaves_the_event_loop_free() -> None:
    tracer = MemoryTracer()
    may_go_on = threading.Event()
    tracer.channel.flush = may_go_on.wait

    async def program() -> bool:
        flushing = asyncio.create_task(tracer.aflush())
        await asyncio.sleep(0)
        may_go_on.set()  # reached only while the loop is not held up by the flush
        return await flushing

    assert asyncio.run(program())


def test_every_way_to_flush_says_the_same(recorder: Recorder) -> None:
    tracer = recorder.tracer
    tracer.create_event("e")

    assert tracer.flush() is tracer.force_flush(1000) is flush(tracer, 1000) is flush(tracer) is flush() is True


@pytest.mark.usefixtures("no_default")
def test_a_tracer_ends_by_its_method_by_function_and_with_all_others() -> None:
    tracers = [MemoryTracer() for _ in range(4)]
    tracers[0].shutdown()
    shutdown_tracer(tracers[1])
    graceful_shutdown_all()
    for tracer in tracers:
        tracer.shutdown()  # a second time does nothing

    assert not any(tracer.is_initialized for tracer in tracers)
    assert get_default_tracer() is None
    HoneyHiveTracer.reset()


# Defaults.


@pytest.mark.usefixtures("no_default")
def test_the_first_tracer_is_the_default_until_another_is_named_and_later_ones_take_nothing_over() -> None:
    assert get_default_tracer() is None
    first = MemoryTracer()
    second = MemoryTracer(test_mode=True)
    assert get_default_tracer() is first

    @trace
    def step() -> None: ...

    step()
    set_default_tracer(second)
    step()
    set_default_tracer(None)
    step()

    assert [len(tracer.recorder.events()) for tracer in (first, second)] == [1, 1]
    third = MemoryTracer()
    assert get_default_tracer() is third


@pytest.mark.usefixtures("no_default")
def test_a_default_tracer_that_nobody_keeps_stays() -> None:
    import gc  # noqa: PLC0415  for this test only

    MemoryTracer(project="kept")
    gc.collect()

    tracer = get_default_tracer()
    assert tracer is not None
    assert tracer.project == "kept"


# OpenTelemetry's providers.


@pytest.mark.usefixtures("own_global_provider")
def test_the_global_provider_is_taken_only_on_request() -> None:
    quiet = MemoryTracer()
    assert quiet.provider is not get_global_provider()
    assert not quiet.is_main_provider

    main = MemoryTracer(set_global=True)
    assert main.is_main_provider
    assert main.provider is otel.get_tracer_provider() is get_global_provider(tracer_instance=main)
    with otel.get_tracer("library").start_as_current_span("theirs"):
        pass
    assert main.recorder.event("theirs")


@pytest.mark.usefixtures("own_global_provider", "no_default")
def test_a_global_provider_of_somebody_else_is_replaced_only_by_force() -> None:
    theirs = TracerProvider(shutdown_on_exit=False)
    otel.set_tracer_provider(theirs)

    request = openai.OpenAI.request
    with pytest.raises(ConfigurationError, match="global provider is a TracerProvider already"):
        MemoryTracer(set_global=True, instrument="openai", disable_http_tracing=False)
    assert (get_default_tracer(), openai.OpenAI.request) == (None, request)
    tracer = MemoryTracer()
    set_global_provider(tracer.provider, force_override=True)
    assert otel.get_tracer_provider() is tracer.provider
    set_global_provider(tracer.provider)


@pytest.mark.usefixtures("own_global_provider", "no_default")
def test_a_tracer_that_ends_gives_the_global_place_back_to_the_next() -> None:
    first = MemoryTracer(set_global=True)
    first.shutdown()
    assert isinstance(get_global_provider(), ProxyTracerProvider)

    second = MemoryTracer(set_global=True)
    assert second.is_main_provider
    first.shutdown()
    assert second.is_main_provider


def test_a_processor_makes_events_from_the_spans_of_any_provider(recorder: Recorder) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(recorder.tracer.span_processor)
    assert isinstance(recorder.tracer.span_processor, HoneyHiveSpanProcessor)
    with (
        recorder.tracer.session("s") as session,
        provider.get_tracer("theirs", "1.2").start_as_current_span("span", attributes={"a": 1}),
        recorder.tracer.start_span("ours"),
    ):
        pass

    assert recorder.event("span").session_id == session.session_id
    assert recorder.event("ours").parent_id == recorder.event("span").event_id
    assert provider.force_flush()


def test_the_scope_of_events_is_the_same_in_each_process(recorder: Recorder) -> None:
    second = MemoryTracer()
    for tracer in (recorder.tracer, second):
        tracer.create_event("e")

    assert {span.scope_name for span in (*recorder.spans(), *second.recorder.spans())} == {"honeyhive"}


def test_a_span_with_more_attributes_than_opentelemetry_keeps_stays_in_its_session(recorder: Recorder) -> None:
    second = MemoryTracer()
    many = {f"a{number}": number for number in range(900)}
    with second.session("s") as session:
        with second.provider.get_tracer("theirs").start_as_current_span("theirs", attributes=many):
            pass
        with second.start_span("ours", attributes=many):
            pass

    for name in ("ours", "theirs"):
        event = second.recorder.event(name)
        assert event.session_id == session.session_id
        assert len([key for key in event.metadata if key.startswith("a")]) >= 900
    assert recorder.events() == []


# What hangs on a tracer.


def test_a_tracer_has_a_client_of_the_api_where_it_has_a_key() -> None:
    ingestion_key = f"hh_ingst_{'a' * 24}_{'b' * 64}"
    http = HTTPSettings(timeout_s=7)
    tracer = MemoryTracer(
        api_key="k", ingestion_api_key=ingestion_key, project="p", server_url="http://127.0.0.1:9", http=http
    )

    assert isinstance(tracer.client, HoneyHive)
    assert (tracer.client.api_key, tracer.client.ingestion_api_key) == ("k", ingestion_key)
    assert (tracer.client.project, tracer.client.server_url, tracer.client.timeout) == ("p", "http://127.0.0.1:9", 7)
    assert tracer.client is tracer.client
    assert MemoryTracer().client is None
    assert MemoryTracer(api_key="k", test_mode=True).client is None


def test_a_propagator_carries_the_session(recorder: Recorder) -> None:
    carrier: Any = {}
    with recorder.tracer.session("s"), recorder.tracer.start_span("x"):
        recorder.tracer.propagator.inject(carrier)

    assert {"traceparent", "baggage"} <= carrier.keys()


def test_baggage_and_links_by_hand(recorder: Recorder) -> None:
    tracer = recorder.tracer
    with tracer.session("s") as session, tracer.start_span("x"):
        tracer.set_baggage("tier", "gold")
        assert (tracer.get_baggage("tier"), tracer.get_baggage("none")) == ("gold", None)
        assert tracer.get_baggage("session_id") == session.session_id
        carrier = tracer.inject({})
    context: Any = tracer.extract_context(carrier)
    assert context is not None
    token = tracer.link(carrier)
    tracer.create_event("linked")
    tracer.unlink(token)
    tracer.create_event("after")

    assert recorder.event("linked").session_id == session.session_id
    assert recorder.event("after").session_id == tracer.session_id


def test_the_environment_of_a_subprocess_carries_the_session(recorder: Recorder) -> None:
    with recorder.tracer.session("s"), recorder.tracer.start_span("x"):
        environment = recorder.tracer.subprocess_environment({"PATH": "/bin"})

    assert environment["PATH"] == "/bin"
    assert {"TRACEPARENT", "BAGGAGE"} <= environment.keys()


def test_the_paths_that_1x_documents_lead_to_the_same_things(recorder: Recorder) -> None:
    from honeyhive.tracer.processing.context import (  # noqa: PLC0415  the import is the point
        enrich_span_context,
        with_distributed_trace_context,
    )
    from honeyhive.tracer.processing.span_processor import HoneyHiveSpanProcessor as Processor  # noqa: PLC0415  the same

    assert Processor is HoneyHiveSpanProcessor
    carrier: dict[str, Any] = {}
    with recorder.tracer.session("s") as session:
        recorder.tracer.inject_context(carrier)
    with (
        with_distributed_trace_context(carrier, recorder.tracer),
        enrich_span_context("step", inputs={"q": 1}, tracer_instance=recorder.tracer),
    ):
        pass

    event = recorder.event("step")
    assert (event.session_id, event.inputs) == (session.session_id, {"q": 1})
