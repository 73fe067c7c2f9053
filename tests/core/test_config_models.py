"""1.x's config objects: their fields, what they read, what they refuse, and pydantic's face."""

import subprocess
import sys
from typing import Any, Final

import pytest
from honeyhive import config as config_package
from honeyhive.config import create_unified_config, merge_configs_with_params
from honeyhive.config.models import (
    APIClientConfig,
    BaseHoneyHiveConfig,
    EvaluationConfig,
    ExperimentConfig,
    HTTPClientConfig,
    OTLPConfig,
    SessionConfig,
    SpanNameFilter,
    SpanNameFilters,
    TracerConfig,
)
from honeyhive.errors import ConfigurationError
from pydantic import ValidationError

ID: Final = "550e8400-e29b-41d4-a716-446655440000"
INGESTION_KEY: Final = f"hh_ingst_{'a' * 24}_{'b' * 64}"
BASE: Final = {
    "api_key": None,
    "ingestion_api_key": None,
    "server_url": "https://api.dp1.us.honeyhive.ai",
    "project": None,
    "test_mode": False,
    "verbose": False,
}
HTTP: Final = {
    "timeout": 30.0,
    "max_connections": 10,
    "max_keepalive_connections": 20,
    "keepalive_expiry": 30.0,
    "pool_timeout": 10.0,
    "rate_limit_calls": 100,
    "rate_limit_window": 60.0,
    "max_retries": 3,
    "http_proxy": None,
    "https_proxy": None,
    "no_proxy": None,
    "verify_ssl": True,
    "follow_redirects": True,
}
SESSION: Final = {"session_id": None, "inputs": None, "link_carrier": None}
EVALUATION: Final = {"is_evaluation": False, "run_id": None, "dataset_id": None, "datapoint_id": None}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (BaseHoneyHiveConfig, {}),
        (SessionConfig, {**SESSION, "skip_backend_session_creation": False}),
        (EvaluationConfig, EVALUATION),
        (HTTPClientConfig, HTTP),
        (APIClientConfig, {"http_config": {**BASE, **HTTP}}),
        (
            OTLPConfig,
            {
                "otlp_enabled": True,
                "otlp_endpoint": None,
                "otlp_headers": None,
                "otlp_protocol": "http/json",
                "batch_size": 100,
                "flush_interval": 5.0,
                "max_export_batch_size": 512,
                "export_timeout": 30.0,
            },
        ),
        (
            ExperimentConfig,
            {f"experiment_{name}": None for name in ("id", "name", "variant", "group", "metadata")},
        ),
        (
            TracerConfig,
            {
                **SESSION,
                **EVALUATION,
                "session_name": None,
                "source": "dev",
                "disable_http_tracing": True,
                "disable_batch": False,
                "disable_tracing": False,
                "span_name_filters": None,
                "max_attributes": 1024,
                "max_events": 1024,
                "max_links": 128,
                "max_span_size": 10 * 1024 * 1024,
                "preserve_core_attributes": True,
                "cache_enabled": True,
                "cache_max_size": None,
                "cache_ttl": None,
                "cache_cleanup_interval": None,
                "requests_session": None,
            },
        ),
    ],
)
def test_fields_and_defaults_are_those_of_1x(model: type[BaseHoneyHiveConfig], fields: dict[str, Any]) -> None:
    assert model().model_dump() == {**BASE, **fields}
    assert model.model_validate(model().model_dump()) == model()


