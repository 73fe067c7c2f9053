"""What a process leaves in the journal when it ends is taken over by one process that goes to the same place, once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from honeyhive.events import otlp
from honeyhive.events.decode import decode_request
from honeyhive.export.journal import Adoption, Journal, Place, read_journal
from honeyhive.export.journal.reading import read_segment
from honeyhive.export.journal.segment import SEGMENT_BYTES
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SCOPE = otlp.scope("s")


def record(*names: str, padding: int = 0) -> bytes:
    padded = otlp.attribute("padding", "x" * padding)
    return otlp.record(otlp.resource({}), {SCOPE: [otlp.span([otlp.name_and_kind(name, 1), padded]) for name in names]})


def journal(directory: Path, max_bytes: int = 1 << 30) -> Journal:
    return Journal(directory, max_bytes=max_bytes)


def kept(place: Place | None) -> Place:
    assert place is not None
    return place


def settle(place: Place) -> None:
    place.segment.settle(place.offset, place.length)


def names_of(found: list[tuple[Place, int]]) -> list[str]:
    return [span.name for place, _ in found for span in decode_request(place.read())]


def test_what_was_not_settled_is_adopted_with_its_number_of_events(tmp_path: Path) -> None:
    dead = journal(tmp_path)
    places = [kept(dead.append("a", record(*names))) for names in (("1",), ("2", "3"), ("4",))]
    settle(places[0])
    dead.close()

    found = Adoption(journal(tmp_path), "a").next()

    assert names_of(found) == ["2", "3", "4"]
    assert [count for _, count in found] == [2, 1]


def test_a_segment_stays_one_valid_request_with_its_notes(tmp_path: Path) -> None:
    dead = journal(tmp_path)
    first = kept(dead.append("a", record("1")))
    settle(first)
    second = kept(dead.append("a", record("2")))

    request = ExportTraceServiceRequest.FromString(second.path.read_bytes())

    spans = [span.name for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]
    assert spans == ["1", "2"]
    content = read_journal(tmp_path)
    assert (len(content.bodies), content.damaged_records, content.torn_bytes) == (2, 0, 0)


def test_a_segment_is_renamed_when_all_of_it_is_settled_and_nobody_adopts_it(tmp_path: Path) -> None:
    dead = journal(tmp_path)
    settle(kept(dead.append("a", record("1"))))
    dead.close()

    (path,) = tmp_path.iterdir()
    assert path.name.endswith(".delivered.otlp")
    assert Adoption(journal(tmp_path), "a").next() == []
    assert len(read_journal(tmp_path).bodies) == 1


def test_the_living_the_others_and_the_local_are_left_alone(tmp_path: Path) -> None:
    living, dead = journal(tmp_path), journal(tmp_path)
    living.append("a", record("living"))
    dead.append("b", record("another destination"))
    dead.append("local", record("local"))
    dead.close()

    assert Adoption(journal(tmp_path), "a").next() == []
    assert Adoption(journal(tmp_path), "local").next() == []


def test_a_full_segment_stays_with_its_process_until_it_is_settled(tmp_path: Path) -> None:
    living = journal(tmp_path)
    full = kept(living.append("a", record("full", padding=SEGMENT_BYTES)))
    living.append("a", record("next"))
    assert Adoption(journal(tmp_path), "a").next() == []

    assert full.read() == record("full", padding=SEGMENT_BYTES)
    settle(full)

    assert [path.name.endswith(".delivered.otlp") for path in sorted(tmp_path.iterdir())].count(True) == 1


def test_two_heirs_share_what_was_left_and_take_nothing_twice(tmp_path: Path) -> None:
    dead = journal(tmp_path)
    for number in range(4):
        dead.append("a", record(f"{number}", padding=SEGMENT_BYTES))
    dead.close()
    heirs = [Adoption(journal(tmp_path), "a") for _ in range(2)]

    found = [names_of(heir.next()) for heir in heirs * 3]

    assert sorted(name for names in found for name in names) == ["0", "1", "2", "3"]


def test_what_an_heir_did_not_deliver_is_left_to_the_next_one(tmp_path: Path) -> None:
    dead, first = journal(tmp_path), journal(tmp_path)
    for name in "12":
        dead.append("a", record(name))
    dead.close()
    (one, _), _ = Adoption(first, "a").next()
    settle(one)
    first.close()

    assert names_of(Adoption(journal(tmp_path), "a").next()) == ["2"]


def test_a_record_that_the_end_cut_short_is_cut_off_so_that_notes_can_follow(tmp_path: Path) -> None:
    dead = journal(tmp_path)
    place = kept(dead.append("a", record("whole")))
    dead.append("a", record("torn"))
    dead.close()
    path = place.path
    path.write_bytes(path.read_bytes()[:-3])

    ((found, _),) = Adoption(heir := journal(tmp_path), "a").next()
    settle(found)
    heir.close()

    content = read_segment(next(tmp_path.iterdir()).read_bytes())
    assert (content.torn_bytes, content.unsettled, len(content.records)) == (0, [], 1)


def test_a_damaged_record_is_left_out_of_what_is_adopted(tmp_path: Path) -> None:
    dead = journal(tmp_path)
    places = [kept(dead.append("a", record(name))) for name in "123"]
    dead.close()
    path = places[0].path
    data = bytearray(path.read_bytes())
    data[places[1].offset + 6] ^= 1
    path.write_bytes(data)

    assert names_of(Adoption(journal(tmp_path), "a").next()) == ["1", "3"]


def test_delivered_segments_make_room_before_undelivered_ones_and_the_loss_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dead, done = journal(tmp_path), journal(tmp_path)
    dead.append("a", record("1", "2", padding=SEGMENT_BYTES // 2))
    settle(kept(done.append("a", record("3", padding=SEGMENT_BYTES))))
    dead.close()
    done.close()
    left = {path.name.endswith(".delivered.otlp"): path for path in tmp_path.iterdir()}
    os.utime(left[False], (1, 1))
    os.utime(left[True], (2, 2))

    journal(tmp_path, max_bytes=SEGMENT_BYTES + 1_000_000).append("b", record("new"))
    assert left[False].exists()
    assert not left[True].exists()
    assert caplog.text == ""

    journal(tmp_path, max_bytes=1_000_000).append("b", record("newer"))
    assert not left[False].exists()
    assert "removed 2 undelivered events" in caplog.text


def test_a_process_in_an_outage_removes_its_own_oldest_segments_and_finds_them_gone(tmp_path: Path) -> None:
    living = journal(tmp_path, max_bytes=2 * SEGMENT_BYTES)
    places = [kept(living.append("a", record(f"{number}", padding=SEGMENT_BYTES))) for number in range(4)]

    with pytest.raises(OSError, match="removed"):
        places[0].read()
    assert places[3].read() == record("3", padding=SEGMENT_BYTES)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4 * SEGMENT_BYTES


HOLDER = """
import os, sys, time
from pathlib import Path
from honeyhive.events import otlp
from honeyhive.export.journal import Journal
journal = Journal(Path(sys.argv[1]), max_bytes=1 << 30)
os.register_at_fork(after_in_child=journal.reset_after_fork)
journal.append("a", otlp.record(otlp.resource({}), {otlp.scope("s"): [otlp.span([otlp.name_and_kind("left", 1)])]}))
if os.fork() == 0:
    print("ready", flush=True)  # the child's copy of the lock is closed by now
    sys.stdin.read()  # lives as long as the test wants
    os._exit(0)
time.sleep(600)
"""


def test_a_killed_process_is_dead_although_a_child_that_it_forked_lives(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        assert Adoption(journal(tmp_path), "a").next() == []

        holder.send_signal(signal.SIGKILL)
        holder.wait()

        assert names_of(Adoption(journal(tmp_path), "a").next()) == ["left"]
    finally:
        holder.kill()
        holder.communicate()
