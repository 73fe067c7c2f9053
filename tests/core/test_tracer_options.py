"""How a tracer is made: 1.x's arguments, its config objects, which of them wins, and what a mistake is told."""

import io
import json
import logging
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import requests
from honeyhive import HoneyHiveTracer, trace
from honeyhive.config.models import EvaluationConfig, SessionConfig, SpanNameFilters, TracerConfig
from honeyhive.errors import ConfigurationError
from honeyhive.settings import HTTPSettings, Settings
from honeyhive.testing import MemoryTracer, Recorder, recording

ID: Final = "550e8400-e29b-41d4-a716-446655440000"
INGESTION_KEY: Final = f"hh_ingst_{'a' * 24}_{'b' * 64}"


@pytest.fixture(autouse=True)
def own_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_DATA_DIR", str(tmp_path))


def test_every_argument_of_1x_is_taken_at_once() -> None:
    tracer = HoneyHiveTracer(
        api_key="k",
        ingestion_api_key=INGESTION_KEY,
        project="p",
        session_name="chat",
        source="staging",
        server_url="http://api:8000/",
        session_id=ID.upper(),
        disable_http_tracing=True,
        disable_batch=False,
        verbose=False,
        inputs={"q": 1},
        is_evaluation=True,
        run_id="r",
        dataset_id="d",
        datapoint_id="p1",
        link_carrier=None,
        test_mode=True,
        requests_session=None,
        disable_tracing=False,
        span_name_filters=None,
        max_attributes=512,
        max_events=16,
        max_links=8,
        max_span_size=1 << 20,
        preserve_core_attributes=True,
        cache_enabled=False,
        cache_max_size=10,
        cache_ttl=1.0,
        cache_cleanup_interval=1.0,
        skip_backend_session_creation=False,
    )

    assert (tracer.project, tracer.project_name, tracer.source, tracer.source_environment) == (
        "p",
        "p",
        "staging",
        "staging",
    )
    assert (tracer.session_id, tracer.session_name, tracer.server_url) == (ID, "chat", "http://api:8000")
    assert (tracer.is_evaluation, tracer.run_id, tracer.dataset_id, tracer.datapoint_id) == (True, "r", "d", "p1")
    assert (tracer.is_initialized, tracer.is_test_mode, tracer.test_mode, tracer.verbose) == (True, True, True, False)
    assert tracer.api_key == "k"
    assert tracer.settings.max_event_bytes == 1 << 20
    assert repr(tracer).startswith("HoneyHiveTracer(project='p', source='staging', initialized=True, test_mode=True")


def test_init_is_the_same_as_calling_the_class() -> None:
    config = TracerConfig(project="p", session_id=ID)

    assert HoneyHiveTracer.init(config, source="s").config == HoneyHiveTracer(config=config, source="s").config


