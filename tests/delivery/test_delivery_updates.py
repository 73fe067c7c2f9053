"""Updates: ``PUT /events`` for the HoneyHive API, spans for everybody else, each sent and counted once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.export.delivery import Delivery
from honeyhive.export.outcome import Outcome
from honeyhive.export.updates import Parting
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from conftest import Far

TRACE = b"\x01" * 16


def cloud(far: "Far", **options: Any) -> Settings:
    return Settings(api_key="hh_key", server_url=far.url, **options)


def collector(far: "Far", **options: Any) -> Settings:
    return Settings(otlp_endpoint=far.url, otlp_headers={"x-team": "a"}, **options)


def event(name: str, number: int = 1, **attributes: object) -> bytes:
    parts = [otlp.identity(TRACE, bytes((number,)) * 8, b""), otlp.name_and_kind(name, 1), otlp.times(1, 2)]
    return otlp.span([*parts, *(otlp.attribute(key, value) for key, value in attributes.items())])


def update(event_id: str, number: int = 1, /, error: str | None = None, **fields: dict[str, object]) -> bytes:
    attributes: dict[str, object] = {semconv.UPDATE_TARGET: event_id}
    for field, values in fields.items():
        attributes.update({f"honeyhive_{field}.{key}": value for key, value in values.items()})
    if error is not None:
        attributes[semconv.ERROR] = error
    parts = [otlp.identity(b"\x09" * 16, bytes((number,)) * 8, b""), otlp.name_and_kind(semconv.UPDATE_SPAN, 1)]
    parts += [otlp.times(1_000 + number, 1_000 + number)]
    return otlp.span([*parts, *(otlp.attribute(key, value) for key, value in attributes.items())])


def record(*spans: bytes) -> bytes:
    return otlp.record(otlp.resource({"service.name": "s"}), {otlp.scope("honeyhive", "2"): list(spans)})


def post(delivery: Delivery, settings: Settings, body: bytes, attempt: int = 0) -> Outcome:
    return delivery.post(settings, body, timeout_s=10, attempt=attempt)


def test_an_update_goes_to_the_api_as_an_update_and_the_events_without_it(far: "Far", delivery: Delivery) -> None:
    said = update("e1", feedback={"rating": 5}, metrics={"m": 0.5}, user_properties={"tier": "gold"})
    body = record(event("a"), said, event("b", 2)) + record(event("c", 3))

    assert post(delivery, cloud(far), body) == Outcome(is_delivered=True)

    events, put = far.seen
    assert events.names == ["a", "b", "c"]
    assert (put.method, put.path) == ("PUT", "/events")
    assert put.data == {
        "event_id": "e1",
        "feedback": {"rating": 5},
        "metrics": {"m": 0.5},
        "user_properties": {"tier": "gold"},
    }
    assert put.headers["authorization"] == "Bearer hh_key"
    assert put.headers["content-type"] == "application/json"
    assert put.headers["hh-client-timestamp"] == "1001"


def test_updates_alone_need_no_post(far: "Far", delivery: Delivery) -> None:
    assert post(delivery, cloud(far), record(update("e1", outputs={"a": 1}))).is_delivered

    assert far.lines == ["PUT /events"]


def test_updates_of_one_event_are_one_request_in_which_the_later_word_wins(far: "Far", delivery: Delivery) -> None:
    first = update("e1", 1, metadata={"a": 1, "b": 1}, outputs={"text": "x"})
    second = update("e1", 2, metadata={"b": 2})
    body = record(first, update("e2", 3, metadata={"c": 3})) + record(second)

    assert post(delivery, cloud(far), body).is_delivered

    assert [seen.data for seen in far.seen] == [
        {"event_id": "e1", "metadata": {"a": 1, "b": 2}, "outputs": {"text": "x"}},
        {"event_id": "e2", "metadata": {"c": 3}},
    ]


def test_inputs_and_error_which_an_update_has_no_field_for_are_in_its_metadata(far: "Far", delivery: Delivery) -> None:
    said = update("e1", error="late", inputs={"q": "?"}, metadata={"status": "error"})

    post(delivery, cloud(far), record(said))

    assert far.seen[0].data == {
        "event_id": "e1",
        "metadata": {"status": "error", "inputs": {"q": "?"}, "error": "late"},
    }


def test_a_collector_gets_an_update_as_a_span(far: "Far", delivery: Delivery) -> None:
    body = record(event("a"), update("e1", feedback={"rating": 5}))

    assert post(delivery, collector(far), body).is_delivered

    (seen,) = far.seen
    assert seen.body == body


def test_an_event_that_speaks_of_an_update_is_none(far: "Far", delivery: Delivery) -> None:
    key = otlp.encode_key(semconv.UPDATE_TARGET).decode()
    body = record(event("a", 1, **{"honeyhive_inputs.text": key}), update("e1", feedback={"rating": 5}))

    assert post(delivery, cloud(far), body).is_delivered

    assert far.seen[0].names == ["a"]
    assert far.lines[1:] == ["PUT /events"]


def test_after_a_failure_in_the_middle_nothing_is_sent_twice(far: "Far", delivery: Delivery) -> None:
    body = record(event("a"), update("e1", 1, metadata={"a": 1}), update("e2", 2, metadata={"a": 2}))
    far.puts = [200, 503]

    failed = post(delivery, cloud(far), body)
    # Meanwhile there is more to send, also for an event that has had its update.
    more = record(event("b", 2), update("e1", 3, metadata={"b": 1}))
    settled = post(delivery, cloud(far), body + more, attempt=1)

    assert failed.is_retried
    assert settled == Outcome(is_delivered=True)
    assert [seen.names for seen in far.seen if seen.method == "POST"] == [["a"], ["b"]]
    assert [seen.data for seen in far.seen if seen.method == "PUT"] == [
        {"event_id": "e1", "metadata": {"a": 1}},
        {"event_id": "e2", "metadata": {"a": 2}},
        {"event_id": "e2", "metadata": {"a": 2}},
        {"event_id": "e1", "metadata": {"b": 1}},
    ]


def test_what_is_settled_is_forgotten_so_that_the_same_bytes_may_be_sent_again(far: "Far", delivery: Delivery) -> None:
    body = record(event("a"), update("e1", metadata={"a": 1}))

    for _ in range(2):
        assert post(delivery, cloud(far), body).is_delivered

    assert far.lines == ["POST /opentelemetry/v1/traces", "PUT /events"] * 2


def test_a_refused_update_is_counted_once_and_the_rest_arrives(far: "Far", delivery: Delivery) -> None:
    body = record(event("a"), update("e1", 1, metadata={"a": 1}), update("e1", 2, metadata={"b": 1}))
    body += record(update("e2", 3, metadata={"c": 1}))
    far.puts = [400, 503]

    assert not post(delivery, cloud(far), body).is_delivered
    outcome = post(delivery, cloud(far), body, attempt=1)

    assert outcome == Outcome(is_delivered=True, dropped={"http_400": 2})
    assert far.lines == ["POST /opentelemetry/v1/traces", *["PUT /events"] * 3]


def test_refused_events_do_not_hold_back_their_updates(far: "Far", delivery: Delivery) -> None:
    far.posts = [400]

    outcome = post(delivery, cloud(far), record(event("a"), event("b", 2), update("e1", metadata={"a": 1})))

    assert outcome == Outcome(is_delivered=True, dropped={"http_400": 2})
    assert far.lines[1:] == ["PUT /events"]


def test_an_event_that_is_not_there_yet_is_waited_for_a_while(far: "Far", delivery: Delivery) -> None:
    body = record(update("e1", metadata={"a": 1}))
    far.puts = [404, 200]

    assert post(delivery, cloud(far), body).retry_after_s
    assert post(delivery, cloud(far), body, attempt=1).is_delivered

    far.puts = [404]
    assert post(delivery, cloud(far), body, attempt=3) == Outcome(is_delivered=True, dropped={"http_404": 1})


def test_credentials_that_are_refused_for_an_update_stop_delivery(far: "Far", delivery: Delivery) -> None:
    far.puts = [403]

    assert post(delivery, cloud(far), record(update("e1", metadata={"a": 1}))).is_unauthorized


def test_many_updates_are_sent_in_several_turns_so_that_the_worker_can_do_its_other_work() -> None:
    put: list[bytes] = []
    parting = Parting(slice_s=0.0)
    body = record(*(update(f"e{number}", number, metadata={"a": number}) for number in range(3)))

    def take(content: bytes, _time_ns: int) -> Outcome:
        put.append(content)
        return Outcome(is_delivered=True)

    def nothing(_part: bytes) -> Outcome:
        raise AssertionError

    turns = [parting.deliver(body, 0, nothing, take) for _ in range(3)]

    assert [(turn.is_delivered, turn.made_progress) for turn in turns] == [(False, True), (False, True), (True, False)]
    assert [json.loads(content)["event_id"] for content in put] == ["e0", "e1", "e2"]


PROGRAM = """
import json
from honeyhive import HoneyHiveTracer, session, trace
from honeyhive.tracing.updates import write_update
tracer = HoneyHiveTracer.init(project="p")
@trace
def work(n): return n
with session("chat"):
    work(1)
