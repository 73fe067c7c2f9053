"""A queue without room: bodies go first, the account tells what was lost, and batch jobs may wait instead."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PRELUDE = """
import asyncio, gc, json, sys, threading
from honeyhive import HoneyHiveTracer, trace
from honeyhive.export.journal import Journal

# A journal on a disk that is slow, until it is not.
go_on, appended = threading.Event(), Journal.append
def append(self, *args, **options):
    go_on.wait(60)
    return appended(self, *args, **options)
Journal.append = append

OPTIONS = json.loads(sys.argv[1])
t = HoneyHiveTracer.init(max_queue_bytes=100_000, overload_wait_ms=0, **OPTIONS)
work = trace(len)

def run(count):
    for _ in range(count):
        work("x" * 500)

def stats():
    now = t.stats()
    return [now.accepted, now.delivered, dict(now.dropped), now.shed_events]
"""
ASIDE = "thread = threading.Thread(target=run, args=(1000,))\nthread.start()\n"


def shown(program: str, tmp_path: Path, **options: object) -> Any:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + program, json.dumps(options)],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_a_batch_job_waits_for_room_and_loses_nothing(tmp_path: Path) -> None:
    program = f"""{ASIDE}
while t.stats().pending < 60: pass  # the queue is full, and the thread stands
go_on.set()
thread.join()
t.flush()
print(json.dumps(stats()))
"""
    assert shown(program, tmp_path, on_full="block") == [1001, 1001, {}, 0]


def test_it_waits_no_longer_than_it_was_told(tmp_path: Path) -> None:
    program = """
run(1000)
go_on.set()
t.flush()
print(json.dumps(stats()))
"""
    accepted, delivered, dropped, _ = shown(program, tmp_path, on_full="block", on_full_timeout_s=0.001)
    assert accepted == 1001
    assert delivered == accepted - dropped["queue_full"]
    assert dropped["queue_full"] > 500


@pytest.mark.parametrize("place", ["asyncio.run(main())", "run(1000)"])
def test_an_event_loop_never_waits_and_neither_does_anybody_by_default(tmp_path: Path, place: str) -> None:
    program = f"""
async def main(): run(1000)
{place}
go_on.set()
t.flush()
print(json.dumps(stats()))
"""
    options = {"on_full": "block", "on_full_timeout_s": 3600} if "main" in place else {}
    accepted, delivered, dropped, shed = shown(program, tmp_path, **options)
    assert accepted == 1001 == delivered + dropped["queue_full"]
    assert shed > 0
    assert dropped["queue_full"] > 500


KINDS = """
from opentelemetry.trace import Status, StatusCode

text = "x" * 200_000
work(text)
with t.provider.get_tracer("theirs").start_as_current_span("of another") as span:
    span.set_attributes({"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "llm.token_count.prompt": 7})
    span.set_attribute("input.value", text)
    span.add_event("delta", {"text": text})
    span.set_status(Status(StatusCode.ERROR, "it broke"))
with t.trace("model", event_type="model", config={"model": "gpt-4o"}, inputs={"list": [text[:500]] * 300}) as span:
    t.enrich_span(metadata={"prompt_tokens": 3, "completion_tokens": 4}, outputs={"answer": text})
go_on.set()
t.flush()
from honeyhive.events.reader import read_records
from honeyhive.export.journal import read_journal
from pathlib import Path
import os
events = read_records(read_journal(Path(os.environ["HH_DATA_DIR"]) / "journal").bodies)
print(json.dumps([stats(), [event.to_dict() for event in events if event.event_type != "session"]]))
"""


def test_what_has_no_room_goes_without_its_bodies_and_says_so(tmp_path: Path) -> None:
    (accepted, delivered, dropped, shed), events = shown(KINDS, tmp_path, project="p")

    assert (accepted, delivered, dropped, shed) == (4, 4, {}, 3)
    named = {event["event_name"]: event for event in events}
    assert sorted(named) == ["len", "model", "of another"]
    assert all(not event.get("inputs") and not event.get("outputs") for event in events)
    assert [event["metadata"]["shed_bytes"] > 150_000 for event in events] == [True] * 3
    assert all(event["session_id"] and event["end_time"] >= event["start_time"] for event in events)
    foreign, model = named["of another"], named["model"]
    assert (foreign["event_type"], foreign["error"], foreign["config"]["model"]) == ("model", "it broke", "gpt-4o")
    assert foreign["metadata"]["prompt_tokens"] == 7
    assert (model["metadata"]["prompt_tokens"], model["metadata"]["completion_tokens"]) == (3, 4)
    assert model["metadata"]["cost"] > 0
