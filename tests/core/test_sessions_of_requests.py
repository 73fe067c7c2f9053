"""Requests and jobs under 1.x's two ways to have sessions: `create_session` by hand, and none at init."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from honeyhive import trace
from honeyhive.testing import Recorder, recording
from opentelemetry.trace import SpanKind

SESSION_FREE: Any = {"skip_backend_session_creation": True}


@trace
def work(name: str) -> None:
    pass


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A tracer that was told to open no session at init."""
    with recording(project="tests", **SESSION_FREE) as recorded:
        yield recorded


def session_of(recorder: Recorder, name: str) -> str:
    """The session of the event that worked for *name*."""
    (found,) = {event.session_id for event in recorder.events() if event.inputs.get("name") == name}
    return found


def each_in_turn(requests: list[Callable[[], Any]]) -> None:
    """Run *requests* one after another in one thread, as a worker of a server does."""
    with ThreadPoolExecutor(1) as pool:
        for request in requests:
            pool.submit(request).result()


def test_requests_of_one_thread_have_the_session_that_they_created_or_none_of_anothers(recorder: Recorder) -> None:
    tracer, ids = recorder.tracer, dict[str, str]()

    def request(name: str) -> None:
        ids[name] = tracer.create_session(name)
        work(name)

    async def arequest(name: str) -> None:
        ids[name] = await tracer.acreate_session(name)
        work(name)

    def block(name: str) -> None:
        with tracer.with_session(name) as ids[name]:
            work(name)
        work(f"after {name}")

    each_in_turn(
        [
            lambda: request("a"),
            lambda: work("none"),
            lambda: asyncio.run(arequest("b")),
            lambda: work("none"),
            lambda: block("c"),
            lambda: work("none"),
        ]
    )

    assert len({*ids.values()}) == 3
    assert {name: session_of(recorder, name) for name in ids} == ids
    assert {session_of(recorder, name) for name in ("none", "after c")} == {tracer.session_id}


def test_what_is_said_and_written_by_hand_in_a_request_is_of_its_session(recorder: Recorder) -> None:
    tracer, ids = recorder.tracer, dict[str, str]()

    def request(name: str) -> None:
        ids[name] = tracer.create_session(name)
        tracer.create_event("lookup", inputs={"name": name})
        tracer.enrich_session({"handled": name})

    each_in_turn([lambda: request("a"), lambda: tracer.create_event("lookup", inputs={"name": "none"})])
    with tracer.provider.get_tracer("a framework's").start_as_current_span("b", kind=SpanKind.SERVER):
        tracer.create_event("lookup", inputs={"name": "b"})
        tracer.enrich_session({"handled": "b"})

    handled = {found.session_id: found.root.metadata.get("handled") for found in recorder.sessions()}
    assert session_of(recorder, "a") == ids["a"]
    assert [handled[session_of(recorder, name)] for name in ("a", "b", "none")] == ["a", "b", None]


@pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.CONSUMER])
@pytest.mark.parametrize("has_a_thread_each", [False, True])
def test_requests_that_create_none_have_a_session_each(
    recorder: Recorder, kind: SpanKind, has_a_thread_each: bool
) -> None:
    tracer = recorder.tracer.provider.get_tracer("a framework's instrumentation")

    def request(name: str) -> None:
        with tracer.start_as_current_span(name, kind=kind):
            work(name)

    names = ["first", "second", "third"]
    if has_a_thread_each:
        threads = [threading.Thread(target=request, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
            thread.join()
    else:
        each_in_turn([*(lambda name=name: request(name) for name in names), lambda: work("between requests")])
        assert session_of(recorder, "between requests") == recorder.tracer.session_id

    own = {name: session_of(recorder, name) for name in names}
    assert len({*own.values(), recorder.tracer.session_id}) == 4
    roots = {found.session_id: found.root.event_name for found in recorder.sessions()}
    assert {roots[own[name]] for name in names} == set(names)


@pytest.mark.parametrize("kind", list(SpanKind))
def test_no_root_span_is_dropped_whatever_its_kind(
    recorder: Recorder, kind: SpanKind, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = recorder.tracer.provider.get_tracer("lib")
    with tracer.start_as_current_span("root", kind=kind):
        work("inside")
    with recorder.tracer.start_span("ours", kind=kind):
        pass

    assert [event.event_name for event in recorder.events()].count("root") == 1
    assert session_of(recorder, "inside") == recorder.event("root").session_id
    assert recorder.event("ours").session_id == recorder.tracer.session_id
    assert caplog.records == []
    stats = recorder.tracer.stats()
    assert (stats.accepted, stats.dropped) == (stats.delivered, {})
