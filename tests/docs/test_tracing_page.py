"""The page about tracing: its program runs as it stands and records what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

from honeyhive.events.reader import read_records
from honeyhive.events.sessions import assemble
from honeyhive.export.journal import read_journal

PAGE = (Path(__file__).parents[2] / "docs" / "tracing.md").read_text()


def test_the_program_of_the_page_runs_and_records_what_it_says(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("WHY!\n", "")

    sessions = assemble(read_records(read_journal(tmp_path / "journal").bodies))
    (chat,) = [found for found in sessions if found.root.event_name == "chat"]
    assert [f"{depth} {event.event_type} {event.event_name}" for depth, event in chat.walk()] == [
        *("0 session chat", "1 chain turn", "2 model answer", "3 tool look_up")
    ]
    answer = next(event for event in chat.events if event.event_name == "answer")
    assert (answer.inputs, answer.outputs) == ({"question": "why"}, {"result": "WHY!"})
    assert answer.metadata["team"] == "search"
