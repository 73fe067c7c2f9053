"""What core's tests share: a foreign program's span as it arrives here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from honeyhive.events.decode import decode_request
from honeyhive.events.event import Event
from honeyhive.events.reader import read_span
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode

START_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z


class Collected(SpanExporter):
    """The bytes that the stock exporter would send."""

    def __init__(self) -> None:
        self.body = b""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.body += encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS


@pytest.fixture
def read_foreign() -> Callable[..., Event]:
    """Make a span with the stock SDK, send it through the stock encoder, and read what arrives.

    ``points`` are span events: name, milliseconds after the start, attributes.
    """

    def read(
        attributes: Mapping[str, Any],
        *,
        name: str = "span",
        points: Sequence[tuple[str, float, Mapping[str, Any]]] = (),
        error: str | None = None,
        scope: str = "some.instrumentation",
        resource: Mapping[str, Any] | None = None,
    ) -> Event:
        collected = Collected()
        provider = TracerProvider(resource=Resource(dict(resource or {})))
        provider.add_span_processor(SimpleSpanProcessor(collected))
        span = provider.get_tracer(scope, "1.2").start_span(name, start_time=START_NS, attributes=attributes)
        for point, after_ms, said in points:
            span.add_event(point, said, timestamp=START_NS + int(after_ms * 1e6))
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end(START_NS + 2_000_000_000)
        (decoded,) = decode_request(collected.body)
        event = read_span(decoded)
        assert isinstance(event, Event)
        return event

    return read
