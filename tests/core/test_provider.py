"""Third-party spans: on our provider they are events; on anybody else's they are respected."""

from collections.abc import Iterator

import pytest
from honeyhive import session, trace
from honeyhive.integration import (
    current_event,
    register_parent_resolver,
    start_event,
    suppress,
    unregister_parent_resolver,
)
from honeyhive.models import EventType
from honeyhive.testing import Recorder, recording
from honeyhive.tracer import set_global_provider
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import TracerProvider


@trace
def work() -> None:
    pass


def test_spans_on_our_provider_join_the_tree_in_both_directions(recorder: Recorder) -> None:
    tracer = recorder.tracer.provider.get_tracer("openinference.instrumentation.openai", "1.0")

    @trace
    def outer() -> None:
        attributes = {"openinference.span.kind": "LLM", "llm.model_name": "m"}
        with tracer.start_as_current_span("ChatCompletion", attributes=attributes) as span:
            work()
            span.add_event("note", {"a": 1})

    with session("chat"):
        outer()

    assert recorder.tree().splitlines() == [
        "session chat",
        f"  tool {outer.__qualname__}",
        "    model ChatCompletion",
        "      tool work",
    ]
    assert recorder.event("ChatCompletion").config["model"] == "m"
    scopes = {span.name: (span.scope_name, span.scope_version) for span in recorder.spans()}
    assert scopes["ChatCompletion"] == ("openinference.instrumentation.openai", "1.0")
    assert scopes["work"][0] == "honeyhive"


def test_a_root_span_on_our_provider_belongs_to_the_process_session(recorder: Recorder) -> None:
    with recorder.tracer.provider.get_tracer("lib").start_as_current_span("root"):
        pass

    assert recorder.tree().splitlines()[1:] == ["  tool root"]
    assert recorder.events()[0].session_id == recorder.tracer.session_id


def test_under_a_foreign_span_we_stay_in_its_trace_and_name_our_own_ancestor(recorder: Recorder) -> None:
    foreign = TracerProvider(shutdown_on_exit=False).get_tracer("theirs")

    @trace
    def outer() -> None:
        with foreign.start_as_current_span("theirs"):
            work()

    with foreign.start_as_current_span("edge") as edge:
        outer()

    assert recorder.tree().splitlines()[1:] == [f"  tool {outer.__qualname__}", "    tool work"]
    trace_ids = {span.trace_id for span in recorder.spans() if span.attributes["honeyhive_event_type"] == "tool"}
    assert trace_ids == {edge.get_span_context().trace_id.to_bytes(16, "big")}


def test_the_global_provider_is_never_taken(recorder: Recorder) -> None:
    _ = recorder.tracer.provider

    assert isinstance(otel_trace.get_tracer_provider(), otel_trace.ProxyTracerProvider)


@pytest.fixture
def own_global_provider() -> Iterator[None]:
    yield
    set_global_provider(otel_trace.ProxyTracerProvider(), force_override=True)


@pytest.mark.usefixtures("own_global_provider")
@pytest.mark.parametrize("is_global", [True, False])
@pytest.mark.parametrize("named", ["shop", None])
def test_the_service_is_named_whether_or_not_the_provider_is_the_global_one(is_global: bool, named: str | None) -> None:
    with recording(set_global=is_global, service_name=named) as recorder:
        provider = recorder.tracer.provider
        assert (otel_trace.get_tracer_provider() is provider) is is_global
        provider.get_tracer("lib").start_span("theirs").end()

    service = str(provider.resource.attributes["service.name"])
    assert service == named if named else not service.startswith("unknown_service")


def test_a_framework_names_the_parent_where_nothing_could_be_attached(recorder: Recorder) -> None:
    run = start_event(EventType.chain, "node")
    register_parent_resolver(lambda: None)
    resolver = lambda: run  # noqa: E731  kept to be unregistered
    register_parent_resolver(resolver)
    try:
        work()

        @trace
        def nearer() -> None:
            work()

        nearer()
        with recorder.tracer.provider.get_tracer("lib").start_as_current_span("library"):
            pass
        assert current_event() is run
        assert run is not None
        run.finish()
        work()
    finally:
        unregister_parent_resolver(resolver)

    assert recorder.tree().splitlines()[1:] == [
        "  chain node",
        "    tool work",
        f"    tool {nearer.__qualname__}",
        "      tool work",
        "    tool library",
        "  tool work",
    ]


def test_of_frameworks_inside_one_another_the_innermost_is_the_parent(recorder: Recorder) -> None:
    outer, inner = start_event(EventType.chain, "outer"), start_event(EventType.chain, "inner")
    resolvers = [lambda: inner, lambda: outer]
    for resolver in resolvers:
        register_parent_resolver(resolver)
    try:
        work()
        assert inner is not None
        inner.finish()
        work()
    finally:
        for resolver in resolvers:
            unregister_parent_resolver(resolver)
    assert outer is not None
    outer.finish()

    by_id = {event.event_id: event.event_name for event in recorder.events()}
    works = [event for event in recorder.events() if event.event_name == "work"]
    assert [by_id[event.parent_id or ""] for event in works] == ["inner", "outer"]


def test_suppression_records_nothing_from_anybody(recorder: Recorder) -> None:
    with suppress():
        work()
        assert start_event(EventType.tool, "x") is None

    assert recorder.spans() == []


def test_an_open_event_is_an_opentelemetry_span(recorder: Recorder) -> None:
    event = start_event(EventType.tool, "x", attributes={"a": 1}, inputs={"q": "[x"})
    assert event is not None
    with otel_trace.use_span(event):
        current = otel_trace.get_current_span()
        assert current.is_recording()
        current.set_attribute("b", [1, 2])
        current.update_name("y")
        current.add_link(otel_trace.SpanContext(1, 2, is_remote=True))
        current.set_status(otel_trace.StatusCode.ERROR, "went wrong")
    event.end()
    event.end()
    event.set_attribute("late", 1)

    (found,) = recorder.events()
    assert (found.event_name, found.error, found.inputs) == ("y", "went wrong", {"q": "[x"})
    assert {"a": 1, "b": [1, 2], "status": "error"}.items() <= found.metadata.items()
    assert "late" not in found.metadata
    assert len(recorder.spans()[-1].links) == 1
