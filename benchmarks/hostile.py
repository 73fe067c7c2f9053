"""What a hostile value costs the caller: claim 20 of `docs/claims.md`, at most 50 ms each.

A traced call takes the value and returns it, with the journal as destination: inputs and outputs are both made. Median and
worst wall time of the caller over 31 calls in random order, without the first of each, and the process's CPU until it is
written. Run it by ``uv run --no-sync python benchmarks/hostile.py``.
"""

import json
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from honeyhive import HoneyHiveTracer, trace

RESULT: Final = Path(__file__).parent / "results" / "hostile.json"
CALLS: Final = 31
LIMIT_MS: Final = 50.0


class Raising:
    """An object that must not be asked for anything."""

    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__


class Client:
    """Whoever asks it for an attribute waits for a lock that this program holds."""

    lock = threading.Lock()

    def __getattribute__(self, name: str) -> object:
        with Client.lock:
            return object.__getattribute__(self, name)


def cyclic() -> list[Any]:
    items: list[Any] = [1]
    items.append(items)
    return items


def deep(levels: int) -> list[Any]:
    outer: list[Any] = []
    for _ in range(levels):
        outer = [outer]
    return outer


VALUES: Final[dict[str, Any]] = {
    "a small value": {"question": "why"},
    "a cycle": cyclic(),
    "a list 10,000 levels deep": deep(10_000),
    "an object whose repr raises": Raising(),
    "1,000 such objects": [{"inside": Raising()} for _ in range(1000)],
    "a client whose lock is held": Client(),
    "100,000 objects that nobody knows": [object() for _ in range(100_000)],
    "50 MB of text": "ordinary words " * 3_333_334,
    "50 MB of bytes": b"x" * 50_000_000,
    "1 MB in a container": {"rows": ["x" * 100] * 10_000},
}


@trace(event_name="echo")
def echo(value: Any) -> Any:
    return value


def measure() -> dict[str, dict[str, float]]:
    """The figures of each value, in milliseconds."""
    tracer = HoneyHiveTracer.init(project="benchmark", data_dir=tempfile.mkdtemp())
    wall: dict[str, list[float]] = {name: [] for name in VALUES}
    cpu: dict[str, list[float]] = {name: [] for name in VALUES}
    with Client.lock:
        for _ in range(CALLS):
            for name in random.sample(list(VALUES), len(VALUES)):
                used, began = time.process_time(), time.perf_counter()
                result = echo(VALUES[name])
                wall[name].append((time.perf_counter() - began) * 1e3)
                assert result is VALUES[name]
                assert tracer.flush()
                cpu[name].append((time.process_time() - used) * 1e3)
    assert not tracer.stats().dropped
    return {
        name: {
            "caller_median_ms": statistics.median(wall[name][1:]),
            "caller_worst_ms": max(wall[name][1:]),
            "cpu_median_ms": statistics.median(cpu[name][1:]),
        }
        for name in VALUES
    }


def main() -> None:
    """Print the table and keep it."""
    results = measure()
    for name, row in results.items():
        mark = "" if row["caller_median_ms"] < LIMIT_MS else f"  over {LIMIT_MS:g} ms"
        print(f"{name:34}" + "".join(f"{value:10.2f}" for value in row.values()) + mark)
    RESULT.write_text(json.dumps({"limit_ms": LIMIT_MS, "calls": CALLS, "values": results}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
