"""Size: an event is cut, not lost; what it is stays; what is gone is said; the others of its batch arrive."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from honeyhive import enrich_span, session, trace
from honeyhive.events import otlp
from honeyhive.events.decode import DecodedSpan, decode_request
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.export.journal import read_journal
from honeyhive.export.screening import Screen
from honeyhive.export.truncation import cap_for, cut_span, cut_text
from honeyhive.integration import EventType, start_event
from honeyhive.settings import Settings
from honeyhive.testing import recording
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span
from opentelemetry.trace import SpanContext

_GUARD_S = 120.0
SESSION = "0f0e0d0c-0b0a-4908-8706-050403020100"
CANARY = "sk-proj-AbCdEfGhIjKlMnOp0123456789"

PROGRAM = """
import json, sys
from honeyhive import HoneyHiveTracer, trace, enrich_span, session
tracer = HoneyHiveTracer.init(project="sizes")

@trace(event_name="echo")
def echo(value):
    return len(value)

def cyclic():
    items = [1]; items.append(items); return items

def deep(levels):
    outer = []
    for _ in range(levels): outer = [outer]
    return outer

class Raising:
    def __repr__(self): raise RuntimeError("asked")
    def __len__(self): return 1

class Locked:
    __slots__ = ("lock",)
    def __init__(self):
        import threading
        self.lock = threading.Lock(); self.lock.acquire()
    def __repr__(self):
        with self.lock: return "never"
    def __len__(self): return 1

"""


def run(body: str, directory: Path, **environment: str) -> tuple[dict[str, Any], list[Event]]:
    """The account of a program, and its events as the journal has them."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    report = """
flushed = tracer.flush(60_000); stats = tracer.stats()
print(json.dumps({"flushed": flushed, "accepted": stats.accepted, "delivered": stats.delivered, "pending": stats.pending,
                  "dropped": dict(stats.dropped)}))
"""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM + body + report],
        env={**clean, "HH_DATA_DIR": str(directory), **environment},
        capture_output=True,
        text=True,
        timeout=_GUARD_S,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    content = read_journal(directory / "journal")
    assert (content.torn_bytes, content.damaged_records) == (0, 0)
    events = [event for event in read_records(content.bodies) if isinstance(event, Event)]
    return json.loads(finished.stdout.splitlines()[-1]), [event for event in events if event.event_name == "echo"]


def test_fifty_megabytes_are_cut_with_a_mark_and_the_batch_arrives(tmp_path: Path) -> None:
    report, events = run('echo("small 1"); echo("a" * 50_000_000 + "z"); echo("small 2")', tmp_path)

    assert report["flushed"] is True
    assert report["dropped"] == {}
    assert report["accepted"] == report["delivered"]
    first, large, last = (event.inputs["value"] for event in events)
    assert (first, last) == ("small 1", "small 2")
    assert 1 << 20 < len(large) <= 4 << 20
    assert large.startswith("aaaa")
    assert large.endswith("aaaz")
    assert "bytes truncated" in large
    assert events[1].metadata["truncated"] == {"inputs.value": 50_000_001}
    assert events[1].outputs == {"result": 50_000_001}
    assert "truncated" not in events[0].metadata


def test_a_large_container_is_cut_too(tmp_path: Path) -> None:
    report, events = run('echo({"rows": ["x" * 100] * 200_000})', tmp_path)

    (event,) = events
    assert report["dropped"] == {}
    assert 1 << 20 < len(json.dumps(event.inputs["value"])) <= 5 << 20
    assert event.metadata["truncated"]["inputs.value"] > 20_000_000
    assert event.outputs == {"result": 1}


def test_a_secret_at_the_cut_is_taken_out_before_the_cut(tmp_path: Path) -> None:
    # Some of the cuts are inside a secret; a text and a container take different ways.
    body = f"""
for number in range(35):
    text = "x" * number + "{CANARY} " * 1000
    echo(text); echo([text])
"""
    _, events = run(body, tmp_path, HH_MAX_EVENT_BYTES="8192")

    assert all("truncated" in event.metadata for event in events)
    assert len(events) == 70
    journal = b"".join(path.read_bytes() for path in (tmp_path / "journal").iterdir())
    assert b"sk-" not in journal
    assert b"0123456789" not in journal


def test_hostile_values_cost_little_and_change_nothing(tmp_path: Path) -> None:
    body = "print([echo(value) for value in (cyclic(), deep(10_000), Raising(), Locked(), {'a': Locked()})])"
    report, events = run(body, tmp_path)

    assert report["dropped"] == {}
    assert [event.outputs["result"] for event in events] == [2, 1, 1, 1, 1]
    assert events[2].inputs["value"] == "<__main__.Raising>"
    assert events[3].inputs["value"] == "<__main__.Locked>"


def test_a_session_has_a_budget_where_one_is_set_and_other_sessions_have_theirs(tmp_path: Path) -> None:
    body = """
