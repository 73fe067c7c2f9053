"""1.x's names for carrying a session by hand, in whatever carriers programs have, and OpenTelemetry's propagator."""

import logging
from collections.abc import Iterator, MutableMapping
from typing import Any

import httpx
import pytest
from honeyhive import session, trace
from honeyhive.integration import SessionScope, attached, current_context, current_event, current_session
from honeyhive.testing import MemoryTracer, Recorder, recording
from honeyhive.tracing.carriers import read_carrier, write_carrier
from honeyhive.tracing.distributed import with_distributed_trace_context
from honeyhive.tracing.propagator import HoneyHivePropagator
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage as otel_baggage
from opentelemetry import context as otel_context
from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

SESSION = "0f0e0d0c-0b0a-4908-8706-050403020100"
TRACEPARENT = f"00-{'1' * 32}-{'2' * 16}-01"


@trace(event_name="work")
def work() -> None:
    """Something that is recorded."""


@pytest.fixture
def tracer(recorder: Recorder) -> MemoryTracer:
    return recorder.tracer


def carried_from(tracer: MemoryTracer, carrier: Any = None) -> Any:
    """What a client sends from inside a session and an event."""
    carrier = {} if carrier is None else carrier

    @trace(event_name="client")
    def client() -> None:
        tracer.inject_context(carrier)

    with session("chat"):
        client()
    return carrier


def test_a_1x_program_carries_its_session_with_two_calls(tracer: MemoryTracer, recorder: Recorder) -> None:
    headers = carried_from(tracer)
    with with_distributed_trace_context(headers, tracer) as context:
        work()
        assert current_context() == context
        assert otel_trace.get_current_span(context).get_span_context().is_remote

    assert recorder.tree().splitlines() == ["session chat", "  tool client", "    tool work"]
    assert current_event() is None


def test_the_session_that_init_opened_is_carried_by_hand_as_in_1x(tracer: MemoryTracer) -> None:
    carrier: dict[str, str] = {}
    tracer.inject_context(carrier)
    with recording(project="tests") as there, with_distributed_trace_context(carrier, there.tracer):
        work()

    assert there.event("work").session_id == tracer.session_id


def test_a_receiver_of_1x_finds_the_session_where_it_looks(tracer: MemoryTracer) -> None:
    carrier = carried_from(tracer)
    items = [item.partition("=") for item in carrier["baggage"].split(",")]
    tracer.inject_context(carrier)

    assert [value for key, _, value in items if key == "session_id"] == [items[0][2].split(".")[1]]
    assert carrier["baggage"].count("session_id=") == 1


def test_a_carrier_that_is_full_of_baggage_has_room_for_the_session_in_both_forms(tracer: MemoryTracer) -> None:
    carrier = {"baggage": ",".join(f"key{number}=x" for number in range(70))}
    with session("chat") as block:
        tracer.inject_context(carrier)

    assert carrier["baggage"].count(",") == 63
    assert f",session_id={block.session_id}" in carrier["baggage"]
    context = tracer.extract_context(carrier)
    assert context is not None
    with attached(context):
        assert current_session_id() == block.session_id
    assert tracer.stats().claims == {}


@pytest.mark.swallows
def test_a_carrier_that_raises_brings_nothing(tracer: MemoryTracer) -> None:
    class Raising:
        def items(self) -> None:
            raise RuntimeError

    assert tracer.extract_context(Raising()) is None


def current_session_id() -> str | None:
    found = current_session()
    return None if found is None else found.session_id


@pytest.mark.parametrize("key", ["session_id", "honeyhive_session_id", "honeyhive.session_id"])
def test_a_session_of_a_1x_sender_is_a_claim_unless_everybody_is_trusted(key: str) -> None:
    carrier = {"Baggage": f"project=p,{key}={SESSION}", "Traceparent": TRACEPARENT}
    with recording() as signed, with_distributed_trace_context(carrier, signed.tracer):
        work()
    with recording(trust_incoming="always") as always, with_distributed_trace_context(carrier, always.tracer):
        work()

    (found,) = signed.sessions()
    assert found.root.metadata["claimed_session_id"] == SESSION
    assert signed.tracer.stats().claims == {"unsigned": 1}
    assert always.event("work").session_id == SESSION


def test_an_explicit_session_wins_over_the_carried_one(tracer: MemoryTracer, recorder: Recorder) -> None:
    with with_distributed_trace_context(carried_from(tracer), tracer, session_id=SESSION.upper()):
        work()

    assert recorder.event("work").session_id == SESSION


def test_an_explicit_session_needs_no_carrier(tracer: MemoryTracer, recorder: Recorder) -> None:
    with with_distributed_trace_context({}, tracer, session_id=SESSION):
        work()

    assert recorder.event("work").session_id == SESSION


def test_a_session_id_that_is_none_does_not_break_the_request(
    tracer: MemoryTracer, recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), with_distributed_trace_context({}, tracer, session_id="user-secret"):
        work()

    assert recorder.event("work").session_id == tracer.session_id
    assert tracer.stats().claims == {"malformed": 1}
    assert "no UUID" in caplog.text
    assert "user-secret" not in caplog.text


