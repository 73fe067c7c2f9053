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


DOCUMENTED_FAILURES = """
import os
from honeyhive.api.client import HoneyHive
from honeyhive.models import PostEventRequest
from honeyhive.utils import APIError, AuthenticationError, HoneyHiveConnectionError, HoneyHiveError, RateLimitError

def attempt(client):
    try:
        client.events.create(PostEventRequest(project="p", session_id="s1", event_type="tool", inputs={"q": "?"}))
        client.events.list({"project": "p", "filters": []})
    except RateLimitError as error:
        print("rate limit", error.retry_after, error.status_code)
    except AuthenticationError as error:
        print("authentication", error.status_code)
    except APIError as error:
        print("api", error.status_code >= 500, error.message)
    except HoneyHiveConnectionError:
        print("connection")
    else:
        print("well")

for _ in range(5):
    attempt(HoneyHive(api_key=os.environ["HH_API_KEY"]))
attempt(HoneyHive(api_key="k", base_url="http://127.0.0.1:1"))
"""


def test_1xs_documented_handling_of_failures_catches_them(api: "API") -> None:
    """Its exceptions were documented, and raised by nothing."""
    api.say(429, Retry_After="7")
    api.say(401)
    api.say(500, body=b'{"message": "down"}')
    api.say(200, body=b"<html>")
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", DOCUMENTED_FAILURES],
        env={"HH_API_KEY": "hh_project_key", "HH_API_URL": api.url, "HH_MAX_RETRIES": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert finished.stderr == ""
    assert finished.stdout.splitlines() == [
        "rate limit 7.0 429",
        "authentication 401",
        "api True events.create failed with status code: 500: down",
        "api False events.create got status 200 and a reply that is not JSON (no type)",
        "well",
        "connection",
    ]
    assert api.seen[-2].body["event"]["project"] == api.seen[-1].body["project"] == "p"


IMPORTS = """
from honeyhive.api.client import EventsAPI, HoneyHive
from honeyhive.config.models.api_client import APIClientConfig
from honeyhive.config.models.http_client import HTTPClientConfig
from honeyhive.tracer.instrumentation.decorators import atrace, trace, trace_class
from honeyhive.tracer.instrumentation.enrichment import enrich_span
from honeyhive.tracer.instrumentation import enrich_span as again
import honeyhive

assert trace is honeyhive.trace and enrich_span is again is honeyhive.enrich_span and HoneyHive is honeyhive.HoneyHive
"""


def test_the_import_paths_of_1xs_own_examples_lead_here() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", IMPORTS], check=True, timeout=60)
