"""Requests over real sockets and between services: sessions are carried by headers and by nothing else."""

import asyncio
import gc
import socket
import threading
import weakref
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from honeyhive import enrich_session, trace
from honeyhive.integration import current_context, inject
from honeyhive.testing import Recorder, recording, wait_until
from honeyhive_fastapi import instrument
from opentelemetry import context as otel_context

KEY = "a key of two services"


@trace
def step(text: str) -> str:
    return text


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording(project="tests", propagation_key=KEY) as recorded:
        yield recorded


@contextmanager
def serving(app: Any) -> Generator[int]:
    """*app* under uvicorn on a loopback port, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def leaking_app() -> FastAPI:
    app = instrument(FastAPI())

    @app.post("/{name}")
    async def read(name: str, request: Request) -> str:
        await request.body()
        enrich_session(user_properties={"user": name})
        step(name)
        otel_context.attach(otel_context.set_value("leak", name))  # what a careless library does
        return name

    @app.get("/{name}")
    async def pipelined(name: str) -> str:
        await asyncio.sleep(0)  # the next request is parsed, and its task made, in the middle of this one
        return step(name)

    return app


def test_requests_on_one_connection_have_sessions_of_their_own(recorder: Recorder) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with serving(leaking_app()) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        client.post("/alice", content=b"x" * 300_000)
        client.post("/bob", content=b"y")
        client.post("/carol", content=b"z", headers={"traceparent": traceparent})
    sessions = recorder.sessions()
    assert [session.root.user_properties["user"] for session in sessions] == ["alice", "bob", "carol"]
    assert [len(session.events) for session in sessions] == [2, 2, 2]
    trace_ids = [session.events[0].metadata["trace_id"] for session in sessions]
    assert len(set(trace_ids)) == 3
    assert trace_ids[2] == traceparent.split("-")[1]


def test_pipelined_requests_have_sessions_of_their_own(recorder: Recorder) -> None:
    request = "GET /{} HTTP/1.1\r\nHost: a\r\n\r\n"
    with serving(leaking_app()) as port, closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.sendall("".join(map(request.format, "abc")).encode())
        wait_until(lambda: len(recorder.sessions()) == 3)
    tree = "session GET /{name}\n  chain GET /{name}\n    tool step"
    assert recorder.tree() == "\n".join([tree] * 3)
    assert [event.inputs.get("text") for event in recorder.events() if event.event_name == "step"] == ["a", "b", "c"]


def test_a_client_that_leaves_in_the_middle_of_a_stream_ends_it(recorder: Recorder) -> None:
    app = instrument(FastAPI())

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[str]:
            yield step("first")
            await asyncio.Event().wait()

        return StreamingResponse(chunks())

    with serving(app) as port:
        with httpx.stream("GET", f"http://127.0.0.1:{port}/stream") as response:
            texts = response.iter_text()
            assert next(texts) == "first"
            assert "GET /stream" not in recorder.tree()
        wait_until(lambda: "abandoned" in recorder.tree())
    assert recorder.tree() == "session GET /stream [abandoned]\n  chain GET /stream [abandoned]\n    tool step"
    event = recorder.event("GET /stream")
    assert (event.error, event.outputs) == (None, {"status_code": 200})
    assert event.metadata["client_disconnected"] is True


def test_a_session_goes_on_in_the_service_that_is_called(recorder: Recorder) -> None:
    billing = instrument(FastAPI(title="Billing"))

    @billing.get("/price")
    def price() -> str:
        enrich_session(metadata={"currency": "EUR"})
        return step("price")

    shop = instrument(FastAPI(title="Shop"))

    @shop.get("/cart")
    async def cart() -> int:
        headers: dict[str, str] = {}
        inject(headers, url="http://billing/price")
        transport = httpx.ASGITransport(app=billing)
        async with httpx.AsyncClient(transport=transport, base_url="http://billing") as client:
            return (await client.get("/price", headers=headers)).status_code

    assert TestClient(shop).get("/cart").json() == 200
    assert recorder.tree() == "session Shop\n  chain GET /cart\n    chain GET /price\n      tool step"
    assert recorder.sessions()[0].root.metadata["currency"] == "EUR"


@pytest.mark.parametrize("repeated", [False, True])
def test_a_forged_session_is_a_claim(repeated: bool, recorder: Recorder) -> None:
    app = instrument(FastAPI())
    app.get("/")(lambda: "ok")
    claimed = "11111111-2222-4333-8444-555555555555"
    baggage = f"honeyhive-session={quote(f'1.{claimed}.0.0.0')}"
    headers = [("baggage", "a=b"), ("baggage", baggage)] if repeated else [("baggage", baggage)]
    TestClient(app).get("/", headers=headers)
    (session,) = recorder.sessions()
    assert session.root.session_id != claimed
    assert session.root.metadata["claimed_session_id"] == claimed


def test_requests_at_the_same_time_stay_apart(recorder: Recorder) -> None:
    app = instrument(FastAPI())
    both = asyncio.Event()
    waiting: list[str] = []

    @app.get("/{name}")
    async def read(name: str) -> str:
        waiting.append(name)
        if len(waiting) == 2:
            both.set()
        await both.wait()
        enrich_session(metadata={"name": name})
        return step(name)

    async def requests() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://a") as client:
            await asyncio.gather(client.get("/a"), client.get("/b"))

    asyncio.run(requests())
    tree = "session GET /{name}\n  chain GET /{name}\n    tool step"
    assert recorder.tree() == f"{tree}\n{tree}"
    for session in recorder.sessions():
        assert session.events[-1].inputs == {"text": session.root.metadata["name"]}


def test_an_instrumented_application_can_be_forgotten(recorder: Recorder) -> None:
    app = instrument(FastAPI())
    app.get("/")(lambda: len(current_context()))
    TestClient(app).get("/")
    forgotten = weakref.ref(app)
    del app
    gc.collect()
    assert forgotten() is None
    assert len(recorder.events()) == 1
