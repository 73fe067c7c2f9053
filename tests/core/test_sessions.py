"""Sessions: a scope that cannot bleed, an event of their own, and how readers put them together."""

import asyncio
import contextvars
import threading
import uuid
from typing import Any

import pytest
from honeyhive import enrich_session, session, trace
from honeyhive.errors import ConfigurationError
from honeyhive.events.event import Event, EventType
from honeyhive.events.reader import Update
from honeyhive.events.sessions import assemble
from honeyhive.testing import MemoryTracer, Recorder
from honeyhive.tracing.blocks import SessionBlock


@trace
def work(name: str) -> None:
    pass


def test_a_session_ends_with_its_block_and_the_next_event_is_outside(recorder: Recorder) -> None:
    with session("chat", user_properties={"user_id": "u1"}, inputs={"q": "?"}) as first:
        work("in")
        enrich_session(metadata={"tier": "gold"}, outputs={"a": "!"})
    work("out")

    inside = next(found for found in recorder.sessions() if found.session_id == first.session_id)
    assert [event.inputs["name"] for event in inside.events] == ["in"]
    assert inside.root.event_id == inside.root.session_id == first.session_id
    assert inside.root.user_properties == {"user_id": "u1"}
    assert (inside.root.inputs, inside.root.outputs, inside.root.metadata["tier"]) == ({"q": "?"}, {"a": "!"}, "gold")
    assert inside.root.parent_id is None
    assert inside.events[0].parent_id == first.session_id
    (outside,) = [event for event in recorder.events() if event.inputs.get("name") == "out"]
    assert outside.session_id == recorder.tracer.session_id


