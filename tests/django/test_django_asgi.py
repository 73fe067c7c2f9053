"""What is recorded of a request under ASGI: the same, and nothing survives a client that leaves."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, cast

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.decorators import sync_only_middleware
from honeyhive import enrich_session, trace
from honeyhive.integration import current_context
from honeyhive.testing import Recorder
from opentelemetry import context as otel_context
from opentelemetry import trace as otel_trace

Message = dict[str, Any]


@trace
def step(text: str) -> str:
    return text


async def item(_request: HttpRequest, pk: int) -> HttpResponse:
    enrich_session(metadata={"pk": pk})
    return HttpResponse(await sync_to_async(step)(f"item {pk}"))


def blocking(_request: HttpRequest, pk: int) -> HttpResponse:
    enrich_session(metadata={"pk": pk})
    return HttpResponse(step(f"item {pk}"))


async def boom(_request: HttpRequest) -> HttpResponse:
    message = "boom"
    raise RuntimeError(message)


async def slow(_request: HttpRequest) -> HttpResponse:
    step("before")
    await asyncio.Event().wait()
    return HttpResponse()


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def chunks() -> AsyncIterator[str]:
        yield step("first")
        with otel_trace.use_span(otel_trace.NonRecordingSpan(otel_trace.SpanContext(5, 7, is_remote=False))):
            yield step("inside")
            yield step("still inside")
        if "endless" in request.GET:
            await asyncio.Event().wait()
        yield step("last")

    return StreamingHttpResponse(chunks())


urlpatterns = [
    path("items/<int:pk>", item),
    path("blocking/<int:pk>", blocking),
    path("boom", boom),
    path("slow", slow),
    path("stream", stream),
]


@pytest.fixture(autouse=True)
def urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=sys.modules[__name__]):
        yield


@sync_only_middleware
def sync_only(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    return get_response


async def request(
    url: str, *, leaves: Callable[[list[Message]], bool] = lambda _sent: False, stalls: bool = False
) -> list[Message]:
    """What the application sends to a client that leaves as soon as *leaves* says so, and *stalls* before it does."""
    path, _, query = url.partition("?")
    scope: Message = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "http_version": "1.1",
    }
    scope["headers"] = [(b"host", b"testserver")]
    sent: list[Message] = []
    inbound = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if inbound:
            return inbound.pop()
        while not leaves(sent):  # noqa: ASYNC110  a condition on what the application did
            await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if stalls and leaves(sent):
            await asyncio.Event().wait()

    application = cast("Callable[..., Awaitable[None]]", get_asgi_application())
    await application(scope, receive, send)
    return sent


@pytest.mark.parametrize("url", ["/items/3", "/blocking/3"])
@pytest.mark.parametrize("middleware", [[], [f"{__name__}.sync_only"]])
def test_views_and_middleware_of_both_kinds_give_the_same_tree(
    url: str, middleware: list[str], recorder: Recorder
) -> None:
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, *middleware]):
        sent = asyncio.run(request(url))
    assert [message.get("body") for message in sent] == [None, b"item 3"]
    name = f"GET {url.replace('3', '<int:pk>')}"
    assert recorder.tree() == f"session {name}\n  chain {name}\n    tool step"
    assert recorder.sessions()[0].root.metadata["pk"] == 3


def test_an_exception_is_recorded_once(recorder: Recorder) -> None:
    assert asyncio.run(request("/boom"))[0]["status"] == 500
    assert recorder.tree() == "session GET /boom [error]\n  chain GET /boom [error]"
    assert recorder.event("GET /boom").error == "RuntimeError: boom"
    assert [point.name for span in recorder.spans() for point in span.points] == ["exception"]


def test_a_stream_keeps_its_request_current_and_ends_it_with_the_last_chunk(recorder: Recorder) -> None:
    sent = asyncio.run(request("/stream"))
    assert [message["body"] for message in sent[1:-1]] == [b"first", b"inside", b"still inside", b"last"]
    names = "\n    ".join(["tool step"] * 4)
    assert recorder.tree() == f"session GET /stream\n  chain GET /stream\n    {names}"
    parents = [span.parent_span_id.hex() for span in recorder.spans() if span.name == "step"]
    assert parents[1] == parents[2] == "0000000000000007"
    assert parents[0] == parents[3] != parents[1]


@pytest.mark.parametrize("stalls", [False, True])
def test_a_client_that_leaves_in_the_middle_of_a_stream_ends_it(stalls: bool, recorder: Recorder) -> None:
    asyncio.run(request("/stream?endless", leaves=lambda sent: len(sent) > 3, stalls=stalls))
    assert recorder.tree().splitlines()[:2] == ["session GET /stream [abandoned]", "  chain GET /stream [abandoned]"]
    event = recorder.event("GET /stream")
    assert (event.error, event.metadata["client_disconnected"]) == (None, True)


def test_a_client_that_leaves_before_the_response_cancels_the_request(recorder: Recorder) -> None:
    asyncio.run(request("/slow", leaves=lambda _sent: bool(recorder.spans())))
    assert recorder.tree() == "session GET /slow [cancelled]\n  chain GET /slow [cancelled]\n    tool step"


def test_requests_at_the_same_time_stay_apart_and_leave_nothing_behind(recorder: Recorder) -> None:
    async def requests() -> None:
        otel_context.attach(otel_context.set_value("leak", True))
        before = current_context()
        await asyncio.gather(request("/items/1"), request("/items/2"))
        assert current_context() is before

    asyncio.run(requests())
    assert len(recorder.sessions()) == 2
    for session in recorder.sessions():
        assert session.events[1].inputs == {"text": f"item {session.root.metadata['pk']}"}
