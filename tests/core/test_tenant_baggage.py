"""Baggage of the program, a tenant's name for one: over real connections to services of its own, and to nobody else."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from honeyhive import http_clients, session, trace
from honeyhive.integration import attached, extract, inject, session_scope
from honeyhive.testing import MemoryTracer, recording
from honeyhive.tracing.trust import sign_session
from opentelemetry import baggage

TENANT = "acme-gmbh"
SESSION = "0f0e0d0c-0b0a-4908-8706-050403020100"
Fetch = Callable[[MemoryTracer, str], None]


class Service:
    """A service on loopback that keeps the headers it was sent."""

    def __init__(self) -> None:
        self.seen: list[Mapping[str, str]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.seen.append({key.lower(): value for key, value in self.headers.items()})
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.authority = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.authority}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def services() -> Iterator[tuple[Service, Service]]:
    opened = Service(), Service()
    yield opened
    for service in opened:
        service.close()


def by_httpx(tracer: MemoryTracer, url: str) -> None:
    with httpx.Client(transport=http_clients.httpx_transport(tracer)) as client:
        client.get(url).raise_for_status()


def by_requests(tracer: MemoryTracer, url: str) -> None:
    with requests.Session() as client:
        client.mount("http://", http_clients.requests_adapter(tracer))
        client.get(url, timeout=30).raise_for_status()


def by_aiohttp(tracer: MemoryTracer, url: str) -> None:
    async def fetch() -> None:
        config: Any = http_clients.aiohttp_trace_config(tracer)
        async with aiohttp.ClientSession(trace_configs=[config]) as client, client.get(url) as response:
            response.raise_for_status()

    asyncio.run(fetch())


EVERY_CLIENT = pytest.mark.parametrize("fetch", [by_httpx, by_requests, by_aiohttp])


@EVERY_CLIENT
def test_a_tenants_name_reaches_the_own_service_and_no_stranger(
    fetch: Fetch, services: tuple[Service, Service]
) -> None:
    own, stranger = services
    with recording(propagate_not_to=(stranger.authority,)) as recorder, session("chat"):
        with attached(baggage.set_baggage("tenant", TENANT)):
            trace(event_name="caller")(fetch)(recorder.tracer, own.url)
            trace(event_name="caller")(fetch)(recorder.tracer, stranger.url)

        assert baggage.get_all(extract(own.seen[0])) == {"tenant": TENANT}
    (headers,) = stranger.seen
    assert "traceparent" in headers
    assert TENANT not in str(headers)


@EVERY_CLIENT
def test_a_tenants_name_that_came_with_a_request_goes_no_further_than_the_own_services(
    fetch: Fetch, services: tuple[Service, Service]
) -> None:
    own, stranger = services
    with recording(propagate_not_to=(stranger.authority,)) as recorder:
        token = sign_session(SESSION, recorder.tracer.settings)
        arrived = extract({"baggage": f"tenant={TENANT},honeyhive-session={token}"})
        scope, context = session_scope("request", arrived)
        with attached(context):
            trace(event_name="handler")(fetch)(recorder.tracer, own.url)
            trace(event_name="handler")(fetch)(recorder.tracer, stranger.url)
        scope.finish()

        onward, _ = session_scope("onward", extract(own.seen[0]))
        assert onward.session_id == SESSION
    assert TENANT in own.seen[0]["baggage"]
    (headers,) = stranger.seen
    assert TENANT not in str(headers)
    assert SESSION not in str(headers)


def test_a_session_is_believed_when_it_is_signed_and_only_claimed_when_it_is_forged_or_told_plainly() -> None:
    with recording(project="p") as recorder:
        own = recorder.tracer.settings
        genuine = sign_session(SESSION, own)
        forged = genuine[:-1] + ("1" if genuine.endswith("0") else "0")
        carried: dict[str, str] = {}
        with attached(extract({"baggage": f"honeyhive-session={genuine}"})):
            inject(carried)
        told = {
            "signed": f"honeyhive-session={genuine}",
            "carried on": carried["baggage"],
            "forged": f"honeyhive-session={forged}",
            "plain": f"session_id={SESSION}",
        }
        for name, header in told.items():
            scope, context = session_scope(name, extract({"baggage": header}))
            with attached(context):
                trace(event_name=name)(lambda: None)()
            scope.finish()

    found = {event.event_name: event.session_id == SESSION for event in recorder.events()}
    assert found == {"signed": True, "carried on": True, "forged": False, "plain": False}
    claims = {one.root.event_name: one.root.metadata.get("claimed_session_id") for one in recorder.sessions()}
    assert (claims["forged"], claims["plain"]) == (SESSION, SESSION)
    assert recorder.tracer.stats().claims == {"bad_mac": 1, "unsigned": 1}
