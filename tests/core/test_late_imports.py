"""What the worker imports late: a child that is forked meanwhile would have half of it, for good."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from honeyhive import HoneyHiveTracer, lateload, trace
from opentelemetry.sdk.metrics import MeterProvider

imported, unheld = [], []
def note(event, arguments):
    if event == "import" and threading.current_thread().name.startswith("honeyhive-"):
        (imported if lateload._fork_lock._lock._is_owned() else unheld).append(arguments[0])
sys.addaudithook(note)

statuses = iter(["503", "200", "200", "200"])
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(int(next(statuses)))
        self.send_header("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_): pass
server = ThreadingHTTPServer(("localhost", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()

t = HoneyHiveTracer.init(otlp_endpoint=f"http://localhost:{server.server_port}", meter_provider=MeterProvider(),
    redact_mode="hash", propagation_key="k")
@trace(event_type="model")
def ask(question):
    t.enrich_span(config={"model": "gpt-4o"}, metadata={"prompt_tokens": 3, "completion_tokens": 4})
    return question
ask("sk-proj-AbCdEfGhIjKlMnOp0123456789")
ask("a" * 6_000_000)
assert t.flush()
print(json.dumps([imported, unheld]))
"""


@pytest.mark.parametrize("matcher", ["native", "plain"])
def test_a_fork_waits_for_whatever_the_worker_imports(matcher: str, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    without = "import sys; sys.modules['hyperscan'] = None\n" if matcher == "plain" else ""
    finished = subprocess.run(
        [sys.executable, "-c", without + PROGRAM],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    imported, unheld = json.loads(finished.stdout)

    assert unheld == []
    assert {"genai_prices", "httpx", f"honeyhive.export.redaction.{matcher}"} <= set(imported)
