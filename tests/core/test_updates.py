"""What is said of an event or a session after its end, by its id, from anywhere."""

import itertools
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from honeyhive import enrich_session, enrich_span, session, trace
from honeyhive.events.event import Event
from honeyhive.events.reader import Update, read_records, read_span
from honeyhive.events.sessions import assemble
from honeyhive.export.journal import read_journal
from honeyhive.testing import MemoryTracer, Recorder
from honeyhive.tracing.updates import write_update


@trace
def work(name: str) -> str:
    return name


def finished_event(recorder: Recorder) -> Event:
    with session("chat"):
        work("a")
    return recorder.event(work.__qualname__)


def test_feedback_on_a_finished_event_is_folded_in(recorder: Recorder) -> None:
    event = finished_event(recorder)

    assert write_update(
        recorder.tracer.channel,
        event.event_id,
        event.session_id,
        {"feedback": {"rating": 5}, "metrics": {"score": 0.5}, "metadata": {"reviewed": True}, "outputs": {"more": 1}},
    )

    found = recorder.event(work.__qualname__)
    assert (found.feedback, found.metrics, found.metadata["reviewed"]) == ({"rating": 5}, {"score": 0.5}, True)
    assert found.outputs == {"result": "a", "more": 1}
    assert (found.inputs, found.end_time) == (event.inputs, event.end_time)


def test_outputs_that_are_an_array_leave_those_of_the_event(recorder: Recorder) -> None:
    event = finished_event(recorder)

    enrich_span(event_id=event.event_id, outputs=[1, 2])  # pyright: ignore[reportArgumentType]  as programs do

    assert recorder.event(work.__qualname__).outputs == {"result": "a", "value": [1, 2]}


def test_the_session_need_not_be_known(recorder: Recorder) -> None:
    event = finished_event(recorder)

    write_update(recorder.tracer.channel, event.event_id, None, {"feedback": {"rating": 5}})

    assert recorder.event(work.__qualname__).feedback == {"rating": 5}
    assert len(recorder.sessions()) == 1


def test_feedback_on_a_finished_session_is_folded_in(recorder: Recorder) -> None:
    event = finished_event(recorder)

    write_update(recorder.tracer.channel, event.session_id, event.session_id, {"feedback": {"rating": 1}})
    write_update(recorder.tracer.channel, event.session_id, None, {"user_properties": {"user_id": "u"}})

    (found,) = recorder.sessions()
    assert (found.root.feedback, found.root.user_properties) == ({"rating": 1}, {"user_id": "u"})
    assert found.root.event_name == "chat"


def test_updates_fold_in_whatever_order_they_are_read_in(recorder: Recorder) -> None:
    event = finished_event(recorder)
    for number in range(3):
        update = {"feedback": {"rating": number, f"n{number}": True}}
        write_update(recorder.tracer.channel, event.event_id, None, update)
    items = [read_span(span) for span in recorder.spans()]

    for order in itertools.permutations(items):
        (found,) = assemble(order)
        assert found.events[0].feedback == {"rating": 2, "n0": True, "n1": True, "n2": True}


def test_an_error_that_is_found_later_makes_the_event_one(recorder: Recorder) -> None:
    event = finished_event(recorder)

    assert write_update(recorder.tracer.channel, event.event_id, None, {}, error="the answer was wrong")

    found = recorder.event(work.__qualname__)
    assert (found.error, found.metadata["status"]) == ("the answer was wrong", "error")


def test_a_status_of_the_users_own_does_not_change_how_the_event_ended(recorder: Recorder) -> None:
    event = finished_event(recorder)

    write_update(recorder.tracer.channel, event.event_id, None, {"metadata": {"status": "shipped"}})

    metadata = recorder.event(work.__qualname__).metadata
    assert (metadata["status"], metadata["user.status"]) == ("ok", "shipped")


def test_ids_are_taken_in_any_case(recorder: Recorder) -> None:
    event = finished_event(recorder)

    write_update(recorder.tracer.channel, event.event_id.upper(), event.session_id.upper(), {"feedback": {"ok": True}})

    assert recorder.event(work.__qualname__).feedback == {"ok": True}


def test_an_update_is_a_span_without_length_that_names_its_event(recorder: Recorder) -> None:
    target = str(uuid.uuid4())

    write_update(recorder.tracer.channel, target, None, {"feedback": {"rating": 5}})

    (span,) = recorder.spans()
    assert (span.name, span.start_ns) == ("honeyhive.update", span.end_ns)
    assert span.attributes["honeyhive.update.event_id"] == target
    assert span.attributes["honeyhive.project"] == "tests"
    assert "honeyhive.session_id" not in span.attributes
    update = read_span(span)
    assert isinstance(update, Update)
    assert (update.event_id, update.fields["feedback"]) == (target, {"rating": 5})


@pytest.mark.parametrize("fields", [{}, {"feedback": None}, {"feedback": {}}])
def test_saying_nothing_writes_nothing(recorder: Recorder, fields: dict[str, dict[str, object] | None]) -> None:
    assert not write_update(recorder.tracer.channel, str(uuid.uuid4()), None, fields)

    assert recorder.spans() == []


def test_a_tracer_that_records_nothing_takes_no_update() -> None:
    tracer = MemoryTracer(disable_tracing=True)

    assert not write_update(tracer.channel, str(uuid.uuid4()), None, {"feedback": {"rating": 5}})


def test_an_update_for_an_event_that_is_nowhere_makes_no_session(recorder: Recorder) -> None:
    write_update(recorder.tracer.channel, str(uuid.uuid4()), None, {"feedback": {"rating": 5}})

    assert recorder.sessions() == []


def test_what_is_said_of_a_block_after_its_end_arrives(recorder: Recorder) -> None:
    with session("chat") as block:
        work("a")
    block.enrich(feedback={"rating": 4})

    (found,) = recorder.sessions()
    assert found.root.feedback == {"rating": 4}


def test_the_public_functions_reach_a_finished_event_and_session_by_id(recorder: Recorder) -> None:
    event = finished_event(recorder)

    assert enrich_span(event_id=event.event_id, feedback={"rating": 5})
    assert enrich_session(event.session_id, metrics={"score": 1})

    (found,) = recorder.sessions()
    assert (found.events[0].feedback, found.root.metrics) == ({"rating": 5}, {"score": 1})


def test_another_process_says_it_later(tmp_path: Path) -> None:
    write = """
import json
from honeyhive import HoneyHiveTracer, session, trace
from honeyhive.tracing.lineage import current_event
HoneyHiveTracer.init()
@trace
def work():
    print(current_event().event_id)
with session("chat"): work()
"""
    say = """
import sys
from honeyhive import HoneyHiveTracer
from honeyhive.tracing.updates import write_update
t = HoneyHiveTracer.init()
assert write_update(t.channel, sys.argv[1], None, {"feedback": {"rating": 5}})
"""
    environment = {**os.environ, "HH_DATA_DIR": str(tmp_path)}

    def run(*program: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", *program], env=environment, capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()

    run(say, run(write))

    (found,) = assemble(read_records(read_journal(tmp_path / "journal").bodies))
    assert json.loads(json.dumps(dict(found.events[0].feedback))) == {"rating": 5}
    assert found.root.event_name == "chat"
