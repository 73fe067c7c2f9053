"""`honeyhive demo` as its user runs it: real processes, checked from its JSON alone and from what it leaves behind."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from honeyhive.testing import wait_until
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Event = dict[str, Any]

# What a developer's shell may hold: keys, endpoints, proxies and other tools' switches, all pointing away from this machine.
HOSTILE = {
    "OPENAI_API_KEY": "canary-openai",
    "OPENAI_BASE_URL": "http://203.0.113.1/v1",
    "HH_API_KEY": "canary-honeyhive",
    "HH_API_URL": "http://203.0.113.2",
    "HH_OTLP_ENDPOINT": "http://203.0.113.3:4318",
    "HH_DATA_DIR": "/nonexistent",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://203.0.113.4:4318",
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_API_KEY": "canary-langsmith",
    "LANGSMITH_ENDPOINT": "http://203.0.113.5",
    "HTTP_PROXY": "http://203.0.113.6:3128",
    "HTTPS_PROXY": "http://203.0.113.6:3128",
    "ALL_PROXY": "http://203.0.113.6:3128",
    "http_proxy": "http://203.0.113.6:3128",
}
COMMAND = [str(Path(sys.executable).with_name("honeyhive")), "demo"]


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, **HOSTILE, "TMPDIR": str(tmp_path)}


def processes_of(tmp_path: Path) -> list[str]:
    """Processes that the run in *tmp_path* started and that still live."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(tmp_path).encode() in path.read_bytes():
                found.append(path.parent.name)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def ancestors(event: Event, by_id: dict[str, Event]) -> list[Event]:
    found: list[Event] = []
    above = by_id.get(event["parent_id"])
    while above is not None:
        found.append(above)
        above = by_id.get(above["parent_id"])
    return found


def check(document: dict[str, Any], *, questions: int) -> None:
    """Everything that issue 1 promises of the JSON document."""
    sessions = document["sessions"]
    assert len(sessions) == questions
    assert len({session["session_id"] for session in sessions}) == questions
    all_ids = [event["event_id"] for session in sessions for event in session["events"]]
    assert len(set(all_ids)) == len(all_ids)
    for session in sessions:
        check_session(session["session_id"], session["events"])


def check_session(session_id: str, events: list[Event]) -> None:
    by_id = {event["event_id"]: event for event in events}
    assert {event["session_id"] for event in events} == {session_id}
    assert len({event["metadata"]["process.pid"] for event in events}) >= 3
    (top,) = [event for event in events if event["parent_id"] not in by_id]
    assert (top["event_type"], top["event_id"], top["parent_id"]) == ("session", session_id, None)
    for event in events:
        assert 0 < event["start_time"] <= event["end_time"]
        assert event["duration"] == pytest.approx(event["end_time"] - event["start_time"])
        assert event["error"] is None
        assert event["metadata"]["status"] == "ok"
        assert ancestors(event, by_id)[-1:] == ([] if event is top else [top])

    models = [event for event in events if event["event_type"] == "model"]
    assert len(models) == 3
    for model in models:
        assert model["config"]["model"] == "gpt-4o-mini"
        assert [message["role"] for message in model["inputs"]["chat_history"]][:2] == ["system", "user"]
        assert model["outputs"]["role"] == "assistant"
        assert model["outputs"].get("content") or model["outputs"]["tool_calls"]
        tokens = model["metadata"]
        assert tokens["prompt_tokens"] > 0
        assert tokens["completion_tokens"] > 0
        assert tokens["total_tokens"] == tokens["prompt_tokens"] + tokens["completion_tokens"]
        assert tokens["cost"] > 0
        assert set(model) - {"children_ids"} == set(model) & set(top) - {"children_ids"}
    for name in ("prompt_tokens", "completion_tokens", "total_tokens", "cost"):
        assert top["metadata"][name] == pytest.approx(sum(model["metadata"][name] for model in models))
    others = [event for event in events if event["event_type"] not in {"model", "session"}]
    assert not any("prompt_tokens" in event["metadata"] for event in others)

    (deepest,) = [model for model in models if model["metadata"]["service.name"] == "pages"]
    chain = [deepest, *ancestors(deepest, by_id)]
    names = [event["event_name"] for event in reversed(chain)]
    expected = ["POST /ask", "send ", "process ", "tools", "search_documentation", "GET /pages/", "summarise_page"]
    remaining = iter(names)
    assert all(any(name.startswith(wanted) for name in remaining) for wanted in expected), names
    services = [event["metadata"]["service.name"] for event in reversed(chain)]
    assert list(dict.fromkeys(services)) == ["web", "worker", "pages"]
    span_kinds = [event["metadata"].get("span_kind") for event in reversed(chain)]
    assert [kind for kind in span_kinds if kind in {"SERVER", "PRODUCER", "CONSUMER"}] == [
        "SERVER",
        "PRODUCER",
        "CONSUMER",
        "SERVER",
    ]
    kinds = Counter(event["event_name"].split(" ")[0] for event in events)
    assert (kinds["POST"], kinds["GET"], kinds["send"], kinds["process"]) == (1, 1, 1, 1)
    (retrieval,) = [event for event in events if event["event_name"] == "BM25Retriever.retrieve"]
    assert by_id[retrieval["parent_id"]]["event_name"] == "search_documentation"
    assert retrieval["outputs"]["documents"]


