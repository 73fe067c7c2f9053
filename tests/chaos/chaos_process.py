"""Programs that trace, as processes of their own: what they called, what they say became of it, and how they end."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

GUARD_S = 120.0

PRELUDE = """
import atexit, json, multiprocessing, os, pathlib, shutil, signal, sys, time
from honeyhive import HoneyHiveTracer, trace
def show(**values): os.write(1, (json.dumps(values) + "\\n").encode())
def call(name, text="x" * 100, **options):
    trace(event_name=name, **options)(len)(text)
    show(called=name, at_ns=time.monotonic_ns())
def account(tracer, name="main"):
    now, found = tracer.stats(), tracer.stats().inherited
    show(account=name, accepted=now.accepted, delivered=now.delivered, pending=now.pending, dropped=dict(now.dropped),
         found=found.found, found_delivered=found.delivered, found_pending=found.pending, found_dropped=dict(found.dropped))
def until(is_so):
    while not is_so(): time.sleep(0.005)
def journal(): return pathlib.Path(os.environ["HH_DATA_DIR"], "journal")
def is_written(name):
    from honeyhive.events.decode import decode_request
    from honeyhive.export.journal.reading import read_segment
    found = (read_segment(path.read_bytes()).records for path in journal().glob("*.otlp"))
    return any(span.name == name for records in found for record in records for span in decode_request(record.whole))
tracers = {}
# What is registered first runs last: after the last flush of the process.
atexit.register(lambda: [account(tracer, name) for name, tracer in tracers.items()])
def start(name="main", **options):
    tracers[name] = HoneyHiveTracer.init(**options)
    return tracers[name]
"""


@dataclass(frozen=True, slots=True)
class Account:
    """``tracer.stats()`` as a program showed it."""

    accepted: int
    delivered: int
    pending: int
    dropped: dict[str, int]
    found: int
    found_delivered: int
    found_pending: int
    found_dropped: dict[str, int]


@dataclass(slots=True)
class Shown:
    """What a program wrote."""

    called: dict[str, int] = field(default_factory=dict[str, int])
    """The names of its calls, and when each had returned, in nanoseconds of the monotonic clock."""
    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    said: str = ""
    """What it said on its standard error."""

    @property
    def account(self) -> Account:
        """The last one under the usual name."""
        return self.accounts["main"]

    def called_before(self, at_ns: int) -> set[str]:
        return {name for name, returned_ns in self.called.items() if returned_ns <= at_ns}

    def read(self, line: str) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(line)
        if "called" in values:
            self.called[values["called"]] = values["at_ns"]
        elif "account" in values:
            name = values.pop("account")
            self.accounts[name] = Account(**values)
        else:
            self.lines.append(values)
        return values


class Program:
    """One running process, started with *body* after the prelude; the settings are *environment*.

    It is given by ``-c``, unless it looks whether it is ``__main__``: processes that it spawns import it from a file.
    """

    limit_s: ClassVar[float] = GUARD_S
    """How long it may live."""

    def __init__(self, body: str, data_dir: Path, *arguments: str, **environment: str) -> None:
        source = ["-c", PRELUDE + body]
        if "__main__" in body:
            file = data_dir / "program.py"
            file.write_text(PRELUDE + body)
            source = [str(file)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
        self.shown = Shown()
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  closed when the process has ended
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", *source, *arguments],
            env={**clean, "HH_DATA_DIR": str(data_dir), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._guard = threading.Timer(self.limit_s, self._process.kill)
        self._guard.start()

    def read(self) -> dict[str, Any]:
        """The next line that it writes; raises ``EOFError`` when it ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._drain()
            raise EOFError(self.shown.said)
        return self.shown.read(line)

    def read_until(self, **values: object) -> dict[str, Any]:
        """Read until it shows *values*; the line that has them."""
        while True:
            line = self.read()
            if line.items() >= values.items():
                return line

    def read_calls(self, count: int) -> None:
        """Read until *count* calls have returned."""
        while len(self.shown.called) < count:
            self.read()

    def go_on(self) -> None:
        """Let it go on, where it waits for a line."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> Shown:
        """Wait for its end, which must be a good one."""
        self._drain()
        assert self._process.returncode == 0, self.shown.said
        return self.shown

    def kill(self, by: signal.Signals = signal.SIGKILL) -> int:
        """End it by a signal; the moment, in nanoseconds of the monotonic clock."""
        at_ns = time.monotonic_ns()
        self._process.send_signal(by)
        self._drain()
        assert self._process.returncode == -by, self.shown.said
        return at_ns

    def _drain(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdin, self._process.stdout, self._errors:
            for line in self._process.stdout:
                self.shown.read(line)
            self._process.wait()
            self._guard.cancel()
            self._errors.seek(0)
            self.shown.said = self._errors.read()


def run(body: str, data_dir: Path, *arguments: str, **environment: str) -> Shown:
    """What a program showed that ran to its end."""
    return Program(body, data_dir, *arguments, **environment).end()
