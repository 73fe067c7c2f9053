"""How deliveries travel: headers, keys, redirects, proxies, and clients of the caller's."""

import dataclasses
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import requests
from honeyhive.events import otlp
from honeyhive.export.delivery import Delivery
from honeyhive.export.outcome import Outcome
from honeyhive.settings import Settings
from honeyhive.settings.http import HTTPSettings

if TYPE_CHECKING:
    from conftest import Far

TRACE = b"\x01" * 16


def cloud(far: "Far", **options: Any) -> Settings:
    return Settings(api_key="hh_key", server_url=far.url, **options)


def collector(far: "Far", **options: Any) -> Settings:
    return Settings(otlp_endpoint=far.url, otlp_headers={"x-team": "a"}, **options)


def event(name: str, number: int = 1, **attributes: object) -> bytes:
    parts = [otlp.identity(TRACE, bytes((number,)) * 8, b""), otlp.name_and_kind(name, 1), otlp.times(1, 2)]
    return otlp.span([*parts, *(otlp.attribute(key, value) for key, value in attributes.items())])


def record(*spans: bytes) -> bytes:
    return otlp.record(otlp.resource({"service.name": "s"}), {otlp.scope("honeyhive", "2"): list(spans)})


def post(delivery: Delivery, settings: Settings, body: bytes, attempt: int = 0) -> Outcome:
    return delivery.post(settings, body, timeout_s=10, attempt=attempt)


def test_protobuf_is_the_default_and_json_is_sent_where_it_is_chosen(far: "Far", delivery: Delivery) -> None:
    body = record(event("a"))

    for settings in (cloud(far), cloud(far, otlp_protocol="http/json"), collector(far, otlp_protocol="http/json")):
        assert post(delivery, settings, body).is_delivered

    by_bytes, by_json, strictly = far.seen
    assert (by_bytes.path, by_bytes.headers["content-type"]) == ("/opentelemetry/v1/traces", "application/x-protobuf")
    assert by_bytes.body == body
    assert (by_json.path, by_json.headers["content-type"]) == ("/opentelemetry/v1/traces", "application/json")
    assert by_json.data["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["kind"] == "SPAN_KIND_INTERNAL"
    assert strictly.path == "/v1/traces"
    assert strictly.data["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["kind"] == 1


def test_honeyhive_gets_the_key_and_who_sends_and_a_collector_neither(far: "Far", delivery: Delivery) -> None:
    post(delivery, cloud(far, source="prod"), record(event("a")))
    post(delivery, dataclasses.replace(collector(far), api_key="hh_key"), record(event("a")))

    to_cloud, to_collector = (seen.headers for seen in far.seen)
    assert (to_cloud["authorization"], to_cloud["x-source"]) == ("Bearer hh_key", "prod")
    assert {"hh-client-version", "hh-client-language", "hh-client-package"} <= to_cloud.keys()
    assert to_collector["x-team"] == "a"
    assert "hh_key" not in str(to_collector)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_delivered(far: "Far", delivery: Delivery, status: int) -> None:
    far.posts = [status]

    assert post(delivery, cloud(far), record(event("a"))).is_delivered


def test_a_redirect_is_no_delivery(far: "Far", delivery: Delivery) -> None:
    far.posts = [302]
    far.headers = {"location": f"{far.url}/login"}

    assert post(delivery, cloud(far), record(event("a"))).refused == "http_302"
    assert len(far.seen) == 1


def test_a_caller_may_lend_a_client_or_a_transport_which_stays_open(far: "Far", delivery: Delivery) -> None:
    client = httpx.Client(headers={"x-mine": "client"})
    transport = httpx.HTTPTransport()
    body = record(event("a"))

    assert post(delivery, cloud(far, http_client=client), body).is_delivered
    assert post(delivery, cloud(far, http_client=transport), body).is_delivered
    delivery.close()

    assert not client.is_closed
    assert client.post(far.url, content=b"x").status_code == 200
    assert httpx.Client(transport=transport).post(far.url, content=b"x").status_code == 200
    assert far.seen[0].headers["x-mine"] == "client"
    client.close()
    transport.close()


def read_whole(answer: httpx.Response) -> None:
    answer.read()


def read_through(answer: httpx.Response) -> None:
    assert list(answer.iter_raw()) is not None


@pytest.mark.parametrize("hook", [read_whole, read_through])
def test_a_lent_client_may_read_the_answers_itself(far: "Far", delivery: Delivery, hook: Any) -> None:
    with httpx.Client(event_hooks={"response": [hook]}) as client:
        assert post(delivery, collector(far, http_client=client), record(event("a"))).is_delivered

    assert len(far.seen) == 1


@pytest.mark.parametrize("content", [b"", b"{}"])
def test_an_answer_that_is_whole_when_it_is_made_counts(delivery: Delivery, content: bytes) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(202, content=content))
    settings = Settings(api_key="hh_key", server_url="http://api:8000", http_client=transport)

    assert post(delivery, settings, record(event("a"))).is_delivered


def test_a_requests_session_of_1x_delivers_too(far: "Far", delivery: Delivery) -> None:
    with requests.Session() as session:
        session.headers["x-mine"] = "session"
        settings = cloud(far, http_client=session)
        body = record(event("a"))

        assert post(delivery, settings, body).is_delivered
        unreachable = dataclasses.replace(settings, server_url="http://127.0.0.1:9")
        assert post(delivery, unreachable, body).is_retried

    assert [seen.headers["x-mine"] for seen in far.seen] == ["session"]
    assert far.seen[0].headers["authorization"] == "Bearer hh_key"


def test_delivery_goes_through_the_proxy_of_the_settings(far: "Far", delivery: Delivery) -> None:
    settings = Settings(api_key="hh_key", server_url="http://api.invalid", http=HTTPSettings(http_proxy=far.url))

    assert post(delivery, settings, record(event("a"))).is_delivered

    assert far.seen[0].headers["host"] == "api.invalid"


def test_a_destination_that_is_not_there_is_tried_again(delivery: Delivery) -> None:
    settings = Settings(api_key="hh_key", server_url="http://127.0.0.1:9")

    assert post(delivery, settings, record(event("a"))).is_retried
