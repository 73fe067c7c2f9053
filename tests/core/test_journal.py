"""The journal's directory: bounded, and shared by processes that know nothing of each other."""

import os
from pathlib import Path

from honeyhive.events import otlp
from honeyhive.export.journal import Journal, read_journal
from honeyhive.export.journal.segment import SEGMENT_BYTES

RECORD = otlp.record(
    otlp.resource({}), {otlp.scope("honeyhive"): [otlp.span([otlp.attribute("text", "x" * SEGMENT_BYTES)])]}
)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_the_oldest_segments_of_the_dead_make_room_and_those_of_the_living_stay(tmp_path: Path) -> None:
    living, dead = (Journal(tmp_path, max_bytes=10 * SEGMENT_BYTES) for _ in range(2))
    kept = living.append("a", RECORD)
    gone = dead.append("b", RECORD)
    dead.close()
    newer = dead.append("b", RECORD)
    dead.close()
    assert kept is not None
    assert gone is not None
    assert newer is not None
    for age, place in enumerate((newer, gone, kept)):
        os.utime(place.path, (1_000_000 - age, 1_000_000 - age))

    last = Journal(tmp_path, max_bytes=3 * SEGMENT_BYTES).append("c", RECORD)

    assert last is not None
    assert names(tmp_path) == {kept.path.name, newer.path.name, last.path.name}
    assert kept.read() == RECORD


def test_a_directory_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal", max_bytes=1 << 30)
    first = journal.append("a", RECORD)
    assert first is not None
    first.path.unlink()
    first.path.parent.rmdir()

    second = journal.append("a", RECORD)

    assert second is not None
    assert read_journal(tmp_path / "journal").bodies


def test_a_damaged_record_is_counted_and_the_others_are_read(tmp_path: Path) -> None:
    journal = Journal(tmp_path, max_bytes=1 << 30)
    places = [journal.append("a", otlp.record(otlp.resource({"n": number}), {})) for number in range(3)]
    second = places[1]
    assert second is not None
    data = bytearray(second.path.read_bytes())
    data[second.offset + 6] ^= 1
    second.path.write_bytes(data)

    content = read_journal(tmp_path)

    assert (len(content.bodies), content.damaged_records, content.torn_bytes) == (2, 1, 0)
