"""What a destination reads: values of the type they had, under the scope and resource they came from, few requests."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from honeyhive import HoneyHiveTracer, enrich_span, trace
from honeyhive.tracer import HoneyHiveSpanProcessor
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanContext

BIGGEST = 2**63 - 1
EVENT_ID, SESSION_ID = "550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440001"


class Destination(httpx.BaseTransport):
    """The far side of a tracer, inside the process."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.updates: list[Any] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        if request.method == "PUT":
            self.updates.append(json.loads(body))
        else:
            self.bodies.append(body)
        return httpx.Response(200)

    def resources(self) -> list[Any]:
        """The resource spans as a reader of OTLP/JSON has them, whatever the encoding was."""
        return [found for body in self.bodies for found in _decoded(body)["resourceSpans"]]

    def spans(self) -> dict[str, Any]:
        """Every span by its name."""
        scopes = [scope for found in self.resources() for scope in found["scopeSpans"]]
        return {span["name"]: span for scope in scopes for span in scope["spans"]}


def _decoded(body: bytes) -> Any:
    if body.startswith(b"{"):
        return json.loads(body)
    return MessageToDict(ExportTraceServiceRequest.FromString(body))


def attributes(of: Any) -> dict[str, Any]:
    return {item["key"]: item["value"] for item in of["attributes"]}


@pytest.fixture
def destination() -> Destination:
    return Destination()


Make = Callable[..., HoneyHiveTracer]


@pytest.fixture
def tracer_of(destination: Destination, tmp_path: Path) -> Iterator[Make]:
    made: list[HoneyHiveTracer] = []

    def make(**options: Any) -> HoneyHiveTracer:
        options = {"data_dir": tmp_path, "http_client": destination, "flush_interval_s": 3600, **options}
        made.append(HoneyHiveTracer(**options))
        return made[-1]

    yield make
    for tracer in made:
        tracer.shutdown()


COLLECTOR = {"otlp_endpoint": "http://collector:4318"}
CLOUD = {"api_key": "k", "server_url": "http://api:8000"}
EVERY_WAY = [
    pytest.param({**destination, "otlp_protocol": protocol}, id=f"{name} {protocol}")
    for name, destination in (("collector", COLLECTOR), ("honeyhive", CLOUD))
    for protocol in ("http/protobuf", "http/json")
]
every_way = pytest.mark.parametrize("way", EVERY_WAY)


@every_way
def test_attributes_have_the_type_that_the_program_gave_them(
    destination: Destination, tracer_of: Make, way: dict[str, Any]
) -> None:
    tracer = tracer_of(**way)
    said = {"whole": 3, "part": 0.5, "yes": True, "text": "3", "list": [1, 2]}
    with tracer.start_span("ours", attributes=said):
        enrich_span(metadata={"whole": 3, "yes": False}, tracer=tracer)
    with tracer.provider.get_tracer("lib").start_as_current_span("theirs", attributes=said):
        pass

    assert tracer.flush()
    for name in ("ours", "theirs"):
        found = attributes(destination.spans()[name])
        assert (found["whole"], found["part"]) == ({"intValue": "3"}, {"doubleValue": 0.5})
        assert (found["yes"], found["text"]) == ({"boolValue": True}, {"stringValue": "3"})
        assert found["list"] == {"arrayValue": {"values": [{"intValue": "1"}, {"intValue": "2"}]}}
    enriched = attributes(destination.spans()["ours"])
    assert enriched["honeyhive_metadata.whole"] == {"intValue": "3"}
    assert enriched["honeyhive_metadata.yes"] == {"boolValue": False}


@every_way
def test_what_is_nothing_or_was_not_said_is_no_text(
    destination: Destination, tracer_of: Make, way: dict[str, Any]
) -> None:
    tracer = tracer_of(**way)

    @trace(tracer=tracer, event_name="work")
    def work(nothing: None, text: str) -> None:
        enrich_span(metadata={"nothing": None, "text": "null"}, metrics=None, tracer=tracer)

    work(None, "None")

    assert tracer.flush()
    found = attributes(destination.spans()["work"])
    said = ("honeyhive_inputs.nothing", "honeyhive_outputs.result", "honeyhive_metadata.nothing")
    assert [found[key] for key in said] == [{}, {}, {}]
    texts = {key: value for key, value in found.items() if value.get("stringValue") in {"null", "None", ""}}
    assert texts == {
        "honeyhive_inputs.text": {"stringValue": "None"},
        "honeyhive_metadata.text": {"stringValue": "null"},
    }
    assert "honeyhive.project" not in found


