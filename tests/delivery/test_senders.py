"""A sender's thread: there while there is something to do."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from honeyhive.events import otlp
from honeyhive.export.account import Account
from honeyhive.export.batch import Batch
from honeyhive.export.journal import Journal
from honeyhive.export.journal.segment import SEGMENT_BYTES
from honeyhive.export.sender import Sender
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from conftest import Far

GUARD_S = 30


def batch(name: str) -> Batch:
    record = otlp.record(otlp.resource({}), {otlp.scope("s"): [otlp.span([otlp.name_and_kind(name, 1)])]})
    return Batch.of(None, record, 1, due=0.0)


def ignore(*_: object, **__: object) -> None:
    pass


def sender_of(settings: Settings) -> Sender:
    return Sender(settings, "f", None, free=ignore, reject=ignore)


def end(sender: Sender) -> None:
    sender.stop(time.monotonic() + GUARD_S)
    sender.join()


def hurry_until(sender: Sender, is_done: Callable[[], bool], settled: threading.Condition) -> bool:
    deadline = time.monotonic() + GUARD_S
    with settled:
        while not is_done() and time.monotonic() < deadline:
            sender.hurry()
            settled.wait(0.05)
    return is_done()


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "honeyhive-sender"]


def test_a_sender_without_work_ends_its_thread_and_starts_it_again(far: "Far") -> None:
    settings, account, others = Settings(otlp_endpoint=far.url), Account(), set(senders())
    sender = Sender(settings, "f", None, free=ignore, reject=ignore, idle_s=0.01)
    for name in ("first", "second", "third"):
        account.entered += 1
        sender.add(settings, account, batch(name))
        with account.settled:
            assert account.settled.wait_for(lambda: account.progress().settled == account.entered, GUARD_S)
        for thread in set(senders()) - others:
            thread.join(GUARD_S)
        assert set(senders()) <= others
    sender.stop(time.monotonic() + GUARD_S)
    sender.join()

    assert [name for seen in far.seen for name in seen.names] == ["first", "second", "third"]


def test_an_event_that_always_fails_holds_up_no_other_tracer_and_is_given_up(far: "Far") -> None:
    settings, poisoned, other = Settings(otlp_endpoint=far.url), Account(), Account()
    far.poison = b"poison"
    sender = sender_of(settings)
    poisoned.entered += 1
    sender.add(settings, poisoned, batch("poison"))
    assert hurry_until(sender, lambda: poisoned.failures > 0, poisoned.settled)
    for number in range(20):
        other.entered += 1
        sender.add(settings, other, batch(f"good {number}"))
        assert hurry_until(sender, lambda: other.progress().settled == other.entered, other.settled)

    assert hurry_until(sender, lambda: poisoned.progress().lost == 1, poisoned.settled)
    end(sender)
    assert other.progress().lost == 0


ENDING = """
import sys
from honeyhive import HoneyHiveTracer, trace
t = HoneyHiveTracer.init(otlp_endpoint=sys.argv[1], journal=False, flush_interval_s=3600)
trace(len)("x")
"""


@pytest.mark.parametrize("answers", [[503, 503, 200], [429, 200]])
def test_what_only_memory_holds_is_tried_again_at_the_end_of_the_program(far: "Far", answers: list[int]) -> None:
    far.posts = [*answers]
    far.headers = {"retry-after": "1"} if 429 in answers else {}

    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", ENDING, far.url], capture_output=True, text=True, timeout=60, check=False
    )

    assert (finished.returncode, finished.stderr) == (0, "")
    assert len(far.seen) == len(answers)
    assert "len" in far.seen[-1].names


def test_what_an_outage_leaves_no_room_for_is_lost_at_once_and_not_when_it_ends(far: "Far", tmp_path: Path) -> None:
    far.posts, far.headers = [503] * 100, {"retry-after": "300"}
    settings, account = Settings(otlp_endpoint=far.url), Account()
    journal, sender = Journal(tmp_path, max_bytes=2 * SEGMENT_BYTES), sender_of(settings)
    for _ in range(6):
        record = batch("x" * SEGMENT_BYTES).read()
        account.entered += 1
        sender.add(settings, account, Batch.of(journal.append("f", record), record, 1, due=0.0))

    with account.settled:
        assert account.settled.wait_for(lambda: account.progress().lost >= 3, GUARD_S)
    end(sender)
    assert account.progress().lost < 6
