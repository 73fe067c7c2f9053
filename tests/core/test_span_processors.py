"""Span processors that a user adds to our provider: they get every event, ours and third parties', redacted."""

import gc
import weakref
from collections.abc import Iterator

import pytest
from honeyhive import session, trace
from honeyhive.integration import extract, start_event
from honeyhive.models import EventType
from honeyhive.testing import MemoryTracer, Recorder, recording
from opentelemetry import baggage as otel_baggage
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceState

SECRET = "sk-proj-" + "c4n4ryC4N4RYc4n4ryC4N4RYc4n4ryC4N4RY"


class Watcher(SpanProcessor):
    """Keeps what it is given, and notes on each span that it saw it start."""

    def __init__(self) -> None:
        self.started: list[Span] = []
        self.contexts: list[Context] = []
        self.ended: list[ReadableSpan] = []
        self.flushed: list[int] = []
        self.shutdowns = 0
        self.is_flushed = True

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        assert parent_context is not None
        self.started.append(span)
        self.contexts.append(parent_context)
        span.set_attribute("seen", "at start")

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.flushed.append(timeout_millis)
        return self.is_flushed

    def shutdown(self) -> None:
        self.shutdowns += 1


@pytest.fixture
def watcher(recorder: Recorder) -> Iterator[Watcher]:
    watcher = Watcher()
    recorder.tracer.provider.add_span_processor(watcher)
    yield watcher
    recorder.tracer.provider.shutdown()


@trace(metadata={"tier": "gold"})
def answer(question: str) -> str:
    return f"to {question}"


def test_our_own_events_start_and_end_before_a_users_processor(recorder: Recorder, watcher: Watcher) -> None:
    with session("chat"):
        answer("why")

    (started,), (ended,) = watcher.started, watcher.ended
    event = recorder.event("answer")
    assert (started.name, ended.name) == ("answer", "answer")
    assert started.context == ended.context == started.get_span_context()
    assert ended.attributes is not None
    assert ended.attributes["honeyhive_inputs.question"] == "why"
    assert ended.attributes["honeyhive_outputs.result"] == "to why"
    assert ended.attributes["honeyhive_metadata.tier"] == "gold"
    assert ended.attributes["honeyhive.session_id"] == event.session_id
    assert ended.attributes["seen"] == "at start"
    assert event.metadata["seen"] == "at start"
    assert started.start_time is not None
    assert ended.end_time is not None
    assert ended.start_time == started.start_time < ended.end_time
    assert ended.instrumentation_scope is not None
    assert ended.instrumentation_scope.name == "honeyhive"
    assert ended.resource.attributes["process.pid"]
    assert not started.is_recording()


def test_parents_kinds_status_points_and_links_are_those_of_the_event(recorder: Recorder, watcher: Watcher) -> None:
    outer = start_event(EventType.chain, "outer", kind=2)
    assert outer is not None
    with outer.activate():
        inner = start_event(EventType.tool, "inner")
    assert inner is not None
    inner.add_link(outer.get_span_context(), {"why": "again"})
    inner.set_attribute("sizes", [1, 2])
    inner.fail(ValueError("bad input"))
    outer.finish()

    first, second = watcher.ended
    assert second.kind is SpanKind.SERVER
    assert second.parent is None
    assert first.parent is not None
    assert second.context is not None
    assert first.parent.span_id == second.context.span_id
    assert first.status.status_code is StatusCode.ERROR
    assert first.status.description == "ValueError: bad input"
    assert [event.name for event in first.events] == ["exception"]
    assert [link.context.span_id for link in first.links] == [second.context.span_id]
    assert first.attributes is not None
    assert first.attributes["sizes"] == (1, 2)
    assert '"name": "inner"' in first.to_json()


def test_third_parties_spans_on_our_provider_are_seen_in_the_same_form(recorder: Recorder, watcher: Watcher) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib", "1.0")
    with tracer.start_as_current_span("request", kind=SpanKind.SERVER, attributes={"at": "start"}) as span:
        span.set_attribute("later", 1)
        answer("why")

    assert [span.name for span in watcher.started] == ["request", "answer"]
    assert [span.name for span in watcher.ended] == ["answer", "request"]
    assert watcher.started[0].attributes is not None
    assert watcher.started[0].attributes["at"] == "start"
    assert watcher.ended[1].attributes is not None
    assert {"at": "start", "later": 1, "seen": "at start"}.items() <= watcher.ended[1].attributes.items()
    assert watcher.ended[1].instrumentation_scope is not None
    assert watcher.ended[1].instrumentation_scope.version == "1.0"


def test_scope_links_and_counts_of_what_was_dropped_reach_a_processor() -> None:
    with recording(max_events=2, max_attributes=3) as recorder:
        watcher = Watcher()
        recorder.tracer.provider.add_span_processor(watcher)
        link = Link(SpanContext(1, 2, is_remote=True, trace_state=TraceState([("vendor", "x")])), {"why": "retry"})
        spans = recorder.tracer.provider.get_tracer("lib", "1.0", "https://example.com/schema", {"team": "search"})
        with spans.start_as_current_span("query", links=[link], attributes={str(n): n for n in range(5)}) as span:
            for number in range(7):
                span.add_event(f"row {number}")
        recorder.tracer.provider.shutdown()

    (ended,) = watcher.ended
    assert (ended.dropped_attributes, ended.dropped_events, ended.dropped_links) == (3, 5, 0)  # with "seen" they are 6
    assert ended.links[0].context.trace_state.get("vendor") == "x"
    for each in (ended, watcher.started[0]):
        scope = each.instrumentation_scope
        assert scope is not None
        assert (scope.name, scope.version, scope.schema_url) == ("lib", "1.0", "https://example.com/schema")
        assert scope.attributes == {"team": "search"}


