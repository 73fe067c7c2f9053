"""What is recorded of a request under WSGI, and that Django answers as if nobody were there."""

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, re_path
from honeyhive import enrich_session, trace
from honeyhive.integration import current_context, inject
from honeyhive.testing import Recorder, recording
from honeyhive_django import instrument, uninstrument
from honeyhive_django._doctor import report
from honeyhive_django._request import http_route
from honeyhive_django._settings import configured_tracer
from honeyhive_django.checks import check_middleware
from honeyhive_django.middleware import HoneyHiveMiddleware
from opentelemetry import context as otel_context
from opentelemetry import trace as otel_trace

KEY = "a key of two services"
MIDDLEWARE = "honeyhive_django.middleware.HoneyHiveMiddleware"


@trace
def step(text: str) -> str:
    return text


def item(_request: HttpRequest, pk: int) -> HttpResponse:
    enrich_session(metadata={"pk": pk})
    return HttpResponse(step(f"item {pk}"))


def boom(_request: HttpRequest) -> HttpResponse:
    message = "boom"
    raise RuntimeError(message)


def missing(_request: HttpRequest) -> HttpResponse:
    raise Http404


def unavailable(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=503)


def careless(request: HttpRequest) -> HttpResponse:
    seen = otel_context.get_value("leak")
    otel_context.attach(otel_context.set_value("leak", request.path))
    return HttpResponse(str(seen))


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def chunks() -> Iterator[str]:
        yield step("first")
        with otel_trace.use_span(otel_trace.NonRecordingSpan(otel_trace.SpanContext(5, 7, is_remote=False))):
            yield step("inside")
            yield step("still inside")
        if "fail" in request.GET:
            raise OSError
        yield step("last")

    return StreamingHttpResponse(chunks())


def file(_request: HttpRequest) -> FileResponse:
    return FileResponse(io.BytesIO(b"content"), filename="a.txt")


def cart(_request: HttpRequest) -> HttpResponse:
    headers: dict[str, str] = {}
    inject(headers, url="http://localhost/items/3")
    return HttpResponse(Client().get("/items/3", headers=headers).content)


def user(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


urlpatterns = [
    path("items/<int:pk>", item),
    path("boom", boom),
    path("missing", missing),
    path("unavailable", unavailable),
    path("careless", careless),
    path("stream", stream),
    path("file", file),
    path("cart", cart),
    path("user", user),
    re_path(r"^api/", include([re_path(r"^plain/(?P<pk>[^/]+)/$", item)])),
]


@pytest.fixture(autouse=True)
def urls() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=sys.modules[__name__]):
        yield


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording(project="tests", propagation_key=KEY) as recorded:
        yield recorded


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_a_request_is_a_session_with_one_event_and_what_ran_inside(client: Client, recorder: Recorder) -> None:
    response = client.get("/items/3?q=a&token=t0p", headers={"user-agent": "curl", "host": "testserver:8000"})
    assert response.content == b"item 3"
    assert recorder.tree() == "session GET /items/<int:pk>\n  chain GET /items/<int:pk>\n    tool step"
    event = recorder.event("GET /items/<int:pk>")
    assert (event.inputs, event.outputs) == ({"method": "GET", "path": "/items/3"}, {"status_code": 200})
    own = {"status", "span_kind", "trace_id", "span_id", "service.name", "process.pid"}
    assert {name: value for name, value in event.metadata.items() if name not in own} == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/items/<int:pk>",
        "django.route": "items/<int:pk>",
        "url.path": "/items/3",
        "url.query": "q=a&token=REDACTED",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "server.address": "testserver",
        "server.port": 8000,
        "client.address": "127.0.0.1",
        "user_agent.original": "curl",
    }
    assert recorder.sessions()[0].root.metadata["pk"] == 3
    assert recorder.spans()[-2].kind == 2


@pytest.mark.parametrize(
    ("raw", "route"),
    [
        ("items/<int:pk>", "/items/<int:pk>"),
        (r"^re/(?P<pk>[^/]+)/$", r"/re/(?P<pk>[^/]+)/"),
        (r"^api/^items/\Z", "/api/items/"),
        ("", "/"),
    ],
)
def test_routes_are_templates_without_anchors(raw: str, route: str) -> None:
    assert http_route(raw) == route


