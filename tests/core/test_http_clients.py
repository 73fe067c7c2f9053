"""Every HTTP client against a real server: what a request takes along, and the event that it is where that is wanted."""

import asyncio
import contextlib
import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests
import wrapt
from honeyhive import http_clients, session, trace
from honeyhive.integration import current_event, extract, session_scope, suppress
from honeyhive.testing import MemoryTracer, Recorder, recording, wait_until
from honeyhive.tracing.channel import set_default_channel
from requests.auth import HTTPDigestAuth

_GUARD_S = 30.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: ClassVar["Upstream"]

    def do_GET(self) -> None:
        self.upstream.seen.append({name.lower(): ",".join(self.headers.get_all(name, ())) for name in self.headers})
        target = urlsplit(self.path)
        getattr(self, target.path.strip("/"))(**{key: found[0] for key, found in parse_qs(target.query).items()})

    def do_POST(self) -> None:
        """A collector that is out of order."""
        self.rfile.read(int(self.headers["content-length"]))
        self.upstream.seen.append({name.lower(): value for name, value in self.headers.items()})
        self._answer(501, b"")

    def ok(self, **_ignored: str) -> None:
        self._answer(200, b"fine")

    def missing(self) -> None:
        self._answer(404, b"none")

    def elsewhere(self, to: str) -> None:
        self._answer(302, b"gone", {"Location": to})

    def slow(self) -> None:
        """Half a body, and the other half when the test says so."""
        self._head(200, {"Content-Length": "8"})
        self.wfile.write(b"half")
        self.wfile.flush()
        self.upstream.may_go_on.wait(_GUARD_S)
        with contextlib.suppress(OSError):  # the client may have left
            self.wfile.write(b"half")

    def protected(self) -> None:
        """An answer to those who prove that they know the password."""
        if "authorization" in self.headers:
            self._answer(200, b"fine")
        else:
            challenge = 'Digest realm="here", nonce="once", qop="auth", algorithm=MD5'
            self._answer(401, b"", {"WWW-Authenticate": challenge})

    def chunked(self) -> None:
        """A body of which nobody knows the length before its end."""
        self._head(200, {"Transfer-Encoding": "chunked"})
        self.wfile.write(b"4\r\nfine\r\n0\r\n\r\n")

    def broken(self) -> None:
        """Less than was promised."""
        self._head(200, {"Content-Length": "100"})
        self.wfile.write(b"half")
        self.close_connection = True

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def _head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the standard library's signature
        pass


