"""What has no room, or is not wanted: it is counted under its reason, and everything else arrives."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_collector import Collector
from chaos_faults import OK, Fault, answering, rejecting
from chaos_process import Program, run
from honeyhive.export.rejected import read_rejected

OUTAGE = """
tracer = start(flush_interval_s=0.01, overload_wait_ms=0, **json.loads(sys.argv[1]))
for number in range(1500): call(f"work {number}", "x" * 8000)
number = 0
while os.environ["HH_JOURNAL"] == "on" and not is_written(f"last {number}"):
    number += 1
    call(f"last {number}")
    tracer.flush(100)
show(recorded=True)
sys.stdin.readline()
tracer.flush(60_000)
"""


@pytest.mark.parametrize(
    ("options", "journal", "reasons"),
    [
        ("{}", "on", set[str]()),
        ("{}", "off", set[str]()),
        ('{"max_journal_bytes": 5000000}', "on", {"journal_lost"}),
        ('{"max_queue_bytes": 300000}', "on", {"queue_full"}),
    ],
    ids=["no bound", "no bound, in memory", "a small journal", "a small queue"],
)
def test_what_an_outage_leaves_no_room_for_is_counted_and_the_rest_arrives(
    collector: Collector, tmp_path: Path, options: str, journal: str, reasons: set[str]
) -> None:
    collector.shut()
    program = Program(OUTAGE, tmp_path, options, HH_OTLP_ENDPOINT=collector.url, HH_JOURNAL=journal)
    program.read_until(recorded=True)
    collector.open()
    program.go_on()
    shown = program.end()
    account = shown.account

    assert account.accepted == len(shown.called) + 2  # the session of the process, and its end
    assert set(account.dropped) == reasons
    assert account.pending == 0
    assert len(collector.taken()) == account.delivered == account.accepted - sum(account.dropped.values())
    assert collector.taken_twice() == set()


def test_a_destination_that_does_not_answer_holds_up_no_other(
    collectors: Callable[..., Collector], collector: Collector, tmp_path: Path
) -> None:
    silent = collectors(itertools.repeat(Fault(wait_s=60)))
    body = """
for name in ("silent", "good"): start(name, otlp_endpoint=sys.argv[1 + (name == "good")], flush_interval_s=0.01)
for number in range(100):
    for tracer in tracers.values(): call(f"work {number}", tracer=tracer)
show(flushed=tracers["good"].flush(60_000), pending=tracers["silent"].stats().pending)
os._exit(0)
"""
    (line,) = run(body, tmp_path, silent.url, collector.url).lines

    assert line == {"flushed": True, "pending": 101}
    assert len(collector.names()) == 101


def test_refused_credentials_are_told_once_and_what_waits_for_better_ones_is_delivered_with_them(
    collectors: Callable[..., Collector], tmp_path: Path
) -> None:
    collector = collectors(itertools.repeat(answering(401)))
    body = """
tracer = start(flush_interval_s=0.01)
for number in range(100):
    call(f"work {number}")
    if number % 30 == 0: tracer.flush(100)
until(lambda: is_written("work 99"))
"""
    refused = run(body, tmp_path, HH_OTLP_ENDPOINT=collector.url)
    assert refused.said.count("refused the credentials") == 1
    assert (refused.account.delivered, refused.account.dropped) == (0, {})

    collector.script([])
    account = run("start(); call('later')", tmp_path, HH_OTLP_ENDPOINT=collector.url).account
    assert (account.found, account.found_delivered) == (refused.account.pending,) * 2
    assert collector.names() >= {*refused.called, "later"}
    assert collector.taken_twice() == set()


def test_what_a_partial_success_leaves_out_is_counted_and_can_be_read(
    collectors: Callable[..., Collector], tmp_path: Path
) -> None:
    collector = collectors([OK, rejecting(2), OK, rejecting(3)])
    body = """
tracer = start(flush_interval_s=0.01, max_export_batch_size=20)
for number in range(100): call(f"work {number}")
tracer.flush(60_000)
"""
    account = run(body, tmp_path, HH_OTLP_ENDPOINT=collector.url).account

    assert account.dropped == {"rejected": 5}
    assert account.pending == 0
    assert len(collector.taken()) == account.delivered == account.accepted - 5
    refused = [name for request in collector.requests for _, name in request.refused]
    kept = list(read_rejected(tmp_path))
    assert len(refused) == 5
    assert {record.reason for record in kept} == {"rejected"}
    assert all(any(name.encode() in record.body for record in kept) for name in refused)


@pytest.mark.parametrize("took_one", [True, False], ids=["after it took something", "from the start"])
def test_a_destination_that_refuses_everything_is_not_asked_about_each_event(
    collectors: Callable[..., Collector], tmp_path: Path, took_one: bool
) -> None:
    collector = collectors(itertools.chain([OK] * took_one, itertools.repeat(answering(400))))
    body = """
tracer = start(flush_interval_s=0.01, max_export_batch_size=20)
call("the first one")
tracer.flush(60_000)
for number in range(1000): call(f"work {number}")
tracer.flush(60_000)
"""
    account = run(body, tmp_path, HH_OTLP_ENDPOINT=collector.url).account

    assert account.dropped == {"http_400": account.accepted - account.delivered}
    assert len(collector.taken()) == account.delivered
    assert len(collector.requests) < 200
