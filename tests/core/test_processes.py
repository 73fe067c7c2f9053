"""One session over real processes: pools, child processes, and services that call one another on loopback."""

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.events.sessions import Session, assemble
from honeyhive.export.journal import read_journal

_GUARD_S = 120.0
_OTHER = "0f0e0d0c-0b0a-4908-8706-050403020100"

POOL = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
from honeyhive import HoneyHiveTracer, session, trace
from honeyhive.integration import carry_context, propagating_executor

@trace(event_name="work")
def work(number):
    return number * 2

@trace(event_name="parent")
def parent(method):
    context = multiprocessing.get_context(method)
    with propagating_executor(ProcessPoolExecutor(2, mp_context=context)) as executor:
        assert executor.submit(work, 1).result() == 2
        assert list(executor.map(work, range(4), chunksize=2)) == [0, 2, 4, 6]
    process = context.Process(target=carry_context(work), args=(9,))
    process.start()
    process.join()
    assert process.exitcode == 0

if __name__ == "__main__":
    HoneyHiveTracer.init(project="p")
    with session("chat"):
        parent(sys.argv[1])
"""

CHAIN = """
import subprocess, sys
from honeyhive import HoneyHiveTracer, session, trace

tracer = HoneyHiveTracer.init(project="p", session_id=sys.argv[2] if len(sys.argv) > 2 else None)
left = int(sys.argv[1])

@trace(event_name=f"level {left}")
def level():
    if left:
        command = [sys.executable, __file__, str(left - 1)]
        subprocess.run([*command, *sys.argv[3:]], env=tracer.subprocess_environment(), check=True)

@trace(event_name="beside")
def beside():
    pass

level()
if not left:
    beside()
"""

BAGGAGE = """
import subprocess, sys
from honeyhive import HoneyHiveTracer, session, trace
from honeyhive.integration import inject

tracer = HoneyHiveTracer.init(project="p")

@trace
def hand_over():
    tracer.set_baggage("team", "search")
    subprocess.run([sys.executable, __file__, "child"], env=tracer.subprocess_environment(), check=True)

@trace
def pass_on():
    tracer.set_baggage("tier", "gold")
    assert (tracer.get_baggage("team"), tracer.get_baggage("tier")) == ("search", "gold")
    carrier = {}
    inject(carrier, url="http://localhost/")
    assert "team=search,tier=gold,honeyhive-session=" in carrier["baggage"]

def answer_others():
    assert tracer.get_baggage("team") is None
    carrier = {}
    inject(carrier, url="http://localhost/")
    assert carrier["baggage"].startswith("honeyhive-session=")
    assert "traceparent" not in carrier

if len(sys.argv) > 1:
    pass_on()
    with session("other"):
        answer_others()
else:
    with session("chat"):
        hand_over()
"""

SERVICE = """
import asyncio, os, subprocess, sys, threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import httpx
from honeyhive import HoneyHiveTracer, session, trace
from honeyhive.integration import propagating_executor
from honeyhive.tracing.distributed import with_distributed_trace_context

tracer = HoneyHiveTracer.init(project="p", source=os.environ["NAME"])
client = httpx.Client(transport=tracer.httpx_transport())
pool = propagating_executor(ThreadPoolExecutor(2))
name = os.environ["NAME"]

@trace(event_name=f"{name} step")
def step():
    pass

