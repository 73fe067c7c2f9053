"""What redaction, journal and destinations do to the account when they go wrong: nothing is lost without being counted."""

import json
import os
import subprocess
import sys
from pathlib import Path

PRELUDE = """
import json, os, shutil, socket, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from honeyhive import HoneyHiveTracer, trace
from honeyhive.testing import wait_until
SECRET = "sk-proj-AbCdEfGhIjKlMnOp0123456789"
@trace
def work(value=None): return value
def work_for(tracer): trace(tracer=tracer, event_name="work")(lambda: None)()
def show(*values): print(json.dumps(values), flush=True)
def account(tracer):
    stats = tracer.stats()
    return [stats.accepted, stats.delivered, stats.pending, dict(stats.dropped)]

asked = []
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    headers_of_reply, body, is_cut = {}, b"", False
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        asked.append(dict(self.headers))
        self.send_response(200)
        for name, value in self.headers_of_reply.items(): self.send_header(name, value)
        if "content-length" not in self.headers_of_reply: self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        try:
            self.answer()
        except OSError: pass
    def answer(self): self.wfile.write(self.body)
    def log_message(self, *_): pass
def collector(**attributes):
    server = HTTPServer(("127.0.0.1", 0), type("Answering", (Handler,), attributes))
    # Made beforehand: the program delivers at its end too, and no thread can be started there from Python 3.12 on.
    for _ in range(4): threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"
"""


def run(program: str, tmp_path: Path, *, says: str = "") -> list[list[object]]:
    """What the program showed, line by line; its log says nothing unless it *says* that."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + program],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert says in finished.stderr
    assert says or not finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def test_scopes_that_are_one_after_redaction_lose_no_span(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init()
for number in range(4):
    t.provider.get_tracer(f"library {SECRET}{number}").start_span("span").end()
show(t.flush(), *account(t))
"""
    assert run(program, tmp_path) == [[True, 5, 5, 0, {}]]


def test_a_function_that_exits_ends_no_worker(tmp_path: Path) -> None:
    program = """
t = HoneyHiveTracer.init(redact_with=lambda text: sys.exit(text))
work("private")
show(t.flush(), *account(t))
show(*(b"private" in path.read_bytes() for path in Path(os.environ["HH_DATA_DIR"]).rglob("*.otlp")))
"""
    assert run(program, tmp_path, says="redact with a function of yours") == [[True, 2, 2, 0, {}], [False]]


def test_a_function_that_never_returns_does_not_keep_the_program_from_ending(tmp_path: Path) -> None:
    program = """
entered, never = threading.Event(), threading.Event()
def hangs(text):
    entered.set()
    never.wait()
t = HoneyHiveTracer.init(redact_with=hangs)
work()
entered.wait()
work()
"""
    assert run(program, tmp_path, says="redaction does not come to an end") == []


def test_a_segment_whose_file_is_taken_away_while_it_waits_is_delivered_all_the_same(tmp_path: Path) -> None:
    program = """
answering = threading.Event()
t = HoneyHiveTracer.init(otlp_endpoint=collector(answer=lambda self: answering.wait(), headers_of_reply={"content-length": "1"}))
work()
wait_until(lambda: asked)
journal = Path(os.environ["HH_DATA_DIR"], "journal")
work()
from honeyhive.runtime import runtime_for
runtime_for(t.settings)._worker._drain()
for path in journal.glob("*.otlp"): path.unlink()
work()
answering.set()
show(t.flush(), *account(t))
"""
    assert run(program, tmp_path) == [[True, 4, 4, 0, {}]]


def test_the_status_of_an_answer_stands_whatever_its_body_is(tmp_path: Path) -> None:
    program = """
def cut(self):
    self.wfile.write(b"x")
    self.close_connection = True
def endless(self):
    while True: self.wfile.write(bytes(1 << 20))
for attributes in (
    {"headers_of_reply": {"content-encoding": "gzip"}, "body": b"no gzip"},
    {"headers_of_reply": {"content-length": "100"}, "answer": cut},
    {"headers_of_reply": {"content-length": str(1 << 40)}, "answer": endless},
):
    t = HoneyHiveTracer.init(otlp_endpoint=collector(**attributes))
    work_for(t)
    show(t.flush(), *account(t)[1:])
show(len(asked))
# Not `ru_maxrss`: that counts what the process that started this one needed until then.
(peak,) = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
show(int(peak) < 300_000)
"""
    *answers, (requests,), (is_small,) = run(program, tmp_path)

    assert answers == [[True, 2, 0, {}]] * 3
    assert requests == 3
    assert is_small


def test_an_answer_that_drips_is_listened_to_no_longer_than_the_timeout(tmp_path: Path) -> None:
    program = """
stop = threading.Event()
def drip(self):
    while not stop.wait(0.05): self.wfile.write(b"x")
t = HoneyHiveTracer.init(otlp_endpoint=collector(answer=drip, headers_of_reply={"content-length": "100000"}), timeout=1)
work()
show(t.flush(20_000), stop.is_set(), *account(t))
stop.set()
"""
    assert run(program, tmp_path) == [[True, False, 2, 2, 0, {}]]


def test_spans_that_a_collector_rejects_are_counted_and_no_more_than_were_sent(tmp_path: Path) -> None:
    program = """
for kind, body in (
    ("application/x-protobuf", b"\\n\\x02\\x08\\x01"),
    ("application/json", b'{"partialSuccess": {"rejectedSpans": "1"}}'),
    ("application/x-protobuf", b"\\n\\x03\\x08\\xe7\\x07"),
    ("text/html", b"\\n\\x02\\x08\\x01"),
    ("application/json", b"["),
):
    t = HoneyHiveTracer.init(otlp_endpoint=collector(body=body, headers_of_reply={"content-type": kind}))
    work_for(t)
    show(t.flush(), *account(t))
"""
    assert run(program, tmp_path, says="refused 1 events (rejected)") == [
        [False, 2, 1, 0, {"rejected": 1}],
        [False, 2, 1, 0, {"rejected": 1}],
        [False, 2, 0, 0, {"rejected": 2}],
        [True, 2, 2, 0, {}],
        [True, 2, 2, 0, {}],
    ]
