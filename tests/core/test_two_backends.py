"""A program with a backend of its own beside this one: each gets its own spans, and none of the other's, on the wire."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from honeyhive.events.decode import DecodedSpan, decode_request

PROGRAM = """
import sys
from opentelemetry import trace as otel
theirs, ours, order = sys.argv[1:]

taken = []
set_global, otel.set_tracer_provider = otel.set_tracer_provider, taken.append

def set_up_theirs():
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=theirs + "/v1/traces")))
    set_global(provider)
    return provider

provider = set_up_theirs() if order == "theirs first" else None
from honeyhive import HoneyHiveTracer, session, trace
tracer = HoneyHiveTracer.init(otlp_endpoint=ours, instrument="auto")
provider = provider or set_up_theirs()
web = otel.get_tracer("web")
library = tracer.provider.get_tracer("openinference.instrumentation.x")

@trace(event_name="inner")
def inner():
    with library.start_as_current_span("ChatCompletion"):
        with web.start_as_current_span("POST"):
            pass

@trace(event_name="answer")
def answer():
    with web.start_as_current_span("SELECT"):
        inner()

with session("chat"), web.start_as_current_span("GET /"):
    answer()
with web.start_as_current_span("GET /health"):
    pass
assert tracer.flush()
assert provider.force_flush()
assert otel.get_tracer_provider() is provider
assert taken == []
"""


class Backend:
    """An OTLP/HTTP endpoint that keeps the spans it was sent."""

    def __init__(self) -> None:
        self.spans: list[DecodedSpan] = []
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                backend.spans += decode_request(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def names(self) -> list[str]:
        return sorted(span.name for span in self.spans)

    def span(self, name: str) -> DecodedSpan:
        (found,) = (span for span in self.spans if span.name == name)
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def open_backend() -> Iterator[Callable[[], Backend]]:
    opened: list[Backend] = []

    def make() -> Backend:
        opened.append(Backend())
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()


@pytest.mark.parametrize("order", ["theirs first", "ours first"])
def test_each_backend_gets_its_own_spans_and_no_other_in_one_trace(
    open_backend: Callable[[], Backend], tmp_path: Path, order: str
) -> None:
    theirs, ours = open_backend(), open_backend()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, theirs.url, ours.url, order],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr

    assert theirs.names() == ["GET /", "GET /health", "POST", "SELECT"]
    # The session of the process is not there: nothing of ours ran outside of "chat".
    assert ours.names() == ["ChatCompletion", "answer", "chat", "inner"]
    assert {ours.span(name).trace_id for name in ("answer", "inner", "ChatCompletion")} == {
        theirs.span("GET /").trace_id
    }
    assert theirs.span("SELECT").parent_span_id == ours.span("answer").span_id
    assert ours.span("inner").parent_span_id == theirs.span("SELECT").span_id
    assert ours.span("ChatCompletion").parent_span_id == ours.span("inner").span_id
