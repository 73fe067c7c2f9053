"""From an event to disk and wire: real processes, real sockets on loopback, a hand-written collector as the far side."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from honeyhive.events.reader import Update, read_records
from honeyhive.events.sessions import Session, assemble
from honeyhive.export.journal import read_journal
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """An OTLP/HTTP endpoint that answers by script (200 when it is used up) and keeps what it was sent."""

    def __init__(self, answers: list[int]) -> None:
        self.answers = answers
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {key.lower(): value for key, value in self.headers.items()}
                collector.requests.append((self.path, headers, body))
                self.send_response(collector.answers.pop(0) if collector.answers else 200)
                self.send_header("content-length", "0")
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

    def names(self) -> list[str]:
        """The names of the spans that were taken, without those that the script refused."""
        requests = [ExportTraceServiceRequest.FromString(body) for _, _, body in self.requests]
        return [
            span.name
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector_of() -> Iterator[Callable[..., Collector]]:
    opened: list[Collector] = []

    def open_collector(*answers: int) -> Collector:
        opened.append(Collector(list(answers)))
        return opened[-1]

    yield open_collector
    for collector in opened:
        collector.close()


def run(program: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run *program* in a Python of its own with a data directory of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + program],
        env={**clean, "HH_DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


PRELUDE = """
import json, os, sys
from honeyhive import HoneyHiveTracer, trace, session, enrich_session
@trace
def work(n): return n
def show(tracer, flushed=None):
    stats = tracer.stats()
    print(json.dumps([flushed, stats.accepted, stats.delivered, stats.pending, dict(stats.dropped)]))