def test_one_argument_wins_over_the_session_config_that_over_the_evaluation_config_and_that_over_the_tracer_config(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HH_PROJECT", "environment")
    monkeypatch.setenv("HH_SOURCE", "environment")
    tracer_config = TracerConfig(project="tracer", session_id=str(uuid.uuid4()), run_id="tracer", inputs={"a": 1})
    session_config = SessionConfig(session_id=ID, project="session")
    evaluation_config = EvaluationConfig(run_id="evaluation", dataset_id="evaluation", project="evaluation")

    tracer = HoneyHiveTracer(tracer_config, session_config, evaluation_config, dataset_id="argument")

    assert (tracer.project, tracer.source) == ("session", "environment")
    assert (tracer.session_id, tracer.run_id, tracer.dataset_id) == (ID, "evaluation", "argument")
    assert tracer.config.inputs == {"a": 1}


def test_what_a_session_config_read_from_the_environment_does_not_win_over_what_was_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HH_API_KEY", "environment")
    monkeypatch.setenv("HH_PROJECT", "environment")

    tracer = HoneyHiveTracer(TracerConfig(api_key="said", project="said"), SessionConfig(session_id=ID))

    assert (tracer.api_key, tracer.project) == ("said", "said")


def test_a_config_keeps_what_the_environment_said_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_PROJECT", "then")
    config = TracerConfig()
    monkeypatch.setenv("HH_PROJECT", "now")

    assert (HoneyHiveTracer(config).project, HoneyHiveTracer().project) == ("then", "now")


def test_none_takes_back_what_a_config_says_but_leaves_the_connection_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_API_KEY", "environment")
    monkeypatch.setenv("HH_PROJECT", "environment")
    config = TracerConfig(session_id=ID, run_id="r", project="p")

    tracer = HoneyHiveTracer(config, session_id=None, run_id=None, project=None, api_key=None, server_url=None)

    assert (tracer.project, tracer.run_id) == (None, None)
    assert tracer.session_id != ID
    assert tracer.api_key == "environment"
    assert tracer.server_url == "https://api.dp1.us.honeyhive.ai"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"projekt": "p"}, "unknown option 'projekt'; did you mean 'project'"),
        ({"instrumenters": []}, "unknown option 'instrumenters'; did you mean 'instrumentors'"),
        ({"disable_traces": True}, "unknown option 'disable_traces'; did you mean 'disable_tracing'"),
        ({"timout": 3}, "unknown option 'timout'; did you mean 'timeout'"),
        ({"session_id": "chat-1"}, "session_id is 'chat-1'; it must be a UUID"),
        ({"ingestion_api_key": "hh_canary"}, "ingestion_api_key .* another kind"),
        ({"config": {"project": "p"}}, "config is a dict; it must be made with honeyhive.config.models"),
        ({"session_config": object()}, "session_config is a object"),
        (
            {"span_name_filters": {"includes": []}},
            "span_name_filters: unknown option 'includes'; did you mean 'include'",
        ),
        ({"span_name_filters": {"include": [{"type": "regex", "value": "x"}]}}, '"prefix" is the only type'),
        ({"span_name_filters": ["a"]}, "span_name_filters is {"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        HoneyHiveTracer(**options)

    assert "canary" not in str(caught.value)


def test_options_of_1x_config_models_are_taken_by_their_names() -> None:
    settings = Settings.from_env(
        {"HH_MAX_RETRIES": "7"},
        timeout=4,
        max_connections=3,
        verify_ssl=False,
        flush_interval=2,
        export_timeout=9,
    )

    assert settings.http == HTTPSettings(timeout_s=4, max_connections=3, verify_ssl=False, max_retries=7)
    assert (settings.flush_interval_s, settings.export_timeout_s) == (2, 9)


def test_an_experiment_is_named_on_every_event_and_on_the_session() -> None:
    with recording(run_id="r", dataset_id="d", datapoint_id="p") as recorder:
        tracer = recorder.tracer
        with tracer.session("s"):
            tracer.create_event("own")
            with tracer.provider.get_tracer("other").start_as_current_span("theirs"):
                pass
        assert tracer.is_evaluation

    events = recorder.events(with_sessions=True)
    assert len(events) == 3
    for event in events:
        said = {name: event.metadata.get(name) for name in ("run_id", "dataset_id", "datapoint_id")}
        assert said == {"run_id": "r", "dataset_id": "d", "datapoint_id": "p"}


def test_an_evaluation_is_inferred_only_when_run_dataset_and_datapoint_are_given() -> None:
    assert MemoryTracer(run_id="r", dataset_id="d", datapoint_id="p").is_evaluation
    assert not MemoryTracer(run_id="r", dataset_id="d").is_evaluation


def test_inputs_are_those_of_the_session_of_the_process() -> None:
    with recording(inputs={"user": "u1"}, session_name="chat") as recorder:
        recorder.tracer.create_event("e")
        recorder.tracer.shutdown()

    (session,) = recorder.sessions()
    assert (session.root.event_name, session.root.inputs) == ("chat", {"user": "u1"})


FILTERS: Final = {
    "include": [{"type": "prefix", "value": "app."}],
    "exclude": [{"type": "prefix", "value": "app.noise"}],
}


@pytest.mark.parametrize("filters", [FILTERS, SpanNameFilters.model_validate(FILTERS)])
def test_events_and_spans_are_recorded_by_the_beginning_of_their_names_and_children_keep_the_nearest_recorded_parent(
    filters: Any,
) -> None:
    with recording(span_name_filters=filters) as recorder:
        tracer = recorder.tracer
        theirs = tracer.provider.get_tracer("other")
        with (
            tracer.session("s"),
            tracer.start_span("app.outer"),
            tracer.start_span("app.noise.1"),
            theirs.start_as_current_span("library"),
            tracer.start_span("app.inner"),
            theirs.start_as_current_span("app.theirs"),
        ):
            tracer.create_event("other")

    assert recorder.tree().splitlines() == [
        "session s",
        "  tool app.outer",
        "    tool app.inner",
        "      tool app.theirs",
    ]
    stats = recorder.stats()
    assert stats.dropped == {"filtered": 3}
    assert stats.accepted == stats.delivered + 3


def test_a_traced_function_that_is_filtered_runs_and_returns() -> None:
    @trace(event_name="noise")
    def double(n: int) -> int:
        return 2 * n

    with recording(span_name_filters={"exclude": [{"type": "prefix", "value": "noise"}]}) as recorder:
        assert double(4) == 8

    assert recorder.events() == []


def test_a_tracer_continues_what_a_carrier_brings_in_every_thread() -> None:
    before = MemoryTracer(fixed=False)
    carrier: dict[str, Any] = {}
    with before.session("s") as session, before.start_span("outer") as outer:
        before.inject_context(carrier)
    after = MemoryTracer(fixed=False, link_carrier=carrier)

    after.create_event("inner")

    event = after.recorder.event("inner")
    assert after.session_id == session.session_id == event.session_id
    assert event.parent_id == before.recorder.event("outer").event_id
    assert outer.get_span_context().is_valid


def test_a_session_that_exists_elsewhere_is_joined_and_not_written_again() -> None:
    with recording(session_id=ID, skip_backend_session_creation=True) as recorder:
        recorder.tracer.create_event("e")
        recorder.tracer.shutdown()

    assert [span.name for span in recorder.spans()] == ["e"]
    assert recorder.event("e").session_id == ID


def test_without_a_session_at_init_nothing_that_runs_outside_of_one_is_lost() -> None:
    with recording(skip_backend_session_creation=True) as recorder:
        recorder.tracer.create_event("job")

    (found,) = recorder.sessions()
    assert recorder.event("job").session_id == recorder.tracer.session_id == found.session_id
    assert "synthesized" not in found.root.metadata


class Transport(httpx.BaseTransport):
    """A far side inside the process; it knows whether it was closed."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.is_closed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200)

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("as_client", [True, False])
def test_events_travel_by_the_callers_own_httpx_client_or_transport_which_stays_open(as_client: bool) -> None:
    transport = Transport()
    client = httpx.Client(transport=transport) if as_client else transport
    tracer = HoneyHiveTracer(otlp_endpoint="http://collector:4318", http_client=client)
    tracer.create_event("e")

    assert tracer.flush()
    tracer.shutdown()
    assert {str(request.url) for request in transport.requests} == {"http://collector:4318/v1/traces"}
    assert not transport.is_closed


class Session(requests.Session):
    """A session of the caller's, whose far side is inside the process."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, method: str | bytes, url: str | bytes, *_args: Any, **options: Any) -> requests.Response:
        self.calls.append((str(method), str(url), options))
        answer = requests.Response()
        answer.status_code, answer.raw = 200, io.BytesIO()
        return answer


def test_events_travel_by_the_callers_requests_session() -> None:
    session = Session()
    tracer = HoneyHiveTracer(otlp_endpoint="http://collector:4318", requests_session=session)
    tracer.create_event("e")

    assert tracer.flush()
    session.close()
    ((method, url, options),) = session.calls
    assert (method, url) == ("POST", "http://collector:4318/v1/traces")
    assert options["allow_redirects"] is False


def test_the_config_of_a_tracer_is_seen_by_1xs_names_and_hides_its_secrets_when_printed() -> None:
    tracer = MemoryTracer(
        api_key="hh_canary",
        project="p",
        inputs={"q": "canary"},
        otlp_headers={"a": "canary"},
        http=HTTPSettings(timeout_s=9),
    )
    config = tracer.config

    assert config.project == config["project"] == "p"
    assert (config.api_key, config.session.inputs) == ("hh_canary", {"q": "canary"})
    assert (config.http.timeout, config["http.max_connections"], config.api.http_config.timeout) == (9, 10, 9)
    assert (config.otlp.flush_interval, config.otlp.otlp_protocol) == (1.0, "http/protobuf")
    assert config.session.session_id == config.session_id == tracer.session_id
    assert (config.evaluation.run_id, config.experiment.experiment_id) == (None, None)
    assert config.max_span_size == 4 << 20
    assert "canary" not in repr(config) + repr(config.otlp) + repr(tracer) + repr(tracer.settings)


def test_making_a_tracer_opens_nothing_and_loads_no_library_of_the_network(tmp_path: Path) -> None:
    program = """
import json, socket, sys, threading
def refuse(*_): raise AssertionError("a connection")
socket.socket.connect = refuse
from honeyhive import HoneyHiveTracer, trace
HoneyHiveTracer.init(api_key="k", server_url="http://127.0.0.1:9", project="p")
heavy = ("opentelemetry.sdk", "httpx", "pydantic", "asyncio", "requests")
print(json.dumps([threading.active_count(), [name for name in heavy if name in sys.modules]]))
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True, cwd=tmp_path
    )

    assert json.loads(finished.stdout) == [1, []]


def test_events_that_would_go_nowhere_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "honeyhive"):
        HoneyHiveTracer(journal=False).shutdown()

    assert "events go nowhere: set HH_API_KEY" in caplog.text


def test_a_tracer_in_memory_takes_nothing_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_PROJECT", "environment")

    assert MemoryTracer().project is None


def test_a_recorder_is_a_tracer_of_its_own(recorder: Recorder) -> None:
    assert recorder.tracer.project == "tests"
