"""Every ``HH_*`` and ``OTEL_*`` variable of 1.x does what 1.x says it does, seen from outside: on the wire, on disk."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from honeyhive import HoneyHive, HoneyHiveTracer, trace
from honeyhive.client import APIError
from honeyhive.deprecation import forget_warnings
from honeyhive.errors import ConfigurationError
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.export.journal import read_journal
from honeyhive.settings import Settings
from honeyhive.testing import wait_until
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

INGESTION_KEY: Final = f"hh_ingst_{'a' * 24}_{'b' * 64}"
CLOUD: Final = "/opentelemetry/v1/traces"


class Seen:
    """One request as it came."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path, self.headers, self.body = path, headers, body

    @property
    def span_count(self) -> int:
        request = ExportTraceServiceRequest.FromString(self.body)
        return sum(len(scope.spans) for one in request.resource_spans for scope in one.scope_spans)


class Far:
    """An HTTP server on loopback: it keeps what it is sent, and holds its answers while told to."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.connections = 0
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        far = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                far.connections += 1
                super().setup()

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {key.lower(): value for key, value in self.headers.items()}
                far.requests.append(Seen(self.path, headers, body))
                status, more = far.answers.pop(0) if far.answers else (200, {})
                far.go_on.wait(60)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                reply = b"{}"
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_POST = do_PUT = do_GET = answer  # noqa: N815  the base class's names

            def do_CONNECT(self) -> None:
                far.requests.append(Seen(self.path, {}, b""))
                self.send_response(502)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

            def handle(self) -> None:
                with suppress(OSError):  # a client that gave up
                    super().handle()

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.go_on.set()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def far() -> Iterator[Far]:
    opened = Far()
    yield opened
    opened.close()


@pytest.fixture
def tracer_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., HoneyHiveTracer]]:
    """Makes tracers from nothing but an environment."""
    made: list[HoneyHiveTracer] = []

    def make(**environment: str) -> HoneyHiveTracer:
        for name, value in {"HH_DATA_DIR": str(tmp_path), **environment}.items():
            monkeypatch.setenv(name, value)
        made.append(HoneyHiveTracer.init())
        return made[-1]

    yield make
    for tracer in made:
        tracer.shutdown()


def work(tracer: HoneyHiveTracer, times: int = 1) -> None:
    @trace(tracer=tracer)
    def step(n: int) -> int:
        return n

    for n in range(times):
        step(n)


def events(tmp_path: Path) -> list[Event]:
    """What the journal has, sessions too."""
    found = read_records(read_journal(tmp_path / "journal").bodies)
    return [record for record in found if isinstance(record, Event)]


@pytest.mark.parametrize(
    ("environment", "header", "value"),
    [
        ({"HH_API_KEY": "k1"}, "authorization", "Bearer k1"),
        ({"HH_API_KEY": " k1 "}, "authorization", "Bearer k1"),
        ({"HONEYHIVE_API_KEY": "k2"}, "authorization", "Bearer k2"),
        ({"HH_API_KEY": "k1", "HONEYHIVE_API_KEY": "k2"}, "authorization", "Bearer k1"),
        ({"HH_API_KEY": "k1", "HH_INGESTION_API_KEY": INGESTION_KEY}, "authorization", f"Bearer {INGESTION_KEY}"),
        ({"HH_INGESTION_API_KEY": INGESTION_KEY}, "authorization", f"Bearer {INGESTION_KEY}"),
        ({"HH_API_KEY": "k1", "HH_SOURCE": "staging"}, "x-source", "staging"),
        ({"HH_API_KEY": "k1"}, "content-type", "application/x-protobuf"),
        ({"HH_API_KEY": "k1", "HH_OTLP_PROTOCOL": "http/json"}, "content-type", "application/json"),
        ({"HH_API_KEY": "k1", "HH_OTLP_PROTOCOL": "HTTP/JSON"}, "content-type", "application/json"),
        ({"HH_API_KEY": "k1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "content-type", "application/json"),
        ({"HH_API_KEY": "k1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "content-type", "application/x-protobuf"),
    ],
)
@pytest.mark.filterwarnings("ignore:HONEYHIVE_API_KEY is deprecated")
def test_what_the_cloud_is_sent(
    environment: dict[str, str], header: str, value: str, far: Far, tracer_with: Callable[..., HoneyHiveTracer]
) -> None:
    tracer = tracer_with(HH_API_URL=far.url, **environment)
    work(tracer)

    assert tracer.flush()
    assert {seen.path for seen in far.requests} == {CLOUD}
    assert {seen.headers[header] for seen in far.requests} == {value}


def test_json_that_is_asked_for_is_json(far: Far, tracer_with: Callable[..., HoneyHiveTracer]) -> None:
    tracer = tracer_with(HH_API_URL=far.url, HH_API_KEY="k", HH_OTLP_PROTOCOL="http/json")
    work(tracer)

    assert tracer.flush()
    names = [
        span["name"]
        for seen in far.requests
        for one in json.loads(seen.body)["resourceSpans"]
        for scope in one["scopeSpans"]
        for span in scope["spans"]
    ]
    assert any("step" in name for name in names)


@pytest.mark.parametrize("variable", ["HH_API_URL", "HONEYHIVE_SERVER_URL", "HH_SERVER_URL"])
@pytest.mark.filterwarnings("ignore:.* is deprecated")
def test_the_api_url_is_where_events_go(variable: str, far: Far, tracer_with: Callable[..., HoneyHiveTracer]) -> None:
    tracer = tracer_with(**{variable: f"{far.url}/", "HH_API_KEY": "k"})
    work(tracer)

    assert tracer.flush()
    assert far.requests[0].path == CLOUD


@pytest.mark.parametrize(
    ("variable", "instead"),
    [
        ("HONEYHIVE_API_KEY", "HH_API_KEY"),
        ("HONEYHIVE_SERVER_URL", "HH_API_URL"),
        ("HH_SERVER_URL", "HH_API_URL"),
    ],
)
def test_an_old_variable_warns_once_and_names_the_new_one(variable: str, instead: str) -> None:
    forget_warnings()
    with pytest.warns(DeprecationWarning, match=f"{variable} is deprecated; use {instead}"):
        Settings.from_env({variable: "http://h"})

    Settings.from_env({variable: "http://h"})  # a second warning would be an error


def test_no_key_never_becomes_a_header(far: Far, tracer_with: Callable[..., HoneyHiveTracer]) -> None:
    for environment in ({"HH_API_URL": far.url}, {"HH_API_URL": far.url, "HH_API_KEY": "  "}):
        tracer = tracer_with(**environment)
        work(tracer)
        assert tracer.flush()
    collected = tracer_with(HH_OTLP_ENDPOINT=far.url, HH_API_KEY="k")
    work(collected)

    assert collected.flush()
    assert [seen.path for seen in far.requests] == ["/v1/traces"]
    assert "authorization" not in far.requests[0].headers


@pytest.mark.parametrize("headers", ["a=1, b=2", '{"a": "1", "b": 2}'])
def test_a_collector_gets_its_headers(headers: str, far: Far, tracer_with: Callable[..., HoneyHiveTracer]) -> None:
    tracer = tracer_with(HH_OTLP_ENDPOINT=far.url, HH_OTLP_HEADERS=headers)
    work(tracer)

    assert tracer.flush()
    assert far.requests[0].path == "/v1/traces"
    assert (far.requests[0].headers["a"], far.requests[0].headers["b"]) == ("1", "2")


def test_delivery_that_is_off_leaves_events_on_this_machine(
    far: Far, tracer_with: Callable[..., HoneyHiveTracer], tmp_path: Path
) -> None:
    tracer = tracer_with(HH_API_URL=far.url, HH_API_KEY="k", HH_OTLP_ENABLED="false")
    work(tracer)

    assert tracer.flush()
    assert far.requests == []
    assert len(events(tmp_path)) == 2


@pytest.mark.parametrize("variable", ["HH_DISABLE_TRACING", "OTEL_SDK_DISABLED"])
def test_tracing_that_is_off_records_nothing(
    variable: str, far: Far, tracer_with: Callable[..., HoneyHiveTracer], tmp_path: Path
) -> None:
    tracer = tracer_with(**{variable: "true", "HH_API_URL": far.url, "HH_API_KEY": "k"})
    work(tracer)
    tracer.create_event("e")
    with tracer.session("s"), tracer.start_span("x"):
        tracer.enrich_session({"a": 1})

    assert tracer.flush()
    assert (tracer.stats().accepted, far.requests, list(tmp_path.iterdir())) == (0, [], [])


def test_test_mode_goes_nowhere_and_counts(
    far: Far, tracer_with: Callable[..., HoneyHiveTracer], tmp_path: Path
) -> None:
    tracer = tracer_with(HH_API_URL=far.url, HH_API_KEY="k", HH_TEST_MODE="1")
    work(tracer)

    assert tracer.flush()
    assert (far.requests, list(tmp_path.iterdir())) == ([], [])
    assert tracer.stats().dropped == {"test_mode": 2}


def test_a_journal_that_is_off_is_not_written(
    far: Far, tracer_with: Callable[..., HoneyHiveTracer], tmp_path: Path
) -> None:
    tracer = tracer_with(HH_API_URL=far.url, HH_API_KEY="k", HH_JOURNAL="off")
    work(tracer)

    assert tracer.flush()
    assert list(tmp_path.iterdir()) == []
    assert len(far.requests) > 0


@pytest.mark.parametrize("variable", ["HH_DISABLE_HTTP_TRACING", "HONEYHIVE_DISABLE_HTTP_TRACING"])
@pytest.mark.parametrize(("value", "count"), [("false", 1), ("true", 0)])
def test_requests_of_the_program_are_events_when_http_tracing_is_not_disabled(
    variable: str, value: str, count: int, far: Far, tracer_with: Callable[..., HoneyHiveTracer], tmp_path: Path
) -> None:
    tracer = tracer_with(**{variable: value})
    with tracer.session("s"):
        httpx.get(far.url)
    assert tracer.flush()
    tracer.shutdown()
    with tracer.session("s"):
        httpx.get(far.url)

    assert len([event for event in events(tmp_path) if "GET" in event.event_name]) == count


def test_without_batches_an_event_has_arrived_when_its_call_returns(
    far: Far, tracer_with: Callable[..., HoneyHiveTracer]
) -> None:
    tracer = tracer_with(HH_API_URL=far.url, HH_API_KEY="k", HH_DISABLE_BATCH="true", HH_FLUSH_INTERVAL="3600")

    for done in range(1, 4):
        work(tracer)
        stats = tracer.stats()
        assert (stats.delivered, stats.pending) == (done + 1, 0)  # the session's event is the one more


def test_without_batches_a_dead_destination_is_tried_once_and_holds_nobody_up(
    tracer_with: Callable[..., HoneyHiveTracer],
) -> None:
    tracer = tracer_with(
        HH_OTLP_ENDPOINT="http://127.0.0.1:9",
        HH_DISABLE_BATCH="true",
        HH_EXPORT_TIMEOUT="3600",
        HH_FLUSH_INTERVAL="3600",
    )
    work(tracer, 3)  # would wait for an hour if it waited for delivery

    assert tracer.stats().pending == 4


def test_delivery_that_fails_leaves_the_programs_own_random_numbers_alone(
    tracer_with: Callable[..., HoneyHiveTracer],
) -> None:
    tracer = tracer_with(HH_OTLP_ENDPOINT="http://127.0.0.1:9", HH_DISABLE_BATCH="true")
    random.seed(1)
    expected = random.random()  # noqa: S311  the program's own
    random.seed(1)
    work(tracer)

    assert random.random() == expected  # noqa: S311  the program's own


@pytest.mark.parametrize("variable", ["HH_MAX_EXPORT_BATCH_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"])
def test_a_request_holds_no_more_events_than_it_may(
    variable: str, far: Far, tracer_with: Callable[..., HoneyHiveTracer]
) -> None:
    tracer = tracer_with(**{variable: "2", "HH_API_URL": far.url, "HH_API_KEY": "k"})
    work(tracer, 20)

    assert tracer.flush()
    counts = [seen.span_count for seen in far.requests]
    assert sum(counts) == 21
    assert max(counts) <= 2


def test_a_full_batch_does_not_wait_for_the_interval(far: Far, tracer_with: Callable[..., HoneyHiveTracer]) -> None:
    tracer = tracer_with(HH_API_URL=far.url, HH_API_KEY="k", HH_BATCH_SIZE="4", HH_FLUSH_INTERVAL="3600")
    work(tracer, 5)

    wait_until(lambda: len(far.requests) > 0)


@pytest.mark.parametrize(("variable", "value"), [("HH_FLUSH_INTERVAL", "3600"), ("OTEL_BSP_SCHEDULE_DELAY", "3600000")])
def test_an_interval_is_waited_for(
    variable: str, value: str, far: Far, tracer_with: Callable[..., HoneyHiveTracer], monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = tracer_with(**{variable: value, "HH_API_URL": far.url, "HH_API_KEY": "patient"})
    work(patient)
    monkeypatch.delenv(variable)
    ordinary = tracer_with(HH_API_URL=far.url, HH_API_KEY="ordinary")
    work(ordinary)

    wait_until(lambda: len(far.requests) > 0)  # one second later
    assert {seen.headers["authorization"] for seen in far.requests} == {"Bearer ordinary"}


@pytest.mark.parametrize(
    ("variable", "value"), [("HH_EXPORT_TIMEOUT", "0.2"), ("OTEL_BSP_EXPORT_TIMEOUT", "200"), ("HH_TIMEOUT", "0.2")]
)
def test_a_destination_that_does_not_answer_in_time_is_tried_again(
    variable: str, value: str, far: Far, tracer_with: Callable[..., HoneyHiveTracer]
) -> None:
    far.go_on.clear()
    tracer = tracer_with(**{variable: value, "HH_API_URL": far.url, "HH_API_KEY": "k"})
    work(tracer)

    wait_until(lambda: len(far.requests) > 1, timeout_s=8)  # one may take ten seconds unless told otherwise
    far.go_on.set()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"OTEL_SERVICE_NAME": "a", "HH_SERVICE_NAME": "b"}, {"service.name": "a"}),
        ({"HH_SERVICE_NAME": "b", "SERVICE_NAME": "c"}, {"service.name": "b"}),
        ({"SERVICE_NAME": "c"}, {"service.name": "c"}),
        ({"OTEL_SERVICE_VERSION": "1", "HH_SERVICE_VERSION": "2"}, {"service.version": "1"}),
        ({"HH_SERVICE_VERSION": "2", "SERVICE_VERSION": "3"}, {"service.version": "2"}),
        ({"SERVICE_VERSION": "3"}, {"service.version": "3"}),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=d,team=x"}, {"service.name": "d", "team": "x"}),
    ],
)
def test_the_resource_names_the_service(
    environment: dict[str, str], expected: dict[str, str], far: Far, tracer_with: Callable[..., HoneyHiveTracer]
) -> None:
    tracer = tracer_with(HH_OTLP_ENDPOINT=far.url, **environment)
    work(tracer)

    assert tracer.flush()
    request = ExportTraceServiceRequest.FromString(far.requests[0].body)
    attributes = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert attributes | expected == attributes


def test_a_service_that_nobody_named_is_called_after_its_program(
    far: Far, tracer_with: Callable[..., HoneyHiveTracer]
) -> None:
    tracer = tracer_with(HH_OTLP_ENDPOINT=far.url)
    work(tracer)

    assert tracer.flush()
    request = ExportTraceServiceRequest.FromString(far.requests[0].body)
    attributes = {one.key: one.value.string_value for one in request.resource_spans[0].resource.attributes}
    assert "unknown_service" not in attributes["service.name"]


def test_project_source_session_name_and_experiment_are_on_the_events(
    tracer_with: Callable[..., HoneyHiveTracer], tmp_path: Path
) -> None:
    tracer = tracer_with(
        HH_PROJECT="p",
        HH_SOURCE="s",
        HH_SESSION_NAME="nightly",
        HH_EXPERIMENT_ID="e1",
        HH_EXPERIMENT_NAME="models",
        HH_EXPERIMENT_VARIANT="b",
        HH_EXPERIMENT_GROUP="control",
        HH_EXPERIMENT_METADATA='{"temperature": 0.5}',
    )
    work(tracer)

    assert tracer.flush()
    found = events(tmp_path)
    assert [event.event_name for event in found if event.event_type == "session"] == ["nightly"]
    for event in found:
        assert (event.project, event.source) == ("p", "s")
        said = {key: value for key, value in event.metadata.items() if key.startswith("experiment_")}
        assert said == {
            "experiment_id": "e1",
            "experiment_name": "models",
            "experiment_variant": "b",
            "experiment_group": "control",
            "experiment_metadata": {"temperature": 0.5},
        }


def test_an_event_is_cut_to_the_size_it_may_have(far: Far, tracer_with: Callable[..., HoneyHiveTracer]) -> None:
    tracer = tracer_with(HH_OTLP_ENDPOINT=far.url, HH_MAX_SPAN_SIZE="8192")
    tracer.create_event("large", inputs={"text": "x" * 100_000})

    assert tracer.flush()
    assert sum(len(seen.body) for seen in far.requests) < 20_000


# What concerns the process as a whole is seen in one.


def run(program: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**clean, "HH_DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished


BURST: Final = """
from honeyhive import HoneyHiveTracer, trace
tracer = HoneyHiveTracer.init()
@trace
def work(n): return "x" * 1000
for n in range(3000): work(n)
tracer.flush()
stats = tracer.stats()
assert stats.accepted == 3001 == stats.delivered + stats.dropped.get("queue_full", 0), stats
print(stats.dropped.get("queue_full", 0))
"""


@pytest.mark.parametrize(("variable", "value"), [("OTEL_BSP_MAX_QUEUE_SIZE", "5"), ("HH_MAX_QUEUE_BYTES", "10000")])
def test_a_small_queue_sheds_and_counts_what_it_cannot_hold(variable: str, value: str, tmp_path: Path) -> None:
    assert int(run(BURST, tmp_path, **{variable: value, "HH_OVERLOAD_WAIT_MS": "0"}).stdout) > 0
    assert int(run(BURST, tmp_path).stdout) == 0


TALK: Final = """
from honeyhive import HoneyHiveTracer, trace
tracer = HoneyHiveTracer.init(project="p")
@trace
def work(secret): return secret
work("canary")
tracer.flush()
"""


@pytest.mark.parametrize("variable", ["HH_VERBOSE", "HH_DEBUG_MODE"])
def test_verbose_says_what_becomes_of_events_and_never_what_is_in_them(variable: str, far: Far, tmp_path: Path) -> None:
    finished = run(TALK, tmp_path, **{variable: "on", "HH_API_URL": far.url, "HH_API_KEY": "hh_canary"})

    lines = [json.loads(line) for line in finished.stderr.splitlines()]
    assert {line["level"] for line in lines} == {"DEBUG"}
    assert any("delivered" in line["message"] for line in lines)
    assert "canary" not in finished.stderr + finished.stdout
    assert run(TALK, tmp_path, HH_API_URL=far.url, HH_API_KEY="k").stderr == ""


# The API client.


@pytest.fixture
def client_with(monkeypatch: pytest.MonkeyPatch, far: Far) -> Iterator[Callable[..., HoneyHive]]:
    made: list[HoneyHive] = []

    def make(**environment: str) -> HoneyHive:
        for name, value in {"HH_API_KEY": "k", "HH_API_URL": far.url, **environment}.items():
            monkeypatch.setenv(name, value)
        made.append(HoneyHive())
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize(("retries", "attempts"), [("0", 1), ("2", 3)])
def test_a_request_is_repeated_as_often_as_said(
    retries: str, attempts: int, far: Far, client_with: Callable[..., HoneyHive]
) -> None:
    far.answers = [(503, {"retry-after": "0"})] * 5
    client = client_with(HH_MAX_RETRIES=retries)

    with pytest.raises(APIError):
        client.datasets.list()
    assert len(far.requests) == attempts


@pytest.mark.parametrize("variable", ["HH_API_TIMEOUT", "HH_TIMEOUT"])
def test_a_request_ends_after_its_time_limit(variable: str, far: Far, client_with: Callable[..., HoneyHive]) -> None:
    far.go_on.clear()
    client = client_with(**{variable: "0.1", "HH_MAX_RETRIES": "0"})

    with pytest.raises(Exception, match=r"(?i)time"):
        client.datasets.list()


@pytest.mark.parametrize(("value", "paths"), [("true", ["/v1/datasets", "/elsewhere"]), ("false", ["/v1/datasets"])])
def test_redirects_are_followed_as_said(
    value: str, paths: list[str], far: Far, client_with: Callable[..., HoneyHive]
) -> None:
    far.answers = [(307, {"location": "/elsewhere"})]
    client = client_with(HH_FOLLOW_REDIRECTS=value, HH_MAX_RETRIES="0")

    with suppress(APIError):  # a redirect that is not followed is no answer
        client.datasets.list()
    assert [seen.path for seen in far.requests] == paths


def test_http_settings_are_read_from_the_environment() -> None:
    http = Settings.from_env(
        {
            "HH_MAX_CONNECTIONS": "3",
            "HH_MAX_KEEPALIVE_CONNECTIONS": "2",
            "HH_KEEPALIVE_EXPIRY": "4",
            "HH_POOL_TIMEOUT": "5",
            "HH_RATE_LIMIT_CALLS": "7",
            "HH_RATE_LIMIT_WINDOW": "8",
            "HH_NO_PROXY": "a, .b",
        }
    ).http

    assert (http.max_connections, http.max_keepalive_connections, http.keepalive_expiry_s) == (3, 2, 4.0)
    assert (http.pool_timeout_s, http.rate_limit_calls, http.rate_limit_window_s) == (5.0, 7, 8.0)
    assert http.no_proxy == ("a", ".b")


def together(far: Far, client: HoneyHive) -> list[str]:
    """What becomes of two requests that are made at the same time and answered when both wait."""
    outcomes: list[str] = []

    def ask() -> None:
        try:
            client.datasets.list()
        except Exception as error:  # noqa: BLE001  what it is, is the test's matter
            outcomes.append(f"{type(error).__name__}: {error} {type(error.__cause__).__name__}")
        else:
            outcomes.append("answered")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(far.requests) == 2 or len(outcomes) == 1)
    far.go_on.set()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_full_pool_is_waited_for_as_long_as_said(far: Far, client_with: Callable[..., HoneyHive]) -> None:
    far.go_on.clear()
    client = client_with(HH_MAX_CONNECTIONS="1", HH_POOL_TIMEOUT="0.1", HH_MAX_RETRIES="0", HH_API_TIMEOUT="30")

    outcomes = together(far, client)
    assert len(far.requests) == 1
    assert any("PoolTimeout" in outcome for outcome in outcomes)


@pytest.mark.parametrize(("environment", "connections"), [({}, 2), ({"HH_MAX_KEEPALIVE_CONNECTIONS": "1"}, 3)])
def test_no_more_idle_connections_are_kept_than_said(
    environment: dict[str, str], connections: int, far: Far, client_with: Callable[..., HoneyHive]
) -> None:
    client = client_with(**environment)
    for _ in range(2):
        far.requests.clear()
        far.go_on.clear()
        assert together(far, client) == ["answered", "answered"]

    assert far.connections == connections


@pytest.mark.parametrize(("environment", "connections"), [({}, 1), ({"HH_KEEPALIVE_EXPIRY": "0.000001"}, 3)])
def test_idle_connections_are_kept_as_long_as_said(
    environment: dict[str, str], connections: int, far: Far, client_with: Callable[..., HoneyHive]
) -> None:
    client = client_with(**environment)
    for _ in range(3):
        client.datasets.list()

    assert (len(far.requests), far.connections) == (3, connections)


def test_no_more_requests_are_made_in_a_window_than_said(far: Far, client_with: Callable[..., HoneyHive]) -> None:
    client = client_with(HH_RATE_LIMIT_CALLS="2", HH_RATE_LIMIT_WINDOW="0.3")
    started = time.monotonic()
    for _ in range(5):
        client.datasets.list()

    assert time.monotonic() - started >= 0.6  # two, a window, two, a window, one


def test_requests_go_through_the_proxy_that_is_named_and_round_it_where_said(
    far: Far, tracer_with: Callable[..., HoneyHiveTracer], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Far()
    try:
        through = tracer_with(HH_OTLP_ENDPOINT="http://collector.example:4318", HH_HTTP_PROXY=far.url)
        work(through)
        assert through.flush()
        assert far.requests[0].path == "http://collector.example:4318/v1/traces"

        round_it = tracer_with(HH_OTLP_ENDPOINT=collector.url, HH_HTTP_PROXY=far.url, HH_NO_PROXY="127.0.0.1")
        work(round_it)
        assert round_it.flush()
        assert (len(far.requests), collector.requests[0].path) == (1, "/v1/traces")

        monkeypatch.delenv("HH_HTTP_PROXY")
        tunnelled = tracer_with(HH_OTLP_ENDPOINT="https://collector.example:4318", HH_HTTPS_PROXY=far.url)
        work(tunnelled)
        wait_until(lambda: len(far.requests) > 1)
        assert far.requests[1].path == "collector.example:4318"
    finally:
        collector.close()


@pytest.mark.parametrize(("value", "is_delivered"), [("false", True), ("true", False)])
def test_certificates_are_checked_unless_told_otherwise(
    value: str, is_delivered: bool, tracer_with: Callable[..., HoneyHiveTracer], tmp_path: Path
) -> None:
    import ssl  # noqa: PLC0415  for this test only

    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"],
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    far = Far()
    far.server.socket = context.wrap_socket(far.server.socket, server_side=True)
    try:
        url = far.url.replace("http://", "https://")
        tracer = tracer_with(HH_OTLP_ENDPOINT=url, HH_VERIFY_SSL=value, HH_DATA_DIR=str(tmp_path / "data"))
        work(tracer)
        assert tracer.flush(8_000 if is_delivered else 500) is is_delivered
        assert (len(far.requests) > 0) is is_delivered
    finally:
        far.close()


@pytest.mark.parametrize("text", ["maybe", "2", "ja", "tru"])
@pytest.mark.parametrize("variable", ["HH_VERBOSE", "HH_TEST_MODE", "HH_DISABLE_TRACING", "HH_VERIFY_SSL"])
def test_a_text_that_is_neither_yes_nor_no_is_an_error_that_names_the_variable(variable: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable} is '{text}'; write one of .*enabled.*true"):
        Settings.from_env({variable: text})


@pytest.mark.parametrize("text", ["yes", "ON", "1", "enabled", "True"])
def test_each_spelling_of_yes_is_one(text: str) -> None:
    assert Settings.from_env({"HH_TEST_MODE": text}).test_mode


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"HH_BATCH_SIZE": "many"}, "HH_BATCH_SIZE is 'many'; write a whole number"),
        ({"HH_BATCH_SIZE": "0"}, "batch_size is 0; it must be greater than 0"),
        ({"HH_EXPORT_TIMEOUT": "nan"}, "export_timeout_s is nan; it must be greater than 0"),
        ({"OTEL_BSP_SCHEDULE_DELAY": "soon"}, "write a number of milliseconds"),
        ({"HH_OTLP_PROTOCOL": "grpc"}, "otlp_protocol is 'grpc'; it is http/protobuf or http/json"),
        ({"HH_EXPERIMENT_METADATA": "[1]"}, "HH_EXPERIMENT_METADATA is '\\[1\\]'; write a JSON object"),
        ({"HH_MAX_RETRIES": "-1"}, "max_retries is -1; it must be 0 or more"),
        ({"HH_HTTP_PROXY": "user:canary@proxy"}, "http_proxy is no URL"),
        ({"HH_INGESTION_API_KEY": "hh_canary"}, "ingestion_api_key .* HoneyHive key of another kind"),
        ({"HH_INGESTION_API_KEY": "hh_ingst_canary"}, "ingestion_api_key .* not complete"),
        ({"HH_DATA_PLANE_API_KEY": "canary"}, "data_plane_api_key .* no HoneyHive key"),
        ({"HH_CACHE_MAX_SIZE": "big"}, "HH_CACHE_MAX_SIZE is 'big'; write a whole number"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_remedy_and_no_secret_is_shown(
    environment: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        Settings.from_env(environment)

    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("variable", ["HONEYHIVE_TELEMETRY", "HH_TELEMETRY", "TELEMETRY_ENABLED"])
def test_what_a_run_says_of_its_commit_can_be_switched_off(variable: str) -> None:
    assert Settings.from_env({}).telemetry
    assert not Settings.from_env({variable: "false"}).telemetry
