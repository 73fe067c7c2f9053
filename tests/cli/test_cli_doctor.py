"""``honeyhive doctor``: every setting and its origin, the way to the destination, and what to fix first."""

import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from honeyhive import session, trace
from honeyhive.testing import Recorder

Run = Callable[..., CompletedProcess[str]]
Write = Callable[[Recorder], Path]

CANARY = "c4n4ry"
SECRETS = {
    "HH_API_KEY": f"hh_{CANARY}",
    "HH_OTLP_HEADERS": f"authorization={CANARY}",
    "HH_PROPAGATION_KEY": CANARY,
    "HH_HTTPS_PROXY": f"http://user:{CANARY}@proxy:8080",
    "HH_OTLP_ENDPOINT": "https://collector:4318/x",
}
PROXIES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]


@trace
def step() -> None:
    pass


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


class Collector:
    """A destination on this machine that answers as it is told and keeps what it got."""

    def __init__(self) -> None:
        self.status = 200
        self.clock_ahead_s = 0.0
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((self.path, headers, body))
                self.send_response_only(collector.status)
                self.send_header("date", formatdate(time.time() + collector.clock_ahead_s, usegmt=True))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    thread = threading.Thread(target=collector.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield collector
    collector.server.shutdown()
    thread.join()
    collector.server.server_close()


def diagnosis(told: CompletedProcess[str]) -> dict[str, Any]:
    return json.loads(told.stdout)


def weights(told: CompletedProcess[str]) -> list[str]:
    return [remedy["weight"] for remedy in diagnosis(told)["remedies"]]


def remedy(told: CompletedProcess[str], part: str) -> dict[str, str]:
    """The one remedy whose problem has *part* in it."""
    (found,) = [each for each in diagnosis(told)["remedies"] if part in each["problem"]]
    return found


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("options", [[], ["--json"], ["--all"]])
def test_secrets_are_told_as_set_and_never_shown(run: Run, options: list[str]) -> None:
    told = run("doctor", "--offline", *options, **SECRETS)

    assert told.returncode == 0
    assert CANARY not in told.stdout + told.stderr
    assert "collector:4318" in told.stdout


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("url", [f"https://user:{CANARY}@collector:4318", f"https://collector:4318/x?token={CANARY}"])
def test_credentials_in_a_url_are_refused_without_showing_them(run: Run, url: str) -> None:
    told = run("doctor", HH_OTLP_ENDPOINT=url)

    assert told.returncode == 1
    assert "HH_OTLP_HEADERS" in told.stderr
    assert CANARY not in told.stdout + told.stderr


def test_each_setting_has_its_value_and_where_it_comes_from(run: Run, data_dir: Path) -> None:
    variables = {"HH_API_KEY": CANARY, "HH_JOURNAL": "yes", "HH_SOURCE": "production", "HH_MAX_RETRIES": "7"}
    told = diagnosis(run("doctor", "--offline", "--json", **variables))

    found = {setting["name"]: (setting["value"], setting["origin"]) for setting in told["settings"]}
    assert found["api_key"] == ("set", "HH_API_KEY")
    assert found["source"] == ("production", "HH_SOURCE")
    assert found["data_dir"] == (str(data_dir), "HH_DATA_DIR")
    assert found["journal"] == ("on", "HH_JOURNAL")
    assert found["max_retries"] == ("7", "HH_MAX_RETRIES")
    assert found["max_queue_bytes"] == ("128 MiB", "default")
    assert found["propagate_to"] == ("not set", "default")
    assert told["destination"]["shown"] == "https://api.dp1.us.honeyhive.ai/opentelemetry/v1/traces"
    assert {"honeyhive", "python", "opentelemetry-api", "opentelemetry-sdk"} <= told["versions"].keys()


@pytest.mark.usefixtures("data_dir")
def test_settings_at_their_default_are_shown_when_asked_for(run: Run) -> None:
    assert "max_queue_bytes" not in run("doctor").stdout
    assert "max_queue_bytes" in run("doctor", "--all").stdout


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "{data_dir}/journal"),
        ({"HH_OTLP_ENDPOINT": "http://collector:4318/"}, "http://collector:4318/v1/traces"),
        ({"HH_JOURNAL": "off"}, "nowhere: the journal is off and no destination is set"),
        ({"HH_TEST_MODE": "1"}, "nowhere: test mode is on"),
        ({"HH_DISABLE_TRACING": "1"}, "nowhere: tracing is disabled"),
    ],
)
def test_it_says_where_events_go(run: Run, data_dir: Path, variables: dict[str, str], expected: str) -> None:
    told = run("doctor", "--offline", "--json", **variables)

    assert diagnosis(told)["destination"]["shown"] == expected.format(data_dir=data_dir)


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(("protocol", "body"), [("http/protobuf", b""), ("http/json", b'{"resourceSpans":[]}')])
def test_a_destination_that_works_is_asked_without_events(
    run: Run, collector: Collector, protocol: str, body: bytes
) -> None:
    variables = {"HH_OTLP_ENDPOINT": collector.url, "HH_OTLP_HEADERS": f"x-key={CANARY}", "HH_OTLP_PROTOCOL": protocol}
    told = run("doctor", "--json", **variables)

    found = diagnosis(told)["destination"]
    assert told.returncode == 0
    assert [(step["step"], step["is_well"]) for step in found["steps"]] == [
        ("name lookup", True),
        ("connection", True),
        ("answer", True),
    ]
    assert (found["status"], found["clock_offset_s"]) == (200, 0.0)
    ((path, headers, sent),) = collector.requests
    assert (path, sent) == ("/v1/traces", body)
    assert headers["x-key"] == CANARY
    assert CANARY not in told.stdout


