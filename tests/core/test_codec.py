"""The OTLP codec against stock opentelemetry-proto, both ways, and against bytes that are none."""

import math
from contextlib import suppress

from honeyhive.events import otlp
from honeyhive.events.decode import decode_request, split_records
from honeyhive.events.reader import read_records
from honeyhive.events.wire import WireError, varint
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Scalars = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.binary(),
    st.none(),
)
Values = st.recursive(Scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
Ids = st.tuples(
    st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8)
)
Times = st.integers(0, (1 << 64) - 1)


def plain(value: AnyValue) -> object:
    """A stock AnyValue as a Python value."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {item.key: plain(item.value) for item in value.kvlist_value.values}
    return getattr(value, kind)


def one_span(*parts: bytes, resource: dict[str, object] | None = None) -> bytes:
    return otlp.record(otlp.resource(resource or {}), {otlp.scope("honeyhive", "2"): [otlp.span(parts)]})


@given(attributes=st.dictionaries(st.text(min_size=1), Values), ids=Ids, start=Times, end=Times, name=st.text())
def test_stock_protobuf_and_our_reader_read_what_we_write(
    attributes: dict[str, object], ids: tuple[bytes, bytes, bytes], start: int, end: int, name: str
) -> None:
    trace_id, span_id, parent = ids
    data = one_span(
        otlp.identity(trace_id, span_id, parent),
        otlp.name_and_kind(name, 5),
        otlp.times(start, end),
        *(otlp.attribute(key, value) for key, value in attributes.items()),
        otlp.FLAGS_REMOTE_PARENT,
        resource=attributes,
    )

    request = ExportTraceServiceRequest.FromString(data)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    assert (span.trace_id, span.span_id, span.parent_span_id) == ids
    assert (span.start_time_unix_nano, span.end_time_unix_nano, span.name, span.kind) == (start, end, name, 5)
    assert span.flags == 0x301
    assert {item.key: plain(item.value) for item in span.attributes} == attributes
    assert {item.key: plain(item.value) for item in request.resource_spans[0].resource.attributes} == attributes

    (decoded,) = decode_request(data)
    assert (decoded.trace_id, decoded.span_id, decoded.parent_span_id) == ids
    assert (decoded.start_ns, decoded.end_ns, decoded.name, decoded.kind) == (start, end, name, 5)
    assert decoded.attributes == attributes
    assert decoded.resource == attributes
    assert (decoded.scope_name, decoded.scope_version) == ("honeyhive", "2")


def test_not_a_number_and_lone_surrogates_survive_as_protobuf_allows() -> None:
    data = one_span(otlp.attribute("nan", math.nan), otlp.attribute("text", "a\ud800b"), otlp.attribute("big", 1 << 70))

    span = ExportTraceServiceRequest.FromString(data).resource_spans[0].scope_spans[0].spans[0]
    values = {item.key: plain(item.value) for item in span.attributes}
    assert isinstance(values["nan"], float)
    assert math.isnan(values["nan"])
    assert values["text"] == "a?b"
    assert values["big"] == str(1 << 70)


def test_span_events_links_and_status_are_those_of_the_specification() -> None:
    data = one_span(
        otlp.span_event("exception", 7, {"exception.type": "ValueError"}),
        otlp.span_link(b"t" * 16, b"s" * 8, {"why": "retry"}),
        otlp.status(2, "no"),
        otlp.trace_state("hh=1"),
    )

    span = ExportTraceServiceRequest.FromString(data).resource_spans[0].scope_spans[0].spans[0]
    assert (span.events[0].name, span.events[0].time_unix_nano) == ("exception", 7)
    assert (span.links[0].trace_id, span.links[0].span_id) == (b"t" * 16, b"s" * 8)
    assert (span.status.code, span.status.message, span.trace_state) == (2, "no", "hh=1")
    (decoded,) = decode_request(data)
    assert decoded.points[0].attributes == {"exception.type": "ValueError"}
    assert decoded.links[0].attributes == {"why": "retry"}
    assert (decoded.status_code, decoded.status_message, decoded.trace_state) == (2, "no", "hh=1")


def test_concatenated_records_are_one_request_and_a_torn_tail_is_seen() -> None:
    first, second = one_span(otlp.name_and_kind("a", 1)), one_span(otlp.name_and_kind("b", 1))

    bodies, torn = split_records(first + second[:-3])

    assert len(bodies) == 1
    assert otlp.checksum_holds(bodies[0])
    assert torn == len(second) - 3
    assert len(ExportTraceServiceRequest.FromString(first + second).resource_spans) == 2


@given(flipped=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_breaks_the_checksum(flipped: int, bit: int) -> None:
    (body,), _ = split_records(one_span(otlp.name_and_kind("name", 1), otlp.attribute("k", "v")))
    damaged = bytearray(body)
    damaged[flipped % len(damaged)] ^= 1 << bit

    assert not otlp.checksum_holds(bytes(damaged))


@given(text=st.text(st.characters(codec=None)), key=st.text(st.characters(codec=None)))
def test_texts_of_any_unicode_reach_every_reader_with_surrogates_as_question_marks(text: str, key: str) -> None:
    sent = text.encode("utf-8", "replace").decode(), key.encode("utf-8", "replace").decode()
    data = one_span(otlp.attribute(key, text), otlp.name_and_kind(text, 1), resource={key: text})

    request = ExportTraceServiceRequest.FromString(data)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    assert (span.name, {item.key: plain(item.value) for item in span.attributes}) == (sent[0], {sent[1]: sent[0]})
    (decoded,) = decode_request(data)
    assert (decoded.name, decoded.attributes, decoded.resource) == (sent[0], {sent[1]: sent[0]}, {sent[1]: sent[0]})


@given(attributes=st.dictionaries(st.text(min_size=1), Values), ids=Ids, times=st.tuples(Times, Times), text=st.text())
def test_what_the_stock_encoder_writes_is_read_whole(
    attributes: dict[str, object], ids: tuple[bytes, bytes, bytes], times: tuple[int, int], text: str
) -> None:
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    scope_spans = resource_spans.scope_spans.add(schema_url=text)
    scope_spans.scope.name, scope_spans.scope.version = text, "1"
    trace_id, span_id, parent = ids
    span = scope_spans.spans.add(trace_id=trace_id, span_id=span_id, parent_span_id=parent, name=text, trace_state=text)
    span.start_time_unix_nano, span.end_time_unix_nano = times
    point = span.events.add(name=text, time_unix_nano=times[0])
    link = span.links.add(trace_id=trace_id, span_id=span_id, trace_state=text)
    pairs = [
        KeyValue.FromString(otlp.attribute(key, value, b"")[_length_of(key, value) :])
        for key, value in attributes.items()
    ]
    for target in (span, point, link, scope_spans.scope, resource_spans.resource):
        target.attributes.extend(pairs)

    (decoded,) = decode_request(request.SerializeToString())

    assert (decoded.trace_id, decoded.span_id, decoded.parent_span_id) == ids
    assert (decoded.start_ns, decoded.end_ns) == times
    assert (decoded.name, decoded.trace_state, decoded.schema_url, decoded.scope_name) == (text, text, text, text)
    assert decoded.attributes == decoded.scope_attributes == decoded.resource == attributes
    assert (decoded.points[0].attributes, decoded.links[0].attributes) == (attributes, attributes)


def _length_of(key: str, value: object) -> int:
    """How many bytes the length in front of an attribute takes."""
    whole = otlp.attribute(key, value, b"")
    return next(size for size in range(1, 6) if varint(len(whole) - size) == whole[:size])


@given(data=st.binary())
def test_arbitrary_bytes_are_read_or_reported(data: bytes) -> None:
    problems: list[WireError] = []

    list(read_records([data], unreadable=problems.append))

    with suppress(WireError):
        list(decode_request(data))


@given(data=st.binary(max_size=64))
def test_arbitrary_bytes_inside_a_span_are_read_or_reported(data: bytes) -> None:
    (body,), _ = split_records(one_span(data))
    problems: list[WireError] = []

    read = list(read_records([body], unreadable=problems.append))

    assert len(read) + len(problems) == 1


def test_a_bottomless_attribute_is_cut_off_not_followed() -> None:
    value = b""
    for _ in range(500):
        value = b"\x2a" + varint(len(value) + 1 + len(varint(len(value)))) + b"\x0a" + varint(len(value)) + value
    nested = b"\x0a\x01k" + b"\x12" + varint(len(value)) + value

    (span,) = decode_request(one_span(b"\x4a" + varint(len(nested)) + nested))

    assert "<nested deeper than 64 levels>" in str(span.attributes["k"])
