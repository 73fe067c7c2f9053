"""Every fault of an answer, all at once in one process: what was accepted arrives, or is dropped for a reason that is told."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from chaos_collector import Collector
from chaos_faults import (
    CLOSED_AFTER_200,
    HALF_AN_ANSWER,
    MALFORMED_PARTIAL_SUCCESS,
    OK,
    RESET,
    SILENCE,
    Fault,
    answering,
)
from chaos_process import GUARD_S, Program, Shown
from honeyhive.export.rejected import read_rejected

TIMEOUT_S = 2
LATE = "an answer that comes too late"
SLOW, TOO_LATE = Fault(wait_s=0.2), Fault(wait_s=TIMEOUT_S * 1.5)


@dataclass
class Case:
    """How one collector fails, and what becomes of events because of it."""

    script: list[Fault] = field(default_factory=list[Fault])
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    lost: set[str] = field(default_factory=set[str])


POISONS = {f"poison {number}" for number in range(3)}
CASES: dict[str, Case] = {
    "slow answers": Case([SLOW] * 5),
    LATE: Case([OK, TOO_LATE]),
    "resets in the middle of the body": Case([OK, RESET, OK, RESET, RESET]),
    "connections closed after 200": Case([CLOSED_AFTER_200] * 4),
    "429 with seconds": Case([OK, answering(429, retry_after="1")]),
    "429 with a date": Case([OK, Fault(status=429, retry_in_s=2.0)]),
    "a storm of 503": Case([answering(503)] * 5),
    "a storm of everything that passes": Case([answering(status) for status in (500, 502, 504, 408, 429)]),
    "malformed partial success": Case([MALFORMED_PARTIAL_SUCCESS] * 3),
    "answers byte by byte": Case([Fault(drip_s=0.005)] * 2),
    "half an answer, and none": Case([OK, HALF_AN_ANSWER, SILENCE]),
    "413 over a size": Case([], {"max_body": 5_000}, {"http_413": 1}, {"big"}),
    "400 for poison": Case([], {"poison": 400}, {"http_400": 3}, POISONS),
    "500 for ever for poison": Case([], {"poison": 500}, {"http_500": 3}, POISONS),
    "poison in a storm": Case([answering(503), RESET, OK, answering(502)], {"poison": 500}, {"http_500": 3}, POISONS),
    "connections refused": Case([], {"is_open": False}),
    "a wrong certificate": Case(),
}
NAMES = {*(f"work {number}" for number in range(60)), *POISONS, "big"}

PROGRAM = f"""
addresses, data_dir = json.loads(sys.argv[1]), sys.argv[2]
for name, url in addresses.items():
    start(name, otlp_endpoint=url, project=name, data_dir=f"{{data_dir}}/{{name}}", flush_interval_s=0.01,
          export_timeout_s={TIMEOUT_S} if name == {LATE!r} else 60, max_export_batch_size=20)
for name, tracer in tracers.items():
    for number in range(60):
        call(f"work {{number}}", tracer=tracer)
        if number >= 45 and number % 5 == 0: call(f"poison {{number // 5 - 9}}", tracer=tracer)
    call("big", "x" * 10_000, tracer=tracer)
show(was_delivered=[name for name, tracer in tracers.items() if name in ("connections refused", "a wrong certificate")
                    and tracer.flush(200)])
sys.stdin.readline()
# Whether an event or its destination is at fault for a 500 shows only while others arrive.
while waiting := [(name, tracer) for name, tracer in tracers.items() if not tracer.flush(30) and tracer.stats().pending]:
    for name, tracer in waiting:
        if name in {[name for name, case in CASES.items() if case.options.get("poison") == 500]}:
            call("another", tracer=tracer)
            show(another=name)
"""


@dataclass
class Run:
    """What came of the one run that all cases share."""

    shown: Shown
    collectors: dict[str, Collector]
    data_dir: Path


@pytest.fixture(scope="module")
def run_of_all(
    collectors: Callable[..., Collector], certificates: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    right, wrong = certificates("right"), certificates("wrong")
    made = {name: collectors(case.script, **case.options) for name, case in CASES.items()}
    made["a wrong certificate"].certificate = wrong
    data_dir = tmp_path_factory.mktemp("answers")
    addresses = json.dumps({name: collector.url for name, collector in made.items()})
    program = Program(PROGRAM, data_dir, addresses, str(data_dir), SSL_CERT_FILE=str(right))
    program.read_until(was_delivered=[])
    assert made["a wrong certificate"].handshake_failed.wait(GUARD_S)
    made["a wrong certificate"].certificate = right
    made["connections refused"].open()
    program.go_on()
    return Run(program.end(), made, data_dir)


@pytest.mark.parametrize("name", CASES)
def test_what_was_accepted_arrives_or_is_dropped_for_its_reason(run_of_all: Run, name: str) -> None:
    case, collector, account = CASES[name], run_of_all.collectors[name], run_of_all.shown.accounts[name]

    others = run_of_all.shown.lines.count({"another": name})
    assert account.accepted == len(NAMES) + others + 2  # the session of the process, and its end
    assert account.pending == 0
    assert account.dropped == case.dropped
    assert len(collector.taken()) == account.delivered == account.accepted - sum(account.dropped.values())
    assert NAMES - collector.names() == case.lost
    assert collector.taken_twice() <= collector.doubtful()


@pytest.mark.parametrize("name", CASES)
def test_what_is_refused_for_good_can_be_read_with_its_reason(run_of_all: Run, name: str) -> None:
    case, data_dir = CASES[name], run_of_all.data_dir / name

    rejected = list(read_rejected(data_dir))
    assert {record.reason for record in rejected} == set(case.dropped)
    assert all(any(lost.encode() in record.body for record in rejected) for lost in case.lost)
    assert len(rejected) == len(case.lost)


@pytest.mark.parametrize("name", ["429 with seconds", "429 with a date"])
def test_nothing_is_sent_before_the_time_that_the_destination_asks_for(run_of_all: Run, name: str) -> None:
    requests = run_of_all.collectors[name].requests
    asked = next(number for number, request in enumerate(requests) if request.fault.status == 429)

    assert requests[asked + 1].at_s - requests[asked].at_s >= 0.9
