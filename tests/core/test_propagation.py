"""Trace and session from process to process: proven, claimed or refused, and told only to those who may know."""

import pytest
from honeyhive import session, trace
from honeyhive.integration import EventType, extract, inject, session_scope, start_event
from honeyhive.settings import Settings
from honeyhive.testing import Recorder, recording
from honeyhive.tracing.trust import may_tell, sign_session, verify_session
from hypothesis import given
from hypothesis import strategies as st

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
    assert recorder.tracer.channel.claimed_sessions == 1
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


def settings(**options: object) -> Settings:
    return Settings.from_env({}, **options)


def test_services_with_different_keys_trust_each_other_through_a_shared_one() -> None:
    sender = settings(api_key="a", propagation_key="shared")
    receiver = settings(api_key="b", propagation_key="shared")

    assert verify_session(sign_session(SESSION, sender), receiver) == (SESSION, None)
    assert verify_session(sign_session(SESSION, settings(api_key="a")), settings(api_key="b")) == (None, SESSION)


@pytest.mark.parametrize(
    ("age_s", "is_proven"), [(0, True), (86_000, True), (87_000, False), (-200, True), (-400, False)]
)
def test_a_signature_expires(age_s: int, is_proven: bool) -> None:
    token = sign_session(SESSION, settings(api_key="a"), now_s=1_800_000_000 - age_s)

    proven, _ = verify_session(token, settings(api_key="a"), now_s=1_800_000_000)
    assert (proven == SESSION) is is_proven


def test_another_project_is_another_session_space() -> None:
    token = sign_session(SESSION, settings(api_key="a", project="p"))

    assert verify_session(token, settings(api_key="a", project="q")) == (None, SESSION)


@given(st.text())
def test_any_token_is_judged_without_an_error(token: str) -> None:
    proven, _ = verify_session(token, settings(api_key="a"))
    assert proven is None


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage"]), st.text()))
def test_any_header_is_read_without_an_error(carrier: dict[str, str]) -> None:
    with recording():
        extract(carrier)


@pytest.mark.parametrize(
    ("url", "options", "expected"),
    [
        ("http://127.0.0.1:1/x", {}, True),
        ("http://[::1]/x", {}, True),
        ("http://pages/x", {}, True),
        ("http://pages.prod.svc.cluster.local/x", {}, True),
        ("http://db.internal./x", {}, True),
        ("https://api.openai.com/v1", {}, False),
        ("https://8.8.8.8/", {}, False),
        ("https://localhost.evil.com/", {}, False),
        ("https://api.partner.com/", {"propagate_to": ("*.partner.com",)}, True),
        ("https://partner.com.evil.org/", {"propagate_to": ("*.partner.com",)}, False),
        ("http://localhost:8080/v1", {"model_hosts": ("localhost",), "propagate_to": ("localhost",)}, False),
        ("no url", {}, False),
        ("http://u:p@llm:8000/v1", {"model_hosts": ("LLM:8000",)}, False),
        ("http://134744072/", {}, False),
        ("http://0x8080808/", {}, False),
        ("http://evil.example\\@localhost/", {}, False),
        ("http://partner.com/", {"propagate_to": "partner.com"}, True),
        ("http://localhost:99999999/", {}, False),
    ],
)
def test_only_private_and_listed_hosts_are_told_the_session(
    url: str, options: dict[str, object], expected: bool
) -> None:
    assert may_tell(url, settings(**options)) is expected
