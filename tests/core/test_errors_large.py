"""An error whose message is enormous: it is told once, cut with a mark, and the events beside it arrive."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from honeyhive import trace
from honeyhive.events.decode import DecodedSpan, decode_resource_spans
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.export.journal import read_journal
from honeyhive.testing import Recorder
from opentelemetry import trace as otel

CANARY = "sk-proj-AbCdEfGhIjKlMnOp0123456789"
PROGRAM = """
import contextlib, json
from honeyhive import HoneyHiveTracer, enrich_span, session, trace
tracer = HoneyHiveTracer.init(project="sizes")
TEXT = "start " + "x" * 25_000_000 + " SECRET " + "x" * 25_000_000 + " end"

@trace(event_name="small")
def small(number): return number

@trace(event_name="raising")
def raising(): raise ValueError(TEXT)

@trace(event_name="chained")
def chained():
    try: raise KeyError(TEXT)
    except KeyError as error: raise ValueError("outer") from error

@trace(event_name="told")
def told(): enrich_span(error=TEXT)

small(1)
for function in (raising, chained, told):
    with contextlib.suppress(ValueError), session(function.__name__): function()
    assert tracer.flush(60_000)
small(2)
assert tracer.flush(60_000)
print(json.dumps(dict(tracer.stats().dropped)))
"""


def test_an_error_of_fifty_megabytes_is_cut_with_a_mark_and_costs_no_other_event(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.replace("SECRET", CANARY)],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout) == {}

    content = read_journal(tmp_path / "journal")
    assert not any(CANARY.encode() in body for body in content.bodies)
    spans = [span for body in content.bodies for span in decode_resource_spans(body)]
    read = [event for event in read_records(content.bodies) if isinstance(event, Event)]
    assert [event.inputs["number"] for event in read if event.event_name == "small"] == [1, 2]
    for name, head in (("raising", "ValueError: start xx"), ("told", "start xx")):
        event = next(one for one in read if one.event_name == name and one.event_type == "tool")
        session = next(one for one in read if one.event_name == name and one.event_type == "session")
        assert event.error is not None
        assert event.error.startswith(head)
        assert event.error.endswith("xx end")
        assert "bytes truncated" in event.error
        assert len(event.error) <= 4 << 20
        assert event.metadata["truncated"]["honeyhive_error"] > 50_000_000
        assert (session.error is None) is (name == "told")
    chained = next(one for one in spans if one.name == "chained" and one.attributes["honeyhive_event_type"] == "tool")
    assert chained.attributes["honeyhive_error"] == "ValueError: outer"
    assert "in chained" in stack_of(chained)
    assert len(stack_of(chained)) < 10_000


def stack_of(span: DecodedSpan) -> str:
    (point,) = span.points
    return str(point.attributes["exception.stacktrace"])


def test_a_message_that_is_large_is_told_once_and_its_frames_are_kept(recorder: Recorder) -> None:
    @trace(event_name="raising")
    def raising(size: int) -> None:
        raise ValueError("m" * size)

    for size in (10, 60_000, 70_000):
        with pytest.raises(ValueError, match=f"^m{{{size}}}$"):
            raising(size)

    for span, size in zip(
        (span for span in recorder.spans() if span.name == "raising"), (10, 60_000, 70_000), strict=True
    ):
        message = "ValueError: " + "m" * size
        assert span.attributes["honeyhive_error"] == message
        (point,) = span.points
        assert point.attributes["exception.type"] == "ValueError"
        assert "in raising" in stack_of(span)
        assert (point.attributes.get("exception.message") == message) is (size < 70_000)
        assert (message in stack_of(span)) is (size < 70_000)


def test_a_large_exception_that_is_only_recorded_keeps_its_message(recorder: Recorder) -> None:
    with recorder.tracer.start_span("tried"):
        otel.get_current_span().record_exception(ValueError("m" * 70_000))

    (span,) = (span for span in recorder.spans() if span.name == "tried")
    (point,) = span.points
    assert point.attributes["exception.message"] == "ValueError: " + "m" * 70_000
