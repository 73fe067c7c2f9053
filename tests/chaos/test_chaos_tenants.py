"""Processes that share a data directory and nothing else: what one of them recorded goes where that one sends, or nowhere."""

from pathlib import Path

import pytest
from chaos_collector import Collector
from chaos_process import run

RECORD = """
tracer = start(flush_interval_s=0.01)
for number in range(40): call(f"{sys.argv[1]} {number}")
tracer.flush(float(sys.argv[2]))
"""
NO_ANSWER_MS, PATIENCE_MS = "300", "60_000"


def names(prefix: str) -> set[str]:
    return {f"{prefix} {number}" for number in range(40)}


def recorded_by(collector: Collector) -> set[str]:
    """Names that arrived, but for those of sessions."""
    return {name for name in collector.names() if " " in name}


def test_no_event_reaches_the_endpoint_of_another_tenant(
    collector: Collector, other_collector: Collector, tmp_path: Path
) -> None:
    collector.shut()
    left = run(RECORD, tmp_path, "one", NO_ANSWER_MS, HH_OTLP_ENDPOINT=collector.url).account
    run(RECORD, tmp_path, "two", PATIENCE_MS, HH_OTLP_ENDPOINT=other_collector.url)
    assert recorded_by(other_collector) == names("two")

    collector.open()
    found = run(RECORD, tmp_path, "one again", PATIENCE_MS, HH_OTLP_ENDPOINT=collector.url).account
    assert recorded_by(collector) == names("one") | names("one again")
    assert (found.found, found.found_delivered) == (left.pending, left.pending)
    assert recorded_by(other_collector) == names("two")


@pytest.mark.parametrize("changed", ["HH_API_KEY", "HH_PROJECT"])
def test_no_event_travels_with_the_key_or_under_the_project_of_another_tenant(
    collector: Collector, tmp_path: Path, changed: str
) -> None:
    one = {"HH_API_URL": collector.url, "HH_API_KEY": "hh_of_one", "HH_PROJECT": "first"}
    two = {**one, changed: "hh_of_two"}
    collector.shut()
    run(RECORD, tmp_path, "one", NO_ANSWER_MS, **one)
    collector.open()
    run(RECORD, tmp_path, "two", PATIENCE_MS, **two)

    assert recorded_by(collector) == names("two")
    assert {request.credentials for request in collector.requests} == {f"Bearer {two['HH_API_KEY']}"}


def test_a_key_that_is_set_later_uploads_nothing_of_what_was_local(collector: Collector, tmp_path: Path) -> None:
    local = run(RECORD, tmp_path, "local", PATIENCE_MS).account
    assert (local.delivered, local.pending) == (local.accepted, 0)

    keyed = {"HH_API_URL": collector.url, "HH_API_KEY": "hh_key"}
    account = run(RECORD, tmp_path, "sent", PATIENCE_MS, **keyed).account

    assert recorded_by(collector) == names("sent")
    assert account.found == 0


@pytest.mark.parametrize("answers", ["nobody", "a collector", "no collector"])
def test_without_a_journal_no_byte_is_written(collector: Collector, tmp_path: Path, answers: str) -> None:
    if answers == "no collector":
        collector.shut()
    destination = {} if answers == "nobody" else {"HH_OTLP_ENDPOINT": collector.url}
    places = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "temporary")}
    for place in places.values():
        Path(place).mkdir()
    account = run(RECORD, tmp_path / "data", "work", NO_ANSWER_MS, HH_JOURNAL="off", **places, **destination).account

    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
    arrived = answers == "a collector"
    assert recorded_by(collector) == (names("work") if arrived else set())
    assert (account.delivered, account.pending) == (account.accepted if arrived else 0, 0)
    reasons = {"nobody": "no_destination", "no collector": "undelivered"}
    assert account.dropped == ({} if arrived else {reasons[answers]: account.accepted})