def test_secrets_reach_no_processor_not_even_at_the_start(recorder: Recorder, watcher: Watcher) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    with tracer.start_as_current_span(f"call {SECRET}", attributes={"header": SECRET}) as span:
        span.add_event("note", {"text": SECRET})
        span.set_status(StatusCode.ERROR, SECRET)
        answer(SECRET)

    seen = [*watcher.started, *watcher.ended]
    assert len(seen) == 4
    for each in seen:
        assert SECRET not in each.to_json()
        assert SECRET not in repr(each.attributes)


def test_an_exporter_of_the_sdk_works_as_the_users_own(recorder: Recorder) -> None:
    exporter = InMemorySpanExporter()
    recorder.tracer.provider.add_span_processor(SimpleSpanProcessor(exporter))
    with recorder.tracer.provider.get_tracer("lib").start_as_current_span("theirs"):
        answer("why")
    recorder.tracer.provider.shutdown()

    assert [span.name for span in exporter.get_finished_spans()] == ["answer", "theirs"]


def test_flush_and_shutdown_of_the_tracer_reach_the_processors(recorder: Recorder, watcher: Watcher) -> None:
    assert recorder.tracer.flush(timeout_millis=2_000) is True
    assert len(watcher.flushed) == 1
    assert 0 <= watcher.flushed[0] <= 2_000

    watcher.is_flushed = False
    assert recorder.tracer.flush() is False
    watcher.is_flushed = True

    recorder.tracer.shutdown()
    assert watcher.shutdowns == 1


def test_flushing_the_provider_is_flushing_the_tracer(recorder: Recorder, watcher: Watcher) -> None:
    assert recorder.tracer.provider.force_flush(1_000) is True
    assert len(watcher.flushed) == 1


@pytest.mark.swallows
def test_a_processor_that_raises_harms_nobody(recorder: Recorder) -> None:
    class Broken(SpanProcessor):
        def on_start(self, span: Span, parent_context: Context | None = None) -> None:
            raise RuntimeError("start")

        def on_end(self, span: ReadableSpan) -> None:
            raise RuntimeError("end")

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            raise RuntimeError("flush")

    good = Watcher()
    recorder.tracer.provider.add_span_processor(Broken())
    recorder.tracer.provider.add_span_processor(good)

    assert answer("why") == "to why"

    assert [span.name for span in good.ended] == ["answer"]
    assert recorder.event("answer").outputs["result"] == "to why"
    assert recorder.tracer.flush() is False
    recorder.tracer.provider.shutdown()


def test_what_a_processor_does_is_not_recorded(recorder: Recorder) -> None:
    class Traced(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            answer("from a processor")

    recorder.tracer.provider.add_span_processor(Traced())
    answer("why")
    recorder.tracer.provider.shutdown()

    assert [event.inputs["question"] for event in recorder.events()] == ["why"]


def test_processors_of_one_tracer_see_nothing_of_another(recorder: Recorder, watcher: Watcher) -> None:
    other = MemoryTracer(project="other")
    with other.session("chat"), other.provider.get_tracer("lib").start_as_current_span("elsewhere"):
        pass

    assert watcher.ended == []


def test_large_texts_and_model_events_arrive_whole_in_the_callers_thread(recorder: Recorder, watcher: Watcher) -> None:
    event = start_event(EventType.model, "call", inputs={"prompt": "x" * 100_000})
    assert event is not None
    event.finish(config={"model": "gpt-4o"}, metadata={"prompt_tokens": 7, "completion_tokens": 2})

    (ended,) = watcher.ended
    assert ended.attributes is not None
    assert ended.attributes["honeyhive_inputs.prompt"] == "x" * 100_000
    assert ended.attributes["honeyhive_metadata.prompt_tokens"] == 7


def test_a_provider_with_processors_can_be_forgotten() -> None:
    with recording() as recorder:
        recorder.tracer.provider.add_span_processor(Watcher())
        answer("why")
    reference = weakref.ref(recorder.tracer)
    del recorder
    gc.collect()

    assert reference() is None


def test_a_processor_sees_of_a_started_span_what_the_capture_policy_leaves() -> None:
    with recording(capture="metadata") as recorder:
        watcher = Watcher()
        recorder.tracer.provider.add_span_processor(watcher)
        said = {"input.value": "who is Ada?", "openinference.span.kind": "LLM"}
        with recorder.tracer.provider.get_tracer("lib").start_as_current_span("chat", attributes=said):
            pass
        recorder.tracer.provider.shutdown()

        seen = dict(watcher.started[0].attributes or {})
        assert "input.value" not in seen
        assert seen["openinference.span.kind"] == "LLM"


def test_a_processor_learns_of_a_start_in_the_context_that_the_event_starts_in(
    recorder: Recorder, watcher: Watcher
) -> None:
    baggage = {"baggage": "team=search", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "tracestate": "vendor=x"}
    event = start_event(EventType.chain, "GET /", parent=extract(baggage))
    assert event is not None
    event.end()

    (started,) = watcher.started
    assert otel_baggage.get_baggage("team", watcher.contexts[0]) == "search"
    assert started.parent is not None
    assert started.parent.is_remote
    assert started.get_span_context().trace_state.get("vendor") == "x"