@pytest.mark.usefixtures("data_dir")
def test_the_key_is_tried_at_honeyhives_own_address(run: Run, collector: Collector) -> None:
    told = run("doctor", "--json", HH_API_URL=collector.url, HH_API_KEY=CANARY)

    assert told.returncode == 0
    ((path, headers, _),) = collector.requests
    assert (path, headers["authorization"]) == ("/opentelemetry/v1/traces", f"Bearer {CANARY}")


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(
    ("status", "variable", "action"),
    [
        (401, "HH_API_URL", "set a valid HH_API_KEY"),
        (403, "HH_OTLP_ENDPOINT", "set HH_OTLP_HEADERS"),
        (404, "HH_OTLP_ENDPOINT", "HH_OTLP_ENDPOINT is a base URL"),
        (415, "HH_OTLP_ENDPOINT", "HH_OTLP_PROTOCOL"),
        (503, "HH_OTLP_ENDPOINT", "deliveries are tried again"),
    ],
)
def test_an_answer_that_refuses_is_told_with_its_remedy(
    run: Run, collector: Collector, status: int, variable: str, action: str
) -> None:
    collector.status = status
    told = run("doctor", "--json", HH_API_KEY="key", **{variable: collector.url})

    assert told.returncode == 1
    assert weights(told)[0] == "error"
    found = remedy(told, str(status))
    assert action in found["action"]
    assert "events wait in the journal" in found["action"]