@trace(event_name=f"{name} handle")
def handle():
    step()
    pool.submit(step).result()
    asyncio.run(asyncio.to_thread(step))
    with session("inner", session_id=os.environ["OTHER"]):
        step()
    if "NEXT" in os.environ:
        client.get(os.environ["NEXT"]).raise_for_status()
    step()

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if "baggage" in self.headers:
            with with_distributed_trace_context(dict(self.headers), tracer):
                handle()
        else:
            with session("request"):
                handle()
        self.send_response(204)
        self.end_headers()
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
"""


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_", "TRACE", "BAGGAGE"))
    }
    return {**kept, "HH_DATA_DIR": str(data_dir), **more}


def run(program: str, tmp_path: Path, *arguments: str, **more: str) -> None:
    path = tmp_path / "program.py"
    path.write_text(program)
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(path), *arguments],
        env=environment(tmp_path, **more),
        capture_output=True,
        text=True,
        timeout=_GUARD_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def sessions(tmp_path: Path) -> list[Session]:
    return assemble(read_records(read_journal(tmp_path / "journal").bodies))


def called(events: Sequence[Event], name: str) -> list[Event]:
    return [event for event in events if event.event_name == name]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_events_of_a_process_pool_reach_the_session_once(tmp_path: Path, method: str) -> None:
    run(POOL, tmp_path, method)

    (found,) = sessions(tmp_path)
    assert found.root.event_name == "chat"
    (parent,) = called(found.events, "parent")
    work = called(found.events, "work")
    assert sorted(event.inputs["number"] for event in work) == [0, 1, 1, 2, 3, 9]
    assert {event.parent_id for event in work} == {parent.event_id}
    assert len({event.event_id for event in found.events}) == 7


def test_a_child_process_continues_the_event_that_started_it_however_deep(tmp_path: Path) -> None:
    run(CHAIN, tmp_path, "2")

    (found,) = sessions(tmp_path)
    events = {event.event_name: event for event in found.events}
    assert found.root.event_name == "program"
    assert events["level 2"].parent_id == found.session_id
    assert events["level 1"].parent_id == events["level 2"].event_id
    assert events["level 0"].parent_id == events["level 1"].event_id
    assert events["beside"].parent_id == events["level 1"].event_id


def test_a_child_process_has_the_baggage_of_what_started_it_outside_of_other_sessions(tmp_path: Path) -> None:
    run(BAGGAGE, tmp_path)

    assert {found.root.event_name for found in sessions(tmp_path)} == {"chat", "other"}


def test_a_session_that_a_child_process_is_given_wins_there(tmp_path: Path) -> None:
    run(CHAIN, tmp_path, "1", "11111111-1111-4111-8111-111111111111", _OTHER)

    found = {session.session_id: session for session in sessions(tmp_path)}
    assert [event.event_name for event in found["11111111-1111-4111-8111-111111111111"].events] == ["level 1"]
    assert {event.event_name for event in found[_OTHER].events} == {"level 0", "beside"}
    assert {event.parent_id for event in found[_OTHER].events} == {_OTHER}


def test_a_trace_in_the_environment_without_a_session_is_not_joined(tmp_path: Path) -> None:
    run(CHAIN, tmp_path, "0", TRACEPARENT=f"00-{'1' * 32}-{'2' * 16}-01", BAGGAGE="team=search,honeyhive-session=what")

    (found,) = sessions(tmp_path)
    assert {event.parent_id for event in found.events} == {found.session_id}


@contextmanager
def service(data_dir: Path, name: str, **more: str) -> Generator[str]:
    """A service in a process of its own; it ends, and writes what it has, when the block does."""
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVICE],
        env=environment(data_dir, NAME=name, OTHER=_OTHER, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        finally:
            process.stdin.close()
            assert process.wait(_GUARD_S) == 0


def test_every_event_of_every_process_reached_by_headers_has_the_session_and_an_inner_one_wins_locally(
    tmp_path: Path,
) -> None:
    with ExitStack() as services:
        third = services.enter_context(service(tmp_path, "third"))
        second = services.enter_context(service(tmp_path, "second", NEXT=third))
        first = services.enter_context(service(tmp_path, "first", NEXT=second))
        httpx.get(first, trust_env=False).raise_for_status()

    found = {session.session_id: session for session in sessions(tmp_path)}
    inner = found.pop(_OTHER)
    assert sorted(event.event_name for event in inner.events) == ["first step", "second step", "third step"]
    (outer,) = found.values()
    handled = {event.event_name: event for event in outer.events if event.event_name.endswith("handle")}
    assert handled["second handle"].parent_id == handled["first handle"].event_id
    assert handled["third handle"].parent_id == handled["second handle"].event_id
    for name in ("first", "second", "third"):
        steps = called(outer.events, f"{name} step")
        assert [event.parent_id for event in steps] == [handled[f"{name} handle"].event_id] * 4


@pytest.mark.parametrize("shared", [{}, {"HH_PROPAGATION_KEY": "shared"}])
def test_services_of_two_deployments_trust_each_other_only_with_a_shared_key(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    with ExitStack() as services:
        second = services.enter_context(service(theirs, "second", **shared))
        first = services.enter_context(service(ours, "first", NEXT=second, **shared))
        httpx.get(first, trust_env=False).raise_for_status()

    (caller,) = (found for found in sessions(ours) if found.session_id != _OTHER)
    (callee,) = (found for found in sessions(theirs) if found.session_id != _OTHER)
    if shared:
        assert callee.session_id == caller.session_id
    else:
        assert callee.session_id != caller.session_id
        assert callee.root.metadata["claimed_session_id"] == caller.session_id
