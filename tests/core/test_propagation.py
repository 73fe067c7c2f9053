"""Trace and session from process to process: proven, claimed or refused, and told only to those who may know."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from honeyhive import session, trace
from honeyhive.integration import (
    EventType,
    attached,
    current_context,
    extract,
    inject,
    session_scope,
    start_event,
)
from honeyhive.testing import MemoryTracer, Recorder, recording
from honeyhive.tracing.trust import sign_session
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage as otel_baggage
from opentelemetry.trace import SpanKind

SESSION = "0f0e0d0c-0b0a-4908-8706-050403020100"


@trace
def call(carrier: dict[str, str], url: str | None = None) -> None:
    inject(carrier, url=url)


def serve(carrier: dict[str, str]) -> None:
    """What an adapter does with a request."""
    scope, context = session_scope("request", extract(carrier))
    event = start_event(EventType.chain, "GET /", parent=context)
    assert event is not None
    with event.activate():
        call({})
    event.finish()
    scope.finish()


def test_a_session_crosses_to_another_service_with_its_parent(recorder: Recorder) -> None:
    carrier: dict[str, str] = {}
    with session("chat"):
        call(carrier, "http://127.0.0.1:8000/x")
    serve(carrier)

    assert recorder.tree().splitlines() == ["session chat", "  tool call", "    chain GET /", "      tool call"]
    spans = {span.name: span for span in recorder.spans()}
    assert spans["GET /"].flags == 0x301


def test_a_request_without_a_session_starts_one(recorder: Recorder) -> None:
    serve({})
    serve({})

    assert [found.root.event_name for found in recorder.sessions()] == ["request", "request"]
    assert [len(found.events) for found in recorder.sessions()] == [2, 2]


def test_a_forged_session_is_a_claim_and_a_new_session(recorder: Recorder) -> None:
    forged = f"1.{SESSION}.{2**31:x}.deadbeef.{'0' * 32}"
    traceparent = f"00-{'1' * 32}-{'2' * 16}-01"
    serve({"baggage": f"honeyhive-session={forged}", "traceparent": traceparent, "tracestate": "hh=2222222222222222"})

    (found,) = recorder.sessions()
    assert found.session_id != SESSION
    assert found.root.metadata["claimed_session_id"] == SESSION
    assert not found.orphans()
    assert recorder.tracer.stats().claims == {"malformed": 1}
    assert next(span for span in recorder.spans() if span.name == "GET /").trace_id.hex() == "1" * 32


def test_a_foreign_parent_above_us_leaves_no_orphan(recorder: Recorder) -> None:
    carrier: dict[str, str] = {}
    with session("chat"):
        call(carrier)
    own = carrier["traceparent"].split("-")[2]
    # A gateway between the two services continued the trace with a span of its own and kept our trace state.
    carrier["traceparent"] = carrier["traceparent"].replace(own, "f" * 16)
    serve(carrier)

    assert recorder.tree().splitlines() == ["session chat", "  tool call", "    chain GET /", "      tool call"]


def test_a_model_call_tells_nobody_the_session(recorder: Recorder) -> None:
    event_carrier: dict[str, str] = {}

    @trace(event_type="model")
    def ask() -> None:
        inject(event_carrier, url="http://localhost/v1")

    with session("chat"):
        ask()

    assert "baggage" not in event_carrier
    assert "traceparent" in event_carrier


def test_other_baggage_is_kept_and_ours_is_not_doubled(recorder: Recorder) -> None:
    carrier = {"baggage": "team=search,honeyhive-session=stale"}
    with session("chat"):
        call(carrier)

    team, ours = carrier["baggage"].split(",")
    assert team == "team=search"
    assert ours.startswith("honeyhive-session=1.")


@pytest.mark.parametrize(("trust", "is_continued"), [("signed", True), ("always", True), ("never", False)])
def test_the_edge_decides_what_it_trusts(trust: str, is_continued: bool) -> None:
    with recording(trust_incoming=trust) as recorder:  # pyright: ignore[reportArgumentType]  a literal of the parameters
        token = sign_session(SESSION, recorder.tracer.settings)
        serve({"baggage": f"honeyhive-session={token}", "traceparent": f"00-{'1' * 32}-{'2' * 16}-01"})

    (found,) = recorder.sessions()
    assert (found.session_id == SESSION) is is_continued
    joined = next(span for span in recorder.spans() if span.name == "GET /").trace_id.hex() == "1" * 32
    assert joined is is_continued


def test_a_task_message_is_trusted_whatever_its_signature(recorder: Recorder) -> None:
    scope, _ = session_scope("task", extract({"baggage": f"honeyhive-session=1.{SESSION}.0.0.0"}, is_trusted=True))

    assert (scope.session_id, scope.owned) == (SESSION, False)


def test_what_a_called_service_says_of_the_session_reaches_its_event(recorder: Recorder) -> None:
    carrier: dict[str, str] = {}
    with session("chat") as block:
        call(carrier)
    scope, _ = session_scope("request", extract(carrier))
    scope.enrich(metadata={"said": "there"})
    scope.finish()

    (found,) = recorder.sessions()
    assert (found.session_id, found.root.metadata["said"]) == (block.session_id, "there")


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage"]), st.text()))
def test_any_header_is_read_without_an_error(carrier: dict[str, str]) -> None:
    with recording():
        extract(carrier)


def test_what_is_no_text_in_a_carrier_counts_as_absent(recorder: Recorder) -> None:
    message_meta: dict[str, Any] = {"traceparent": None, "tracestate": 7, "baggage": ["a=b"]}

    assert not extract(message_meta)


def test_a_caller_that_is_not_trusted_is_linked_to_and_not_joined() -> None:
    with recording(trust_incoming="never") as recorder:
        serve({"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "baggage": "tenant=a"})
        assert otel_baggage.get_all(extract({"baggage": "tenant=a"})) == {}

    top = next(span for span in recorder.spans() if span.name == "GET /")
    assert top.trace_id.hex() != "1" * 32
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in top.links] == [("1" * 32, "2" * 16)]
    assert all(not span.links for span in recorder.spans() if span.name == "call")


def test_the_sender_decides_whether_a_carried_session_is_sampled() -> None:
    carrier: dict[str, str] = {}
    with recording(project="tests"), session("chat", sampled=False):
        inject(carrier)
    with recording(project="tests") as recorder:
        serve(carrier)

    assert recorder.events() == []


def test_each_reason_to_doubt_a_session_is_counted(recorder: Recorder) -> None:
    own = recorder.tracer.settings
    tokens = {
        "malformed": f"1.{SESSION}.0",
        "unknown_key": sign_session(SESSION, replace(own, propagation_key="another")),
        "bad_mac": sign_session(SESSION, own)[:-1] + "?",
        "wrong_project": sign_session(SESSION, replace(own, project="another")),
        "expired": sign_session(SESSION, own, now_s=1),
    }
    for token in tokens.values():
        serve({"baggage": f"honeyhive-session={token}"})
    serve({"baggage": f"session_id={SESSION}"})

    assert recorder.tracer.stats().claims == {**dict.fromkeys(tokens, 1), "unsigned": 1}
    assert {found.root.metadata["claimed_session_id"] for found in recorder.sessions()} == {SESSION}


def test_a_trusted_edge_believes_a_1x_sender() -> None:
    with recording(trust_incoming="always") as recorder:
        serve({"baggage": f"honeyhive_session_id={SESSION}"})

    assert [found.session_id for found in recorder.sessions()] == [SESSION]


def test_baggage_of_the_program_travels_where_the_session_may(recorder: Recorder) -> None:
    friend: dict[str, str] = {}
    stranger: dict[str, str] = {}
    with attached(otel_baggage.set_baggage("tenant", "a, b", current_context())), session("chat"):
        inject(friend, url="http://pages/x")
        inject(stranger, url="https://api.example.com/x")

    assert otel_baggage.get_all(extract(friend)) == {"tenant": "a, b"}
    assert "baggage" not in stranger


def test_baggage_of_others_is_passed_on_as_it_came(recorder: Recorder) -> None:
    onward: dict[str, str] = {}
    with attached(extract({"baggage": "userId=Am%C3%A9lie;secure , team=search"})), session("chat"):
        inject(onward)

    assert onward["baggage"].split(",")[:2] == ["userId=Am%C3%A9lie;secure", "team=search"]


def test_a_full_baggage_leaves_room_for_the_session(recorder: Recorder) -> None:
    carrier = {"baggage": ",".join(f"k{number}={'v' * 100}" for number in range(80))}
    with session("chat") as block:
        inject(carrier)

    assert len(carrier["baggage"]) <= 8192
    assert carrier["baggage"].count(",") == 63
    scope, _ = session_scope("request", extract(carrier))
    assert scope.session_id == block.session_id


def test_the_session_of_the_process_is_carried_only_where_that_is_asked_for(recorder: Recorder) -> None:
    carrier: dict[str, str] = {}
    call(carrier)

    assert list(carrier) == ["traceparent", "tracestate"]


def test_a_session_is_signed_by_the_tracer_that_it_belongs_to(recorder: Recorder) -> None:
    carrier: dict[str, str] = {}
    with MemoryTracer(project="another", propagation_key="another").session("chat"):
        inject(carrier)

    scope, _ = session_scope("request", extract(carrier))
    assert recorder.tracer.stats().claims == {"unknown_key": 1}
    assert scope.owned


def test_a_session_is_signed_anew_before_its_signature_expires() -> None:
    with recording(propagation_max_age_s=40) as recorder, session("chat") as block:
        assert block.scope is not None
        fresh: dict[str, str] = {}
        inject(fresh)
        block.scope.token = ("stale", int(time.time()) - 11)
        inject(fresh)

    assert "stale" not in fresh["baggage"]
    assert extract(fresh, tracer=recorder.tracer)


def test_an_mcp_request_and_its_notification_carry_the_trace_in_their_meta(recorder: Recorder) -> None:
    """MCP puts the three headers, under their own names, into ``params._meta``."""
    request: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "search", "arguments": {}, "_meta": {"progressToken": 7}},
    }
    progress: dict[str, Any] = {"method": "notifications/progress", "params": {"progressToken": 7, "_meta": {}}}

    @trace(event_name="call_tool")
    def call_tool() -> None:
        inject(request["params"]["_meta"])

    with session("chat") as block:
        call_tool()
    received = json.loads(json.dumps(request))["params"]["_meta"]
    scope, context = session_scope("server", extract(received))
    event = start_event(EventType.tool, "tools/call search", parent=context)
    assert event is not None
    with event.activate():
        inject(progress["params"]["_meta"])
    event.finish()
    back, _ = session_scope("client", extract(json.loads(json.dumps(progress))["params"]["_meta"]))

    assert received["progressToken"] == 7
    assert scope.session_id == back.session_id == block.session_id
    assert recorder.event("tools/call search").parent_id == recorder.event("call_tool").event_id


def test_an_event_with_an_id_of_its_own_is_the_parent_elsewhere_too(recorder: Recorder) -> None:
    friend: dict[str, str] = {}
    stranger: dict[str, str] = {}

    @trace(event_name="caller", event_id=SESSION)
    def caller() -> None:
        inject(friend, url="http://pages/x")
        inject(stranger, url="https://api.example.com/x")

    with session("chat"):
        caller()
    serve(friend)

    assert recorder.event("GET /").parent_id == recorder.event("caller").event_id == SESSION
    assert SESSION not in str(stranger)


@pytest.mark.parametrize("attributes", [{"openinference.span.kind": "LLM"}, {"gen_ai.operation.name": "chat"}])
def test_a_model_call_that_another_instrumentation_records_tells_nobody(
    recorder: Recorder, attributes: dict[str, str]
) -> None:
    carrier: dict[str, str] = {}
    spans = recorder.tracer.provider.get_tracer("theirs")
    with session("chat"), spans.start_as_current_span("chat gpt", attributes=attributes):
        inject(carrier, url="http://localhost/v1")

    assert "baggage" not in carrier


def test_an_http_clients_span_inside_a_model_span_of_others_tells_nobody(recorder: Recorder) -> None:
    carriers: list[dict[str, str]] = [{}, {}]
    spans = recorder.tracer.provider.get_tracer("theirs")
    with session("chat"):
        with (
            spans.start_as_current_span("chat gpt", attributes={"openinference.span.kind": "LLM"}),
            spans.start_as_current_span("retry"),
            spans.start_as_current_span("POST", kind=SpanKind.CLIENT),
        ):
            inject(carriers[0], url="http://localhost/v1")
        with spans.start_as_current_span("agent"), spans.start_as_current_span("POST", kind=SpanKind.CLIENT):
            inject(carriers[1], url="http://localhost/v1")

    assert ["baggage" in carrier for carrier in carriers] == [False, True]
