import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from honeyhive import session
from honeyhive.events import otlp
from honeyhive.integration import EventType, Usage, start_event
from honeyhive.testing import Recorder, recording

Run = Callable[..., CompletedProcess[str]]
Write = Callable[[Recorder], Path]

FIRST = "aaaaaaaa-bbb1-4000-8000-000000000000"
SECOND = "aaaaaaaa-bbb2-4000-8000-000000000000"
THIRD = "cccccccc-0000-4000-8000-000000000000"


def record(name: str, session_id: str, *, cost: float | None) -> None:
    with session(name, session_id=session_id):
        event = start_event(EventType.model, "ask")
        assert event is not None
        event.finish(usage=Usage(input_tokens=1000, output_tokens=500, cost=cost))


@pytest.fixture
def three_sessions(recorder: Recorder, write: Write) -> list[Path]:
    segments: list[Path] = []
    for name, session_id, cost in (("first", FIRST, 0.5), ("second", SECOND, 0.00025), ("third", THIRD, None)):
        record(name, session_id, cost=cost)
        segments.append(write(recorder))
    return segments


@pytest.mark.usefixtures("three_sessions")
def test_sessions_are_listed_newest_first_with_ids_that_are_long_enough(run: Run) -> None:
    listed = run("sessions")

    titles, *rows = listed.stdout.splitlines()
    columns = [re.split(r"  +", row) for row in rows]
    assert titles.split() == [
        *("session", "name", "start", "duration", "events", "status", "tokens", "cost", "processes"),
    ]
    assert [[row[0], row[1], row[4], row[5], row[6], row[7].strip()] for row in columns] == [
        ["cccccccc", "third", "1", "ok", "1,500", "-"],
        ["aaaaaaaa-bbb2", "second", "1", "ok", "1,500", "$0.00025"],
        ["aaaaaaaa-bbb1", "first", "1", "ok", "1,500", "$0.50000"],
    ]
    for short_id in ("cccccccc", "aaaaaaaa-bbb2"):
        assert run("show", short_id).returncode == 0


@pytest.mark.usefixtures("three_sessions")
def test_a_limit_shows_the_newest_and_says_how_many_are_left_out(run: Run) -> None:
    listed = run("sessions", "--limit", "1")

    assert "third" in listed.stdout
    assert "second" not in listed.stdout
    assert "2 older not shown; --limit shows more" in listed.stdout


@pytest.mark.usefixtures("three_sessions")
def test_a_project_without_sessions_is_answered_with_those_that_have_some(run: Run, write: Write) -> None:
    with recording(project="other") as other:
        record("fourth", "dddddddd-0000-4000-8000-000000000000", cost=None)
        write(other)

    one, none = run("sessions", "--project", "other"), run("sessions", "--project", "nobody")

    assert one.stdout.count("\n") == 2
    assert "fourth" in one.stdout
    assert none.returncode == 1
    assert "the projects of this journal: other, tests" in none.stderr


def test_json_has_the_figures_of_each_session_and_its_processes(run: Run, two_processes: Path) -> None:
    listed = run("sessions", "--json", "--data-dir", str(two_processes))

    (one,) = json.loads(listed.stdout)["sessions"]
    assert one["name"] == "answer a question"
    assert one["project"] == "support"
    assert one["status"] == "ok"
    assert one["duration"] == one["end_time"] - one["start_time"] > 0
    assert (one["num_events"], one["num_errors"], one["num_model_events"]) == (4, 1, 2)
    assert (one["prompt_tokens"], one["completion_tokens"], one["total_tokens"]) == (2400, 600, 3000)
    assert one["unpriced_model_events"] == 1
    assert one["cost"] > 0
    assert [process["service"] for process in one["processes"]] == ["web", "worker"]
    assert len({process["pid"] for process in one["processes"]}) == 2


def test_a_damaged_record_is_left_out_and_told(run: Run, three_sessions: list[Path]) -> None:
    damaged = bytearray(three_sessions[1].read_bytes())
    damaged[damaged.index(b"second")] ^= 1
    three_sessions[1].write_bytes(damaged)

    listed = run("sessions")

    assert listed.returncode == 0
    assert "third" in listed.stdout
    assert "1 damaged record left out" in listed.stdout


def test_a_record_that_is_no_otlp_is_left_out_and_told(run: Run, three_sessions: list[Path]) -> None:
    truncated_resource = b"\x0a\x7f"
    three_sessions[1].write_bytes(otlp.record(truncated_resource, {}))

    listed = run("sessions")

    assert "first" in listed.stdout
    assert "second" not in listed.stdout
    assert "1 damaged record left out" in listed.stdout


def test_a_journal_that_cannot_be_read_is_a_message(run: Run, data_dir: Path) -> None:
    (data_dir / "journal" / "local-x-1-1.otlp").mkdir()

    listed = run("sessions")

    assert listed.returncode == 1
    assert f"the journal in {data_dir}/journal cannot be read (Is a directory)" in listed.stderr


def test_a_data_directory_without_a_journal_says_what_to_do(run: Run, tmp_path: Path) -> None:
    listed = run("sessions", "--json", "--data-dir", str(tmp_path / "nowhere"))

    assert listed.returncode == 1
    assert listed.stdout == ""
    assert f"no sessions in {tmp_path}/nowhere/journal" in listed.stderr
    assert "--data-dir or HH_DATA_DIR" in listed.stderr


@pytest.mark.usefixtures("data_dir")
def test_a_journal_that_is_switched_off_is_named_as_the_reason(run: Run) -> None:
    assert "HH_JOURNAL is off" in run("sessions", HH_JOURNAL="off").stderr