@pytest.mark.usefixtures("data_dir")
def test_a_port_that_nobody_listens_on_is_told(run: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        told = run("doctor", "--json", HH_OTLP_ENDPOINT=f"http://127.0.0.1:{unused.getsockname()[1]}")

    assert told.returncode == 1
    assert "connection: port" in remedy(told, "not reached")["problem"]
    assert "that it runs" in remedy(told, "not reached")["action"]


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("variable", ["HH_HTTP_PROXY", "HTTP_PROXY"])
def test_a_proxy_that_nobody_listens_on_is_told_as_such(run: Run, collector: Collector, variable: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{unused.getsockname()[1]}"
        told = run("doctor", "--json", HH_OTLP_ENDPOINT=collector.url, **{variable: proxy})

    assert told.returncode == 1
    assert "proxy: [Errno" in remedy(told, "not reached")["problem"]
    assert "HH_HTTP_PROXY" in remedy(told, "not reached")["action"]


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("variables", [{"HH_SAMPLE_RATE": "0"}, {"OTEL_TRACES_SAMPLER": "always_off"}])
def test_that_no_session_is_sampled_is_told(run: Run, variables: dict[str, str]) -> None:
    told = run("doctor", "--json", **variables)

    assert "nothing is recorded but errors" in remedy(told, "no session is sampled")["problem"]


@pytest.mark.usefixtures("data_dir")
def test_without_a_network_or_a_name_the_lookup_is_told(run: Run) -> None:
    told = run("doctor", "--json", HH_OTLP_ENDPOINT="http://nowhere.invalid:4318")

    assert told.returncode == 1
    assert [step["step"] for step in diagnosis(told)["destination"]["steps"]] == ["name lookup"]
    assert "that this machine has a network" in remedy(told, "name lookup")["action"]


@pytest.mark.usefixtures("data_dir")
def test_a_destination_without_tls_under_https_is_told(run: Run, collector: Collector) -> None:
    told = run("doctor", "--json", HH_OTLP_ENDPOINT=collector.url.replace("http:", "https:"))

    assert told.returncode == 1
    assert "write http:// if it has no TLS" in remedy(told, "TLS")["action"]


@pytest.mark.usefixtures("data_dir")
def test_offline_says_so_and_asks_nobody(run: Run, collector: Collector) -> None:
    told = run("doctor", "--offline", HH_OTLP_ENDPOINT=collector.url)

    assert told.returncode == 0
    assert "not asked: --offline" in told.stdout
    assert collector.requests == []


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize(("ahead_s", "side"), [(-90.0, "ahead of"), (90.0, "behind")])
def test_a_clock_that_is_wrong_is_told(run: Run, collector: Collector, ahead_s: float, side: str) -> None:
    collector.clock_ahead_s = ahead_s
    told = run("doctor", "--json", HH_OTLP_ENDPOINT=collector.url)

    assert told.returncode == 0
    assert side in remedy(told, "clock")["problem"]
    assert abs(diagnosis(told)["destination"]["clock_offset_s"] + ahead_s) < 10
    assert side.split(maxsplit=1)[0] in run("doctor", HH_OTLP_ENDPOINT=collector.url).stdout


def test_it_says_what_the_journal_holds_and_what_of_it_is_lost(run: Run, recorder: Recorder, write: Write) -> None:
    segments: list[Path] = []
    for name in ("first", "second"):
        with session(name):
            step()
        segments.append(write(recorder))
    damaged, torn = (segment.read_bytes() for segment in segments)
    segments[0].write_bytes(damaged.replace(b"first", b"worst", 1))
    segments[1].write_bytes(torn + torn[:10])

    told = run("doctor", "--json")

    journal = diagnosis(told)["journal"]
    assert journal["is_writable"] is True
    assert journal["bytes"] == len(damaged) + len(torn) + 10
    assert (journal["segments"], journal["sessions"]) == (2, 2)
    assert (journal["damaged_records"], journal["torn_bytes"]) == (1, 10)
    assert remedy(told, "damaged")["weight"] == "warning"
    assert "1 damaged record, 10 B of torn records" in run("doctor").stdout


def test_a_journal_that_is_nearly_full_is_told(run: Run, recorder: Recorder, write: Write) -> None:
    with session("first"):
        step()
    size = write(recorder).stat().st_size

    told = run("doctor", "--json", HH_MAX_JOURNAL_BYTES=str(size + 1))

    assert "HH_MAX_JOURNAL_BYTES" in remedy(told, "nearly full")["action"]


def test_a_data_directory_that_cannot_be_made_is_told_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    told = run("doctor", "--json", HH_DATA_DIR=str(tmp_path / "file"))

    assert told.returncode == 1
    assert diagnosis(told)["journal"]["is_writable"] is False
    assert diagnosis(told)["remedies"][0]["problem"].endswith("cannot be written")


@pytest.mark.usefixtures("data_dir")
def test_events_that_go_nowhere_are_an_error_and_a_choice_of_the_users_is_not(run: Run) -> None:
    assert run("doctor", HH_JOURNAL="off").returncode == 1
    assert run("doctor", HH_TEST_MODE="on").returncode == 0
    told = run("doctor", "--json", HH_DISABLE_TRACING="on")
    assert told.returncode == 0
    assert diagnosis(told)["remedies"][0]["problem"] == "nothing is recorded"


@pytest.mark.usefixtures("data_dir")
def test_a_misconfiguration_is_told_with_its_remedy(run: Run) -> None:
    told = run("doctor", "--json", HH_TRUST_INCOMING="perhaps")

    assert told.returncode == 1
    assert told.stdout == ""
    assert "trust_incoming is 'perhaps'; it is one of signed, always, never" in told.stderr


@pytest.mark.usefixtures("data_dir")
def test_a_variable_that_means_nothing_is_told_with_the_nearest_that_does(run: Run) -> None:
    told = run("doctor", "--json", HH_PROJEKT="x")

    assert remedy(told, "HH_PROJEKT means nothing")["action"] == "did you mean HH_PROJECT?"


@pytest.mark.usefixtures("data_dir")
def test_a_dotenv_file_that_nothing_reads_is_told_without_its_values(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"# keys\nexport HH_API_KEY={CANARY}\nHH_PROJECT = shop\nOTHER=1\n")
    monkeypatch.chdir(tmp_path)

    told = run("doctor", "--json", HH_PROJECT="shop")

    assert ".env in this directory assigns HH_API_KEY, and nothing reads it" in remedy(told, ".env")["problem"]
    assert CANARY not in told.stdout


@pytest.mark.usefixtures("data_dir")
def test_an_endpoint_of_opentelemetry_is_told_as_not_followed(run: Run) -> None:
    told = run("doctor", "--json", OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318")

    assert remedy(told, "OTEL_EXPORTER_OTLP_ENDPOINT")["weight"] == "hint"


@pytest.mark.usefixtures("data_dir")
def test_other_instrumentations_are_told_and_how_they_get_along(run: Run, install: Callable[..., None]) -> None:
    install("ddtrace", "unused", "")

    others = diagnosis(run("doctor", "--json", SENTRY_DSN="https://key@sentry"))["others"]

    found = {other["name"]: other["evidence"] for other in others}
    assert found["Datadog"] == "ddtrace 1.0"
    assert found["Sentry"] == "SENTRY_DSN is set"
    assert "global provider" not in found


@pytest.mark.usefixtures("data_dir")
def test_instrumentors_are_told_with_what_auto_makes_of_them(run: Run) -> None:
    told = run("doctor", "--json")

    found = {each["distribution"]: (each["is_chosen"], each["reason"]) for each in diagnosis(told)["instrumentors"]}
    preferred = "openinference-instrumentation-openai"
    assert found[preferred] == (True, None)
    assert found["opentelemetry-instrumentation-genai-openai"] == (False, f"{preferred} is preferred")
    assert "HH_INSTRUMENT=auto" in remedy(told, "instrumentors of openai")["action"]
    assert "instrumentors" not in str(diagnosis(run("doctor", "--json", HH_INSTRUMENT="auto"))["remedies"])


@pytest.mark.usefixtures("data_dir")
def test_it_says_how_processes_begin_here(run: Run) -> None:
    told = diagnosis(run("doctor", "--json", AWS_LAMBDA_FUNCTION_NAME="answer"))

    assert "multiprocessing's method here" in told["process"]["new processes"]
    assert told["process"]["platform"] == "AWS Lambda"
    assert any("HH_DISABLE_BATCH" in each["action"] for each in told["remedies"])


PROGRAM = """
from honeyhive import HoneyHiveTracer

print("a program that greets")
tracer = HoneyHiveTracer.init(source="canary", project="shop", journal=False, test_mode=True)
other = 3
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "doctored_program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    yield
    sys.path[:] = before
    module = sys.modules.pop("doctored_program", None)
    if module is not None:
        module.tracer.shutdown()


@pytest.mark.usefixtures("data_dir", "program")
def test_the_arguments_of_a_programs_own_tracer_are_seen_as_such(run: Run) -> None:
    told = run("doctor", "--json", "--tracer", "doctored_program", HH_SOURCE="staging", HH_PROJECT="shop")

    found = {setting["name"]: (setting["value"], setting["origin"]) for setting in diagnosis(told)["settings"]}
    assert found["source"] == ("canary", "argument")
    assert found["project"] == ("shop", "HH_PROJECT")
    assert found["journal"] == ("off", "argument")


@pytest.mark.usefixtures("data_dir", "program")
@pytest.mark.parametrize(
    ("name", "said"), [("doctored_program:other", "is a int"), ("nowhere:x", "cannot be imported")]
)
def test_a_name_that_is_no_tracer_is_an_error(run: Run, name: str, said: str) -> None:
    told = run("doctor", "--tracer", name)

    assert told.returncode == 1
    assert said in told.stderr


@pytest.mark.usefixtures("data_dir")
def test_it_can_be_written_as_a_picture(run: Run, tmp_path: Path) -> None:
    told = run("doctor", "--svg", str(tmp_path / "doctor.svg"))

    assert told.returncode == 0
    picture = (tmp_path / "doctor.svg").read_text()
    assert "<svg" in picture
    assert "honeyhive" in picture
    assert "url(" not in picture.replace("url(#", "")
    assert "name a file" in run("doctor", "--svg", str(tmp_path / "no" / "x.svg")).stderr


@pytest.mark.usefixtures("data_dir")
def test_an_adapter_that_fails_is_shown_beside_those_that_report(run: Run, install: Callable[..., None]) -> None:
    install(
        "doctored",
        "honeyhive.adapters",
        """
        from honeyhive.integration import AdapterReport

        print("a framework that greets")

        def good():
            return AdapterReport(framework="Loom", versions={"loom": "1.2"}, notes=("call instrument() once",))

        def bad():
            raise ModuleNotFoundError("No module named 'loom'")

        def odd():
            return {}
        """,
        good="good",
        bad="bad",
        odd="odd",
    )

    told = run("doctor", "--json")
    shown = run("doctor")

    found = {adapter["name"]: adapter for adapter in diagnosis(told)["adapters"]}
    assert found["good"]["framework"] == "Loom"
    assert found["good"]["versions"] == {"loom": "1.2"}
    assert found["good"]["notes"] == ["call instrument() once"]
    assert found["bad"]["failure"] == "ModuleNotFoundError: No module named 'loom'"
    assert "AdapterReport" in found["odd"]["failure"]
    assert remedy(told, "adapter bad does not work")["weight"] == "warning"
    assert shown.returncode == 0
    assert "Loom: loom 1.2" in shown.stdout
    assert "No module named 'loom'" in shown.stdout


@pytest.mark.usefixtures("data_dir")
def test_what_matters_most_comes_first(run: Run) -> None:
    told = run("doctor", "--json", HH_JOURNAL="off", HH_PROJEKT="x", OTEL_EXPORTER_OTLP_ENDPOINT="http://collector")

    order = ["error", "warning", "hint"]
    assert weights(told) == sorted(weights(told), key=order.index)
    assert set(weights(told)) == set(order)