for name in ("first", "second"):
    with session(name):
        for number in range(6):
            echo(f"{number} " + "x" * 9_000)
"""
    report, events = run(body, tmp_path, HH_MAX_SESSION_BYTES="40000")

    marks = Counter((event.session_id, "truncated" in event.metadata) for event in events)
    assert report["dropped"] == {}
    assert sorted(marks.values()) == [2, 2, 4, 4]
    cut = [event for event in events if "truncated" in event.metadata]
    assert all(len(event.inputs["value"]) < 4096 for event in cut)
    assert all(event.outputs == {"result": 9_002} for event in cut)


def test_there_is_no_budget_unless_one_is_set(tmp_path: Path) -> None:
    _, events = run('for _ in range(30): echo("x" * 100_000)', tmp_path)

    assert all(len(event.inputs["value"]) == 100_000 for event in events)


def span_of(**attributes: object) -> bytes:
    """One entry of ``ScopeSpans.spans``, as an event of ours."""
    parts = [otlp.identity(b"t" * 16, b"s" * 8, b""), otlp.name_and_kind("event", 1), otlp.times(1, 2)]
    parts.append(otlp.attribute("honeyhive.session_id", SESSION))
    parts += [otlp.field_attribute(otlp.encode_key(key), value) for key, value in attributes.items()]
    return otlp.span(parts)


def decoded(entry: bytes) -> DecodedSpan:
    return next(decode_request(otlp.record(otlp.resource({}), {otlp.scope("s"): [entry]})))


def test_the_longest_texts_give_way_first() -> None:
    entry = span_of(**{"honeyhive_inputs.a": "a" * 100_000, "honeyhive_inputs.b": "b" * 50, "honeyhive_metrics.n": 3})
    cut = cut_span(entry, 8192)
    found = decoded(cut)

    assert len(cut) <= 8192
    assert found.attributes["honeyhive_inputs.b"] == "b" * 50
    assert found.attributes["honeyhive_metrics.n"] == 3
    assert found.attributes["honeyhive.session_id"] == SESSION
    assert json.loads(str(found.attributes["honeyhive_metadata.truncated"])) == {"inputs.a": 100_000}


def test_a_second_cut_remembers_the_first() -> None:
    entry = span_of(**{"honeyhive_inputs.a": "a" * 100_000, "honeyhive_inputs.b": "b" * 10_000})
    found = decoded(cut_span(cut_span(entry, 30_000), 8192))

    assert json.loads(str(found.attributes["honeyhive_metadata.truncated"])) == {
        "inputs.a": 100_000,
        "inputs.b": 10_000,
    }


def test_what_cannot_be_cut_is_left_out_and_counted_but_identity_stays() -> None:
    stock = Span(name="many", trace_id=b"t" * 16, span_id=b"s" * 8)
    stock.dropped_attributes_count = 7
    stock.attributes.add(key="honeyhive.session_id").value.string_value = SESSION
    for number in range(3000):
        stock.attributes.add(key=f"key {number}").value.string_value = "x" * 20
    for number in range(200):
        stock.events.add(name=f"event {number}")
    cut = cut_span(ScopeSpans(spans=[stock]).SerializeToString(), 8192)
    (found,) = ScopeSpans.FromString(cut).spans

    assert len(cut) <= 8192
    assert found.dropped_attributes_count + len(found.attributes) == 7 + 3001
    assert found.dropped_events_count + len(found.events) == 200
    assert found.attributes[0].value.string_value == SESSION


def test_spans_of_third_parties_are_cut_in_all_their_texts() -> None:
    stock = Span(name="foreign", trace_id=b"t" * 16, span_id=b"s" * 8)
    stock.attributes.add(key="gen_ai.prompt").value.string_value = "é" * 40_000
    stock.attributes.add(key="list").value.array_value.values.add(string_value="b" * 40_000)
    stock.events.add(name="exception").attributes.add(key="exception.stacktrace").value.string_value = "c" * 40_000
    stock.links.add().attributes.add(key="k").value.string_value = "d" * 40_000
    stock.status.message = "e" * 40_000
    cut = cut_span(ScopeSpans(spans=[stock]).SerializeToString(), 16_384)
    (found,) = ScopeSpans.FromString(cut).spans

    assert len(cut) <= 16_384
    note = json.loads(
        next(one for one in found.attributes if one.key == "honeyhive_metadata.truncated").value.string_value
    )
    assert note == {
        "gen_ai.prompt": 80_000,
        "list": 40_000,
        "exception.exception.stacktrace": 40_000,
        "links.k": 40_000,
        "status_message": 40_000,
    }


@settings(deadline=None)  # the first redactor of a process compiles its patterns
@given(texts=st.lists(st.text(max_size=3000), max_size=12), limit=st.integers(4096, 20_000))
def test_any_span_is_cut_to_its_limit_and_stays_readable(texts: list[str], limit: int) -> None:
    entry = span_of(**{f"honeyhive_inputs.key{number}": text for number, text in enumerate(texts)})
    screen = Screen(Settings.from_env({}, max_event_bytes=limit), lambda _reason, _count: None)
    (cut,) = screen.spans([entry])
    found = decoded(cut).attributes

    assert len(cut) <= limit
    assert found["honeyhive.session_id"] == SESSION
    if len(entry) <= limit:
        assert cut == entry


@given(text=st.text(), size=st.integers(0, 100))
def test_a_cut_text_is_whole_characters_of_its_ends(text: str, size: int) -> None:
    data = text.encode("utf-8", "replace")
    cut = cut_text(data, size).decode()

    if len(data) <= size:
        assert cut == data.decode()
    else:
        head, _, rest = cut.partition(" [… ")
        gone, _, tail = rest.partition(" bytes truncated …] ")
        assert data.decode().startswith(head)
        assert data.decode().endswith(tail)
        assert len(head.encode()) + int(gone) + len(tail.encode()) == len(data)


@given(sizes=st.lists(st.integers(0, 10_000), max_size=20), budget=st.integers(0, 50_000))
def test_short_texts_stay_whole_when_there_is_room(sizes: list[int], budget: int) -> None:
    cap = cap_for(sizes, budget)

    if sum(sizes) <= budget:
        assert all(size <= cap for size in sizes)
    else:
        assert sum(min(size, cap) for size in sizes) <= max(budget, 128 * len(sizes))


@pytest.mark.swallows
def test_a_span_that_cannot_be_redacted_is_dropped_and_the_others_are_not() -> None:
    dropped: Counter[str] = Counter()

    def drop(reason: str, count: int) -> None:
        dropped[reason] += count

    screen = Screen(Settings.from_env({}, redact_patterns=["never"]), drop)
    good = span_of(**{"honeyhive_inputs.a": "x"})

    assert screen.spans([good, b"\x12\xff", good]) == [good, good]
    assert dropped == {"redaction_failed": 1}


def test_keys_beyond_the_limit_are_left_out_and_counted() -> None:
    with recording(project="limits", max_attributes=10) as recorder:
        event = start_event(EventType.tool, "many", inputs={f"key{number}": number for number in range(20)})
        assert event is not None
        event.set_attribute("late", 1)
        event.end()

    (span,) = [span for span in recorder.spans() if span.name == "many"]
    assert [key for key in span.attributes if key.startswith("honeyhive_inputs.")] == [
        f"honeyhive_inputs.key{number}" for number in range(10)
    ]
    assert "late" not in span.attributes
    assert span.attributes["honeyhive.session_id"]
    (stock,) = ScopeSpans.FromString(recorder_entry(recorder.request(), "many")).spans
    assert stock.dropped_attributes_count == 11


def recorder_entry(request: bytes, name: str) -> bytes:
    """The span called *name* of *request*, as an entry of ``ScopeSpans.spans``."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415

    spans = [
        span
        for resource in ExportTraceServiceRequest.FromString(request).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    return ScopeSpans(spans=[span for span in spans if span.name == name]).SerializeToString()


def test_span_events_and_links_beyond_the_limits_are_left_out_and_counted_oldest_first() -> None:
    with recording(project="limits", max_events=3, max_links=2) as recorder:
        event = start_event(EventType.tool, "many")
        assert event is not None
        for number in range(10_000):
            event.add_event(f"event {number}")
            event.add_link(SpanContext(1, number + 1, is_remote=True))
        event.end()

    (stock,) = ScopeSpans.FromString(recorder_entry(recorder.request(), "many")).spans
    assert [point.name for point in stock.events] == ["event 9997", "event 9998", "event 9999"]
    assert [int.from_bytes(link.span_id, "big") for link in stock.links] == [9_999, 10_000]
    assert (stock.dropped_events_count, stock.dropped_links_count) == (9_997, 9_998)


def test_limits_hold_for_sessions_too() -> None:
    with (
        recording(project="limits", max_attributes=5) as recorder,
        session("s", metadata={str(n): n for n in range(50)}),
    ):
        pass

    root = recorder.sessions()[0].root
    assert len([key for key in root.metadata if key.isdecimal()]) <= 5
    assert root.metadata["status"] == "ok"


def test_ordinary_events_are_not_touched_by_the_limits() -> None:
    with recording(project="limits") as recorder:

        @trace
        def work(**named: int) -> int:
            enrich_span(metadata={"a": 1})
            return sum(named.values())

        work(**{f"key{number}": number for number in range(500)})

    event = recorder.events()[0]
    assert len(event.inputs["named"]) == 500
    assert event.metadata["a"] == 1