def test_the_context_before_is_restored_also_after_an_error(tracer: MemoryTracer) -> None:
    before = current_context()
    with pytest.raises(KeyError), with_distributed_trace_context(carried_from(tracer), tracer):
        raise KeyError("theirs")

    assert current_context() is before


def test_a_request_does_not_inherit_what_ran_before_it(tracer: MemoryTracer, recorder: Recorder) -> None:
    """A thread of a server may still have an earlier request's event as its current one."""
    carrier = carried_from(tracer)

    @trace(event_name="leftover")
    def leftover() -> None:
        with with_distributed_trace_context(carrier, tracer):
            work()

    leftover()
    assert recorder.event("work").parent_id == recorder.event("client").event_id


@pytest.mark.parametrize("carried", ["traceparent", "baggage"])
def test_a_request_that_brings_half_of_it_does_not_get_the_other_half_from_what_ran_before(
    tracer: MemoryTracer, recorder: Recorder, carried: str
) -> None:
    carrier = {carried: carried_from(tracer)[carried]}

    @trace(event_name="leftover")
    def leftover() -> None:
        with with_distributed_trace_context(carrier, tracer):
            work()

    with session("leftover"):
        leftover()
    done, before = recorder.event("work"), recorder.event("leftover")
    spans = {span.name: span for span in recorder.spans()}
    assert done.session_id != before.session_id
    assert spans["work"].trace_id != spans["leftover"].trace_id


def test_a_claim_ends_as_its_request_does(tracer: MemoryTracer, recorder: Recorder) -> None:
    carrier = {"baggage": f"session_id={SESSION}"}

    def handle() -> None:
        with with_distributed_trace_context(carrier, tracer):
            work()
            raise RuntimeError("theirs")

    with pytest.raises(RuntimeError):
        handle()

    (found,) = recorder.sessions()
    assert (found.root.metadata["status"], found.session_id != SESSION) == ("error", True)


Headers = dict[str, str]


def _with_junk(found: Headers) -> dict[Any, Any]:
    return {**found, "x-nothing": None, b"raw": b"\xff", 7: 7}


def _as_asgi(found: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in found.items()]


def _twice(found: Headers) -> httpx.Headers:
    return httpx.Headers([*found.items(), ("baggage", "team=search")])


def _titled(found: Headers) -> Headers:
    return {name.title(): value for name, value in found.items()}


def _listed(found: Headers) -> dict[str, list[str]]:
    return {name.upper(): [value] for name, value in found.items()}


def _pairs(found: Headers) -> list[list[str]]:
    return [[name, value] for name, value in found.items()]


@pytest.mark.parametrize("make", [dict, _titled, _listed, _with_junk, _pairs, _as_asgi, httpx.Headers, _twice])
def test_headers_are_read_in_the_form_that_a_framework_has(tracer: MemoryTracer, recorder: Recorder, make: Any) -> None:
    with with_distributed_trace_context(make(carried_from(tracer)), tracer):
        work()

    assert recorder.event("work").parent_id == recorder.event("client").event_id


@pytest.mark.parametrize("carrier", [None, 7, "traceparent", [], {}, {"traceparent": None}, [("a",), "ab", None]])
def test_what_is_no_carrier_brings_nothing(tracer: MemoryTracer, recorder: Recorder, carrier: Any) -> None:
    assert tracer.extract_context(carrier) is None
    with with_distributed_trace_context(carrier, tracer):
        work()

    assert recorder.event("work").session_id == tracer.session_id


def test_a_repeated_traceparent_is_malformed_and_repeated_baggage_is_joined() -> None:
    headers = [("traceparent", TRACEPARENT), ("Traceparent", TRACEPARENT), ("baggage", "a=1"), ("Baggage", "b=2")]

    assert read_carrier(headers) == {"baggage": "a=1,b=2"}


@given(
    st.one_of(st.dictionaries(st.text(), st.one_of(st.none(), st.text(), st.binary())), st.lists(st.text()), st.text())
)
def test_any_carrier_is_read_without_an_error(carrier: object) -> None:
    read_carrier(carrier)


def test_headers_are_written_in_place_of_what_a_carrier_has() -> None:
    names: dict[object, object] = {"Traceparent": "old", b"baggage": b"old"}
    write_carrier(names, {"traceparent": "new", "baggage": "new", "tracestate": "new"})
    pairs: list[Any] = [(b"host", b"x"), (b"Traceparent", b"old")]
    write_carrier(pairs, {"traceparent": "new"})
    texts: list[Any] = []
    write_carrier(texts, {"traceparent": "new"})

    assert names == {"Traceparent": "new", b"baggage": b"new", "tracestate": "new"}
    assert pairs == [(b"host", b"x"), (b"traceparent", b"new")]
    assert texts == [("traceparent", "new")]


