"""What is recorded of a request, and that the application answers as if nobody were there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient
from honeyhive import enrich_session, enrich_span, trace
from honeyhive.integration import current_context, is_suppressed, suppress
from honeyhive.testing import Recorder, recording
from honeyhive_fastapi import HoneyHiveMiddleware, SessionDep, instrument, uninstrument
from honeyhive_fastapi._doctor import report
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import Message, Receive, Scope, Send


@trace
def step(text: str) -> str:
    return text


@pytest.fixture
def app() -> FastAPI:
    return instrument(FastAPI())


def get(app: Any, path: str, **options: Any) -> int:
    client = TestClient(app, raise_server_exceptions=False)
    return client.request(options.pop("method", "GET"), path, **options).status_code


def http_scope(path: str = "/", **more: Any) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", **more}


async def no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def discard(_message: Message) -> None:
    pass


def test_a_request_is_a_session_with_one_event_and_what_ran_inside(app: FastAPI, recorder: Recorder) -> None:
    @app.get("/items/{item}")
    async def read(item: int) -> str:
        return step(f"item {item}")

    assert get(app, "/items/3?q=a&token=t0p&X-Amz-Signature=s3", headers={"user-agent": "curl"}) == 200
    assert recorder.tree() == "session GET /items/{item}\n  chain GET /items/{item}\n    tool step"
    event = recorder.event("GET /items/{item}")
    assert event.inputs == {"method": "GET", "path": "/items/3"}
    assert event.outputs == {"status_code": 200}
    own = {"status", "span_kind", "trace_id", "span_id", "service.name", "process.pid"}
    assert {name: value for name, value in event.metadata.items() if name not in own} == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/{item}",
        "url.path": "/items/3",
        "url.query": "q=a&token=REDACTED&X-Amz-Signature=REDACTED",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "server.address": "testserver",
        "client.address": "testclient",
        "user_agent.original": "curl",
    }
    assert recorder.spans()[-2].kind == 2


def test_the_title_of_the_application_names_the_session(recorder: Recorder) -> None:
    app = instrument(FastAPI(title="Support"))
    app.get("/")(lambda: "ok")
    get(app, "/")
    assert recorder.tree() == "session Support\n  chain GET /"


def test_an_unknown_method_does_not_make_a_name(app: FastAPI, recorder: Recorder) -> None:
    app.api_route("/", methods=["BREW"])(lambda: "tea")
    assert get(app, "/", method="BREW") == 200
    event = recorder.event("HTTP /")
    assert (event.metadata["http.request.method"], event.metadata["http.request.method_original"]) == ("_OTHER", "BREW")


def test_routes_are_templates_through_routers_and_mounts(recorder: Recorder) -> None:
    inner = APIRouter(prefix="/inner")
    inner.get("/items/{iid:int}")(lambda iid: iid)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]  FastAPI reads it
    outer = APIRouter()
    outer.include_router(inner, prefix="/outer/{oid}")
    deepest = FastAPI()
    deepest.get("/hello/{name}")(lambda: "hello")
    tenant = FastAPI()
    tenant.mount("/v2", deepest)
    tenant.get("/plain")(lambda: "plain")
    app = instrument(FastAPI())
    app.include_router(outer, prefix="/api")
    app.mount("/t/{tenant}", instrument(tenant))
    app.mount("/static", StaticFiles(directory="."))
    with TestClient(app, root_path="/proxied") as client:
        for path in ("api/outer/7/inner/items/8", "t/acme/v2/hello/x", "t/other/plain", "t/acme/none", "static/none"):
            client.get(f"/proxied/{path}")
        client.get("/none/at/all")
    assert [event.event_name for event in recorder.events()] == [
        "GET /proxied/api/outer/{oid}/inner/items/{iid}",
        "GET /proxied/t/{tenant}/v2/hello/{name}",
        "GET /proxied/t/{tenant}/plain",
        "GET /proxied/t/{tenant}",
        "GET /proxied/static",
        "GET",
    ]


def test_starlette_and_any_other_asgi_application_are_recorded(recorder: Recorder) -> None:
    async def hello(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    async def bare(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("bare")(scope, receive, send)

    starlette = Starlette(routes=[Mount("/m/{x}", routes=[Route("/hello/{name}", hello)])])
    assert get(instrument(starlette), "/m/1/hello/me") == 200
    wrapped = instrument(bare)
    assert instrument(wrapped) is wrapped
    assert uninstrument(wrapped) is bare
    assert get(wrapped, "/") == 200
    assert (
        recorder.tree() == "session GET /m/{x}/hello/{name}\n  chain GET /m/{x}/hello/{name}\nsession GET\n  chain GET"
    )


def test_instrumenting_twice_is_instrumenting_once_and_can_be_undone(app: FastAPI, recorder: Recorder) -> None:
    app.get("/")(lambda: "ok")
    assert instrument(app) is app
    app.add_middleware(HoneyHiveMiddleware)
    get(app, "/")
    assert recorder.tree() == "session GET /\n  chain GET /"

    other = FastAPI()
    other.get("/")(lambda: "ok")
    get(other, "/")  # builds its stack: it is instrumented while it runs
    recorder.clear()
    instrument(other)
    get(other, "/")
    assert recorder.tree() == "session GET /\n  chain GET /"
    uninstrument(uninstrument(other))
    get(other, "/")
    assert len(recorder.events()) == 1


@pytest.mark.parametrize("as_middleware", [False, True])
def test_an_unhandled_exception_is_recorded_once_and_raised_unchanged(as_middleware: bool, recorder: Recorder) -> None:
    app = FastAPI()
    app.add_middleware(HoneyHiveMiddleware) if as_middleware else instrument(app)
    failure = RuntimeError("boom")

    @app.get("/boom")
    def boom() -> None:
        raise failure

    with TestClient(app) as client, pytest.raises(RuntimeError) as caught:
        client.get("/boom")
    assert caught.value is failure
    assert failure.__context__ is None
    assert recorder.tree() == "session GET /boom [error]\n  chain GET /boom [error]"
    event = recorder.event("GET /boom")
    assert event.error == "RuntimeError: boom"
    assert (event.metadata["error.type"], event.outputs) == ("RuntimeError", {"status_code": 500})
    assert [point.name for span in recorder.spans() for point in span.points] == ["exception"]


def test_only_what_nobody_handled_is_an_exception(app: FastAPI, recorder: Recorder) -> None:
    @app.exception_handler(LookupError)
    async def missing(_request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({}, status_code=404)

    @app.get("/{status}")
    def raising(status: int) -> None:
        raise HTTPException(status) if status else LookupError

    assert [get(app, path) for path in ("/404", "/503", "/0", "/x")] == [404, 503, 404, 422]
    assert [(event.metadata["status"], event.error) for event in recorder.events()] == [
        ("ok", None),
        ("error", "HTTP 503"),
        ("ok", None),
        ("ok", None),
    ]
    assert recorder.events()[1].metadata["error.type"] == "503"
    assert not [point for span in recorder.spans() for point in span.points]


@pytest.mark.parametrize(("status", "recorded"), [(501, "error"), (418, "ok")])
def test_a_handler_of_all_exceptions_runs_inside_the_request(
    status: int, recorded: str, app: FastAPI, recorder: Recorder
) -> None:
    @app.exception_handler(Exception)
    async def answer(_request: Request, _error: Exception) -> JSONResponse:
        step("handled")
        return JSONResponse({}, status_code=status)

    @app.get("/boom")
    def boom() -> None:
        raise ValueError

    assert get(app, "/boom") == status
    suffix = "" if recorded == "ok" else " [error]"
    assert recorder.tree() == f"session GET /boom{suffix}\n  chain GET /boom{suffix}\n    tool step"
    assert recorder.event("GET /boom").outputs == {"status_code": status}
    assert len([point for span in recorder.spans() for point in span.points]) == (recorded == "error")


def test_a_stream_keeps_its_request_current_and_ends_it_with_the_last_chunk(app: FastAPI, recorder: Recorder) -> None:
    late: list[bool] = []

    @app.get("/stream")
    async def stream(background: BackgroundTasks) -> StreamingResponse:
        async def chunks() -> AsyncIterator[str]:
            for text in ("a", "b"):
                yield step(text)

        background.add_task(lambda: late.append("GET /stream" in recorder.tree()))
        return StreamingResponse(chunks())

    assert get(app, "/stream") == 200
    assert late == [True]
    assert recorder.tree() == "session GET /stream\n  chain GET /stream\n    tool step\n    tool step"


def test_an_exception_after_the_first_chunk_fails_the_request_once(app: FastAPI, recorder: Recorder) -> None:
    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def chunks() -> AsyncIterator[str]:
            yield "a"
            raise OSError

        return StreamingResponse(chunks())

    get(app, "/stream")
    event = recorder.event("GET /stream")
    assert (event.metadata["status"], event.outputs) == ("error", {"status_code": 200})
    assert [point.name for span in recorder.spans() for point in span.points] == ["exception"]


@pytest.mark.parametrize("status", [200, 503])
def test_background_tasks_belong_to_the_session_and_not_to_the_response(
    status: int, app: FastAPI, recorder: Recorder
) -> None:
    def work() -> None:
        step("late")
        raise LookupError

    @app.exception_handler(ArithmeticError)
    async def answer(_request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({}, status_code=status, background=BackgroundTask(work))

    @app.get("/")
    async def read() -> None:
        raise ArithmeticError

    assert get(app, "/") == status
    suffix = "" if status == 200 else " [error]"
    assert recorder.tree() == f"session GET / [error]\n  chain GET /{suffix}\n    tool step"
    request, late = recorder.event("GET /"), recorder.event("step")
    assert request.error == (None if status == 200 else "HTTP 503")
    assert late.start_time > request.end_time
    assert recorder.sessions()[0].root.end_time > late.end_time


def test_the_session_is_at_hand_in_dependencies_of_both_kinds(app: FastAPI, recorder: Recorder) -> None:
    def user() -> Iterator[None]:
        assert enrich_session(user_properties={"user_id": "u1"})
        assert enrich_span(tenant="acme")
        yield

    async def later(session: SessionDep) -> None:
        session.enrich(metadata={"plan": "pro"})

    @app.get("/")
    def read(
        session: SessionDep, _user: Annotated[None, Depends(user)], _later: Annotated[None, Depends(later)]
    ) -> str:
        return session.session_id

    with TestClient(app) as client:
        session_id = client.get("/").json()
    root = recorder.sessions()[0].root
    assert root.session_id == session_id
    assert root.user_properties == {"user_id": "u1"}
    assert root.metadata["plan"] == "pro"
    assert recorder.event("GET /").metadata["tenant"] == "acme"


def test_a_session_of_an_application_that_is_not_recorded_is_harmless(recorder: Recorder) -> None:
    app = FastAPI()

    @app.get("/")
    async def read(session: SessionDep) -> None:
        session.enrich(metadata={"plan": "pro"})

    assert get(app, "/") == 200
    assert recorder.tree() == ""


def test_a_websocket_has_a_session_and_no_event(app: FastAPI, recorder: Recorder) -> None:
    @app.websocket("/chat/{room}")
    async def chat(websocket: WebSocket, session: SessionDep) -> None:
        await websocket.accept()
        session.enrich(metadata={"room": "r"})
        while True:
            await websocket.send_text(step(await websocket.receive_text()))

    def talk() -> None:
        with TestClient(app).websocket_connect("/chat/r") as connection:
            connection.send_text("a")
            assert connection.receive_text() == "a"

    with pytest.raises(WebSocketDisconnect):
        talk()
    assert recorder.tree() == "session WS /chat/{room}\n  tool step"
    assert recorder.sessions()[0].root.metadata["room"] == "r"


def test_a_request_starts_from_an_empty_context_and_restores_the_one_before(app: FastAPI, recorder: Recorder) -> None:
    seen: list[bool] = []
    app.get("/")(lambda: seen.append(is_suppressed()))

    async def request() -> None:
        with suppress():
            before = current_context()
            await app(http_scope(), no_body, discard)
            assert current_context() is before

    asyncio.run(request())
    assert seen == [False]
    assert recorder.tree() == "session GET /\n  chain GET /"


@pytest.mark.parametrize("kind", ["return", "oserror", "cancel"])
def test_a_client_that_leaves_is_not_an_error(kind: str, recorder: Recorder) -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await receive()
        if kind == "oserror":
            await send({"type": "http.response.body", "body": b"b", "more_body": True})
        if kind == "cancel":
            raise asyncio.CancelledError

    async def leave() -> Message:
        return {"type": "http.disconnect"} if kind != "oserror" else await no_body()

    async def send(message: Message) -> None:
        if message.get("body") == b"b":
            raise OSError

    async def request() -> None:
        try:
            await instrument(app)(http_scope(), leave, send)
        except (OSError, asyncio.CancelledError) as error:
            assert kind == ("oserror" if isinstance(error, OSError) else "cancel")  # noqa: PT017  both are promised

    asyncio.run(request())
    assert recorder.tree() == "session GET [abandoned]\n  chain GET [abandoned]"
    event = recorder.event("GET")
    assert (event.error, event.outputs, event.metadata["client_disconnected"]) == (None, {"status_code": 200}, True)


def test_a_cancelled_request_is_cancelled_and_goes_on_being_so(recorder: Recorder) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    async def request() -> None:
        task = asyncio.create_task(asyncio.wait_for(instrument(app)(http_scope(), no_body, discard), None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(request())
    assert recorder.tree() == "session GET [cancelled]\n  chain GET [cancelled]"


def test_the_response_is_the_same_with_and_without(recorder: Recorder) -> None:
    def make() -> FastAPI:
        app = FastAPI()
        app.add_middleware(CORSMiddleware, allow_origins=["https://a.example"])
        app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, call_next: call_next(request))
        router = APIRouter()
        router.get("/x")(lambda: {"a": 1})
        app.include_router(router, prefix="/api")
        return app

    async def answers(app: Any) -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        origin = [(b"origin", b"https://a.example")]
        preflight = [*origin, (b"access-control-request-method", b"GET")]
        await app(http_scope("/api/x", headers=origin), no_body, send)
        await app(http_scope("/api/x", headers=preflight, method="OPTIONS"), no_body, send)
        await app(http_scope("/none"), no_body, send)
        return sent

    bare = asyncio.run(answers(make()))
    assert asyncio.run(answers(instrument(make()))) == bare
    assert [event.event_name for event in recorder.events()] == ["GET /api/x", "OPTIONS", "GET"]


def test_nothing_is_recorded_when_tracing_is_disabled() -> None:
    app = instrument(FastAPI())

    @app.get("/")
    async def read(session: SessionDep) -> None:
        session.enrich(metadata={"plan": "pro"})

    with recording(disable_tracing=True) as recorder:
        assert get(app, "/") == 200
    assert recorder.spans() == []


@pytest.mark.swallows
def test_a_failure_of_our_own_does_not_reach_the_application(app: FastAPI, recorder: Recorder) -> None:
    app.get("/")(lambda: "ok")

    class Broken:
        path_format = property(lambda _route: 1 / 0)

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = Broken()
        await PlainTextResponse("ok")(scope, receive, send)

    assert get(instrument(broken), "/") == 200
    assert recorder.tree() == "session GET\n  chain GET"
    with recording() as unusable:
        unusable.tracer.channel.now_ns = lambda: 1 // 0
        assert get(app, "/") == 200
    assert unusable.spans() == []


def test_the_doctor_is_told_the_versions() -> None:
    assert {"fastapi", "starlette"} <= report().versions.keys()
