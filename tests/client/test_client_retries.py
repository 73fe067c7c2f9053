"""What is sent again, what is raised, and how replies are read."""

import json
import pickle
import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from honeyhive.api import APIError, HoneyHive, HTTPException, MissingApiKeyError
from honeyhive.client.call import Request
from honeyhive.client.retry import Retries
from honeyhive.errors import HoneyHiveError, RateLimitError
from honeyhive.utils import RetryConfig

if TYPE_CHECKING:
    from conftest import API

KEY = "hh_project_key"


@pytest.fixture
def client(api: "API") -> "HoneyHive":
    return HoneyHive(api_key=KEY, base_url=api.url, retry_config=RetryConfig.constant(0.0, max_retries=2))


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(api: "API", client: HoneyHive, status: int) -> None:
    api.say(status, body=b"" if status == 204 else b'{"inserted": true}')

    reply = client.datasets.create({"name": "rows"})

    assert reply.inserted is (None if status == 204 else True)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_read_is_tried_again_after_a_passing_failure(api: "API", client: HoneyHive, status: int) -> None:
    api.say(status, status)

    assert client.datasets.list().datasets[0].id == "ds1"
    assert len(api.seen) == 3
    assert len({seen.headers["hh-client-timestamp"] for seen in api.seen}) == 1


def test_an_update_and_an_export_are_tried_again_too(api: "API", client: HoneyHive) -> None:
    api.say(503)
    client.events.update({"event_id": "e1", "metadata": {"a": 1}})
    api.say(500)
    client.events.export()

    assert [(seen.method, seen.path) for seen in api.seen] == [("PUT", "/events")] * 2 + [
        ("POST", "/v1/events/export")
    ] * 2


def test_a_write_that_may_have_arrived_is_not_sent_twice(api: "API", client: HoneyHive) -> None:
    api.say(500)

    with pytest.raises(HTTPException) as failed:
        client.datasets.create({"name": "rows"})

    assert failed.value.status_code == 500
    assert len(api.seen) == 1


def test_a_write_that_was_turned_away_is_sent_again(api: "API", client: HoneyHive) -> None:
    api.say(429)
    api.say(503, retry_after="0")

    assert client.datasets.create({"name": "rows"}).inserted is True
    assert len(api.seen) == 3


def test_a_failure_that_stays_is_raised_after_the_last_attempt(api: "API", client: HoneyHive) -> None:
    api.say(503, 503, 503, body=b'{"message": "down", "errorCode": "E7"}')

    with pytest.raises(HTTPException) as failed:
        client.datasets.list()

    error = failed.value
    assert (error.status_code, error.server_message, error.error_code) == (503, "down", "E7")
    assert str(error) == "503 datasets.list failed with status code: 503: down"
    assert len(api.seen) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refusal_is_raised_at_once(api: "API", client: HoneyHive, status: int) -> None:
    api.say(status, body=b"<html>no</html>")

    with pytest.raises(HTTPException) as failed:
        client.datasets.list()

    assert (failed.value.status_code, failed.value.server_message) == (status, None)
    assert ("the API key may not see it" in str(failed.value)) is (status == 404)
    assert len(api.seen) == 1


def test_a_failed_export_raises_1xs_api_error(api: "API", client: HoneyHive) -> None:
    api.say(400)

    with pytest.raises(APIError) as failed:
        client.events.export()

    assert isinstance(failed.value, HoneyHiveError)
    assert failed.value.error_response is not None
    assert failed.value.error_response.status_code == 400


def test_a_batch_that_arrived_in_part_says_which_part(api: "API", client: HoneyHive) -> None:
    partial = {"event_ids": ["e0"], "errors": ["the second"], "success": False}
    api.say(500, body=json.dumps(partial).encode())

    with pytest.raises(HTTPException) as failed:
        client.events.create_batch({"events": [{"event_type": "tool", "inputs": {}}] * 2})

    assert failed.value.error_response is not None
    assert failed.value.error_response.details == partial


def test_an_exception_survives_the_way_back_from_another_process() -> None:
    error = HTTPException(503, "m", server_message="down", error_code="E7")
    limited = RateLimitError(429, "m")
    assert limited.error_response is not None
    limited.error_response.retry_after = 7.0

    copied = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    missing = pickle.loads(pickle.dumps(MissingApiKeyError("ingestion")))  # noqa: S301  our own bytes

    assert (copied.status_code, copied.server_message, copied.error_code, str(copied)) == (503, "down", "E7", "503 m")
    again = pickle.loads(pickle.dumps(limited))  # noqa: S301  our own bytes
    assert (type(again), again.retry_after, again.status_code) == (RateLimitError, 7.0, 429)
    assert missing.key_kind == "ingestion"


