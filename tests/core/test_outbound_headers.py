"""What instrumentations of HTTP clients, which know nothing of us, put into the headers of a request to anybody."""

from typing import Any

import pytest
from honeyhive.testing import MemoryTracer, Recorder
from honeyhive.tracer.processing.context import with_distributed_trace_context
from opentelemetry import propagate
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind


def headers_of_a_request() -> dict[str, str]:
    """The headers that OpenTelemetry's instrumentations write: by the global propagators, in a client span."""
    headers: dict[str, str] = {}
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("an http client's instrumentation")
    with tracer.start_as_current_span(
        "POST", kind=SpanKind.CLIENT, attributes={"url.full": "https://api.stripe.com/v1"}
    ):
        propagate.inject(headers)
        W3CBaggagePropagator().inject(headers)
    return headers


@pytest.mark.parametrize("way", ["process", "block", "created", "carried", "event"])
def test_a_third_party_is_told_no_session_no_project_and_no_tracer(recorder: Recorder, way: str) -> None:
    tracer = MemoryTracer(project="canary", source="canary", session_name="canary", fixed=False)
    seen: list[dict[str, str]] = []
    carrier: dict[str, Any] = {}
    with tracer.session("canary"):
        tracer.inject_context(carrier)

    if way == "process":
        seen.append(headers_of_a_request())
    elif way == "block":
        with tracer.session("canary"):
            seen.append(headers_of_a_request())
    elif way == "created":
        with tracer.start_span("request"):
            tracer.create_session("canary")
            seen.append(headers_of_a_request())
    elif way == "carried":
        with with_distributed_trace_context(carrier, tracer):
            seen.append(headers_of_a_request())
    else:
        with tracer.session("canary"), tracer.start_span("canary"):
            seen.append(headers_of_a_request())

    (headers,) = seen
    assert "traceparent" in headers
    assert headers.keys() <= {"traceparent", "tracestate"}
    assert "canary" not in str(headers)


def test_a_session_that_ended_leaves_nothing_for_later_requests(recorder: Recorder) -> None:
    with recorder.tracer.session("s"), recorder.tracer.start_span("x"):
        pass

    assert headers_of_a_request().keys() == {"traceparent"}
