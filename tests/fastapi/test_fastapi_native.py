"""FastAPI's own telemetry is left as it is, and ours stays whole beside it."""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from honeyhive import trace
from honeyhive.testing import Recorder
from honeyhive_fastapi import instrument
from opentelemetry import baggage
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

telemetry: Any = pytest.importorskip("fastapi.telemetry", reason="since FastAPI 0.142")

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Exporter(Protocol):
    def get_finished_spans(self) -> Sequence[ReadableSpan]: ...


@trace
def step() -> str:
    return "done"


def natively_observed(**options: Any) -> tuple[FastAPI, Exporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = FastAPI(telemetry=cast("Any", {"tracer_provider": provider, **options}))

    @app.get("/items/{item}")
    async def read(item: int) -> dict[str, object]:
        data = telemetry.get_telemetry_data()
        return {"item": item, "step": step(), "data": data is not None, "user": baggage.get_baggage("user")}

    return app, exporter


def shape(exporter: Exporter) -> list[tuple[str, str | None]]:
    spans = exporter.get_finished_spans()
    names = {identity(span).span_id: span.name for span in spans}
    return [(span.name, names.get(span.parent.span_id) if span.parent else None) for span in spans]


def identity(span: ReadableSpan) -> SpanContext:
    assert span.context is not None
    return span.context


@pytest.mark.parametrize("headers", [{}, {"traceparent": TRACEPARENT, "baggage": "user=u1"}])
def test_native_spans_are_the_same_and_ours_nest_beside_them(headers: dict[str, str], recorder: Recorder) -> None:
    plain, plain_exporter = natively_observed()
    app, exporter = natively_observed()
    answers = [TestClient(each).get("/items/3", headers=headers).json() for each in (plain, instrument(app))]
    assert answers[0] == answers[1]
    assert shape(exporter) == shape(plain_exporter)
    native_ids = {f"{identity(span).trace_id:032x}" for span in exporter.get_finished_spans()}
    recorded = recorder.sessions()[-1]
    assert [(depth, event.event_name) for depth, event in recorded.walk()] == [
        (0, "GET /items/{item}"),
        (1, "GET /items/{item}"),
        (2, "step"),
    ]
    assert {event.metadata["trace_id"] for event in recorded.events} == native_ids
    assert len(native_ids) == 1


def test_native_telemetry_without_tracing_keeps_its_data(recorder: Recorder) -> None:
    app, _ = natively_observed(tracing=False, logger_provider=_AnyLoggerProvider())
    assert TestClient(instrument(app)).get("/items/3").json()["data"] is True
    assert recorder.tree() == "session GET /items/{item}\n  chain GET /items/{item}\n    tool step"


class _AnyLoggerProvider:
    """What makes native telemetry active: any logger provider that is not OpenTelemetry's placeholder."""

    def get_logger(self, *_args: object, **_options: object) -> None:
        return None