@pytest.mark.parametrize(
    ("url", "status", "error", "error_type"),
    [
        ("/boom", "error", "RuntimeError: boom", "RuntimeError"),
        ("/unavailable", "error", "HTTP 503", "503"),
        ("/missing", "ok", None, None),
        ("/nowhere", "ok", None, None),
    ],
)
def test_only_server_errors_are_errors(
    url: str, status: str, error: str | None, error_type: str | None, client: Client, recorder: Recorder
) -> None:
    client.get(url)
    (event,) = recorder.events()
    assert event.event_name == ("GET" if url == "/nowhere" else f"GET {url}")
    assert (event.metadata["status"], event.error, event.metadata.get("error.type")) == (status, error, error_type)
    points = [point.name for span in recorder.spans() for point in span.points]
    assert points == (["exception"] if url == "/boom" else [])


def test_an_exception_of_a_view_reaches_the_test_client_unchanged(recorder: Recorder) -> None:
    with pytest.raises(RuntimeError, match="boom") as caught:
        Client().get("/boom")
    assert caught.value.__context__ is None
    assert recorder.tree() == "session GET /boom [error]\n  chain GET /boom [error]"


def test_a_host_that_is_not_allowed_is_answered_as_it_was(client: Client, recorder: Recorder) -> None:
    with override_settings(MIDDLEWARE=[MIDDLEWARE]):
        assert client.get("/items/3", headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert recorder.event("GET /items/<int:pk>").metadata["server.address"] == "10.0.0.7"


def test_vary_headers_and_queries_are_those_of_the_bare_application(recorder: Recorder) -> None:
    if "auth_user" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)
    visitor = User.objects.create_user("visitor")
    observed: list[tuple[dict[str, str], int]] = []
    for middleware in (settings.MIDDLEWARE, settings.MIDDLEWARE[1:]):
        with override_settings(MIDDLEWARE=middleware):
            client = Client()
            client.force_login(visitor)
            for url in ("/items/3", "/user"):
                with CaptureQueriesContext(connection) as queries:
                    response = client.get(url)
                observed.append((dict(response.items()), len(queries)))
    visitor.delete()
    connection.close()
    assert observed[:2] == observed[2:]
    assert [headers.get("Vary") for headers, _ in observed[:2]] == [None, "Cookie"]
    assert observed[0][1] == 0
    assert [span.kind for span in recorder.spans()].count(2) == 2


def test_a_request_starts_from_an_empty_context_and_restores_the_one_before(client: Client, recorder: Recorder) -> None:
    before = otel_context.attach(otel_context.set_value("leak", "the thread's"))
    ambient = current_context()
    try:
        assert [client.get("/careless").content for _ in range(2)] == [b"None", b"None"]
        assert current_context() is ambient
    finally:
        otel_context.detach(before)
    assert recorder.tree() == "\n".join(["session GET /careless\n  chain GET /careless"] * 2)


def test_a_stream_keeps_its_request_current_and_ends_it_with_the_last_chunk(client: Client, recorder: Recorder) -> None:
    response: Any = client.get("/stream")
    chunks = iter(response.streaming_content)
    assert [next(chunks), next(chunks)] == [b"first", b"inside"]
    assert "GET /stream" not in recorder.tree()
    assert list(chunks) == [b"still inside", b"last"]
    names = "\n    ".join(["tool step"] * 4)
    assert recorder.tree() == f"session GET /stream\n  chain GET /stream\n    {names}"
    parents = [span.parent_span_id.hex() for span in recorder.spans() if span.name == "step"]
    assert parents[1] == parents[2] == "0000000000000007"
    assert parents[0] == parents[3] != parents[1]


@pytest.mark.parametrize(("query", "status"), [("", "abandoned"), ("?fail", "error")])
def test_a_stream_ends_its_request_on_every_path(query: str, status: str, client: Client, recorder: Recorder) -> None:
    response: Any = client.get(f"/stream{query}")
    if query:
        with pytest.raises(OSError):  # noqa: PT011  it has no message
            list(response.streaming_content)
    else:
        next(iter(response.streaming_content))
    response.close()
    assert recorder.tree().splitlines()[:2] == [f"session GET /stream [{status}]", f"  chain GET /stream [{status}]"]
    assert recorder.event("GET /stream").metadata.get("client_disconnected", False) is (not query)
    assert len([point for span in recorder.spans() for point in span.points]) == bool(query)