"""


def sessions(tmp_path: Path) -> list[Session]:
    content = read_journal(tmp_path / "journal")
    assert (content.torn_bytes, content.damaged_records) == (0, 0)
    return assemble(read_records(content.bodies))


def result(finished: subprocess.CompletedProcess[str]) -> list[object]:
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def test_the_journal_is_the_destination_without_key_and_endpoint(tmp_path: Path) -> None:
    finished = run("t = HoneyHiveTracer.init(); work(1); work(2); f = t.flush(); show(t, f)", tmp_path)

    assert result(finished) == [True, 3, 3, 0, {}]
    (found,) = sessions(tmp_path)
    assert [event.inputs for event in found.events] == [{"n": 1}, {"n": 2}]
    assert found.root.end_time > found.events[-1].end_time
    assert finished.stderr == ""


def test_a_program_that_just_ends_leaves_everything(tmp_path: Path) -> None:
    finished = run("HoneyHiveTracer.init()\nwith session('s'):\n  for n in range(1500): work(n)", tmp_path)

    assert (finished.returncode, finished.stderr) == (0, "")
    (found,) = sessions(tmp_path)
    assert [event.inputs["n"] for event in found.events] == list(range(1500))


def test_journal_files_are_private_and_stock_protobuf_parses_each_as_one_request(tmp_path: Path) -> None:
    run("t = HoneyHiveTracer.init()\nfor n in range(3): work('x' * 5_000_000); t.flush()", tmp_path)

    segments = sorted((tmp_path / "journal").iterdir())
    assert len(segments) > 1
    for segment in segments:
        assert stat.S_IMODE(segment.stat().st_mode) == 0o600
        assert ExportTraceServiceRequest.FromString(segment.read_bytes()).resource_spans
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o700


def test_what_was_written_before_a_kill_is_there(tmp_path: Path) -> None:
    program = "t = HoneyHiveTracer.init(); work(1); t.flush(); os.kill(os.getpid(), 9)"

    assert run(program, tmp_path).returncode == -9
    (found,) = sessions(tmp_path)
    assert [event.inputs for event in found.events] == [{"n": 1}]


def test_a_torn_segment_is_read_up_to_its_tear(tmp_path: Path) -> None:
    run("t = HoneyHiveTracer.init(); work(1); t.flush(); work(2); t.flush()", tmp_path)
    (segment,) = (tmp_path / "journal").iterdir()
    segment.write_bytes(segment.read_bytes()[:-5])

    content = read_journal(tmp_path / "journal")
    assert content.torn_bytes > 0
    assert [item.event_name for item in read_records(content.bodies) if not isinstance(item, Update)][-1] == "work"


def test_a_collector_that_never_answers_does_not_keep_events_from_the_journal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        program = """
t = HoneyHiveTracer.init(flush_interval_s=0.01, export_timeout_s=30)
work("early")
t.flush(500)
for _ in range(100): work("late")
"""
        finished = run(program, tmp_path, HH_OTLP_ENDPOINT=f"http://127.0.0.1:{port}")

    assert finished.returncode == 0, finished.stderr
    assert len([event for found in sessions(tmp_path) for event in found.events]) == 101


def test_an_unwritable_directory_is_one_warning_and_counted(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file is in the way")

    finished = run("t = HoneyHiveTracer.init(); work(1); f = t.flush(); work(2); t.flush(); show(t, f)", tmp_path)

    assert result(finished) == [False, 3, 0, 0, {"journal_unwritable": 3}]
    assert finished.stderr.count("cannot write its journal") == 1


def test_a_key_sends_to_the_api_with_the_headers_of_the_wire_protocol(
    tmp_path: Path, collector_of: Callable[..., Collector]
) -> None:
    api = collector_of()
    finished = run(
        "t = HoneyHiveTracer.init(source='prod'); work(1); f = t.flush(); show(t, f)",
        tmp_path,
        HH_API_KEY="secret-key",
        HH_API_URL=api.url,
    )

    assert result(finished) == [True, 2, 2, 0, {}]
    path, headers, _ = api.requests[0]
    assert path == "/opentelemetry/v1/traces"
    assert headers["authorization"] == "Bearer secret-key"
    assert (headers["x-source"], headers["content-type"]) == ("prod", "application/x-protobuf")
    assert headers["hh-client-language"] == "python"
    assert "work" in api.names()
    assert "secret-key" not in finished.stderr


def test_a_collector_gets_its_own_headers_and_never_the_key(
    tmp_path: Path, collector_of: Callable[..., Collector]
) -> None:
    collector = collector_of()
    environment = {"HH_API_KEY": "secret-key", "HH_OTLP_ENDPOINT": collector.url, "HH_OTLP_HEADERS": "x-team=a"}
    finished = run("t = HoneyHiveTracer.init(); work(1); show(t, t.flush())", tmp_path, **environment)

    assert result(finished) == [True, 2, 2, 0, {}]
    path, headers, _ = collector.requests[0]
    assert (path, headers["x-team"]) == ("/v1/traces", "a")
    assert "secret-key" not in json.dumps(headers)


def test_an_overloaded_collector_is_tried_again_until_it_takes_everything(
    tmp_path: Path, collector_of: Callable[..., Collector]
) -> None:
    collector = collector_of(503, 429, 500)
    finished = run("t = HoneyHiveTracer.init(); work(1); show(t, t.flush())", tmp_path, HH_OTLP_ENDPOINT=collector.url)

    assert result(finished) == [True, 2, 2, 0, {}]
    assert len(collector.requests) >= 4
    assert len({body for _, _, body in collector.requests[:4]}) == 1


def test_a_refused_key_says_so_once_and_keeps_everything_in_the_journal(
    tmp_path: Path, collector_of: Callable[..., Collector]
) -> None:
    api = collector_of(*[401] * 50)
    finished = run(
        "t = HoneyHiveTracer.init(); work(1); f = t.flush(300); work(2); t.flush(300); show(t, f)",
        tmp_path,
        HH_API_KEY="wrong",
        HH_API_URL=api.url,
    )

    assert result(finished) == [False, 3, 0, 3, {}]
    assert finished.stderr.count("refused the credentials") == 1
    assert "HH_API_KEY" in finished.stderr
    assert len([event for found in sessions(tmp_path) for event in found.events]) == 2


def test_a_refused_batch_is_counted_by_its_reason(tmp_path: Path, collector_of: Callable[..., Collector]) -> None:
    collector = collector_of(400, 400, 400)
    finished = run(
        "t = HoneyHiveTracer.init(); work(1); f = t.flush(); work(2); show(t, [f, t.flush()])",
        tmp_path,
        HH_OTLP_ENDPOINT=collector.url,
    )

    assert result(finished) == [[False, True], 3, 1, 0, {"http_400": 2}]


def test_a_dead_collector_holds_nobody_up_and_the_journal_keeps_all(tmp_path: Path) -> None:
    finished = run(
        "t = HoneyHiveTracer.init(); work(1); show(t, t.flush(200))", tmp_path, HH_OTLP_ENDPOINT="http://127.0.0.1:1"
    )

    assert result(finished) == [False, 2, 0, 2, {}]
    assert len(sessions(tmp_path)) == 1


def test_journal_off_writes_no_byte(tmp_path: Path, collector_of: Callable[..., Collector]) -> None:
    collector = collector_of(503)
    finished = run(
        "t = HoneyHiveTracer.init(); work(1); show(t, t.flush())",
        tmp_path,
        HH_OTLP_ENDPOINT=collector.url,
        HH_JOURNAL="off",
    )

    assert result(finished) == [True, 2, 2, 0, {}]
    assert list(tmp_path.iterdir()) == []


def test_two_tracers_keep_their_events_where_each_was_told(
    tmp_path: Path, collector_of: Callable[..., Collector]
) -> None:
    collector = collector_of()
    program = f"""
