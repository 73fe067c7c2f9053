"""Keys and arguments of the client."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive.api import HoneyHive, MissingApiKeyError
from honeyhive.deprecation import forget_warnings
from honeyhive.errors import ConfigurationError
from honeyhive.utils import RetryConfig

if TYPE_CHECKING:
    from conftest import API

KEY = "hh_project_key"


@pytest.fixture
def client(api: "API") -> "HoneyHive":
    return HoneyHive(api_key=KEY, base_url=api.url, retry_config=RetryConfig.constant(0.0, max_retries=2))


def _reads(client: HoneyHive) -> object:
    return client.datasets.list()


def _writes(client: HoneyHive) -> object:
    return client.sessions.start({"session": {}})


def _names_a_project(client: HoneyHive) -> object:
    return client.charts.list(project_id="p1")


@pytest.mark.parametrize(
    ("operation", "key_kind", "variable"),
    [
        (_reads, "project", "HH_API_KEY"),
        (_writes, "ingestion", "HH_INGESTION_API_KEY"),
        (_names_a_project, "data_plane", "HH_DATA_PLANE_API_KEY"),
    ],
)
def test_without_a_key_nothing_is_sent_and_the_error_says_which_key(
    api: "API", operation: Callable[[HoneyHive], object], key_kind: str, variable: str
) -> None:
    client = HoneyHive(base_url=api.url)

    with pytest.raises(MissingApiKeyError, match=variable) as failed:
        operation(client)

    assert failed.value.key_kind == key_kind
    assert isinstance(failed.value, ValueError)
    assert api.seen == []


def test_the_project_key_never_stands_in_for_that_of_the_data_plane(api: "API", client: HoneyHive) -> None:
    with pytest.raises(MissingApiKeyError):
        client.charts.list(project_id="p1")

    assert api.seen == []


@pytest.mark.parametrize("key", ["hh_a\nb", "hh_ä", "hh a"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ConfigurationError, match="api_key has characters") as failed:
        HoneyHive(api_key=key)

    assert key not in str(failed.value)


def test_no_key_is_in_what_the_client_says_of_itself(caplog: pytest.LogCaptureFixture, api: "API") -> None:
    caplog.set_level("DEBUG")
    client = HoneyHive(api_key=KEY, base_url=api.url, verbose=True)
    client.datasets.list()

    assert KEY not in repr(client) + repr(client.api_config) + repr(vars(client)) + caplog.text
    assert "datasets.list" in caplog.text


def test_an_unknown_argument_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'timeout'"):
        HoneyHive(time_out=3)  # pyright: ignore[reportArgumentType]  the mistake is the point


@pytest.mark.parametrize("argument", [{"cp_base_url": "http://x"}, {"tracer_instance": object()}])
def test_an_argument_of_1x_that_had_no_effect_is_taken_and_warns(argument: dict[str, Any]) -> None:
    forget_warnings()
    with pytest.warns(DeprecationWarning, match=next(iter(argument))) as caught:
        HoneyHive(api_key=KEY, **argument)

    assert caught[0].filename == __file__


@pytest.mark.parametrize("argument", [{"base_url": "ftp://x"}, {"timeout": 0}, {"retry_config": object()}])
def test_an_argument_that_cannot_be_used_is_an_error(argument: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        HoneyHive(api_key=KEY, **argument)


def test_the_arguments_of_1x_mean_what_they_said(api: "API") -> None:
    client = HoneyHive(KEY, "shop", server_url=f"{api.url}/", test_mode=True, verbose=True, timeout=3)

    assert (client.server_url, client.project, client.api_key) == (api.url, "shop", KEY)
    assert (client.test_mode, client.verbose, client.timeout) == (True, True, 3)
    assert client.evaluations is client.experiments


def test_what_is_changed_in_the_configuration_holds_from_the_next_call_on(api: "API") -> None:
    client = HoneyHive(api_key="hh_old", base_url="http://127.0.0.1:9")
    client.server_url = api.url
    client.api_config.set_access_token(KEY)

    client.datasets.list()

    assert api.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_host_that_nobody_named_is_honeyhives() -> None:
    client = HoneyHive(api_key=KEY)

    assert client.server_url == "https://api.dp1.us.honeyhive.ai"
