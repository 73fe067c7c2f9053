"""Processes that fork, are recycled or just end: each event arrives once."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from honeyhive.events.decode import DecodedSpan, decode_request
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.events.sessions import assemble
from honeyhive.export.journal import read_journal

PRELUDE = """
import json, multiprocessing, os, signal, sys
from honeyhive import HoneyHiveTracer, session, trace
@trace
def work(n): return n
def show(*values): print(json.dumps(values), flush=True)
def account(tracer):
    stats = tracer.stats()
    return [stats.accepted, stats.delivered, stats.pending, dict(stats.dropped)]
"""


class Collector:
    """An OTLP/HTTP endpoint that keeps the spans it was sent."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def spans(self, name: str) -> list[DecodedSpan]:
        """Every span called *name* that arrived, twice where it arrived twice."""
        return [span for body in self.bodies for span in decode_request(body) if span.name == name]

    def inputs(self) -> list[object]:
        """The arguments of the calls that arrived."""
        return [span.attributes["honeyhive_inputs.n"] for span in self.spans("work")]


@pytest.fixture
def collector() -> Iterator[Collector]:
    opened = Collector()
    yield opened
    opened.close()


def start(program: str, tmp_path: Path, **environment: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PRELUDE + program],
        env={**clean, "HH_DATA_DIR": str(tmp_path), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(program: str, tmp_path: Path, **environment: str) -> list[list[object]]:
    """What the program showed, line by line."""
    process = start(program, tmp_path, **environment)
    shown, said = process.communicate(timeout=90)
    assert (process.returncode, said) == (0, "")
    return [json.loads(line) for line in shown.splitlines()]


def recorded(tmp_path: Path) -> list[Event]:
    """The events in the journal."""
    content = read_journal(tmp_path / "journal")
    assert (content.torn_bytes, content.damaged_records) == (0, 0)
    return [event for found in assemble(read_records(content.bodies)) for event in found.events]


def test_a_parent_and_two_forked_children_deliver_each_event_once(tmp_path: Path, collector: Collector) -> None:
    program = """
t = HoneyHiveTracer.init()
work("parent before")
t.flush()
work("parent unsent")
children = []
for number in range(2):
    child = os.fork()
    if child == 0:
        with session(f"child {number}"):
            for n in range(50): work(f"child {number} {n}")
        flushed = t.flush()
        show(flushed, *account(t))
        os._exit(0)
    children.append(child)
for child in children: os.waitpid(child, 0)
work("parent after")
"""
    shown = run(program, tmp_path, HH_OTLP_ENDPOINT=collector.url)

    assert shown == [[True, 51, 51, 0, {}]] * 2
    expected = {f"child {number} {n}" for number in range(2) for n in range(50)}
    assert Counter(collector.inputs()) == Counter({*expected, "parent before", "parent unsent", "parent after"})
    assert len({span.resource["process.pid"] for span in collector.spans("work")}) == 3


RECYCLED = """
with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
    pool.map(task, range(10), chunksize=1)
    pool.close()
    pool.join()
"""
TASK = """
def task(n):
    with session(f"task {n}"): return work(n)
t = HoneyHiveTracer.init()
work("parent")
"""
EACH_ONCE = Counter([*map(str, range(10)), "parent"])


@pytest.mark.parametrize("before_fork", ["t.flush()", ""])
def test_worker_processes_that_are_recycled_after_each_task_deliver_everything_once(
    before_fork: str, tmp_path: Path, collector: Collector
) -> None:
    run(f"{TASK}{before_fork}{RECYCLED}", tmp_path, HH_OTLP_ENDPOINT=collector.url)

    assert Counter(map(str, collector.inputs())) == EACH_ONCE
    assert all(len(collector.spans(f"task {n}")) == 1 for n in range(10))
    assert len({span.resource["process.pid"] for span in collector.spans("work")}) == 11
    assert Counter(str(event.inputs["n"]) for event in recorded(tmp_path)) == EACH_ONCE


def test_a_worker_that_is_told_to_terminate_and_ends_delivers_what_it_has(tmp_path: Path, collector: Collector) -> None:
    program = """
HoneyHiveTracer.init(flush_interval_s=60)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with session("job"):
    for n in range(200): work(n)
show("ready")
while True: signal.pause()
"""
    process = start(program, tmp_path, HH_OTLP_ENDPOINT=collector.url)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == ["ready"]
    process.terminate()
    _, said = process.communicate(timeout=60)

    assert (process.returncode, said) == (0, "")
    assert sorted(map(str, collector.inputs())) == sorted(map(str, range(200)))


def test_a_script_that_only_calls_and_ends_delivers_everything(tmp_path: Path, collector: Collector) -> None:
    run("HoneyHiveTracer.init()\nfor n in range(2000): work(n)", tmp_path, HH_OTLP_ENDPOINT=collector.url)

    assert Counter(collector.inputs()) == Counter(range(2000))


def test_sessions_that_nothing_ended_end_with_the_process(tmp_path: Path, collector: Collector) -> None:
    program = """
t = HoneyHiveTracer.init()
t.create_session("open", user_properties={"user_id": "u"})
work(1)
"""
    run(program, tmp_path, HH_OTLP_ENDPOINT=collector.url)

    announced, ended = sorted(collector.spans("open"), key=lambda span: span.end_ns)
    assert announced.start_ns == announced.end_ns == ended.start_ns < ended.end_ns
    assert ended.attributes["honeyhive_user_properties.user_id"] == "u"


def test_a_forked_child_does_not_end_the_sessions_of_its_parent(tmp_path: Path, collector: Collector) -> None:
    program = """
t = HoneyHiveTracer.init()
t.create_session("open")
work(1)
t.flush()
def child(): work("child")
process = multiprocessing.get_context("fork").Process(target=child)
process.start(); process.join()
"""
    run(program, tmp_path, HH_OTLP_ENDPOINT=collector.url)

    assert len(collector.spans("open")) == 2
    assert len({span.resource["process.pid"] for span in collector.spans("open")}) == 1
    assert len({span.attributes["honeyhive.session_id"] for span in collector.spans("work")}) == 1


def test_a_forked_child_that_leaves_the_traced_call_does_not_end_its_session(
    tmp_path: Path, collector: Collector
) -> None:
    program = """
t = HoneyHiveTracer.init()
@trace
def handle():
    t.create_session("open")
    return os.fork()
child = handle()
if child == 0:
    t.flush()
    os._exit(0)
os.waitpid(child, 0)
"""
    run(program, tmp_path, HH_OTLP_ENDPOINT=collector.url)

    ended = [span for span in collector.spans("open") if span.end_ns > span.start_ns]
    assert len(ended) == 1


def test_forked_children_record_for_themselves(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init()
work("parent")
for _ in range(2):
    child = os.fork()
    if child == 0:
        work("child")
        t.flush()
        show(*account(t))
        os._exit(0)
    os.waitpid(child, 0)
t.flush()
show(*account(t))
"""
    assert run(program, tmp_path) == [[1, 1, 0, {}], [1, 1, 0, {}], [2, 2, 0, {}]]
    events = recorded(tmp_path)
    assert sorted(event.inputs["n"] for event in events) == ["child", "child", "parent"]
    assert len({event.metadata["process.pid"] for event in events}) == 3
    assert len({event.event_id for event in events}) == 3


def test_a_fork_in_the_middle_of_a_late_import_loses_nothing(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init()
work("parent")
while "opentelemetry.sdk.resources" not in sys.modules: pass
child = os.fork()
if child == 0:
    work("child")
    show(t.flush(), *account(t))
    os._exit(0)
os.waitpid(child, 0)
"""
    assert run(program, tmp_path) == [[True, 1, 1, 0, {}]]


def test_children_that_multiprocessing_forks_lose_nothing(tmp_path: Path) -> None:
    program = """
HoneyHiveTracer.init()
work("parent")
processes = [multiprocessing.get_context("fork").Process(target=work, args=(n,)) for n in range(3)]
for process in processes: process.start()
for process in processes: process.join()
"""
    run(program, tmp_path)

    assert sorted(str(event.inputs["n"]) for event in recorded(tmp_path)) == ["0", "1", "2", "parent"]


def test_spawned_processes_need_nothing_special(tmp_path: Path) -> None:
    program = """
import multiprocessing
from honeyhive import HoneyHiveTracer, trace

def child():
    HoneyHiveTracer.init()
    trace(len)("abc")

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0
"""
    script = tmp_path / "spawns.py"
    script.write_text(program)
    subprocess.run(
        [sys.executable, str(script)], env={**os.environ, "HH_DATA_DIR": str(tmp_path)}, check=True, timeout=60
    )

    assert [event.event_name for event in recorded(tmp_path)] == ["len"]


def test_a_signal_handler_may_record_and_flush(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init()
def handle(*_):
    work("signal")
    t.flush(1)
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
for n in range(100):
    work(n)
    t.flush(20)
signal.setitimer(signal.ITIMER_REAL, 0)
show(t.flush(), *account(t))
"""
    ((flushed, accepted, delivered, pending, dropped),) = run(program, tmp_path)
    assert (flushed, pending, dropped) == (True, 0, {})
    assert accepted == delivered


def test_streams_that_are_open_when_a_program_ends_are_abandoned_in_it_and_not_in_its_children(tmp_path: Path) -> None:
    program = """
import threading
tracer = HoneyHiveTracer.init()
@trace
def letters():
    yield "a"
    yield "b"
@trace
async def later():
    yield "c"
kept, reached, never = letters(), threading.Event(), threading.Event()
next(kept)
def serve():
    for _ in letters():
        reached.set()
        never.wait()
threading.Thread(target=serve, daemon=True).start()
reached.wait()
child = os.fork()
if child == 0:
    work(1)
    sys.exit(0)
os.waitpid(child, 0)
"""
    run(program, tmp_path)

    segments = sorted((tmp_path / "journal").iterdir())
    spans = [span for segment in segments for span in decode_request(segment.read_bytes())]
    streams = [span for span in spans if span.name == "letters"]
    assert [span.attributes["honeyhive_metadata.status"] for span in streams] == ["abandoned", "abandoned"]
    assert {span.attributes["honeyhive_outputs.result"] for span in streams} == {"a"}
    assert [span.name for span in spans].count("work") == 1


def test_a_session_block_that_a_daemon_thread_is_in_when_a_program_ends_is_ended(tmp_path: Path) -> None:
    program = """
import threading
HoneyHiveTracer.init()
reached = threading.Event()
def serve():
    with session("served", user_properties={"user_id": "u1"}):
        work(1)
        reached.set()
        threading.Event().wait()
threading.Thread(target=serve, daemon=True).start()
reached.wait()
"""
    run(program, tmp_path)

    sessions = assemble(read_records(read_journal(tmp_path / "journal").bodies))
    (served,) = [found.root for found in sessions if found.root.event_name == "served"]
    assert (served.user_properties, served.metadata["status"]) == ({"user_id": "u1"}, "ok")


@pytest.mark.parametrize(
    ("arguments", "name"), [(["-m", "support"], "support"), (["support/ask.py"], "ask"), (["support"], "support")]
)
def test_the_session_of_a_process_is_called_like_what_is_run(tmp_path: Path, arguments: list[str], name: str) -> None:
    package = tmp_path / "support"
    package.mkdir()
    for file in ("__init__.py", "__main__.py", "ask.py"):
        (package / file).write_text(
            "from honeyhive import HoneyHiveTracer\nprint(HoneyHiveTracer(test_mode=True).session_name)\n"
        )

    told = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True
    )
    assert told.stdout.splitlines()[-1] == name


def test_a_log_handler_may_ask_for_the_tracer_that_is_being_made(tmp_path: Path) -> None:
    program = """
import logging
ids = []
class Handler(logging.Handler):
    def emit(self, record):
        logging.getLogger("honeyhive").removeHandler(self)
        with session("told") as told:
            ids.append(told.session_id)
logging.getLogger("honeyhive").addHandler(Handler())
with session("asked"):
    show(len(ids))
"""
    output, problems = start(program, tmp_path, HH_JOURNAL="off").communicate(timeout=120)

    assert (output, problems.count("events go nowhere")) == ("[1]\n", 1)
