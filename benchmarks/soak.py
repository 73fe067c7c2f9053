"""One process that records for an hour while something goes wrong every minute: accounts, memory, threads, descriptors.

The same harness as in ``tests/chaos``; the result goes to ``results/soak.json``.
"""

import argparse
import itertools
import json
import platform
import sys
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "chaos"))

from chaos_collector import Collector
from chaos_faults import (
    CLOSED_AFTER_200,
    HALF_AN_ANSWER,
    MALFORMED_PARTIAL_SUCCESS,
    RESET,
    SILENCE,
    Fault,
    answering,
)
from chaos_process import Program

RESULT: Final = Path(__file__).parent / "results" / "soak.json"
_TIMEOUT_S: Final = 5.0
_OUTAGE: Final = "connections refused"
FAULTS: Final[dict[str, list[Fault]]] = {
    "503": [answering(503)] * 5,
    "resets in the middle of the body": [RESET] * 3,
    "429 with seconds": [answering(429, retry_after="5")],
    "429 with a date": [Fault(status=429, retry_in_s=5.0)],
    _OUTAGE: [],
    "no answer": [SILENCE] * 2,
    "half an answer": [HALF_AN_ANSWER] * 2,
    "connections closed after 200": [CLOSED_AFTER_200] * 10,
    "malformed partial success": [MALFORMED_PARTIAL_SUCCESS] * 5,
    "slow answers": [Fault(wait_s=2.0)] * 5,
    "an answer that comes too late": [Fault(wait_s=_TIMEOUT_S * 1.5)],
    "500": [answering(500)] * 4,
    "answers byte by byte": [Fault(drip_s=0.05)] * 3,
}
_SAMPLE_S: Final = 5.0

_PROGRAM: Final = f"""
rate, seconds = float(sys.argv[1]), float(sys.argv[2])
tracer = start(export_timeout_s={_TIMEOUT_S})
@trace
def work(text): return text
def sample(at_s):
    with open("/proc/self/statm") as file: pages = int(file.read().split()[1])
    now = tracer.stats()
    show(at_s=at_s, rss_mb=pages * os.sysconf("SC_PAGE_SIZE") / 1e6, threads=len(os.listdir("/proc/self/task")),
         descriptors=len(os.listdir("/proc/self/fd")), accepted=now.accepted, delivered=now.delivered, pending=now.pending,
         dropped=sum(now.dropped.values()))
began, number, sampled = time.monotonic(), 0, 0.0
while (now := time.monotonic() - began) < seconds:
    if number <= now * rate:
        work("x" * 500)
        number += 1
    else: time.sleep(0.001)
    if now >= sampled:
        sample(now)
        sampled += {_SAMPLE_S}
tracer.flush(120_000)
"""


class LongProgram(Program):
    """One that may run for as long as anybody soaks."""

    limit_s = 24 * 3600.0


class Weather(threading.Thread):
    """Lets one fault after another happen to a collector, one every so many seconds, until told to stop."""

    def __init__(self, collector: Collector, every_s: float) -> None:
        super().__init__()
        self.happened: list[str] = []
        self._collector = collector
        self._every_s = every_s
        self._ended = threading.Event()

    def run(self) -> None:
        for name, faults in itertools.cycle(FAULTS.items()):
            if self._ended.wait(self._every_s):
                return
            self.happened.append(name)
            if name == _OUTAGE:
                self._collector.shut()
                self._ended.wait(self._every_s / 2)
                self._collector.open()
            else:
                self._collector.script(faults)

    def stop(self) -> None:
        self._ended.set()
        self.join()
        self._collector.script([])


def soak(seconds: float, rate: float, every_s: float) -> dict[str, Any]:
    """Run one program for *seconds*; what it said of itself, beside what arrived."""
    with closing(Collector()) as collector, tempfile.TemporaryDirectory() as data_dir:
        program = LongProgram(_PROGRAM, Path(data_dir), f"{rate}", f"{seconds}", HH_OTLP_ENDPOINT=collector.url)
        weather = Weather(collector, every_s)
        weather.start()
        samples: list[dict[str, Any]] = []
        while not samples or samples[-1]["at_s"] < seconds - 2 * _SAMPLE_S:
            samples.append(program.read())
        weather.stop()
        account = program.end().account
        twice = collector.taken_twice()
        return {
            "faults": weather.happened,
            "accepted": account.accepted,
            "delivered": account.delivered,
            "pending": account.pending,
            "dropped": account.dropped,
            "distinct_arrived": len(collector.taken()),
            "twice": len(twice),
            "twice_unexplained": len(twice - collector.doubtful()),
            "most_pending": max(sample["pending"] for sample in samples),
            **{name: spread(samples, name) for name in ("rss_mb", "threads", "descriptors")},
            "samples": samples,
        }


def spread(samples: list[dict[str, Any]], name: str) -> dict[str, float]:
    """The medians of the second and the last sixth of *samples* (the first warms up), and the most there was."""
    values = [sample[name] for sample in samples]
    part = max(1, len(values) // 6)
    return {"early": median(values[part : 2 * part] or values), "late": median(values[-part:]), "most": max(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=500.0, help="events a second")
    parser.add_argument("--every", type=float, default=60.0, help="seconds from one fault to the next")
    arguments = parser.parse_args()
    result = soak(arguments.minutes * 60, arguments.rate, arguments.every)
    print(json.dumps({name: value for name, value in result.items() if name != "samples"}, indent=2))
    record = {"python": platform.python_version(), **vars(arguments), **result}
    RESULT.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
