import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from honeyhive import session
from honeyhive.events.event import Event
from honeyhive.integration import EventType, start_event
from honeyhive.testing import Recorder

Run = Callable[..., CompletedProcess[str]]
Write = Callable[[Recorder], Path]

FIRST = "11111111-0000-4000-8000-000000000000"
SECOND = "11111111-2222-4000-8000-000000000000"
THIRD = "33333333-0000-4000-8000-000000000000"
# Everything that a terminal obeys, but for the line feed.
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
HOSTILE = "\x1b]0;owned\x07[bold red]bold[/] \x9b31m\u202egnp.exe [link=https://evil.example]click[/link]"


def record(name: str, session_id: str, *, event_name: str = "step", error: str | None = None) -> None:
    with session(name, session_id=session_id):
        event = start_event(EventType.tool, event_name)
        assert event is not None
        if error is None:
            event.finish(outputs={"result": "done"})
        else:
            event.fail(RuntimeError(error))


@pytest.fixture
def three_sessions(recorder: Recorder, write: Write) -> None:
    for name, session_id in (("first", FIRST), ("second", SECOND), ("third", THIRD)):
        record(name, session_id)
        write(recorder)


def test_one_session_shows_the_events_of_every_process_it_crossed(run: Run, two_processes: Path) -> None:
    shown = run("show", "last", "--data-dir", str(two_processes))

    assert shown.returncode == 0
    web = re.search(r"chain answer .* (web·\d+) ", shown.stdout)
    worker = re.search(r"tool look up .* (worker·\d+) ", shown.stdout)
    assert web is not None
    assert worker is not None
    assert "├ tool look up" in shown.stdout
    assert "TimeoutError: the catalogue did not answer" in shown.stdout
    assert "2 processes" in shown.stdout


@pytest.mark.usefixtures("three_sessions")
@pytest.mark.parametrize(
    ("wanted", "name"), [(FIRST, "first"), (SECOND.upper(), "second"), ("3", "third"), ("last", "third")]
)
def test_a_session_is_found_by_its_id_a_prefix_or_as_the_last(run: Run, wanted: str, name: str) -> None:
    assert run("show", wanted).stdout.startswith(f"{name}  ok")


@pytest.mark.usefixtures("three_sessions")
def test_an_ambiguous_prefix_names_the_sessions_it_could_mean(run: Run) -> None:
    shown = run("show", "1111")

    assert shown.returncode == 1
    assert shown.stdout == ""
    assert FIRST in shown.stderr
    assert SECOND in shown.stderr
    assert "write more" in shown.stderr


@pytest.mark.usefixtures("three_sessions")
def test_an_unknown_session_says_where_the_known_ones_are(run: Run) -> None:
    shown = run("show", "4\x1b[2J")

    assert shown.returncode == 1
    assert shown.stdout == ""
    assert "`honeyhive sessions` lists them" in shown.stderr
    assert "\x1b" not in shown.stderr


@pytest.mark.usefixtures("data_dir")
def test_an_empty_journal_says_what_to_do(run: Run) -> None:
    shown = run("show", "last")

    assert shown.returncode == 1
    assert "run a program that is traced" in shown.stderr


@pytest.mark.usefixtures("data_dir")
def test_a_setting_that_cannot_be_used_is_named_with_its_remedy(run: Run) -> None:
    shown = run("show", "last", HH_OTLP_ENDPOINT="collector")

    assert shown.returncode == 1
    assert "otlp_endpoint is 'collector'; it must be a URL such as http://collector:4318" in shown.stderr


def test_what_a_span_says_cannot_act_on_the_terminal(run: Run, recorder: Recorder, write: Write) -> None:
    record(HOSTILE, FIRST, event_name=HOSTILE, error=f"{HOSTILE}\n{'x' * 10_000}")
    write(recorder)

    for command in (["show", "last"], ["sessions"], ["show", "last", "--json"], ["sessions", "--json"]):
        answer = run(*command, COLUMNS="200")
        assert answer.returncode == 0
        assert CONTROL.search(answer.stdout) is None
    shown = run("show", "last", COLUMNS="200").stdout
    assert "tool ␛]0;owned␇[bold red]bold[/] �31m�gnp.exe [link=https://evil.example]click[/link]" in shown
    assert len(shown) < 5_000


def test_json_is_the_session_event_and_then_its_events(run: Run, recorder: Recorder, write: Write) -> None:
    record("naïve 日本語", FIRST, event_name=HOSTILE)
    (expected,) = recorder.sessions()
    write(recorder)

    document = json.loads(run("show", FIRST, "--json").stdout)

    assert document["session_id"] == FIRST
    assert [Event.from_dict(one) for one in document["events"]] == [expected.root, *expected.events]
    assert "naïve 日本語" in run("show", FIRST, "--json").stdout


def test_a_torn_segment_shows_what_was_written_whole(run: Run, recorder: Recorder, write: Write) -> None:
    record("shop", FIRST)
    segment = write(recorder)
    segment.write_bytes(segment.read_bytes()[:-1])

    shown = run("show", FIRST)

    assert shown.stdout.startswith("step  unfinished")
    assert "└ tool step" in shown.stdout


def test_a_picture_is_written_to_a_file(run: Run, tmp_path: Path, two_processes: Path) -> None:
    picture = tmp_path / "session.svg"

    shown = run("show", "last", "--svg", str(picture), "--data-dir", str(two_processes))

    assert (shown.returncode, shown.stdout) == (0, "")
    assert "look" in picture.read_text(encoding="utf-8")
    assert (
        run("show", "last", "--svg", str(tmp_path / "no" / "x.svg"), "--data-dir", str(two_processes)).returncode == 1
    )
