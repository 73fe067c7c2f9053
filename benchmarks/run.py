"""`@trace` with 1 KB in and 1 KB out beside a bare OpenTelemetry pipeline: design §5, lines 1 and 2.

``--size 100000`` and ``--size 1000000`` give the function a text of that many characters instead: line 3.

One process a peer, all alive for the run; each round goes to one peer at a time in a new random order and ends with that
peer's flush, so that nobody's export runs in another's turn. Medians over rounds; ratios within the run. The machine may
be noisy: the ratios are what counts.
"""

import argparse
import json
import platform
import random
import statistics
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Final

from peers import PEERS

HERE: Final = Path(__file__).parent
MEASURES: Final = {"wall_us": "caller wall", "thread_us": "caller CPU", "cpu_us": "total CPU"}


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A script of this folder as a process with pipes."""
    command = [sys.executable, str(HERE / script), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(process: subprocess.Popen[str], line: str) -> str:
    """Write a line to *process* and read its answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return process.stdout.readline()


def measure(rounds: int, calls: int, size: int) -> tuple[dict[str, dict[str, float]], int]:
    """The medians of each peer, and how many spans arrived in all."""
    sink = start("sink.py")
    assert sink.stdout is not None
    url = f"http://127.0.0.1:{sink.stdout.readline().strip()}"
    workers = {name: start("worker.py", name, url, str(size)) for name in PEERS}
    results: dict[str, list[dict[str, float]]] = {name: [] for name in PEERS}
    try:
        for worker in workers.values():
            ask(worker, str(min(calls, 200)))
        for _ in range(rounds):
            for name in random.sample(list(workers), len(workers)):
                results[name].append(json.loads(ask(workers[name], str(calls))))
        with urllib.request.urlopen(url) as response:
            arrived = int(response.read())
    finally:
        for process in (*workers.values(), sink):
            process.kill()
            process.wait()
    medians = {
        name: {measure: statistics.median(one[measure] for one in found) for measure in MEASURES}
        for name, found in results.items()
    }
    return medians, arrived


def table(medians: dict[str, dict[str, float]]) -> str:
    """The medians in microseconds a call, with their ratio to bare OpenTelemetry."""
    floor = medians["opentelemetry"]
    lines = [f"{'peer':<15}" + "".join(f"{title:>22}" for title in MEASURES.values())]
    for name, values in medians.items():
        cells = (f"{values[key]:>11.2f} µs {values[key] / floor[key]:>6.3f} x" for key in MEASURES)
        lines.append(f"{name:<15}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def _goals(size: int) -> str:
    return "caller wall <= 0.20 x at 100 KB, 0.05 x at 1 MB" if size else "caller wall <= 0.12 x, total CPU <= 0.25 x"


def _named(size: int) -> str:
    return f"{size // 1000}kb_text" if size else "1kb"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument(
        "--calls", type=int, default=0, help="calls a round; as many as fit 2,048 spans or 20 MB if not given"
    )
    parser.add_argument("--size", type=int, default=0, help="characters of a large text as input; 0: the 1 KB dict")
    arguments = parser.parse_args()
    calls = arguments.calls or (max(20, 20_000_000 // arguments.size) if arguments.size else 2000)
    medians, arrived = measure(arguments.rounds, calls, arguments.size)
    print(table(medians))
    print(f"\n{arrived} spans arrived; goals: {_goals(arguments.size)} (design §5)")
    record: dict[str, Any] = {
        "python": platform.python_version(),
        "rounds": arguments.rounds,
        "calls": calls,
        "medians": medians,
        "ratios": {key: medians["honeyhive"][key] / medians["opentelemetry"][key] for key in MEASURES},
    }
    (HERE / "results" / f"trace_{_named(arguments.size)}.json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
