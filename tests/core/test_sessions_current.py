"""Sessions that a call makes current, 1.x's `create_session` among them: they hold for one unit of work and no longer."""

import asyncio
import contextvars
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from honeyhive import enrich_session, session, trace
from honeyhive.events.event import Event
from honeyhive.integration import attached, extract, inject, session_scope, start_event
from honeyhive.models import EventType
from honeyhive.testing import MemoryTracer, Recorder, wait_until
from honeyhive.tracing.blocks import acreate_session, create_session, start_session, with_session
from opentelemetry.context import Context


@trace
def work(name: str) -> None:
    pass


def in_own_thread(function: Callable[[], Any]) -> None:
    """Run *function* where no other test's context reaches."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def sessions_by_input(recorder: Recorder) -> dict[str, str]:
    return {event.inputs["name"]: event.session_id for event in recorder.events() if "name" in event.inputs}


def root_of(recorder: Recorder, session_id: str) -> Event:
    return next(found.root for found in recorder.sessions() if found.session_id == session_id)


def session_spans(recorder: Recorder, session_id: str) -> list[tuple[int, int]]:
    """Start and end of each time the session's own event was written."""
    return [
        (span.start_ns, span.end_ns)
        for span in recorder.spans()
        if span.attributes.get("honeyhive_event_id") == session_id
    ]


def test_the_next_request_on_a_pool_thread_does_not_inherit_the_session(recorder: Recorder) -> None:
    ids: list[str] = []

    def first() -> None:
        ids.append(create_session(recorder.tracer.channel, "request-1", inputs={"path": "/a"}))
        work("first")

    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(first).result()
        pool.submit(work, "second").result()
        pool.submit(first).result()
        pool.submit(work, "third").result()

    own = recorder.tracer.session_id
    assert sessions_by_input(recorder) == {"first": ids[1], "second": own, "third": own}
    assert len({*ids, own}) == 3
    for session_id in ids:
        root = root_of(recorder, session_id)
        assert (root.event_name, root.inputs, root.metadata["status"]) == ("request-1", {"path": "/a"}, "ok")
        assert session_spans(recorder, session_id)[-1][1] > session_spans(recorder, session_id)[0][0]


def test_the_session_of_one_asyncio_task_does_not_reach_another(recorder: Recorder) -> None:
    channel = recorder.tracer.channel
    ids: dict[str, str] = {}

    async def request(name: str) -> None:
        ids[name] = await acreate_session(channel, name)
        await asyncio.sleep(0)
        work(name)

    async def serve() -> None:
        await asyncio.gather(*(request(f"r{number}") for number in range(20)))
        work("after")

    asyncio.run(serve())

    assert sessions_by_input(recorder) == {**ids, "after": recorder.tracer.session_id}
    assert len(set(ids.values())) == 20
    assert all(len(session_spans(recorder, session_id)) == 2 for session_id in ids.values())


def test_work_that_a_task_leaves_behind_stays_in_its_session(recorder: Recorder) -> None:
    channel = recorder.tracer.channel
    ids: list[str] = []

    async def request(background: list[asyncio.Task[None]], done: asyncio.Event) -> None:
        ids.append(create_session(channel))

        async def later() -> None:
            await done.wait()
            work("background")

        background.append(asyncio.create_task(later()))

    async def serve() -> None:
        background: list[asyncio.Task[None]] = []
        done = asyncio.Event()
        await asyncio.create_task(request(background, done))
        await asyncio.sleep(0)
        assert len(session_spans(recorder, ids[0])) == 2  # ended with its task
        done.set()
        await background[0]

    asyncio.run(serve())

    assert sessions_by_input(recorder) == {"background": ids[0]}


def test_a_session_ends_with_its_task_also_where_something_keeps_the_context(recorder: Recorder) -> None:
    kept: list[contextvars.Context] = []

    async def request() -> str:
        session_id = create_session(recorder.tracer.channel)
        kept.append(contextvars.copy_context())  # as a connection pool does
        return session_id

    async def serve() -> str:
        session_id = await asyncio.create_task(request())
        await asyncio.sleep(0)
        assert len(session_spans(recorder, session_id)) == 2
        return session_id

    assert asyncio.run(serve())


