"""Settings: arguments over environment over defaults, and errors that say what to do."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from honeyhive import HoneyHiveTracer
from honeyhive.errors import ConfigurationError
from honeyhive.settings import HTTPSettings, Settings, variables_of


def test_arguments_win_over_the_environment_and_that_over_defaults() -> None:
    environment = {"HH_PROJECT": "env", "HH_SOURCE": "env", "HH_DATA_DIR": "~/x", "HH_JOURNAL": "off"}

    settings = Settings.from_env(environment, project="argument", source=None)

    assert (settings.project, settings.source, settings.journal) == ("argument", "env", False)
    assert settings.data_dir == Path.home() / "x"
    assert settings.max_queue_bytes == 128 << 20


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        ({"projct": "p"}, {}, "unknown option 'projct'; did you mean 'project'"),
        ({}, {"HH_JOURNAL": "maybe"}, "HH_JOURNAL is 'maybe'; write one of"),
        ({}, {"HH_FLUSH_INTERVAL": "soon"}, "HH_FLUSH_INTERVAL is 'soon'"),
        ({"otlp_endpoint": "collector:4318"}, {}, "must be a URL such as http://collector:4318"),
        ({"flush_interval_s": 0}, {}, "flush_interval_s is 0; it must be greater than 0"),
        ({"trust_incoming": "all"}, {}, "trust_incoming is 'all'; it is one of signed, always, never"),
        ({"session_id": "chat-1"}, {}, "session_id is 'chat-1'; it must be a UUID"),
        ({}, {"HH_FLUSH_INTERVAL": "0"}, "^HH_FLUSH_INTERVAL: flush_interval_s is 0.0; it must be greater than 0"),
        ({}, {"HH_API_TIMEOUT": "-1"}, "^HH_API_TIMEOUT: timeout_s is -1.0; it must be greater than 0"),
        ({"flush_interval_s": 0}, {"HH_FLUSH_INTERVAL": "1"}, "^flush_interval_s is 0"),
        ({}, {"HH_FLUSH_INTERVAL": "inf"}, "^HH_FLUSH_INTERVAL: flush_interval_s is inf; it must be at most"),
        ({}, {"HH_OVERLOAD_WAIT_MS": "nan"}, "^HH_OVERLOAD_WAIT_MS: overload_wait_ms is nan; it must be 0 or greater"),
        ({"overload_wait_ms": -5}, {}, "^overload_wait_ms is -5; it must be 0 or greater"),
        ({}, {"HH_API_KEY": "hh a"}, "^HH_API_KEY: api_key has characters that no API key has"),
    ],
)
def test_bad_input_is_named_with_its_remedy(
    options: dict[str, object], environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=message.replace("(", r"\(")):
        HoneyHiveTracer(**options)  # pyright: ignore[reportArgumentType]  what is wrong is the point


@pytest.mark.parametrize(
    ("environment", "options", "message"),
    [
        ({}, {"max_span_size": 5}, "max_span_size is 5; it must be at least 4096"),
        ({}, {"max_event_bytes": 5}, "max_event_bytes is 5; it must be at least 4096"),
        ({}, {"max_span_size": 9000, "max_event_bytes": 5}, "max_event_bytes is 5; it must be at least 4096"),
        ({"HH_MAX_SPAN_SIZE": "7"}, {}, "HH_MAX_SPAN_SIZE: max_event_bytes is 7; it must be at least 4096"),
        ({"HH_MAX_SPAN_SIZE": "7"}, {"max_span_size": 5}, "max_span_size is 5; it must be at least 4096"),
        (
            {"HH_MAX_SPAN_SIZE": "7"},
            {"max_span_size": None},
            "HH_MAX_SPAN_SIZE: max_event_bytes is 7; it must be at least 4096",
        ),
        ({}, {"flush_interval": -1}, "flush_interval is -1; it must be greater than 0"),
        ({}, {"export_timeout": 0}, "export_timeout is 0; it must be greater than 0"),
        ({}, {"timeout": 0}, "timeout is 0; it must be greater than 0"),
        ({"HH_TIMEOUT": "-1"}, {"pool_timeout": 0, "timeout": 1}, "pool_timeout is 0; it must be greater than 0"),
        ({}, {"keepalive_expiry": 1e99}, "keepalive_expiry is 1e+99; it must be at most 1e+09"),
    ],
)
def test_a_value_that_cannot_be_used_is_called_what_the_user_called_it(
    environment: dict[str, str], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env(environment, **options)

    assert str(caught.value) == message


def test_secrets_are_in_no_error_and_no_repr() -> None:
    settings = Settings.from_env(
        {"HH_API_KEY": "canary-1", "HH_PROPAGATION_KEY": "canary-2", "HH_OTLP_HEADERS": "a=canary-3"}
    )
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_env({"HH_OTLP_HEADERS": "canary-4"})

    assert "canary" not in repr(settings) + str(caught.value)


@pytest.mark.parametrize(
    ("environment", "destination"),
    [
        ({}, None),
        ({"HH_API_KEY": "k"}, "https://api.dp1.us.honeyhive.ai/opentelemetry/v1/traces"),
        ({"HH_API_KEY": "k", "HH_API_URL": "http://own/"}, "http://own/opentelemetry/v1/traces"),
        ({"HH_API_KEY": "k", "HH_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, None),
        ({"HH_API_KEY": "k", "HH_TEST_MODE": "yes"}, None),
    ],
)
def test_there_is_one_destination(environment: dict[str, str], destination: str | None) -> None:
    assert Settings.from_env(environment).destination == destination


def test_the_documentation_names_every_setting_and_every_variable() -> None:
    text = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    names = {field.name for record in (Settings, HTTPSettings) for field in dataclasses.fields(record)} - {"http"}

    missing = [name for name in sorted(names) if f"`{name}`" not in text]
    missing += [variable for name in sorted(names) for variable in variables_of(name) if f"`{variable}`" not in text]
    assert missing == []


@pytest.mark.parametrize("url", ["http://x.test/?token=hush", "http://x.test?token=hush", "http://x.test/#hush"])
def test_a_base_url_has_no_query_and_its_secret_is_not_shown(url: str) -> None:
    for name in ("otlp_endpoint", "server_url"):
        with pytest.raises(ConfigurationError, match="query or a fragment") as caught:
            Settings.from_env({}, **{name: url})
        assert "hush" not in str(caught.value)
