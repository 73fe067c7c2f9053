"""`stats` is true at every moment, `flush` is honest, and a backend that does not answer holds nobody up."""

import json
import os
import subprocess
import sys
from pathlib import Path

PRELUDE = """
import asyncio, json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from honeyhive import HoneyHiveTracer, session, trace
@trace
def work(n): return n
def show(*values): print(json.dumps(values), flush=True)
def account(tracer):
    stats = tracer.stats()
    return [stats.accepted, stats.delivered, stats.pending, dict(stats.dropped)]

# A collector inside the program, which answers only when `release` is set; of one thread, since none can be started at the program's end.
asked, release = threading.Event(), threading.Event()
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        asked.set()
        release.wait(30)
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"
"""


def run(program: str, tmp_path: Path) -> list[list[object]]:
    """What the program showed, line by line."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + program],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_aflush_lets_the_event_loop_go_on(tmp_path: Path) -> None:
    """The collector answers only when the loop says so: a loop that `aflush` blocks would never come to it."""
    program = """
t = HoneyHiveTracer.init(otlp_endpoint=URL)
async def answer():
    while not asked.is_set(): await asyncio.sleep(0.001)
    release.set()
async def main():
    work(1)
    return await asyncio.gather(t.aflush(20_000), answer())
show(asyncio.run(main())[0], *account(t))
"""
    assert run(program, tmp_path) == [[True, 2, 2, 0, {}]]


def test_callers_go_on_while_the_backend_does_not_answer(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init(otlp_endpoint=URL)
async def main():
    work("first")
    while not asked.is_set(): await asyncio.sleep(0.001)
    for n in range(5000):  # all of them while the request hangs
        async with session("s"): work(n)
    show(release.is_set(), *account(t)[:3])
    release.set()
asyncio.run(main())
show(t.flush(), *account(t))
"""
    assert run(program, tmp_path) == [[False, 10002, 0, 10002], [True, 10002, 10002, 0, {}]]


def test_flush_waits_for_what_was_accepted_and_not_for_what_was_left_out(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init(otlp_endpoint=URL)
with session("kept"): work(1)
flushed = []
waiting = threading.Thread(target=lambda: flushed.append(t.flush(20_000)))
waiting.start()
asked.wait(20)
for n in range(100):
    with session("left out", sampled=False): work(n)
show(waiting.is_alive(), *account(t))
release.set()
waiting.join()
show(flushed, *account(t))
"""
    assert run(program, tmp_path) == [
        [True, 202, 0, 2, {"sampled_out": 200}],
        [[True], 202, 2, 0, {"sampled_out": 200}],
    ]


def test_the_account_is_true_at_every_moment(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init(max_queue_bytes=200_000, overload_wait_ms=0)
stop, seen, wrong = threading.Event(), [], []
def watch():
    last = t.stats()
    while not stop.is_set():
        now = t.stats()
        dropped = sum(now.dropped.values())
        if now.accepted != now.delivered + now.pending + dropped or now.pending < 0: wrong.append(str(now))
        if now.accepted < last.accepted or now.delivered < last.delivered: wrong.append(f"{last} -> {now}")
        seen.append(now.pending > 0)
        last = now
def call(number):
    for n in range(3000):
        with session("s", sampled=n % 3 > 0): work("x" * 500)
watcher = threading.Thread(target=watch)
watcher.start()
callers = [threading.Thread(target=call, args=(number,)) for number in range(3)]
for caller in callers: caller.start()
for caller in callers: caller.join()
t.flush()
stop.set()
watcher.join()
accepted, delivered, pending, dropped = account(t)
show(wrong[:3], any(seen), accepted, pending, dropped["sampled_out"], accepted - delivered == sum(dropped.values()))
"""
    assert run(program, tmp_path) == [[[], True, 18_000, 0, 6_000, True]]
