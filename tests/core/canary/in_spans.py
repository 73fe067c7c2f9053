"""Places in spans of third parties, their scope and their resource."""

import base64
import json
import os
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, TraceState
from places import HERE, place


def foreign(name: str = "foreign", **options: Any) -> otel.Span:
    """A span of a third party on our provider."""
    tracer = HERE.tracer.provider.get_tracer("some.library", "1.0")
    return tracer.start_span(name, **options)


@place
def foreign_attribute(secret: str) -> None:
    foreign(attributes={"gen_ai.prompt.0.content": secret}).end()


@place
def foreign_attribute_list(secret: str) -> None:
    foreign(attributes={"gen_ai.request.stop_sequences": ["a", secret]}).end()


@place
def foreign_denied_header(secret: str) -> None:
    hidden = base64.b64encode(secret.encode()).decode()
    foreign(attributes={"http.request.header.authorization": [hidden], "plain": secret}).end()


@place
def foreign_span_name(secret: str) -> None:
    foreign(f"GET {secret}").end()


@place
def foreign_span_event(secret: str) -> None:
    span = foreign()
    span.add_event("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps([{"content": secret}])})
    span.end()


@place
def foreign_span_event_name(secret: str) -> None:
    span = foreign()
    span.add_event(f"called {secret}")
    span.end()


@place
def foreign_link(secret: str) -> None:
    foreign(links=[Link(SpanContext(1, 2, is_remote=True), {"text": secret})]).end()


@place
def foreign_status(secret: str) -> None:
    span = foreign()
    span.set_status(Status(StatusCode.ERROR, f"failed with {secret}"))
    span.end()


@place
def foreign_exception(secret: str) -> None:
    span = foreign()
    span.record_exception(ValueError(f"failed with {secret}"))
    span.end()


@place
def foreign_trace_state(secret: str) -> None:
    state = TraceState([("vendor", secret)])
    parent = SpanContext(11, 12, is_remote=True, trace_flags=TraceFlags(1), trace_state=state)
    foreign(context=otel.set_span_in_context(otel.NonRecordingSpan(parent))).end()


@place
def foreign_scope_name(secret: str) -> None:
    HERE.tracer.provider.get_tracer(f"library {secret}").start_span("foreign").end()


@place
def foreign_scope_attribute(secret: str) -> None:
    HERE.tracer.provider.get_tracer("library", "1", None, {"text": secret}).start_span("foreign").end()


@place
def resource_attribute(secret: str) -> None:
    """In OTEL_RESOURCE_ATTRIBUTES, set by whoever runs this."""
    assert secret in os.environ["OTEL_RESOURCE_ATTRIBUTES"]


@place
def foreign_scope_version(secret: str) -> None:
    HERE.tracer.provider.get_tracer("library", f"1.0+{secret}").start_span("foreign").end()


@place
def foreign_schema_url(secret: str) -> None:
    HERE.tracer.provider.get_tracer("library", "1", f"https://x.test/schema?{secret}").start_span("foreign").end()


@place
def foreign_link_trace_state(secret: str) -> None:
    state = TraceState([("vendor", secret)])
    foreign(links=[Link(SpanContext(1, 2, is_remote=True, trace_state=state))]).end()


@place
def foreign_bytes(secret: str) -> None:
    foreign(attributes={"payload": secret.encode()}).end()


@place
def foreign_attribute_key(secret: str) -> None:
    foreign(attributes={f"http.request.header.{secret}": "x"}).end()


@place
def foreign_span_event_key(secret: str) -> None:
    span = foreign()
    span.add_event("note", {secret: 1})
    span.end()


@place
def foreign_new_name(secret: str) -> None:
    span = foreign()
    span.update_name(f"GET {secret}")
    span.end()


@place
def foreign_late_link(secret: str) -> None:
    span = foreign()
    span.add_link(SpanContext(1, 2, is_remote=True), {"text": secret})
    span.end()
