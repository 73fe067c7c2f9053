"""Programs killed one after another over one data directory, each of which finds what the ones before it left."""

import os
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chaos_collector import Collector
from chaos_process import Account, Program, run

PROMISED_NS: Final = 200_000_000
"""An event whose end returned this long before its process was killed is in the journal."""

_OPTIONS = "flush_interval_s=0.01, max_export_batch_size=100"
_WORK = f"""
def is_alive(process):
    try: os.kill(process, 0)
    except ProcessLookupError: return False
    return True
prefix, rate, forks_at = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
tracer = start({_OPTIONS})
call(f"{{prefix}} first")
tracer.flush()  # what the worker imports for its first batch takes it longer than any batch later
show(is_warm=True)
began, number = time.monotonic(), 0
while True:
    if number == forks_at:
        child = os.fork()
        if child == 0:
            os.close(1)
            while is_alive(int(sys.argv[4])): time.sleep(0.2)
            os._exit(0)
        show(child=child)
    while time.monotonic() < began + number / rate: time.sleep(0.001)
    call(f"{{prefix}} {{number}}")
    number += 1
"""
# Its end would wait for five seconds only.
_LAST = f"""
start({_OPTIONS})
call("the last one")
until(lambda: all(path.name.endswith(".delivered.otlp") or f"-{{os.getpid()}}-" in path.name for path in journal().glob("*.otlp")))
"""


@dataclass(slots=True)
class Killed:
    """What came of it."""

    called: set[str] = field(default_factory=set[str])
    promised: set[str] = field(default_factory=set[str])
    last: Account | None = None
    """Of the program that was not killed."""


def kill_programs(
    collector: Collector,
    data_dir: Path,
    by: list[signal.Signals],
    *,
    seed: int,
    rate: float,
    most_calls: int,
    forks: bool,
) -> Killed:
    """End a program by each signal of *by*, at a moment that *seed* decides, and let one more deliver the rest.

    Each makes *rate* events a second, at most *most_calls* in all. With *forks*, each has a child that outlives it.
    """
    moments = random.Random(seed)  # noqa: S311  moments, not secrets
    killed = Killed()
    children: list[int] = []
    settings = {"HH_OTLP_ENDPOINT": collector.url}
    try:
        for number, one in enumerate(by):
            calls = moments.randrange(most_calls // 10, most_calls)
            forks_at = moments.randrange(calls) if forks else -1
            asked = f"{number}", f"{rate}", f"{forks_at}", f"{os.getpid()}"
            program = Program(_WORK, data_dir, *asked, **settings)
            program.read_until(is_warm=True)
            program.read_calls(calls)
            killed.promised |= program.shown.called_before(program.kill(one) - PROMISED_NS)
            killed.called |= set(program.shown.called)
            children += (line["child"] for line in program.shown.lines if "child" in line)
        killed.last = run(_LAST, data_dir, **settings).account
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
    return killed