def test_sessions_of_concurrent_tasks_and_threads_stay_apart(recorder: Recorder) -> None:
    ids: dict[str, str | None] = {}

    async def one(name: str) -> None:
        async with session(name) as block:
            ids[name] = block.session_id
            await asyncio.sleep(0)
            work(name)

    async def many() -> None:
        await asyncio.gather(*(one(f"task-{number}") for number in range(20)))

    asyncio.run(many())
    threads = [threading.Thread(target=asyncio.run, args=(one(f"thread-{number}"),)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {event.inputs["name"]: event.session_id for event in recorder.events()} == ids
    assert len(set(ids.values())) == 25


def test_an_inner_session_starts_a_tree_of_its_own(recorder: Recorder) -> None:
    @trace
    def outer() -> None:
        with session("inner"):
            work("nested")

    with session("outer"):
        outer()

    by_name = {found.root.event_name: found for found in recorder.sessions()}
    assert by_name["inner"].events[0].parent_id == by_name["inner"].session_id
    assert not by_name["inner"].orphans()
    assert [event.event_name for event in by_name["outer"].events] == [outer.__qualname__]


def test_an_error_that_leaves_the_block_marks_the_session(recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="no"), session("chat"):
        raise ValueError("no")

    (found,) = recorder.sessions()
    assert (found.root.error, found.root.metadata["status"]) == ("ValueError: no", "error")


def test_a_session_id_is_a_uuid_and_is_kept_in_lower_case(recorder: Recorder) -> None:
    with session(session_id="0F0E0D0C-0B0A-4908-8706-050403020100") as block:
        work("a")

    assert recorder.events()[0].session_id == block.session_id == "0f0e0d0c-0b0a-4908-8706-050403020100"
    with pytest.raises(ConfigurationError, match="must be a UUID"):
        session(session_id="me")


def test_what_is_said_of_the_process_session_folds_in_as_an_update(recorder: Recorder) -> None:
    work("a")
    enrich_session(user_properties={"plan": "pro"}, region="eu")

    (found,) = recorder.sessions()
    assert found.root.user_properties == {"plan": "pro"}
    assert found.root.metadata["region"] == "eu"
    assert len(found.events) == 1


def test_the_process_session_has_one_event_with_its_end(recorder: Recorder) -> None:
    work("a")
    recorder.tracer.shutdown()
    work("after")

    (found,) = recorder.sessions()
    assert found.root.end_time > found.events[0].end_time
    assert len(found.events) == 1


def test_a_session_says_all_its_fields_at_its_start(recorder: Recorder) -> None:
    async def chat() -> None:
        async with session(
            "chat",
            inputs={"q": 1},
            outputs={"a": 2},
            metadata={"m": 3},
            user_properties={"u": 4},
            feedback={"f": 5},
            metrics={"x": 6},
        ):
            work("a")

    asyncio.run(chat())

    (found,) = recorder.sessions()
    root = found.root
    said = (root.inputs, root.outputs, root.user_properties, root.feedback, root.metrics, root.metadata["m"])
    assert said == ({"q": 1}, {"a": 2}, {"u": 4}, {"f": 5}, {"x": 6}, 3)


def test_an_inner_session_wins_and_names_the_one_around_it(recorder: Recorder) -> None:
    with session("outer") as outer:
        work("before")
        with session("inner") as inner:
            work("inside")
        work("after")

    found = {event.inputs["name"]: event.session_id for event in recorder.events()}
    assert found == {"before": outer.session_id, "inside": inner.session_id, "after": outer.session_id}
    roots = {one.root.event_name: one.root for one in recorder.sessions()}
    assert roots["inner"].metadata["parent_session_id"] == outer.session_id
    assert "parent_session_id" not in roots["outer"].metadata


def test_a_session_that_is_continued_merges_with_what_was_said_before(recorder: Recorder) -> None:
    with session("chat", inputs={"q": 1}, user_properties={"user_id": "u"}) as first:
        work("a")
    with session(session_id=first.session_id, outputs={"a": 2}):
        work("b")

    (found,) = recorder.sessions()
    assert [event.inputs["name"] for event in found.events] == ["a", "b"]
    assert (found.root.event_name, found.root.inputs, found.root.outputs) == ("chat", {"q": 1}, {"a": 2})
    assert found.root.user_properties == {"user_id": "u"}
    assert found.root.start_time < found.events[0].start_time < found.events[1].end_time < found.root.end_time


def test_a_session_that_is_continued_inside_itself_is_not_its_own_parent(recorder: Recorder) -> None:
    with session("chat") as outer, session(session_id=outer.session_id):
        work("a")

    (found,) = recorder.sessions()
    assert "parent_session_id" not in found.root.metadata


def test_a_conversation_id_stays_what_it_is_and_none_is_invented(recorder: Recorder) -> None:
    with session("given", metadata={"conversation_id": "c-1"}):
        work("a")
    with session("none"):
        work("b")

    roots = {one.root.event_name: one.root for one in recorder.sessions()}
    assert roots["given"].metadata["conversation_id"] == "c-1" != roots["given"].session_id
    assert not any("conversation" in key for key in roots["none"].metadata)


def test_cancellation_is_a_status_of_its_own(recorder: Recorder) -> None:
    async def chat(started: asyncio.Event) -> None:
        async with session("chat"):
            started.set()
            await asyncio.Event().wait()

    async def program() -> None:
        started = asyncio.Event()
        task = asyncio.create_task(chat(started))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(program())

    (found,) = recorder.sessions()
    assert (found.root.metadata["status"], found.root.error) == ("cancelled", None)


def test_an_event_of_another_project_stays_out_of_the_session(recorder: Recorder) -> None:
    other = MemoryTracer(project="other")

    @trace(tracer=other)
    def theirs() -> None:
        enrich_session(metadata={"said inside": 1})

    with session("ours") as ours:
        work("a")
        theirs()
        with other.session("theirs"):
            work("b")
            theirs()
        work("c")

    (mine,) = recorder.sessions()
    assert mine.session_id == ours.session_id
    assert "said inside" not in mine.root.metadata
    assert [event.inputs["name"] for event in mine.events] == ["a", "c"]
    found = {one.root.event_name: one for one in other.recorder.sessions()}
    assert [event.event_name for event in found["theirs"].events] == [work.__qualname__, theirs.__qualname__]
    (outside,) = [one for one in found.values() if one.session_id == other.session_id]
    assert [event.event_name for event in outside.events] == [theirs.__qualname__]
    assert not any(one.orphans() for one in found.values())
    assert {event.project for one in found.values() for event in one.events} == {"other"}


def test_the_nearest_session_of_a_tracer_counts_where_sessions_of_several_are_nested(recorder: Recorder) -> None:
    other = MemoryTracer(project="other")

    @trace(tracer=other)
    def theirs() -> None:
        pass

    with other.session("theirs") as wanted, session("ours"):
        theirs()

    assert other.recorder.event(theirs.__qualname__).session_id == wanted.session_id


def test_tracers_of_one_project_share_the_session_of_an_interaction(recorder: Recorder) -> None:
    twin = MemoryTracer(project="tests", source="other source")

    @trace(tracer=twin)
    def theirs() -> None:
        pass

    with session("ours") as ours:
        theirs()

    event = twin.recorder.event(theirs.__qualname__)
    assert (event.session_id, event.source) == (ours.session_id, "other source")


def an_event(event_id: str, parent_id: str | None, **changes: object) -> Event:
    fields: dict[str, object] = {
        "event_id": event_id,
        "session_id": "s",
        "parent_id": parent_id,
        "event_type": EventType.tool,
        "event_name": event_id,
        "start_time": 1.0,
        "end_time": 2.0,
    }
    return Event.from_dict({**fields, **changes})


def test_events_assemble_in_any_order_with_parts_merged_and_orphans_shown() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "cost": 0.5}
    events = [
        an_event("m", "t", event_type="model", metadata=usage, end_time=9.0),
        an_event("lost", "nowhere"),
        an_event("t", "s", end_time=5.0),
        an_event("t", "s", end_time=3.0),
        an_event("s", None, event_type="session"),
    ]

    for order in (events, events[::-1]):
        (found,) = assemble(order)
        assert [(depth, event.event_id) for depth, event in found.walk()] == [(0, "s"), (1, "t"), (2, "m"), (1, "lost")]
        assert found.orphans() == (next(event for event in found.events if event.event_id == "lost"),)
        assert next(event for event in found.events if event.event_id == "t").end_time == 5.0
        assert found.root.end_time == 9.0
        assert {**usage, "num_events": 3, "num_model_events": 1}.items() <= found.root.metadata.items()


def test_a_session_whose_event_is_missing_is_made_from_its_events() -> None:
    (found,) = assemble([an_event("t", "s")])

    assert found.root.event_type is EventType.session
    assert found.root.metadata["synthesized"] is True
    assert not found.orphans()


def test_an_event_record_reads_back_from_its_json_form_and_names_a_bad_field() -> None:
    event = an_event("t", "s", inputs={"a": [1]}, children_ids=["x"])

    assert Event.from_dict(event.to_dict()) == event
    with pytest.raises(ValueError, match="unknown fields \\['colour'\\]"):
        Event.from_dict({**event.to_dict(), "colour": 1})
    with pytest.raises(ValueError, match="start_time is str; it must be a number of Unix milliseconds"):
        an_event("t", "s", start_time="now")
    with pytest.raises(ValueError, match="event_type is 'agent'; it is one of model, tool"):
        an_event("t", "s", event_type="agent")


def test_totals_count_only_numbers_whatever_a_user_wrote() -> None:
    odd = {"prompt_tokens": "12", "completion_tokens": True, "total_tokens": float("nan"), "cost": "0.01"}
    (found,) = assemble([an_event("m", "s", event_type="model", metadata=odd)])

    assert {
        "prompt_tokens": 0,
        "total_tokens": 0,
        "cost": None,
        "unpriced_model_events": 1,
    }.items() <= found.root.metadata.items()


def test_events_that_name_each_other_as_parent_are_shown_once() -> None:
    (found,) = assemble([an_event("a", "b"), an_event("b", "a"), an_event("c", "s")])

    assert sorted(event.event_id for _, event in found.walk()) == ["a", "b", "c", "s"]


def test_a_session_that_was_continued_keeps_what_each_part_said() -> None:
    first = an_event("s", None, event_type="session", inputs={"q": 1}, start_time=1.0, end_time=2.0)
    second = an_event("s", None, event_type="session", outputs={"a": 2}, start_time=5.0, end_time=6.0)

    for order in ([first, second], [second, first]):
        (found,) = assemble([*order, an_event("t", "s")])
        assert (found.root.inputs, found.root.outputs, found.root.start_time) == ({"q": 1}, {"a": 2}, 1.0)


def test_what_is_said_of_a_session_that_still_runs_is_shown() -> None:
    update = Update(event_id="s", session_id="s", time=1.0, error=None, fields={"metadata": {"tier": "gold"}})

    (found,) = assemble([update, an_event("t", "s")])

    assert found.root.metadata["tier"] == "gold"
    assert found.root.metadata["synthesized"] is True


def test_what_is_said_of_one_tracers_session_is_not_said_of_anothers(recorder: Recorder) -> None:
    other = MemoryTracer(project="other")

    @trace(tracer=other)
    def theirs() -> None:
        enrich_session(metadata={"inside": 1})

    theirs()
    other.enrich_session(metadata={"outside": 2})

    assert recorder.spans() == []
    (found,) = other.recorder.sessions()
    assert {"inside": 1, "outside": 2}.items() <= found.root.metadata.items()


def test_one_block_may_be_entered_inside_itself_and_ends_once(recorder: Recorder) -> None:
    block = session("chat")
    with block:
        with session("inner"), block:
            work("inside")
        work("still inside")
    work("outside")

    sessions = {found.root.event_name: found for found in recorder.sessions()}
    assert [event.inputs["name"] for event in sessions["chat"].events] == ["inside", "still inside"]
    assert [event.inputs["name"] for event in sessions[recorder.tracer.session_name].events] == ["outside"]
    assert [span.name for span in recorder.spans()].count("chat") == 1


def test_one_block_may_be_shared_by_tasks_and_threads_that_leave_it_in_any_order(recorder: Recorder) -> None:
    async def many(block: SessionBlock) -> None:
        last_is_in, first_is_out = asyncio.Event(), asyncio.Event()

        async def first() -> None:
            with session("first"):
                with block:
                    await last_is_in.wait()
                work("first")
            first_is_out.set()

        async def last() -> None:
            with session("last"):
                with block:
                    last_is_in.set()
                    await first_is_out.wait()
                    work("shared")
                work("last")

        await asyncio.gather(first(), last())

    asyncio.run(many(session("shared")))

    named = {found.root.event_name: [event.inputs["name"] for event in found.events] for found in recorder.sessions()}
    assert named == {"first": ["first"], "last": ["last"], "shared": ["shared"]}


def test_ids_may_be_uuids_and_names_anything(recorder: Recorder) -> None:
    session_id = uuid.uuid4()
    given: Any = session_id
    name: Any = 5
    with session(name, session_id=given):
        work("in")
    assert enrich_session(given, {"tier": "gold"})

    (found,) = recorder.sessions()
    assert (found.session_id, found.root.event_name, found.root.metadata["tier"]) == (str(session_id), "5", "gold")
    create = recorder.tracer.create_session
    assert contextvars.copy_context().run(create, session_id=given) == str(session_id)


@pytest.mark.parametrize("field", ["inputs", "outputs", "metadata", "user_properties", "feedback", "metrics"])
def test_what_is_no_mapping_is_kept_and_breaks_no_request(recorder: Recorder, field: str) -> None:
    values: Any = {field: ["a", "b"]}
    with session("at its start", **values):
        pass
    with session("later") as block:
        block.enrich(**values)

    for found in recorder.sessions():
        assert getattr(found.root, field)["value"] == ["a", "b"]


def test_a_session_with_a_key_that_cannot_be_written_breaks_no_request(recorder: Recorder) -> None:
    class Unwritable:
        def __str__(self) -> str:
            raise OSError

    unwritable: Any = {Unwritable(): 1}
    with session("chat", metadata=unwritable):
        work("in")

    (found,) = recorder.sessions()
    assert found.events[0].inputs == {"name": "in"}
    assert 1 in found.root.metadata.values()


def test_a_session_whose_block_is_open_when_its_tracer_ends_is_written(recorder: Recorder) -> None:
    with recorder.tracer.session("main", outputs={"a": 1}) as block:
        work("in")
        recorder.tracer.shutdown()

    written = next(found for found in recorder.sessions() if found.session_id == block.session_id)
    assert (written.root.event_name, written.root.outputs) == ("main", {"a": 1})
    assert recorder.tracer.channel.open_sessions == set()
