"""Whose events: the tracer that is given, that of the event or session around, the first one of the process."""

import gc
import threading
from contextvars import Context, copy_context

import pytest
from honeyhive import enrich_session, enrich_span, trace
from honeyhive.integration import EventType, start_event
from honeyhive.testing import MemoryTracer, Recorder


@trace
def work() -> None:
    enrich_span(metadata={"seen": True})


@pytest.fixture
def second(recorder: Recorder) -> MemoryTracer:
    """A tracer that is made after the default one."""
    return MemoryTracer(project="second", source="theirs")


def _names(recorder: Recorder) -> list[str]:
    return [event.event_name for event in recorder.events()]


@pytest.mark.parametrize("test_mode", [True, False])
def test_a_later_tracer_takes_nothing_away_from_the_first(recorder: Recorder, test_mode: bool) -> None:
    later = MemoryTracer(project="later", test_mode=test_mode)
    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert _names(recorder) == ["work", "work"]
    assert later.recorder.events() == []


def test_a_bare_trace_belongs_to_the_session_it_is_in(recorder: Recorder, second: MemoryTracer) -> None:
    with second.session() as session:
        work()
    work()

    assert _names(recorder) == ["work"]
    (event,) = second.recorder.events()
    assert (event.project, event.session_id, event.metadata["seen"]) == ("second", session.session_id, True)


def test_a_bare_trace_belongs_to_the_event_it_is_in(recorder: Recorder, second: MemoryTracer) -> None:
    with recorder.tracer.session():
        trace(tracer=second, event_name="outer")(work)()

    assert _names(second.recorder) == ["outer", "work"]
    assert _names(recorder) == []


def test_a_session_inside_an_event_is_nearer_than_the_event(recorder: Recorder, second: MemoryTracer) -> None:
    @trace(tracer=second, event_name="outer")
    def outer() -> None:
        with recorder.tracer.session():
            work()

    outer()

    assert _names(second.recorder) == ["outer"]
    assert _names(recorder) == ["work"]


def test_an_explicit_tracer_wins_over_both(recorder: Recorder, second: MemoryTracer) -> None:
    mine = trace(tracer=recorder.tracer, event_name="mine")(lambda: None)
    with second.session():
        trace(event_name="outer")(mine)()

    assert _names(recorder) == ["mine"]
    assert _names(second.recorder) == ["outer"]


def test_two_projects_do_not_bleed_into_one_another(recorder: Recorder, second: MemoryTracer) -> None:
    ours = trace(tracer=recorder.tracer, event_name="ours")(lambda: None)
    theirs = trace(tracer=second, event_name="theirs")(lambda: None)
    with recorder.tracer.session() as session:
        theirs()
        ours()
        with second.session() as inner:
            theirs()
            ours()

    assert {event.session_id for event in recorder.events()} == {session.session_id}
    assert {(event.project, event.source) for event in recorder.events(with_sessions=True)} == {("tests", "dev")}
    theirs_said = {(event.project, event.source) for event in second.recorder.events(with_sessions=True)}
    assert theirs_said == {("second", "theirs")}
    sessions = {event.session_id for event in second.recorder.events()}
    assert inner.session_id in sessions
    assert session.session_id not in sessions


def test_an_event_in_the_session_of_another_tracer_keeps_its_own_source(recorder: Recorder) -> None:
    worker = MemoryTracer(project="tests", source="worker")
    with recorder.tracer.session("shared") as session:
        worker.create_event("theirs")
        trace(tracer=worker, event_name="ours")(lambda: None)()
        work()

    found = [*worker.recorder.events(), *recorder.events()]
    assert {event.session_id for event in found} == {session.session_id}
    sources = {event.event_name: (event.source, event.project) for event in found}
    assert sources == {"theirs": ("worker", "tests"), "ours": ("worker", "tests"), "work": ("dev", "tests")}


def test_a_tracer_takes_nothing_over_from_one_that_is_gone() -> None:
    """1.x told tracers apart by `id()`, which the next object at that place has again."""
    left: list[Context] = []
    for _ in range(20):
        with MemoryTracer(project="gone").session("s"):
            left.append(copy_context())
    gc.collect()

    later = [MemoryTracer(project="later") for _ in range(20)]
    for context in left:
        context.run(work)

    assert [tracer.recorder.spans() for tracer in later] == [[]] * 20


def test_a_span_of_a_tracers_provider_is_an_event_of_that_tracer(recorder: Recorder, second: MemoryTracer) -> None:
    with second.provider.get_tracer("lib").start_as_current_span("request"):
        work()

    assert set(_names(second.recorder)) == {"request", "work"}
    assert recorder.events() == []


def test_an_adapters_event_belongs_to_the_session_it_starts_in(recorder: Recorder, second: MemoryTracer) -> None:
    with second.session():
        event = start_event(EventType.chain, "run")
        assert event is not None
        with event.activate():
            work()
        event.end()

    assert _names(second.recorder) == ["run", "work"]
    assert recorder.events() == []


def test_what_a_tracer_says_of_an_event_stays_with_its_own(recorder: Recorder, second: MemoryTracer) -> None:
    @trace
    def ours() -> None:
        assert not second.enrich_span(metadata={"theirs": True})
        assert not enrich_span(metadata={"theirs": True}, tracer=second)
        assert enrich_span(metadata={"ours": True}, tracer_instance=recorder.tracer)
        assert recorder.tracer.enrich_span(metadata={"ours too": True})

    ours()

    metadata = recorder.events()[0].metadata
    assert (metadata["ours"], metadata["ours too"], "theirs" in metadata) == (True, True, False)


def test_what_a_tracer_says_of_a_session_stays_with_its_own(recorder: Recorder, second: MemoryTracer) -> None:
    with second.session() as session:
        enrich_session(metadata={"bare": True})
        enrich_session(metadata={"ours": True}, tracer=recorder.tracer)

    (theirs,) = [one for one in second.recorder.sessions() if one.session_id == session.session_id]
    assert theirs.root.metadata["bare"] is True
    assert "ours" not in theirs.root.metadata
    assert recorder.sessions()[0].root.metadata["ours"] is True


def test_the_tracer_may_be_found_by_a_bound_method(recorder: Recorder) -> None:
    class Registry:
        def current(self) -> MemoryTracer:
            return recorder.tracer

        def of(self, service: object) -> MemoryTracer:
            return recorder.tracer

    class Service:
        @trace(tracer=Registry().of)
        def look_up(self, key: str) -> None:
            pass

    @trace(tracer=Registry().current)
    def answer(question: str) -> None:
        pass

    answer("why")
    Service().look_up("k")

    assert [event.inputs for event in recorder.events()] == [{"question": "why"}, {"key": "k"}]