@pytest.mark.parametrize(
    ("model", "environment", "field", "value"),
    [
        (TracerConfig, {"HH_API_KEY": "k"}, "api_key", "k"),
        (TracerConfig, {"HH_API_URL": "http://h/"}, "server_url", "http://h"),
        (TracerConfig, {"HH_INGESTION_API_KEY": INGESTION_KEY}, "ingestion_api_key", INGESTION_KEY),
        (TracerConfig, {"HH_SOURCE": "s"}, "source", "s"),
        (TracerConfig, {"HH_DISABLE_BATCH": "1"}, "disable_batch", True),
        (TracerConfig, {"HH_MAX_SPAN_SIZE": "9000"}, "max_span_size", 9000),
        (TracerConfig, {"HH_MAX_ATTRIBUTES": "7"}, "max_attributes", 7),
        (TracerConfig, {"HH_CACHE_TTL": "2"}, "cache_ttl", 2.0),
        (SessionConfig, {"HH_PROJECT": "p"}, "project", "p"),
        (EvaluationConfig, {"HH_TEST_MODE": "on"}, "test_mode", True),
        (OTLPConfig, {"HH_FLUSH_INTERVAL": "2"}, "flush_interval", 2.0),
        (OTLPConfig, {"HH_OTLP_HEADERS": '{"a": "b"}'}, "otlp_headers", {"a": "b"}),
        (OTLPConfig, {"HH_BATCH_SIZE": "3"}, "batch_size", 3),
        (HTTPClientConfig, {"HH_TIMEOUT": "3"}, "timeout", 3.0),
        (HTTPClientConfig, {"HH_NO_PROXY": "a, b"}, "no_proxy", "a,b"),
        (ExperimentConfig, {"HH_EXPERIMENT_ID": "e", "MLFLOW_EXPERIMENT_ID": "m"}, "experiment_id", "e"),
        (ExperimentConfig, {"MLFLOW_EXPERIMENT_ID": "m", "WANDB_RUN_ID": "w"}, "experiment_id", "m"),
        (ExperimentConfig, {"COMET_PROJECT_NAME": "c"}, "experiment_name", "c"),
        (ExperimentConfig, {"AB_TEST_VARIANT": "b"}, "experiment_variant", "b"),
        (ExperimentConfig, {"COHORT": "g"}, "experiment_group", "g"),
        (ExperimentConfig, {"MLFLOW_TAGS": '{"t": 1}'}, "experiment_metadata", {"t": 1}),
        (ExperimentConfig, {"WANDB_TAGS": "a,b"}, "experiment_metadata", None),
    ],
)
def test_a_field_that_is_left_out_is_read_from_the_environment_when_the_object_is_made(
    model: type[BaseHoneyHiveConfig],
    environment: dict[str, str],
    field: str,
    value: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    read = model()
    for name in environment:
        monkeypatch.delenv(name)

    assert getattr(read, field) == value
    assert getattr(model(), field) != value or value is None


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_PROJECT", "environment")

    assert (TracerConfig(project="given").project, TracerConfig(project=None).project) == ("given", None)


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (TracerConfig, {"projct": "p"}, "projct\n *Extra inputs are not permitted"),
        (TracerConfig, {"session_id": "chat"}, "session_id must be a UUID"),
        (SessionConfig, {"session_id": "chat"}, "session_id must be a UUID"),
        (TracerConfig, {"server_url": "collector:4318"}, "server_url is 'collector:4318'; it must be a URL"),
        (TracerConfig, {"ingestion_api_key": "hh_canary"}, "HoneyHive key of another kind"),
        (TracerConfig, {"api_key": 5}, "Input should be a valid string"),
        (OTLPConfig, {"batch_size": 0}, "greater than 0"),
        (HTTPClientConfig, {"timeout": -1}, "greater than 0"),
        (SpanNameFilter, {"type": "regex", "value": "x"}, "Input should be 'prefix'"),
        (SpanNameFilters, {"includes": []}, "Extra inputs are not permitted"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_and_no_value_is_shown(
    model: type[Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        model(**fields)

    assert "canary" not in str(caught.value)


def test_a_variable_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_BATCH_SIZE", "many")

    with pytest.raises(ConfigurationError, match="HH_BATCH_SIZE is 'many'; write a whole number"):
        OTLPConfig()


def test_assignment_is_checked_too() -> None:
    config = TracerConfig(session_id=ID.upper())
    assert config.session_id == ID

    with pytest.raises(ValidationError, match="session_id must be a UUID"):
        config.session_id = "chat"


def test_keys_are_not_shown_and_json_names_a_session_only() -> None:
    config = TracerConfig(api_key="hh_canary", requests_session=object())

    assert "canary" not in repr(config)
    assert '"requests_session":"<requests.Session>"' in config.model_dump_json()


def test_configs_and_parameters_are_merged_as_in_1x() -> None:
    tracer_config = TracerConfig(api_key="k", source="config", session_id=None)
    session_config = SessionConfig(session_id=ID)

    tracer, session, evaluation = merge_configs_with_params(tracer_config, session_config, source="given", run_id="r")
    unified = create_unified_config(tracer_config, session_config, source="given", run_id="r", timeout=4)

    assert (tracer.source, session.session_id, evaluation.run_id, evaluation.api_key) == ("given", ID, "r", "k")
    assert tracer_config.source == "config"
    assert (unified.source, unified.session_id, unified.session.session_id) == ("given", ID, ID)
    assert (unified.run_id, unified.evaluation.run_id, unified.http.timeout) == ("r", "r", 4)
    assert {unified[section].api_key for section in ("http", "otlp", "api", "experiment", "session")} == {"k"}
    with pytest.raises(ConfigurationError, match="unknown option 'sauce'; did you mean 'source'"):
        create_unified_config(sauce="x")


def test_the_package_imports_pydantic_only_when_a_config_is_asked_for() -> None:
    program = """
import sys
import honeyhive.config
assert "pydantic" not in sys.modules
from honeyhive import HoneyHiveTracer
assert HoneyHiveTracer.init(test_mode=True).config.source == "dev"
assert "pydantic" not in sys.modules
honeyhive.config.TracerConfig
assert "pydantic" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], timeout=60, check=True)
    assert all(getattr(config_package, name) for name in config_package.__all__)


def test_none_for_a_field_that_is_never_none_means_that_nothing_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in 1.x, where programs say ``TracerConfig(source=os.environ.get("STAGE"))``."""
    monkeypatch.setenv("HH_MAX_CONNECTIONS", "7")
    missing: Any = None

    assert TracerConfig(source=missing, verbose=missing, project=None).source == "dev"
    assert (
        HTTPClientConfig(timeout=missing, max_connections=missing).model_dump().items()
        >= {
            "timeout": 30.0,
            "max_connections": 7,
        }.items()
    )
    assert OTLPConfig.model_validate({"batch_size": None}).batch_size == 100