def test_a_head_request_for_a_stream_is_not_abandoned(client: Client, recorder: Recorder) -> None:
    client.head("/stream").close()
    assert recorder.tree() == "session HEAD /stream\n  chain HEAD /stream"


def test_a_file_is_still_sent_by_the_server(recorder: Recorder) -> None:
    sent: list[Any] = []

    def send_file(content: io.BytesIO, _size: int) -> list[bytes]:
        sent.append(content)
        return [content.read()]

    def start_response(*_args: object) -> Callable[[bytes], object]:
        return sent.append

    environ = RequestFactory().get("/file").environ | {"wsgi.file_wrapper": send_file}
    assert list(get_wsgi_application()(environ, start_response)) == [b"content"]
    assert isinstance(sent[0], io.BytesIO)
    assert recorder.tree() == ""
    sent[0].close()
    assert recorder.tree() == "session GET /file\n  chain GET /file"


def test_a_session_goes_on_in_the_service_that_is_called(client: Client, recorder: Recorder) -> None:
    assert client.get("/cart").content == b"item 3"
    assert recorder.tree() == "session GET /cart\n  chain GET /cart\n    chain GET /items/<int:pk>\n      tool step"
    assert recorder.sessions()[0].root.metadata["pk"] == 3


def test_a_forged_session_is_a_claim(client: Client, recorder: Recorder) -> None:
    claimed = "11111111-2222-4333-8444-555555555555"
    client.get("/items/3", headers={"baggage": f"honeyhive-session={quote(f'1.{claimed}.0.0.0')}"})
    (session,) = recorder.sessions()
    assert session.root.session_id != claimed
    assert session.root.metadata["claimed_session_id"] == claimed


def test_the_middleware_is_put_first_once_into_lists_and_tuples() -> None:
    assert settings.MIDDLEWARE[0] == MIDDLEWARE
    for middleware in (["a"], ("a",)):
        with override_settings(MIDDLEWARE=middleware):
            instrument()
            instrument()
            assert type(middleware)((MIDDLEWARE, "a")) == settings.MIDDLEWARE
            uninstrument()
            assert middleware == settings.MIDDLEWARE
    instrument()


def test_a_middleware_listed_twice_records_once_and_is_warned_of(client: Client, recorder: Recorder) -> None:
    assert check_middleware() == []
    with override_settings(MIDDLEWARE=["django.middleware.common.CommonMiddleware", MIDDLEWARE, MIDDLEWARE]):
        assert [warning.id for warning in check_middleware()] == ["honeyhive.W001", "honeyhive.W002"]
        client.get("/items/3")
    assert recorder.tree() == "session GET /items/<int:pk>\n  chain GET /items/<int:pk>\n    tool step"


def test_the_setting_is_the_tracers_options_and_a_wrong_one_names_the_nearest() -> None:
    configured_tracer.cache_clear()
    try:
        with override_settings(HONEYHIVE={"projct": "support"}), pytest.raises(Exception, match="'project'"):
            instrument()
        with override_settings(HONEYHIVE="support"), pytest.raises(Exception, match="must be a dict"):
            instrument()
        with recording(), override_settings(HONEYHIVE={"project": "support", "test_mode": True}):
            tracer = configured_tracer()
            assert tracer is not None
            assert tracer.project == "support"
            assert configured_tracer() is tracer
    finally:
        configured_tracer.cache_clear()


def test_nothing_is_recorded_when_tracing_is_disabled(client: Client) -> None:
    with recording(disable_tracing=True) as recorder:
        assert client.get("/items/3").status_code == 200
    assert recorder.spans() == []


@pytest.mark.swallows
def test_a_failure_of_our_own_does_not_reach_the_application(client: Client, recorder: Recorder) -> None:
    def broken(_request: HttpRequest) -> StreamingHttpResponse:
        response = StreamingHttpResponse([b"a"])
        del response.is_async
        return response

    HoneyHiveMiddleware(broken)(RequestFactory().get("/"))
    assert recorder.tree() == "session GET\n  chain GET"
    recorder.tracer.channel.now_ns = lambda: 1 // 0
    assert client.get("/items/3").content == b"item 3"


def test_the_doctor_is_told_the_versions() -> None:
    assert {"django", "asgiref"} <= report().versions.keys()
