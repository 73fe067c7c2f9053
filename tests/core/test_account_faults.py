"""The account is true at every moment, whatever goes wrong: requests, the journal, the queue, a fork in the middle."""

import itertools
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from honeyhive.events.decode import decode_request

_GUARD_S = 120.0
OK, REFUSED = 200, 400

PROGRAM = """
import json, os, shutil, sys, threading
from honeyhive import HoneyHiveTracer, session, trace
url, data_dir = sys.argv[1:]
remote = HoneyHiveTracer.init(project="remote", otlp_endpoint=url, flush_interval_s=0.01, export_timeout_s=5, data_dir=data_dir,
                              max_queue_bytes=250_000, overload_wait_ms=0, max_export_batch_size=50)
# Its journal goes away in the middle, and comes back.
local = HoneyHiveTracer.init(project="local", data_dir=data_dir + "/local")
stop, wrong, looks = threading.Event(), [], [0]

def watch():
    last = {}
    while not stop.is_set():
        for tracer in (remote, local):
            now = tracer.stats()
            dropped = sum(now.dropped.values())
            before = last.get(tracer.project, now)
            is_true = now.accepted == now.delivered + now.pending + dropped and now.pending >= 0
            grows = now.accepted >= before.accepted and now.delivered >= before.delivered
            keeps = all(now.dropped[reason] >= count for reason, count in before.dropped.items())
            if not (is_true and grows and keeps): wrong.append(f"{before} -> {now}")
            last[tracer.project] = now
            looks[0] += 1

remote_work = trace(event_name="work", tracer=remote)(len)
poison = trace(event_name="poison", tracer=remote)(len)
local_work = trace(event_name="work", tracer=local)(len)

def call():
    for n in range(400):
        with session("s", tracer=remote, sampled=n % 4 > 0):
            remote_work("x" * 300)

def account(tracer):
    now = tracer.stats()
    return [now.accepted, now.delivered, now.pending, dict(now.dropped)]

watchers = [threading.Thread(target=watch) for _ in range(2)]
callers = [threading.Thread(target=call) for _ in range(3)]
for thread in (*watchers, *callers): thread.start()
child = os.fork()
if child == 0:
    remote_work("of the child")
    remote.flush(60_000)
    print(json.dumps({"child": account(remote)}), flush=True)
    os._exit(0)
os.waitpid(child, 0)
for thread in callers: thread.join()
remote.flush(60_000)
for n in range(30):
    (poison if n % 10 == 9 else remote_work)("x")
remote_work("x" * 400_000)
remote.flush(60_000)
journal = data_dir + "/local/journal"
local_work("before")
local.flush(20_000)
if os.path.exists(journal):
    shutil.move(journal, data_dir + "/moved")
    open(journal, "w").close()
    local_work("in between")
    local.flush(20_000)
    os.unlink(journal)
local_work("after")
local.flush(20_000)
stop.set()
for thread in watchers: thread.join()
remote.shutdown()  # it ends the session of the process, which is an event too
print(json.dumps({"wrong": wrong[:3], "looks": looks[0], "remote": account(remote), "local": account(local)}))
"""


class Faulty:
    """A collector that goes through its list of faults again and again, refuses every request with poison in it, and knows what it took."""

    FAULTS: tuple[int | str, ...] = (OK, 503, "reset", 429, OK, "silent", 500, OK, "half an answer", 408, OK)

    def __init__(self) -> None:
        self.taken: Counter[bytes] = Counter()
        self.refused: Counter[bytes] = Counter()
        self.done: Counter[int | str] = Counter()
        faulty, faults = self, itertools.cycle(self.FAULTS)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                fault = next(faults)
                faulty.done[fault] += 1
                if fault == "reset":  # in the middle of the body
                    self.rfile.read(1)
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    return
                spans = list(decode_request(self._body()))
                if fault == OK and any(span.name == "poison" for span in spans):
                    fault = REFUSED
                ids = [span.trace_id + span.span_id for span in spans]
                if fault == OK:
                    faulty.taken.update(ids)
                elif fault == REFUSED and len(ids) == 1:
                    faulty.refused.update(ids)
                self._answer(fault)

            def _body(self) -> bytes:
                return self.rfile.read(int(self.headers["content-length"]))

            def _answer(self, fault: int | str) -> None:
                if isinstance(fault, str):
                    self.wfile.write(b"HTTP/1.1 2" if fault == "half an answer" else b"")
                    self.close_connection = True
                    return
                self.send_response(fault)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def faulty() -> Iterator[Faulty]:
    opened = Faulty()
    yield opened
    opened.close()


@pytest.mark.parametrize("journal", ["on", "off"])
def test_every_event_is_delivered_pending_or_dropped_for_a_reason_while_everything_fails(
    faulty: Faulty, tmp_path: Path, journal: str
) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, faulty.url, str(tmp_path)],
        env={**clean, "HH_JOURNAL": journal},
        capture_output=True,
        text=True,
        timeout=_GUARD_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    shown: dict[str, Any] = {}
    for line in finished.stdout.splitlines():
        shown.update(json.loads(line))

    assert shown["wrong"] == []
    assert shown["looks"] > 100
    assert all(faulty.done[fault] for fault in faulty.FAULTS)
    accepted, delivered, pending, dropped = shown["remote"]
    assert accepted == 3 * 400 * 2 + 30 + 1 + 2
    assert (pending, dropped["sampled_out"]) == (0, 3 * 200)
    assert dropped["queue_full"] >= 1
    assert dropped["http_400"] == 3
    assert set(dropped) == {"sampled_out", "queue_full", "http_400"}
    # What was delivered is what the collector has, of this process and of its child; what it refused is what was dropped.
    of_child = shown["child"]
    assert of_child[0] == of_child[1] + sum(of_child[3].values())
    assert faulty.taken.total() == delivered + of_child[1]
    assert faulty.refused.total() == dropped["http_400"] + of_child[3].get("http_400", 0)
    # Nothing came twice, but for the session of the process, which is announced and then ended.
    assert [count for count in (faulty.taken + faulty.refused).values() if count > 1] in ([], [2], [3])

    unwritten = {"on": [4, 3, 0, {"journal_unwritable": 1}], "off": [3, 0, 0, {"no_destination": 3}]}
    assert shown["local"] == unwritten[journal]