class Upstream:
    """A server on loopback that remembers the headers of each request."""

    def __init__(self) -> None:
        self.seen: list[Mapping[str, str]] = []
        self.may_go_on = Event()
        handler = type("Handler", (_Handler,), {"upstream": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.authority = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.authority}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.may_go_on.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def stranger() -> Iterator[Upstream]:
    """A server that is not to know of sessions."""
    server = Upstream()
    yield server
    server.close()


Fetch = Callable[..., tuple[int, bytes]]
"""``(tracer, url, headers, is_recorded, midway)`` to the status and the body; *midway* is called before the body is read."""


def _nothing() -> None:
    pass


def by_httpx(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    transport = http_clients.httpx_transport(tracer, is_recorded=is_recorded)
    with (
        httpx.Client(transport=transport, follow_redirects=True) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        midway()
        return response.status_code, response.read()


def by_httpx_async(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    async def fetch() -> Any:
        transport = http_clients.async_httpx_transport(tracer, is_recorded=is_recorded)
        async with (
            httpx.AsyncClient(transport=transport, follow_redirects=True) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            midway()
            return response.status_code, await response.aread()

    return asyncio.run(fetch())


def by_httpx2(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    wrapped: Any = httpx2.HTTPTransport()
    transport: Any = http_clients.httpx_transport(tracer, wrapped, is_recorded=is_recorded)
    with (
        httpx2.Client(transport=transport, follow_redirects=True) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        midway()
        return response.status_code, response.read()


def by_httpx2_async(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    async def fetch() -> Any:
        wrapped: Any = httpx2.AsyncHTTPTransport()
        transport: Any = http_clients.async_httpx_transport(tracer, wrapped, is_recorded=is_recorded)
        async with (
            httpx2.AsyncClient(transport=transport, follow_redirects=True) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            midway()
            return response.status_code, await response.aread()

    return asyncio.run(fetch())


def by_patched_httpx(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    with httpx.Client(follow_redirects=True) as client:
        http_clients.patch_httpx(tracer, is_recorded=is_recorded)
        try:
            with client.stream("GET", url, headers=headers) as response:
                midway()
                return response.status_code, response.read()
        finally:
            http_clients.unpatch_httpx()


def by_patched_httpx2_async(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    async def fetch() -> Any:
        http_clients.patch_httpx(tracer, is_recorded=is_recorded)
        try:
            async with (
                httpx2.AsyncClient(follow_redirects=True) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                midway()
                return response.status_code, await response.aread()
        finally:
            http_clients.unpatch_httpx()

    return asyncio.run(fetch())


def by_requests(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    with requests.Session() as client:
        client.trust_env = False
        http_clients.trace_requests(client, tracer, is_recorded=is_recorded)
        with client.get(url, headers=headers, stream=True, timeout=_GUARD_S) as response:
            midway()
            return response.status_code, response.content


def by_aiohttp(
    tracer: Any, url: str, headers: Any = None, *, is_recorded: bool | None = None, midway: Any = _nothing
) -> Any:
    async def fetch() -> Any:
        config = http_clients.aiohttp_trace_config(tracer, is_recorded=is_recorded)
        async with (
            aiohttp.ClientSession(trace_configs=[config]) as client,
            client.get(url, headers=headers) as response,
        ):
            midway()
            return response.status, await response.read()

    return asyncio.run(fetch())


CLIENTS = [
    by_httpx,
    by_httpx_async,
    by_httpx2,
    by_httpx2_async,
    by_patched_httpx,
    by_patched_httpx2_async,
    by_requests,
    by_aiohttp,
]
every_client = pytest.mark.parametrize("fetch", CLIENTS)


def carried_session(headers: Mapping[str, str]) -> str | None:
    scope, _ = session_scope("request", extract(headers))
    return None if scope.owned else scope.session_id


@every_client
def test_a_request_takes_trace_and_session_along(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    @trace(event_name="caller")
    def call() -> None:
        assert fetch(recorder.tracer, f"{upstream.url}/ok") == (200, b"fine")

    with session("chat") as block:
        call()

    (headers,) = upstream.seen
    assert carried_session(headers) == block.session_id
    caller = next(span for span in recorder.spans() if span.name == "caller")
    assert headers["traceparent"] == f"00-{caller.trace_id.hex()}-{caller.span_id.hex()}-01"
    assert [event.event_name for event in recorder.events()] == ["caller"]


@every_client
def test_a_stranger_is_told_the_trace_only(fetch: Fetch, stranger: Upstream) -> None:
    with recording(propagate_not_to=(stranger.authority,)) as recorder, session("chat"):
        trace(event_name="caller")(fetch)(recorder.tracer, f"{stranger.url}/ok")

    (headers,) = stranger.seen
    assert "baggage" not in headers
    assert "traceparent" in headers


@every_client
def test_a_model_call_tells_nobody(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    with session("chat"):
        trace(event_type="model")(fetch)(recorder.tracer, f"{upstream.url}/ok", is_recorded=True)

    assert "baggage" not in upstream.seen[0]


@every_client
def test_a_redirect_to_a_stranger_does_not_take_the_session_there(
    fetch: Fetch, upstream: Upstream, stranger: Upstream
) -> None:
    with recording(propagate_not_to=(stranger.authority,)) as recorder, session("chat"):
        url = f"{upstream.url}/elsewhere?to={stranger.url}/ok"
        assert fetch(recorder.tracer, url, {"X-Own": "kept"}, is_recorded=True) == (200, b"fine")

    (first,), (second,) = upstream.seen, stranger.seen
    assert "baggage" in first
    assert "baggage" not in second
    assert (first["x-own"], second["x-own"]) == ("kept", "kept")
    hops = [event for event in recorder.events() if event.event_name == "HTTP GET"]
    assert [event.outputs["status_code"] for event in hops] == [302, 200]
    assert [headers["traceparent"].split("-")[2] for headers in (first, second)] == [
        span.span_id.hex() for span in recorder.spans() if span.name == "HTTP GET"
    ]


@every_client
def test_headers_of_the_program_are_never_overwritten(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    own = {"Traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "Baggage": "team=search;owner=x"}
    with session("chat") as block:
        trace(fetch)(recorder.tracer, f"{upstream.url}/ok", own)

    (headers,) = upstream.seen
    assert headers["traceparent"] == own["Traceparent"]
    assert "tracestate" not in headers
    assert headers["baggage"].startswith("team=search;owner=x,honeyhive-session=")
    assert carried_session(headers) == block.session_id


@pytest.mark.parametrize("fetch", [each for each in CLIENTS if each is not by_requests])  # which has each header once
def test_a_header_that_the_program_sets_twice_stays_whole_also_across_a_redirect(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    with session("chat") as block:
        fetch(
            recorder.tracer, f"{upstream.url}/elsewhere?to={upstream.url}/ok", [("baggage", "a=1"), ("baggage", "b=2")]
        )

    for headers in upstream.seen:
        assert [item.strip() for item in headers["baggage"].split(",")][:2] == ["a=1", "b=2"]
        assert carried_session(headers) == block.session_id
    assert len(upstream.seen) == 2


@pytest.mark.parametrize("fetch", [by_httpx, by_httpx_async, by_httpx2])
def test_a_baggage_header_that_is_not_ascii_goes_as_it_is(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    with session("chat"):
        fetch(recorder.tracer, f"{upstream.url}/ok", [(b"baggage", b"team=\xe9")])

    assert upstream.seen[0]["baggage"].startswith("team=\xe9,honeyhive-session=")


def test_an_authentication_that_asks_again_takes_trace_and_session_along(
    recorder: Recorder, upstream: Upstream
) -> None:
    with session("chat") as block, requests.Session() as client:
        client.trust_env = False
        http_clients.trace_requests(client, recorder.tracer, is_recorded=True)
        auth = HTTPDigestAuth("user", "password")
        assert client.get(f"{upstream.url}/protected", auth=auth, timeout=_GUARD_S).status_code == 200

    assert [carried_session(headers) for headers in upstream.seen] == [block.session_id] * 2
    assert [event.outputs["status_code"] for event in recorder.events()] == [401, 200]


@every_client
def test_an_error_that_the_program_handles_meanwhile_is_none_of_the_request(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    try:
        raise ConnectionError  # noqa: TRY301  what a program falls back from
    except ConnectionError:
        assert fetch(recorder.tracer, f"{upstream.url}/chunked", is_recorded=True) == (200, b"fine")

    (event,) = recorder.events()
    assert (event.error, event.metadata["status"]) == (None, "ok")


@every_client
def test_a_session_that_the_program_carries_itself_is_not_doubled(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    with session("chat"):
        fetch(recorder.tracer, f"{upstream.url}/ok", {"baggage": "honeyhive-session=theirs"})

    assert upstream.seen[0]["baggage"] == "honeyhive-session=theirs"


@every_client
def test_a_recorded_request_is_a_tool_event_with_the_parts_of_http(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    with session("chat") as block:
        trace(event_name="caller")(fetch)(recorder.tracer, f"{upstream.url}/ok?q=1&api_key=hush#part", is_recorded=True)

    event = recorder.event("HTTP GET")
    assert event.parent_id == recorder.event("caller").event_id
    assert (str(event.event_type), event.session_id, event.error) == ("tool", block.session_id, None)
    assert event.inputs == {"method": "GET", "url": f"{upstream.url}/ok?q=1&api_key=REDACTED"}
    assert event.outputs == {"status_code": 200}
    span = next(span for span in recorder.spans() if span.name == "HTTP GET")
    address, port = upstream.authority.split(":")
    assert span.kind == 3
    assert (
        span.attributes.items()
        >= {
            "http.request.method": "GET",
            "url.full": f"{upstream.url}/ok?q=1&api_key=REDACTED",
            "server.address": address,
            "server.port": int(port),
            "http.response.status_code": 200,
            "network.protocol.version": "1.1",
        }.items()
    )
    assert upstream.seen[0]["traceparent"].split("-")[2] == span.span_id.hex()


@every_client
def test_a_refusal_of_the_server_is_an_error_of_the_request(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    assert fetch(recorder.tracer, f"{upstream.url}/missing", is_recorded=True) == (404, b"none")

    event = recorder.event("HTTP GET")
    assert (event.error, event.metadata["status"], event.metadata["error.type"]) == ("HTTP 404", "error", "404")


@every_client
def test_a_request_that_reaches_nobody_fails_with_the_librarys_own_error(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    upstream.close()
    with pytest.raises(
        (httpx.ConnectError, httpx2.ConnectError, requests.ConnectionError, aiohttp.ClientError)
    ) as info:
        fetch(recorder.tracer, f"{upstream.url}/ok", is_recorded=True)

    event = recorder.event("HTTP GET")
    assert event.metadata["status"] == "error"
    assert event.metadata["error.type"] == type(info.value).__qualname__


@every_client
def test_the_event_of_a_request_ends_with_the_body(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    def midway() -> None:
        assert recorder.events() == []
        upstream.may_go_on.set()

    assert fetch(recorder.tracer, f"{upstream.url}/slow", is_recorded=True, midway=midway) == (200, b"halfhalf")
    assert recorder.event("HTTP GET").metadata["status"] == "ok"


class _LeftEarlyError(Exception):
    pass


@every_client
def test_a_body_that_is_not_read_to_its_end_is_abandoned(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    def midway() -> None:
        raise _LeftEarlyError

    with pytest.raises(_LeftEarlyError):
        fetch(recorder.tracer, f"{upstream.url}/slow", is_recorded=True, midway=midway)
    gc.collect()

    assert recorder.event("HTTP GET").metadata["status"] == "abandoned"


@every_client
def test_a_body_that_breaks_off_is_an_error(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    broken = (
        httpx.RemoteProtocolError,
        httpx2.RemoteProtocolError,
        requests.exceptions.ChunkedEncodingError,
        aiohttp.ClientPayloadError,
    )
    with pytest.raises(broken):
        fetch(recorder.tracer, f"{upstream.url}/broken", is_recorded=True)
    gc.collect()

    assert recorder.event("HTTP GET").metadata["status"] == "error"


@every_client
def test_where_instrumentation_is_suppressed_a_request_is_left_alone(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    with session("chat"), suppress():
        fetch(recorder.tracer, f"{upstream.url}/ok", is_recorded=True)

    assert not {"traceparent", "baggage"} & set(upstream.seen[0])
    assert recorder.events() == []


@every_client
def test_without_a_tracer_a_request_is_left_alone(fetch: Fetch, recorder: Recorder, upstream: Upstream) -> None:
    set_default_channel(None)

    assert fetch(None, f"{upstream.url}/ok", is_recorded=True) == (200, b"fine")
    assert not {"traceparent", "baggage"} & set(upstream.seen[0])


@every_client
def test_whether_requests_are_recorded_is_as_1x_says_unless_told(fetch: Fetch, upstream: Upstream) -> None:
    with recording() as silent:
        fetch(silent.tracer, f"{upstream.url}/ok")
    with recording(disable_http_tracing=False) as telling:
        fetch(telling.tracer, f"{upstream.url}/ok")

    assert silent.events() == []
    assert [event.event_name for event in telling.events()] == ["HTTP GET"]


@every_client
def test_requests_one_after_another_are_events_side_by_side(
    fetch: Fetch, recorder: Recorder, upstream: Upstream
) -> None:
    for _ in range(3):
        fetch(recorder.tracer, f"{upstream.url}/ok", is_recorded=True)

    assert current_event() is None
    assert len({event.event_id for event in recorder.events()}) == 3
    assert {event.parent_id for event in recorder.events()} == {recorder.tracer.session_id}


def test_a_redirect_counts_as_another_sending(recorder: Recorder, upstream: Upstream) -> None:
    for fetch in (by_httpx, by_httpx2_async, by_aiohttp):
        recorder.clear()
        fetch(recorder.tracer, f"{upstream.url}/elsewhere?to=/elsewhere?to=/ok", is_recorded=True)
        counts = [span.attributes.get("http.request.resend_count") for span in recorder.spans()[-3:]]
        assert counts == [None, 1, 2]


def test_the_request_that_the_program_holds_is_not_changed(recorder: Recorder, upstream: Upstream) -> None:
    with httpx.Client(transport=recorder.tracer.httpx_transport()) as client, session("chat"):
        request = client.build_request("GET", f"{upstream.url}/ok")
        before = list(request.headers.raw)
        response = client.send(request)
    with requests.Session() as requester, session("chat"):
        http_clients.trace_requests(requester, recorder.tracer)
        http_clients.trace_requests(requester, recorder.tracer)
        answered = requester.get(f"{upstream.url}/ok", timeout=_GUARD_S)

    assert response.request is request
    assert request.headers.raw == before
    assert "baggage" not in answered.request.headers
    assert all("baggage" in headers for headers in upstream.seen)


def test_a_transport_that_signs_bodies_finds_the_content(recorder: Recorder) -> None:
    class Signing(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, content=request.content[::-1])

    with httpx.Client(transport=recorder.tracer.httpx_transport(Signing())) as client:
        assert client.post("http://pages/", content=b"abc").content == b"cba"


def test_mounts_that_are_none_and_proxies_work(recorder: Recorder, upstream: Upstream) -> None:
    """The upstream is its own proxy: it is asked for an absolute URL and answers by its path."""
    tracer = recorder.tracer
    proxied = tracer.httpx_transport(httpx.HTTPTransport(proxy=upstream.url))
    mounts = {"http://proxied.local": proxied, "all://127.0.0.1": None}
    with session("chat"), httpx.Client(mounts=mounts, transport=tracer.httpx_transport(), trust_env=False) as client:
        assert client.get(f"{upstream.url}/ok").status_code == 200
        assert client.get("http://proxied.local/ok").status_code == 200
    http_clients.patch_httpx(tracer)
    with session("chat"), httpx.Client(proxy=upstream.url, trust_env=False) as client:
        assert client.get("http://proxied.local/ok").status_code == 200
    http_clients.unpatch_httpx()

    assert ["baggage" in headers for headers in upstream.seen] == [True, True, True]


def test_the_patch_covers_clients_made_before_and_after_once_and_is_undone(
    recorder: Recorder, upstream: Upstream
) -> None:
    original = httpx.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    before = httpx.Client()
    http_clients.patch_httpx(recorder.tracer, is_recorded=True)
    http_clients.patch_httpx(recorder.tracer, is_recorded=True)
    after = httpx.Client(transport=http_clients.httpx_transport(recorder.tracer, is_recorded=True))
    for client in (before, after):
        client.get(f"{upstream.url}/ok")
    http_clients.unpatch_httpx(MemoryTracer(project="another"))
    before.get(f"{upstream.url}/ok")
    http_clients.unpatch_httpx(recorder.tracer)
    http_clients.unpatch_httpx()
    before.get(f"{upstream.url}/ok")
    for client in (before, after):
        client.close()

    assert len(recorder.events()) == 3
    assert "traceparent" not in upstream.seen[3]
    assert (httpx.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request) == original


@pytest.mark.parametrize(
    ("fetch", "owner", "name"),
    [
        (by_patched_httpx, httpx.HTTPTransport, "handle_request"),
        (by_patched_httpx2_async, httpx2.AsyncHTTPTransport, "handle_async_request"),
    ],
)
def test_who_patched_before_us_is_called_as_a_method(
    recorder: Recorder, upstream: Upstream, fetch: Fetch, owner: Any, name: str
) -> None:
    """OpenTelemetry's instrumentations and others take what they are given for the request, once they know the transport."""
    genuine = owner.__dict__[name]
    seen: list[tuple[object, str]] = []

    def wrapper(method: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append((instance.__class__, str(args[0].url)))
        return method(*args, **kwargs)

    setattr(owner, name, wrapt.FunctionWrapper(genuine, wrapper))
    try:
        with session("chat") as block:
            assert fetch(recorder.tracer, f"{upstream.url}/ok", is_recorded=True) == (200, b"fine")
    finally:
        setattr(owner, name, genuine)

    assert seen == [(owner, f"{upstream.url}/ok")]
    assert carried_session(upstream.seen[0]) == block.session_id


def by_wraps(ours: Any, wrapper: Any) -> Any:
    return wraps(ours)(lambda *args: wrapper(ours, args[0], args[1:], {}))


@pytest.mark.parametrize("wrapped", [by_wraps, wrapt.FunctionWrapper])
def test_who_patched_after_us_is_left_in_place(recorder: Recorder, upstream: Upstream, wrapped: Any) -> None:
    genuine = httpx.HTTPTransport.handle_request
    http_clients.patch_httpx(recorder.tracer)
    ours = httpx.HTTPTransport.handle_request
    calls: list[str] = []

    def wrapper(method: Any, _instance: Any, args: Any, kwargs: Any) -> Any:
        calls.append("theirs")
        return method(*args, **kwargs) if wrapped is wrapt.FunctionWrapper else method(_instance, *args)

    httpx.HTTPTransport.handle_request = theirs = wrapped(ours, wrapper)
    try:
        with session("chat"):
            http_clients.unpatch_httpx()
            httpx.get(f"{upstream.url}/ok", trust_env=False)
            http_clients.patch_httpx(recorder.tracer)
            httpx.get(f"{upstream.url}/ok", trust_env=False)
        assert httpx.HTTPTransport.__dict__["handle_request"] is theirs
        httpx.HTTPTransport.handle_request = ours
    finally:
        http_clients.unpatch_httpx()

    assert httpx.HTTPTransport.handle_request is genuine
    assert calls == ["theirs"] * 2
    assert ["baggage" in headers for headers in upstream.seen] == [False, True]


def test_a_forgotten_response_ends_its_event(recorder: Recorder, upstream: Upstream) -> None:
    client = httpx.Client(transport=http_clients.httpx_transport(recorder.tracer, is_recorded=True))
    response = client.send(client.build_request("GET", f"{upstream.url}/slow"), stream=True)
    del response
    gc.collect()

    wait_until(lambda: [event.metadata["status"] for event in recorder.events()] == ["abandoned"])
    client.close()


def test_a_cancelled_request_is_cancelled_and_no_error(recorder: Recorder, upstream: Upstream) -> None:
    async def fetch() -> None:
        transport = http_clients.async_httpx_transport(recorder.tracer, is_recorded=True)
        async with httpx.AsyncClient(transport=transport) as client:
            task = asyncio.create_task(client.get(f"{upstream.url}/slow"))
            await asyncio.to_thread(wait_until, lambda: bool(upstream.seen))
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

    asyncio.run(fetch())
    assert recorder.event("HTTP GET").metadata["status"] == "cancelled"


def test_a_request_to_no_url_fails_as_it_does_without_us(recorder: Recorder) -> None:
    with httpx.Client(transport=http_clients.httpx_transport(recorder.tracer, is_recorded=True)) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            client.get("no-url")
        with pytest.raises(httpx.ConnectError):
            client.get("http://user:hush@127.0.0.1:1/x")

    assert recorder.events()[-1].inputs["url"] in {"http://127.0.0.1:1/x", "http://REDACTED:REDACTED@127.0.0.1:1/x"}


def test_a_request_belongs_to_the_tracer_whose_session_it_is_made_in(recorder: Recorder, upstream: Upstream) -> None:
    other = MemoryTracer(project="another")
    with other.session("chat"):
        by_httpx(None, f"{upstream.url}/ok", is_recorded=True)

    assert [event.event_name for event in other.recorder.events()] == ["HTTP GET"]
    assert recorder.events() == []


def test_a_session_of_requests_is_what_it_was_also_in_another_process(recorder: Recorder, upstream: Upstream) -> None:
    with requests.Session() as client:
        before: Any = client.get_adapter("http://")
        http_clients.trace_requests(client, recorder.tracer, is_recorded=True)
        adapter: Any = client.get_adapter("http://")
        assert adapter.max_retries is before.max_retries
        assert not hasattr(adapter, "no_such_thing")

        sent = pickle.loads(pickle.dumps(client))  # noqa: S301  written in the same line
        with session("chat") as block, sent:
            sent.trust_env = False
            sent.get(f"{upstream.url}/ok", timeout=_GUARD_S)

    assert carried_session(upstream.seen[0]) == block.session_id


def test_of_several_tracers_with_http_tracing_each_has_its_own_requests(upstream: Upstream) -> None:
    first, second = (MemoryTracer(project=name, disable_http_tracing=False, fixed=False) for name in ("one", "two"))
    try:
        with first.trace("call"):
            httpx.get(f"{upstream.url}/ok", trust_env=False)
        httpx.get(f"{upstream.url}/ok", trust_env=False)
        second.shutdown()
        httpx.get(f"{upstream.url}/ok", trust_env=False)
    finally:
        second.shutdown()
        first.shutdown()

    spans = first.recorder.spans()
    sent = [headers["traceparent"].split("-")[2] for headers in upstream.seen]
    assert first.recorder.tree().splitlines()[1:] == ["  tool call", "    tool HTTP GET", "  tool HTTP GET"]
    assert second.recorder.tree().splitlines()[1:] == ["  tool HTTP GET"]
    assert {sent[0], sent[2]} == {span.span_id.hex() for span in spans if span.name == "HTTP GET"}
    assert not hasattr(httpx.HTTPTransport.handle_request, "_honeyhive_patched")


def test_the_test_kit_leaves_no_client_changed() -> None:
    before = httpx.HTTPTransport.handle_request, openai_method()
    with recording(disable_http_tracing=False, instrument="openai"):
        assert before != (httpx.HTTPTransport.handle_request, openai_method())

    assert before == (httpx.HTTPTransport.handle_request, openai_method())


def openai_method() -> Any:
    """What an instrumentor of openai replaces."""
    return openai.OpenAI.request


_DELIVERING = """
import httpx, sys
from honeyhive import HoneyHiveTracer, trace
tracer = HoneyHiveTracer.init(disable_http_tracing=False)
trace(lambda: None)()
tracer.flush(2000)
tracer.flush(500)
assert tracer.stats().accepted == 2, tracer.stats()
httpx.get(sys.argv[1], trust_env=False)
assert tracer.stats().accepted == 3, tracer.stats()
"""


def test_our_own_deliveries_are_not_traced(upstream: Upstream, tmp_path: Path) -> None:
    """The collector here answers 501 to each POST, which delivery takes for a failure; what it sent is what counts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    environment = {**kept, "HH_DATA_DIR": str(tmp_path), "HH_OTLP_ENDPOINT": upstream.url}
    finished = subprocess.run(
        [sys.executable, "-c", _DELIVERING, f"{upstream.url}/ok"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * _GUARD_S,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    posted = [headers for headers in upstream.seen if "protobuf" in headers.get("content-type", "")]
    assert posted
    assert not any("traceparent" in headers for headers in posted)
    assert any("traceparent" in headers for headers in upstream.seen)