def run_json(tmp_path: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> dict[str, Any]:
    finished = subprocess.run(
        [*prefix, *COMMAND, "--json", *arguments],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.skipif(
    shutil.which("strace") is None or shutil.which("curl") is None,
    reason="needs strace to see connections and curl to post a file: apt-get install strace curl",
)
def test_the_default_run_is_whole_and_stays_on_this_machine(tmp_path: Path) -> None:
    log = tmp_path / "connections"
    strace = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(log))

    document = run_json(tmp_path, "--keep", prefix=strace)

    check(document, questions=4)
    addresses = re.findall(
        r'sin6?_addr=(?:inet_addr\("|inet_pton\(AF_INET6, ")([^"]+)"|inet_pton\(AF_INET6, "([^"]+)"', log.read_text()
    )
    reached = {first or second for first, second in addresses}
    assert reached
    assert {address for address in reached if not address.startswith("127.") and address != "::1"} == set()
    assert processes_of(tmp_path) == []
    check_journal(tmp_path, document)


def check_journal(tmp_path: Path, document: dict[str, Any]) -> None:
    """Each file that was left is one request to stock protobuf, and curl delivers one to an endpoint."""
    segments = sorted(tmp_path.glob("honeyhive-demo-*/journal/*.otlp"))
    assert len(segments) >= 3
    names: Counter[str] = Counter()
    for segment in segments:
        names.update(span_names(segment.read_bytes()))
    events = [event for session in document["sessions"] for event in session["events"]]
    assert Counter(event["event_name"] for event in events) == names
    for content in segments[0].parent.parent.rglob("*.log"):
        assert "canary" not in content.read_text()
    with collector() as (url, bodies):
        subprocess.run(
            ["curl", "-sf", "--data-binary", f"@{segments[0]}", "-H", "Content-Type: application/x-protobuf", url],
            check=True,
            timeout=30,
        )
    assert span_names(bodies[0]) == span_names(segments[0].read_bytes())


def span_names(body: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(body)
    return [span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]


class collector:  # noqa: N801  reads as what it is
    """An OTLP/HTTP endpoint on loopback that keeps one body."""

    def __enter__(self) -> tuple[str, list[bytes]]:
        bodies: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.handle_request)
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/v1/traces", bodies

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)
        self._server.server_close()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("broker", "port", "remedy"),
    [
        ("redis://127.0.0.1:6379/0", 6379, "apt-get install redis-server"),
        ("amqp://guest:guest@127.0.0.1:5672//", 5672, "apt-get install rabbitmq-server"),
    ],
)
def test_a_real_broker_carries_the_same_session(tmp_path: Path, broker: str, port: int, remedy: str) -> None:
    if not is_open(port):
        pytest.skip(f"nothing listens on 127.0.0.1:{port}; {remedy}")

    document = run_json(
        tmp_path, "--broker", broker, "-q", "How do I pretty-print JSON?", "-q", "What is a heap queue?"
    )

    check(document, questions=2)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    # A suite that a shell runs in its background ignores Ctrl-C, and so would every process that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        COMMAND, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    yield process
    process.kill()
    process.communicate()
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_run_that_is_stopped_leaves_no_process(
    tmp_path: Path, running: subprocess.Popen[str], number: signal.Signals, status: int
) -> None:
    wait_until(lambda: len(processes_of(tmp_path)) >= 5)
    running.send_signal(number)

    assert running.wait(30) == status
    wait_until(lambda: processes_of(tmp_path) == [], timeout_s=10)


def test_a_broken_run_says_what_broke_and_leaves_no_process(tmp_path: Path) -> None:
    finished = subprocess.run(
        [*COMMAND, "--broker", "redis://127.0.0.1:1/0"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert finished.returncode == 1
    assert "worker" in finished.stderr
    assert processes_of(tmp_path) == []
    assert list(tmp_path.glob("honeyhive-demo-*")) == []
