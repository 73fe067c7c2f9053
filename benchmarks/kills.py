"""A hundred processes killed at random moments, at half of the rate that one sustains: what of their events arrives.

Every event whose end had returned 200 ms before its process was killed must be delivered by the next process, also while a
forked child of the killed one lives on; nothing may come twice but the request that was under way. The same harness as in
``tests/chaos``; the result goes to ``results/kills.json``.
"""

import argparse
import itertools
import json
import os
import platform
import signal
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "chaos"))

from chaos_collector import Collector
from chaos_faults import OK, Fault, answering
from chaos_kills import Killed, kill_programs
from chaos_process import run

RESULT: Final = Path(__file__).parent / "results" / "kills.json"
_FAULTS: Final = [OK] * 20 + [Fault(wait_s=0.05)] * 3 + [answering(503)]
_SUSTAINED = """
tracer = start()
call("first")
tracer.flush()
began = time.monotonic()
for number in range(int(sys.argv[1])): call(f"work {number}")
tracer.flush(120_000)
show(took_s=time.monotonic() - began)
"""


def sustained_rate(calls: int) -> float:
    """Events a second from call to delivery, of the program that is killed later, when nothing holds it up."""
    with closing(Collector()) as collector, tempfile.TemporaryDirectory() as data_dir:
        shown = run(_SUSTAINED, Path(data_dir), f"{calls}", HH_OTLP_ENDPOINT=collector.url)
        assert shown.account.delivered == shown.account.accepted
        return calls / shown.lines[-1]["took_s"]


def kill(kills: int, *, seed: int, rate: float, forks: bool) -> dict[str, Any]:
    """What came of *kills* processes that made *rate* events a second."""
    with closing(Collector(itertools.cycle(_FAULTS))) as collector, tempfile.TemporaryDirectory() as data_dir:
        killed = kill_programs(
            collector,
            Path(data_dir),
            [signal.SIGKILL] * kills,
            seed=seed,
            rate=rate,
            most_calls=int(rate * 1.5),
            forks=forks,
        )
        return summary(killed, collector, kills)


def summary(killed: Killed, collector: Collector, kills: int) -> dict[str, Any]:
    """The numbers of one series."""
    assert killed.last is not None
    twice, names = collector.taken_twice(), collector.names()
    return {
        "kills": kills,
        "called": len(killed.called),
        "promised": len(killed.promised),
        "promised_missing": len(killed.promised - names),
        "later_ones_arrived": len((killed.called - killed.promised) & names),
        "later_ones_lost": len(killed.called - killed.promised - names),
        "twice": len(twice),
        "twice_unexplained": len(twice - collector.unacknowledged()),
        "left_pending": killed.last.found_pending,
        "dropped": killed.last.found_dropped,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="half of them with a forked child that lives on")
    parser.add_argument("--calls", type=int, default=20_000, help="calls that the sustained rate is measured with")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rate = sustained_rate(arguments.calls)
    print(f"sustained: {rate:,.0f} events/s")
    record: dict[str, Any] = {
        "python": platform.python_version(),
        "load": os.getloadavg(),
        "sustained_per_s": rate,
        "rate_per_s": rate / 2,
    }
    for forks in (False, True):
        name = "survived_by_a_child" if forks else "alone"
        record[name] = kill(arguments.kills // 2, seed=arguments.seed + forks, rate=rate / 2, forks=forks)
        print(name, json.dumps(record[name]))
    RESULT.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