def test_link_continues_what_a_carrier_brings_until_unlink(tracer: MemoryTracer, recorder: Recorder) -> None:
    carrier = carried_from(tracer)
    before = current_context()
    token = tracer.link(carrier)
    work()
    tracer.unlink(token)
    after = current_context()
    tracer.unlink(token)
    tracer.unlink("a token of 1.x")

    assert isinstance(token, str)
    assert recorder.event("work").parent_id == recorder.event("client").event_id
    assert after is before is current_context()


def test_link_fills_an_empty_carrier_as_1x_says(tracer: MemoryTracer) -> None:
    carrier: dict[str, str] = {}
    with session("chat") as block:
        tracer.unlink(tracer.link(carrier))

    assert str(block.session_id) in carrier["baggage"]


def test_inject_returns_its_carrier(tracer: MemoryTracer) -> None:
    carrier: MutableMapping[str, str] = {}

    assert tracer.inject(carrier) is carrier
    assert "baggage" in carrier


def test_baggage_is_set_for_the_rest_of_a_traced_call_and_travels_with_its_session(tracer: MemoryTracer) -> None:
    carrier: dict[str, str] = {}

    @trace
    def inside() -> None:
        tracer.set_baggage("tenant", 7)
        tracer.set_baggage("", "ignored")
        tracer.set_baggage("ignored", None)
        assert tracer.get_baggage("tenant") == "7"
        tracer.inject_context(carrier)

    with session("chat"):
        inside()
        assert tracer.get_baggage("tenant") is None
    with with_distributed_trace_context(carrier, tracer):
        assert tracer.get_baggage("tenant") == "7"
        assert tracer.get_baggage("ignored") is None


def test_baggage_answers_for_session_project_and_source_under_1x_names(tracer: MemoryTracer) -> None:
    with session("chat", session_id=SESSION):
        assert tracer.get_baggage("session_id") == tracer.get_baggage("honeyhive.session_id") == SESSION
    assert tracer.get_baggage("project") == "tests"
    assert tracer.get_baggage("honeyhive_source") == "dev"
    assert tracer.get_baggage("session_id") == tracer.session_id


def test_the_session_is_no_baggage_that_an_instrumentation_could_give_away(tracer: MemoryTracer) -> None:
    context = tracer.extract_context(carried_from(tracer))

    assert context is not None
    assert otel_baggage.get_all(context) == {}


def test_opentelemetry_propagates_through_ours(tracer: MemoryTracer, recorder: Recorder) -> None:
    propagator = tracer.propagator
    carrier: dict[str, str] = {}
    with session("chat") as block:
        propagator.inject(carrier)  # pyright: ignore[reportArgumentType]  the default setter of the API does not fit its own type
    token = otel_context.attach(propagator.extract(carrier))
    scope = current_session()
    otel_context.detach(token)

    assert isinstance(scope, SessionScope)
    assert (scope.session_id, scope.owned) == (block.session_id, False)
    assert propagator.fields == {"traceparent", "tracestate", "baggage"}
    assert set(carrier) <= propagator.fields


def test_a_propagator_adds_to_the_context_that_it_is_given(tracer: MemoryTracer) -> None:
    base = otel_context.set_value("theirs", 1, otel_context.Context())

    assert tracer.propagator.extract({}, base) is base
    assert tracer.propagator.extract({"traceparent": TRACEPARENT}, base)["theirs"] == 1
    assert not tracer.propagator.extract({"traceparent": [TRACEPARENT, TRACEPARENT]})


@pytest.fixture
def client_spans(recorder: Recorder) -> Iterator[otel_trace.Tracer]:
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider.get_tracer("an http client's instrumentation")
    provider.shutdown()


@pytest.mark.parametrize(
    ("attributes", "is_told"),
    [
        ({"url.full": "http://pages/x"}, True),
        ({"http.url": "http://127.0.0.1:1/x"}, True),
        ({"url.full": "https://api.stripe.com/v1"}, False),
        ({}, False),
    ],
)
def test_instrumented_http_clients_tell_the_session_only_to_those_who_may_know(
    client_spans: otel_trace.Tracer, attributes: dict[str, str], is_told: bool
) -> None:
    carrier: dict[str, str] = {}
    with (
        session("chat"),
        client_spans.start_as_current_span("GET", kind=otel_trace.SpanKind.CLIENT, attributes=attributes),
    ):
        HoneyHivePropagator().inject(carrier)

    assert ("baggage" in carrier) is is_told
    assert "traceparent" in carrier


@pytest.mark.parametrize(
    "provider", [TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False), otel_trace.NoOpTracerProvider()]
)
def test_a_client_span_that_is_not_recorded_does_not_say_whom_the_request_goes_to(
    recorder: Recorder, provider: otel_trace.TracerProvider
) -> None:
    carrier: dict[str, str] = {}
    with session("chat"), provider.get_tracer("theirs").start_as_current_span("GET", kind=otel_trace.SpanKind.CLIENT):
        HoneyHivePropagator().inject(carrier)

    assert "baggage" not in carrier