def test_waiting_is_as_long_as_the_server_asks_but_not_over_a_minute() -> None:
    retries = Retries(3)
    read = Request(operation="o", method="GET", path="/")

    assert retries.wait_s(read, httpx.Response(429, headers={"retry-after": "7"}), 0) == 7
    assert retries.wait_s(read, httpx.Response(503, headers={"retry-after": "61"}), 0) is None
    assert retries.wait_s(read, httpx.Response(503, headers={"retry-after": "7"}), 3) is None
    waits = [retries.wait_s(read, httpx.Response(503), attempt) or 0 for attempt in range(3) for _ in range(50)]
    assert all(0.05 <= wait <= 2 for wait in waits)
    assert len(set(waits)) > 100  # jitter


def test_no_answer_is_tried_again_where_that_is_safe_and_raised_otherwise() -> None:
    retries = Retries(3)
    read = Request(operation="o", method="GET", path="/")
    write = Request(operation="o", method="POST", path="/")

    assert retries.wait_s(read, httpx.ReadTimeout(""), 0) is not None
    assert retries.wait_s(write, httpx.ReadTimeout(""), 0) is None
    assert retries.wait_s(write, httpx.ConnectError(""), 0) is not None
    assert retries.wait_s(read, httpx.UnsupportedProtocol(""), 0) is None


def test_a_server_that_is_not_there_raises_httpx_error_without_the_key() -> None:
    client = HoneyHive(api_key=KEY, base_url="http://127.0.0.1:9", retry_config=RetryConfig(max_retries=0))

    with pytest.raises(httpx.ConnectError) as failed:
        client.datasets.list()

    assert KEY not in repr(failed.value) + str(failed.value) + repr(failed.value.request.headers)


def test_a_call_ends_at_its_time_limit(api: "API") -> None:
    release = threading.Event()
    api.say(200, waits_for=release)
    client = HoneyHive(api_key=KEY, base_url=api.url, timeout=0.05, retry_config=RetryConfig(max_retries=0))

    with pytest.raises(httpx.ReadTimeout):
        client.datasets.list()

    release.set()


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [("HH_API_TIMEOUT", "7.5", 7.5), ("", "", 5.0)],
)
def test_the_time_limit_is_five_seconds_unless_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: float
) -> None:
    if variable:
        monkeypatch.setenv(variable, value)

    assert HoneyHive(api_key=KEY).api_config.timeout == expected
    assert HoneyHive(api_key=KEY, timeout=2).api_config.timeout == 2


def test_an_export_has_a_time_limit_of_its_own(api: "API", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_EXPORT_TIMEOUT_SECONDS", "0.05")
    release = threading.Event()
    api.say(200, waits_for=release)
    client = HoneyHive(api_key=KEY, base_url=api.url, timeout=30, retry_config=RetryConfig(max_retries=0))

    with pytest.raises(httpx.ReadTimeout):
        client.events.export()

    release.set()


def test_a_reply_of_ids_alone_is_enough(api: "API", client: HoneyHive) -> None:
    api.say(200, body=b'{"session_id": "s9"}')

    reply = client.sessions.start({"session": {}})

    assert (reply.session_id, reply.event_id, reply.project_id) == ("s9", None, None)
    assert reply.model_dump()["session_id"] == "s9"


def test_a_newer_servers_fields_are_kept_and_what_it_changed_is_read_as_it_came(api: "API", client: HoneyHive) -> None:
    runs = [{"run_id": "r1", "name": 7, "novelty": {"a": 1}}]
    api.say(200, body=json.dumps({"evaluations": runs, "pagination": {"page": "first"}}).encode())

    reply = client.experiments.list_runs()

    assert reply.evaluations[0].run_id == "r1"
    assert reply.evaluations[0].name == 7
    assert reply.evaluations[0].model_extra == {"novelty": {"a": 1}}
    assert reply.pagination.page == "first"
    assert reply.metrics is None


@pytest.mark.parametrize("body", [b"<html>a proxy's page</html>", b"[1]"])
def test_a_success_that_is_no_reply_raises_a_clear_error(api: "API", client: HoneyHive, body: bytes) -> None:
    api.say(200, body=body)

    with pytest.raises(APIError, match="reply"):
        client.datasets.list()