write_update(tracer.channel, "0b7c3f0e-6f0a-4d5e-9a52-0c1f6f7d8a11", None, {"feedback": {"rating": 5}})
write_update(tracer.channel, "1b7c3f0e-6f0a-4d5e-9a52-0c1f6f7d8a11", None, {"feedback": {"rating": 1}})
flushed = tracer.flush()
stats = tracer.stats()
print(json.dumps([flushed, stats.accepted, stats.delivered, stats.pending, dict(stats.dropped)]))
"""


@pytest.mark.parametrize("journal", ["on", "off"])
def test_a_program_delivers_events_and_updates_and_its_account_is_true(
    far: "Far", tmp_path: Path, journal: str
) -> None:
    far.puts = [503, 200, 400]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    environment = {"HH_API_KEY": "hh_key", "HH_API_URL": far.url, "HH_DATA_DIR": str(tmp_path), "HH_JOURNAL": journal}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    flushed, accepted, delivered, pending, dropped = json.loads(finished.stdout)
    assert (pending, dropped) == (0, {"http_400": 1})
    assert accepted == delivered + 1
    assert flushed is False  # one update was refused
    spans = [name for seen in far.seen if seen.method == "POST" for name in seen.names]
    assert sorted(spans) == sorted(set(spans))
    assert semconv.UPDATE_SPAN not in spans
    puts = [seen.data for seen in far.seen if seen.method == "PUT"]
    assert [put["feedback"]["rating"] for put in puts] == [5, 5, 1]


@pytest.mark.swallows
def test_a_body_that_cannot_be_sent_does_not_stand_before_all_others(far: "Far", delivery: Delivery) -> None:
    damaged = record(update("e1", metadata={"a": 1})).replace(b"\x12\x08", b"\x12\x7f", 1)

    assert post(delivery, cloud(far), damaged).refused == "unsendable"
