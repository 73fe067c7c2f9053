"""What a disk does to the journal: nothing is left in it that went another way, and no file too many."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from honeyhive.events import otlp
from honeyhive.export.journal import Journal, Place, read_journal
from honeyhive.export.journal import segment as segments

RECORD = otlp.record(otlp.resource({}), {otlp.scope("s"): [otlp.span([otlp.name_and_kind("name", 1)])]})


def fail(number: int) -> Callable[..., int]:
    def failing(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return failing


def kept(place: Place | None) -> Place:
    assert place is not None
    return place


def segments_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_what_did_not_reach_the_disk_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, max_bytes=1 << 30)
    first = kept(journal.append("a", RECORD, sync=True))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", fail(errno.EIO))
        assert journal.append("a", RECORD, sync=True) is None

    first.segment.settle(first.offset, first.length)

    assert len(read_journal(tmp_path).bodies) == 1
    assert [name.endswith(".delivered.otlp") for name in segments_in(tmp_path)] == [True]


def test_a_disk_without_fdatasync_is_synced_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.delattr(os, "fdatasync")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", fcntl.F_GETFD, raising=False)

    assert Journal(tmp_path, max_bytes=1 << 30).append("a", RECORD, sync=True) is not None


def test_a_disk_that_is_full_now_and_then_makes_no_segment_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, max_bytes=1 << 30)
    for _ in range(5):
        assert journal.append("a", RECORD) is not None
        with monkeypatch.context() as full:
            full.setattr(os, "pwrite", fail(errno.ENOSPC))
            assert journal.append("a", RECORD) is None

    assert len(segments_in(tmp_path)) == 1
    assert len(read_journal(tmp_path).bodies) == 5


def test_an_outage_of_days_holds_no_segment_for_each_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_AGE_S", 0.0)
    journal = Journal(tmp_path, max_bytes=1 << 30)
    places = [kept(journal.append("a", RECORD)) for _ in range(5)]
    assert len(segments_in(tmp_path)) == 1

    for place in places:
        place.segment.settle(place.offset, place.length)

    assert kept(journal.append("a", RECORD)).segment is not places[0].segment
    assert len(segments_in(tmp_path)) == 2