@every_way
def test_numbers_of_64_bits_and_times_survive_a_reader_whose_numbers_are_floats(
    destination: Destination, tracer_of: Make, way: dict[str, Any]
) -> None:
    tracer = tracer_of(**way)
    with tracer.start_span(
        "exact", attributes={"big": BIGGEST, "small": -BIGGEST}, start_time=1_700_000_000_123_456_789
    ):
        pass

    assert tracer.flush()
    span = destination.spans()["exact"]
    assert attributes(span)["big"] == {"intValue": str(BIGGEST)}
    assert attributes(span)["small"] == {"intValue": str(-BIGGEST)}
    assert span["startTimeUnixNano"] == "1700000000123456789"
    assert isinstance(span["endTimeUnixNano"], str)


@every_way
def test_containers_arrive_whole(destination: Destination, tracer_of: Make, way: dict[str, Any]) -> None:
    tracer = tracer_of(**way)
    rows = [{"number": number, "text": "x" * 100} for number in range(2000)]
    names = {f"key {number}": number for number in range(2000)}

    @trace(tracer=tracer, event_name="work")
    def work(rows: object, names: object) -> object:
        enrich_span(metadata={"rows": rows}, tracer=tracer)
        return names

    work(rows, names)

    assert tracer.flush()
    found = attributes(destination.spans()["work"])
    told = {key: json.loads(value["stringValue"]) for key, value in found.items() if len(str(value)) > 1000}
    assert told == {
        "honeyhive_inputs.rows": rows,
        "honeyhive_inputs.names": names,
        "honeyhive_metadata.rows": rows,
        "honeyhive_outputs.result": names,
    }


@every_way
def test_a_tracer_without_a_project_delivers(
    destination: Destination, tracer_of: Make, way: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    tracer = tracer_of(**way)
    with tracer.session("s"), tracer.start_span("work"):
        pass

    assert (tracer.project, tracer.is_initialized, tracer.flush()) == (None, True, True)
    assert destination.spans().keys() == {"s", "work"}
    assert caplog.records == []


@every_way
def test_each_span_of_a_batch_is_under_its_own_scope_and_resource(
    destination: Destination, tracer_of: Make, way: dict[str, Any]
) -> None:
    tracer = tracer_of(service_name="shop", **way)
    theirs = TracerProvider(resource=Resource({"service.name": "billing"}), shutdown_on_exit=False)
    theirs.add_span_processor(HoneyHiveSpanProcessor(tracer_instance=tracer))
    for scope, provider in (("a", tracer.provider), ("b", tracer.provider), ("a", theirs), ("b", theirs)):
        span = provider.get_tracer(f"lib.{scope}").start_span(f"{scope} {provider is theirs}")
        span.end()
    with tracer.start_span("ours"):
        pass

    assert tracer.flush()
    assert len(destination.bodies) == 1
    placed = {
        span["name"]: (attributes(found["resource"])["service.name"]["stringValue"], scope["scope"]["name"])
        for found in destination.resources()
        for scope in found["scopeSpans"]
        for span in scope["spans"]
    }
    assert placed == placed | {
        "a False": ("shop", "lib.a"),
        "b False": ("shop", "lib.b"),
        "a True": ("billing", "lib.a"),
        "b True": ("billing", "lib.b"),
        "ours": ("shop", "honeyhive"),
    }


@every_way
def test_links_arrive(destination: Destination, tracer_of: Make, way: dict[str, Any]) -> None:
    tracer = tracer_of(**way)
    links = [Link(SpanContext(1 << 100, 7, is_remote=True), {"why": "batch"})]
    with tracer.start_span("ours", links=links):
        pass
    tracer.provider.get_tracer("lib").start_span("theirs", links=links).end()

    assert tracer.flush()
    for name in ("ours", "theirs"):
        (link,) = destination.spans()[name]["links"]
        assert attributes(link) == {"why": {"stringValue": "batch"}}


def test_outputs_that_are_an_array_are_an_object_in_an_update(destination: Destination, tracer_of: Make) -> None:
    tracer = tracer_of(**CLOUD)
    enrich_span(event_id=EVENT_ID, outputs=["a", "b"], tracer=tracer)  # pyright: ignore[reportArgumentType]  as programs do
    tracer.enrich_session(session_id=SESSION_ID, outputs={"answers": ["a"]})

    assert tracer.flush()
    assert destination.updates == [
        {"event_id": EVENT_ID, "outputs": {"value": ["a", "b"]}},
        {"event_id": SESSION_ID, "outputs": {"answers": ["a"]}},
    ]


def test_many_events_are_one_request(destination: Destination, tracer_of: Make) -> None:
    tracer = tracer_of(**COLLECTOR)
    for number in range(200):
        with tracer.start_span(f"event {number}"):
            pass

    assert tracer.flush()
    assert len(destination.bodies) == 1
    assert len(destination.spans()) == 201  # the session's is the one more
