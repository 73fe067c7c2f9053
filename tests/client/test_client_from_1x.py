"""A program written against 1.x's documentation, in a process of its own."""

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import API

PROGRAM = """
import asyncio, json, os
from honeyhive.api import HoneyHive
from honeyhive.models import (
    CreateDatapointRequest, CreateDatasetRequest, EventFilter, PostEventRequest, PostExperimentRunRequest,
    PutExperimentRunRequest, StartSessionRequest, UpdateEventRequest,
)

client = HoneyHive(api_key=os.environ["HH_API_KEY"])

session = client.sessions.start(StartSessionRequest(session={"session_name": "docs", "source": "dev"}))
event = client.events.create(PostEventRequest(event={
    "event_type": "model", "event_name": "answer", "session_id": session.session_id, "inputs": {"q": "?"},
    "outputs": {"a": "!"}, "duration": 1.5,
}))
client.events.update(UpdateEventRequest(event_id=event.event_id, feedback={"rating": 5}))
client.events.update_event({"event_id": session.session_id, "user_properties": {"user_id": "u1"}})

dataset = client.datasets.create(CreateDatasetRequest(name="rows", datapoints=[]))
point = client.datapoints.create(CreateDatapointRequest(inputs={"q": "?"}, ground_truth={"a": "!"}))
run = client.experiments.create_run(PostExperimentRunRequest(name="v1", event_ids=[], configuration={"k": 1}))
client.experiments.update_run(run.run_id, PutExperimentRunRequest(status="completed"))
result = client.evaluations.get_run_result(run.run_id, aggregate_function="average")

async def read():
    exported, runs = await asyncio.gather(
        client.events.export_async(
            filters=[EventFilter(field="session_id", operator="is", value=session.session_id, type="string")], limit=100
        ),
        client.experiments.list_runs_async(),
    )
    return [event.event_id for event in exported.events], [run.run_id for run in runs.evaluations]

print(json.dumps([session.session_id, event.event_id, point.inserted, result["status"], asyncio.run(read())]))
"""


def test_a_program_written_for_1x_runs_unchanged(api: "API") -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={"HH_API_KEY": "hh_project_key", "HH_API_URL": api.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.stderr == ""
    assert json.loads(finished.stdout) == ["s1", "e1", True, "completed", [["e2", "e1"], ["r1"]]]
    assert len(api.seen) == 11