def test_a_session_made_in_a_traced_call_ends_with_the_call(recorder: Recorder) -> None:
    ids: list[str] = []

    @trace
    def handle(name: str) -> None:
        ids.append(create_session(recorder.tracer.channel, "inner"))
        work(f"{name}-inside")

    def program() -> None:
        handle("a")
        work("between")
        handle("b")

    in_own_thread(program)

    own = recorder.tracer.session_id
    assert sessions_by_input(recorder) == {
        "a": own,
        "a-inside": ids[0],
        "between": own,
        "b": own,
        "b-inside": ids[1],
    }
    inside = next(event for event in recorder.events() if event.inputs["name"] == "a-inside")
    assert inside.parent_id == ids[0]
    assert all(len(session_spans(recorder, session_id)) == 2 for session_id in ids)


def test_a_session_made_in_a_session_block_ends_with_the_block_and_names_it(recorder: Recorder) -> None:
    with session("outer") as outer:
        inner = create_session(recorder.tracer.channel)
        work("inside")
    work("after")

    assert sessions_by_input(recorder) == {"inside": inner, "after": recorder.tracer.session_id}
    assert root_of(recorder, inner).metadata["parent_session_id"] == outer.session_id


def test_the_next_session_in_a_loop_replaces_the_one_before(recorder: Recorder) -> None:
    ids: list[str] = []

    def worker_loop() -> None:
        for number in range(3):
            ids.append(create_session(recorder.tracer.channel, f"job-{number}"))
            work(f"job-{number}")
            assert [len(session_spans(recorder, one)) for one in ids] == [2] * number + [1]

    in_own_thread(worker_loop)

    assert sessions_by_input(recorder) == {f"job-{number}": ids[number] for number in range(3)}
    assert all("parent_session_id" not in root_of(recorder, one).metadata for one in ids)
    wait_until(lambda: len(session_spans(recorder, ids[2])) == 2)  # ended with its thread


def test_a_session_made_in_a_dependency_reaches_the_endpoint_and_not_the_next_request(recorder: Recorder) -> None:
    """A web framework runs synchronous dependencies in a copy of the request's context, in another thread."""
    channel = recorder.tracer.channel

    def request(name: str, *, with_own: bool) -> str | None:
        scope, context = session_scope(name, Context())
        made: list[str] = []
        with attached(context):
            if with_own:
                copied = contextvars.copy_context()
                in_own_thread(lambda: copied.run(lambda: made.append(create_session(channel, "own"))))
            work(name)
        scope.finish()
        return made[0] if made else scope.session_id

    def serve() -> None:
        ids.append(request("first", with_own=True))
        ids.append(request("second", with_own=False))

    ids: list[str | None] = []
    in_own_thread(serve)

    assert sessions_by_input(recorder) == {"first": ids[0], "second": ids[1]}
    assert len(session_spans(recorder, str(ids[0]))) == 2


def test_a_carried_request_may_have_a_session_of_its_own(recorder: Recorder) -> None:
    carrier: dict[str, str] = {}
    with session("caller") as caller:
        inject(carrier)

    def serve() -> None:
        scope, context = session_scope("request", extract(carrier))
        with attached(context):
            work("before")
            made.append(create_session(recorder.tracer.channel))
            work("after")
        scope.finish()

    made: list[str] = []
    in_own_thread(serve)

    assert sessions_by_input(recorder) == {"before": caller.session_id, "after": made[0]}
    assert len(session_spans(recorder, made[0])) == 2


def test_a_started_session_is_current_until_it_is_ended(recorder: Recorder) -> None:
    def program() -> None:
        started = start_session("chat", user_properties={"user_id": "u"}, metrics={"score": 1})
        work("inside")
        enrich_session(feedback={"rating": 5})
        started.end(ValueError("no"))
        started.end()
        work("after")
        ids.append(started.session_id)

    ids: list[str] = []
    in_own_thread(program)

    assert sessions_by_input(recorder) == {"inside": ids[0], "after": recorder.tracer.session_id}
    root = root_of(recorder, ids[0])
    assert (root.error, root.metadata["status"]) == ("ValueError: no", "error")
    assert (root.user_properties, root.metrics, root.feedback) == ({"user_id": "u"}, {"score": 1}, {"rating": 5})


def test_ending_a_nested_started_session_gives_back_the_one_around_it(recorder: Recorder) -> None:
    @trace
    def step() -> None:
        inner = start_session("inner")
        work("inner")
        inner.end()
        work("outer again")

    def program() -> None:
        outer = start_session("outer")
        step()
        work("outer still")
        outer.end()
        ids.append(outer.session_id)

    ids: list[str] = []
    in_own_thread(program)

    found = sessions_by_input(recorder)
    assert found["outer again"] == found["outer still"] == ids[0]
    assert found["inner"] != ids[0]


