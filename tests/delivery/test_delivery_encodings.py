"""OTLP as JSON: 1.x's dialect for HoneyHive's cloud, the standard's for collectors."""

import json
from base64 import b64encode
from typing import Any, cast

from google.protobuf.json_format import ParseDict
from honeyhive.events import otlp
from honeyhive.export.otlp_json import to_otlp_json
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE, SPAN, PARENT = b"\x01" * 16, b"\x02" * 8, b"\x03" * 8


def event(name: str, number: int = 1, **attributes: object) -> bytes:
    parts = [otlp.identity(TRACE, bytes((number,)) * 8, b""), otlp.name_and_kind(name, 1), otlp.times(1, 2)]
    return otlp.span([*parts, *(otlp.attribute(key, value) for key, value in attributes.items())])


def record(*spans: bytes) -> bytes:
    return otlp.record(otlp.resource({"service.name": "s"}), {otlp.scope("honeyhive", "2"): list(spans)})


def full_span() -> bytes:
    return otlp.span(
        [
            otlp.identity(TRACE, SPAN, PARENT),
            otlp.trace_state("hh=1"),
            otlp.name_and_kind("answer", 3),
            otlp.times(1_700_000_000_000_000_001, 1_700_000_000_000_000_002),
            otlp.attribute("text", "é"),
            otlp.attribute("whole", -5),
            otlp.attribute("part", 0.5),
            otlp.attribute("odd", float("nan")),
            otlp.attribute("yes", value=True),
            otlp.attribute("list", ["a", 1]),
            otlp.attribute("map", {"k": [None]}),
            otlp.span_event("exception", 7, {"exception.type": "E"}),
            otlp.span_link(TRACE, PARENT, {"why": "retry"}),
            otlp.status(2, "broken"),
            otlp.FLAGS_LOCAL_PARENT,
        ]
    )


def test_json_for_honeyhive_has_the_shape_that_1x_sends() -> None:
    body = json.loads(to_otlp_json(record(full_span(), event("root")), strict=False))

    (resource,) = body["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    assert resource["resource"] == {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]}
    assert scope["scope"] == {"name": "honeyhive", "version": "2"}
    assert scope["spans"] == [
        {
            "parentSpanId": "03" * 8,
            "attributes": [
                {"key": "text", "value": {"stringValue": "é"}},
                {"key": "whole", "value": {"intValue": "-5"}},
                {"key": "part", "value": {"doubleValue": 0.5}},
                {"key": "odd", "value": {"stringValue": "nan"}},
                {"key": "yes", "value": {"boolValue": True}},
                {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}}},
                {
                    "key": "map",
                    "value": {"kvlistValue": {"values": [{"key": "k", "value": {"arrayValue": {"values": [{}]}}}]}},
                },
            ],
            "events": [
                {
                    "attributes": [{"key": "exception.type", "value": {"stringValue": "E"}}],
                    "timeUnixNano": "7",
                    "name": "exception",
                }
            ],
            "status": {"code": "STATUS_CODE_ERROR", "message": "broken"},
            "traceId": "01" * 16,
            "spanId": "02" * 8,
            "traceState": "hh=1",
            "name": "answer",
            "kind": "SPAN_KIND_CLIENT",
            "startTimeUnixNano": "1700000000000000001",
            "endTimeUnixNano": "1700000000000000002",
            "links": [
                {
                    "attributes": [{"key": "why", "value": {"stringValue": "retry"}}],
                    "traceId": "01" * 16,
                    "spanId": "03" * 8,
                }
            ],
            "flags": 257,
        },
        {
            "parentSpanId": None,
            "attributes": [],
            "events": [],
            "status": {"code": "STATUS_CODE_UNSET"},
            "traceId": "01" * 16,
            "spanId": "01" * 8,
            "name": "root",
            "kind": "SPAN_KIND_INTERNAL",
            "startTimeUnixNano": "1",
            "endTimeUnixNano": "2",
        },
    ]


def as_protobuf(body: bytes) -> ExportTraceServiceRequest:
    """A strict JSON body read by the stock library, which wants ids in base64 where OTLP says hex."""
    ids = {"traceId", "spanId", "parentSpanId"}

    def with_base64(value: Any) -> Any:
        if isinstance(value, list):
            return list(map(with_base64, cast("list[Any]", value)))
        if not isinstance(value, dict):
            return value
        return {
            key: b64encode(bytes.fromhex(item)).decode() if key in ids else with_base64(item)
            for key, item in cast("dict[str, Any]", value).items()
        }

    return ParseDict(with_base64(json.loads(body)), ExportTraceServiceRequest())


scalars = st.text() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.binary()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)


@given(st.dictionaries(st.text(min_size=1), values, max_size=4), st.text(), st.integers(0, 2**64 - 1))
def test_json_for_collectors_says_what_the_bytes_say(attributes: dict[str, object], name: str, start_ns: int) -> None:
    parts = [otlp.identity(TRACE, SPAN, PARENT), otlp.name_and_kind(name, 2), otlp.times(start_ns, start_ns)]
    span = otlp.span([*parts, *(otlp.attribute(key, value) for key, value in attributes.items())])
    body = record(span, full_span())

    expected = ExportTraceServiceRequest.FromString(body)
    expected.DiscardUnknownFields()

    assert as_protobuf(to_otlp_json(body, strict=True)).SerializeToString(deterministic=True) == (
        expected.SerializeToString(deterministic=True)
    )