a = HoneyHiveTracer.init(project="a", data_dir="{tmp_path}/a", otlp_endpoint="{collector.url}")
b = HoneyHiveTracer.init(project="b", data_dir="{tmp_path}/b")
trace(event_name="for a")(work)(1)
trace(event_name="for b", tracer=b)(len)("x")
show(a, [a.flush(), b.flush(), b.stats().delivered])
"""
    finished = run(program, tmp_path)

    assert result(finished) == [[True, True, 2], 3, 3, 0, {}]
    assert {event.project for found in sessions(tmp_path / "b") for event in found.events} == {"b"}
    assert "for b" not in collector.names()
    assert (
        len({segment.name.split("-")[0] for side in "ab" for segment in (tmp_path / side / "journal").iterdir()}) == 2
    )


def test_nowhere_to_go_is_said_once_and_counted(tmp_path: Path) -> None:
    finished = run("t = HoneyHiveTracer.init(); work(1); show(t, t.flush())", tmp_path, HH_JOURNAL="off")

    assert result(finished) == [False, 2, 0, 0, {"no_destination": 2}]
    assert finished.stderr.count("HH_OTLP_ENDPOINT") == 1


def test_a_full_queue_drops_the_newest_and_counts_them(tmp_path: Path) -> None:
    finished = run(
        "t = HoneyHiveTracer.init(max_queue_bytes=4096); trace(len, metadata={'m': 'x' * 10_000})(''); show(t, t.flush())",
        tmp_path,
    )

    assert result(finished) == [True, 2, 1, 0, {"queue_full": 1}]


def test_importing_and_making_a_tracer_is_cheap_and_quiet(tmp_path: Path) -> None:
    program = """
import threading
heavy = ("httpx", "httpx2", "pydantic", "genai_prices", "opentelemetry.sdk", "asyncio", "typer", "rich",
         "langchain_core", "llama_index", "fastapi", "django", "celery")
loaded = [name for name in heavy if name in sys.modules]
t = HoneyHiveTracer.init()
print(json.dumps([loaded, threading.active_count(), os.listdir(os.environ["HH_DATA_DIR"])]))
"""
    assert result(run(program, tmp_path)) == [[], 1, []]


def test_a_program_that_just_ends_is_priced_and_delivered(
    tmp_path: Path, collector_of: Callable[..., Collector]
) -> None:
    collector = collector_of()
    program = """
HoneyHiveTracer.init()
from honeyhive import enrich_span
@trace(event_type="model", config={"model": "gpt-4o-mini"})
def ask(): enrich_span(metadata={"prompt_tokens": 10, "completion_tokens": 5})
with session("s"): ask()
"""
    finished = run(program, tmp_path, HH_OTLP_ENDPOINT=collector.url)

    assert (finished.returncode, finished.stderr) == (0, "")
    assert sorted(collector.names()) == ["ask", "s"]
    (found,) = sessions(tmp_path)
    assert found.root.metadata["cost"] > 0


def test_a_session_that_comes_before_any_tracer_makes_one(tmp_path: Path) -> None:
    finished = run("with session('first'): work(1)", tmp_path)

    assert (finished.returncode, finished.stderr) == (0, "")
    (found,) = sessions(tmp_path)
    assert (found.root.event_name, [event.inputs for event in found.events]) == ("first", [{"n": 1}])
