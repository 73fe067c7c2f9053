"""What an event is called says nothing of what it is; and how a session is called that nobody named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from honeyhive import trace
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.export.journal import read_journal
from honeyhive.testing import Recorder

MISLEADING = ["generate_report", "google_search", "chat_router", "openai", "llm_usage_page", "session_start", "agent"]


@pytest.mark.parametrize("name", MISLEADING)
def test_a_function_or_span_with_a_misleading_name_is_a_tool(recorder: Recorder, name: str) -> None:
    def function() -> None:
        pass

    function.__name__ = function.__qualname__ = name
    tracer = recorder.tracer
    trace(function)()
    with tracer.trace(name), tracer.start_span(name):
        pass
    tracer.create_event(name)
    tracer.provider.get_tracer("lib").start_span(name).end()

    found = recorder.events()
    assert [(event.event_name, str(event.event_type)) for event in found] == [(name, "tool")] * 5


@pytest.mark.parametrize(("file", "name"), [("checkout.py", "checkout"), ("nightly job.py", "nightly job")])
def test_a_session_that_nobody_named_is_called_after_the_program(tmp_path: Path, file: str, name: str) -> None:
    program = tmp_path / file
    program.write_text("""
from honeyhive import HoneyHiveTracer, trace
tracer = HoneyHiveTracer.init()
trace(len)("x")
assert tracer.session_name == tracer.config.session_name, (tracer.session_name, tracer.config.session_name)
""")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", program],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, "")
    found = [one for one in read_records(read_journal(tmp_path / "journal").bodies) if isinstance(one, Event)]
    assert {event.event_name for event in found if event.event_type == "session"} == {name}
