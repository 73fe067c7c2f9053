"""What a backend that does not answer costs an event loop: claim 21 of `docs/claims.md`, less than 1 ms a call at p99.

Traced coroutines of 1 KB in and 1 KB out, one after another on one loop, while the backend answers, takes connections and
says nothing, or refuses them. Added is the time of a call above that of the plain coroutine, percentile by percentile. Then
`aflush` waits for a second, and a timer on the same loop says how late it was at most; then again without `aflush`, which is
what the machine does to it. One process a case.
Run it by ``uv run --no-sync python benchmarks/dead_backend.py``.
"""

import argparse
import asyncio
import json
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final

import workload
from honeyhive import HoneyHiveTracer, trace

HERE: Final = Path(__file__).parent
RESULT: Final = HERE / "results" / "dead_backend.json"
CASES: Final = ("answers", "is silent", "refuses")
CALLS: Final = 10_000
TICK_S: Final = 0.005
FLUSH_MS: Final = 1000.0


async def plain(number: int, request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "number": number}


traced = trace(event_name="answer")(plain)


async def times_of(function: Any) -> list[float]:
    """Microseconds of each call."""
    taken: list[float] = []
    for number in range(CALLS):
        request = workload.INPUTS[number % workload.PAYLOADS]
        before = time.perf_counter()
        await function(number, request)
        taken.append((time.perf_counter() - before) * 1e6)
        if number % 100 == 0:
            await asyncio.sleep(0)
    return taken


async def late_tick_ms(work: Awaitable[object]) -> float:
    """By how much the worst tick of a timer came too late while *work* was awaited."""
    done, worst = asyncio.ensure_future(work), 0.0
    while not done.done():
        before = time.perf_counter()
        await asyncio.sleep(TICK_S)
        worst = max(worst, time.perf_counter() - before - TICK_S)
    await done
    return worst * 1e3


async def measure(url: str) -> dict[str, float]:
    """One case, in a process of its own."""
    tracer = HoneyHiveTracer.init(project="benchmark", otlp_endpoint=url, data_dir=tempfile.mkdtemp())
    await times_of(traced)  # imports, first connection
    alone, with_us = await times_of(plain), await times_of(traced)
    found = {"late_tick_ms": await late_tick_ms(tracer.aflush(FLUSH_MS)), "flushed": float(tracer.stats().pending == 0)}
    found["late_tick_without_ms"] = await late_tick_ms(asyncio.sleep(FLUSH_MS / 1000))
    for name, part in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
        at = int(CALLS * part)
        found[f"added_{name}_us"] = sorted(with_us)[at] - sorted(alone)[at]
    return found


def run(case: str) -> dict[str, float]:
    """One case against its backend."""
    sink = subprocess.Popen([sys.executable, str(HERE / "sink.py")], stdout=subprocess.PIPE, text=True)
    assert sink.stdout is not None
    try:
        with socket.create_server(("127.0.0.1", 0)) as silent, socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            ports = {
                "answers": int(sink.stdout.readline()),
                "is silent": silent.getsockname()[1],
                "refuses": unused.getsockname()[1],
            }
            command = [sys.executable, str(HERE / "dead_backend.py"), "--url", f"http://127.0.0.1:{ports[case]}"]
            return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    finally:
        sink.terminate()
        sink.wait()


def main() -> None:
    """Print the table and keep it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--url", help="one case against this backend, as JSON")
    given = options.parse_args()
    if given.url:
        print(json.dumps(asyncio.run(measure(given.url))))
        return
    found: dict[str, list[dict[str, float]]] = {case: [] for case in CASES}
    for _ in range(given.rounds):
        for case in random.sample(CASES, len(CASES)):
            found[case].append(run(case))
    medians = {
        case: {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        for case, rounds in found.items()
    }
    for case, row in medians.items():
        print(f"backend {case:10}" + "".join(f"  {name} {value:.1f}" for name, value in row.items()))
    RESULT.write_text(json.dumps({"calls": CALLS, "rounds": given.rounds, "median": medians}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