def test_a_session_is_known_before_it_ends_and_ended_by_the_end_of_the_tracer(recorder: Recorder) -> None:
    def program() -> None:
        session_id = create_session(recorder.tracer.channel, "long", user_properties={"user_id": "u"})
        assert root_of(recorder, session_id).user_properties == {"user_id": "u"}
        enrich_session(outputs={"answer": 42})
        recorder.tracer.shutdown()
        assert len(session_spans(recorder, session_id)) == 2
        assert root_of(recorder, session_id).outputs == {"answer": 42}
        done.append(session_id)

    done: list[str] = []
    in_own_thread(program)

    assert done


def test_the_id_is_the_one_that_was_given_and_the_instance_keeps_its_own(recorder: Recorder) -> None:
    channel = recorder.tracer.channel
    own = recorder.tracer.session_id

    def program() -> None:
        given = create_session(channel, "s", "0F0E0D0C-0B0A-4908-8706-050403020100", source="prod")
        work("inside")
        assert given == "0f0e0d0c-0b0a-4908-8706-050403020100"
        assert recorder.tracer.session_id == own

    in_own_thread(program)

    (event,) = recorder.events()
    assert (event.session_id, event.source) == ("0f0e0d0c-0b0a-4908-8706-050403020100", "prod")


def test_a_session_that_exists_elsewhere_is_joined_without_an_event_of_its_own(recorder: Recorder) -> None:
    elsewhere = "0f0e0d0c-0b0a-4908-8706-050403020100"

    def program() -> None:
        create_session(recorder.tracer.channel, session_id=elsewhere, metadata={"seen": True}, skip_api_call=True)
        work("inside")

    in_own_thread(program)

    (found,) = recorder.sessions()
    assert session_spans(recorder, elsewhere) == []
    assert (found.session_id, found.root.metadata["seen"], len(found.events)) == (elsewhere, True, 1)


def test_an_id_that_is_no_uuid_is_replaced_with_a_warning_that_does_not_tell_it(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[str] = []
    in_own_thread(lambda: made.append(create_session(recorder.tracer.channel, session_id="user-secret")))

    assert made[0] != "user-secret"
    assert "not a UUID" in caplog.text
    assert "user-secret" not in caplog.text


def test_a_session_without_a_name_gets_one_of_its_id(recorder: Recorder) -> None:
    made: list[str] = []
    in_own_thread(lambda: made.append(create_session(recorder.tracer.channel)))

    assert root_of(recorder, made[0]).event_name == f"session-{made[0][:8]}"


def test_with_session_ends_with_its_block(recorder: Recorder) -> None:
    with with_session(recorder.tracer.channel, "block", metadata={"a": 1}) as session_id:
        work("inside")
    work("after")

    assert sessions_by_input(recorder) == {"inside": session_id, "after": recorder.tracer.session_id}
    assert root_of(recorder, session_id).metadata["a"] == 1


def test_a_tracer_that_records_nothing_still_gives_an_id() -> None:
    tracer = MemoryTracer(disable_tracing=True)

    session_id = create_session(tracer.channel, "s")
    with with_session(tracer.channel) as other:
        pass

    assert len({session_id, other}) == 2
    assert tracer.recorder.spans() == []


def test_a_model_event_that_spans_the_start_of_a_session_keeps_its_own(recorder: Recorder) -> None:
    def program() -> None:
        event = start_event(EventType.chain, "outer")
        assert event is not None
        with event.activate():
            session_id = create_session(recorder.tracer.channel)
            work("inside")
        event.finish()
        ids.append(session_id)

    ids: list[str] = []
    in_own_thread(program)

    assert recorder.event("outer").session_id == recorder.tracer.session_id
    assert sessions_by_input(recorder) == {"inside": ids[0]}


def test_many_sessions_leave_nothing_behind(recorder: Recorder) -> None:
    channel = recorder.tracer.channel

    def loop() -> None:
        for _ in range(200):
            create_session(channel)

    async def serve() -> None:
        for _ in range(200):
            await asyncio.create_task(acreate_session(channel))
        for _ in range(200):  # one task that serves many messages
            await acreate_session(channel)

    with ThreadPoolExecutor(max_workers=2) as pool:
        for _ in range(200):
            pool.submit(create_session, channel)
    in_own_thread(loop)
    asyncio.run(serve())
    gc.collect()

    assert channel.open_sessions == set()
