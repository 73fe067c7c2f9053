"""Every operation of the client, in both forms, against a server that takes only what the facts say."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive.api import HoneyHive
from honeyhive.client.call import Namespace
from honeyhive.models import (
    CreateDatapointRequest,
    EventExportResponse,
    EventFilter,
    FilterOperator,
    GetDatapointsResponse,
    GetEventsQuery,
    MetricItem,
    PostEventRequest,
    PostSessionStartResponse,
    StartSessionRequest,
    UpdateEventRequest,
)

if TYPE_CHECKING:
    from conftest import API, Seen

KEY = "hh_project_key"


@dataclass
class Case:
    """A method, its arguments, and the request that it makes."""

    name: str
    arguments: tuple[Any, ...]
    request: str
    body: Any = None
    query: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    check: Callable[[Any], bool] = lambda reply: reply is not None


EVENT = {"event_type": "tool", "inputs": {"a": 1}}
CONFIGURATION = {"name": "one", "provider": "openai", "parameters": {"call_type": "chat", "model": "m"}}
NEW_METRIC = {"name": "quality", "type": "LLM", "criteria": "good?"}
ROWS = {"data": [{"q": "?"}], "mapping": {"inputs": ["q"]}}
FILTER = {"field": "session_id", "operator": "is", "value": "s1", "type": "string"}
EXPORT = {"filters": [FILTER], "limit": 1000, "page": 1}

CASES = [
    Case(
        "sessions.start",
        ({"session": {"session_name": "s"}},),
        "POST /session/start",
        {"session": {"session_name": "s"}},
    ),
    Case(
        "sessions.start_session",
        (StartSessionRequest.model_validate({"session": {"session_name": "s", "inputs": {"q": 1}}}),),
        "POST /session/start",
        {"session": {"session_name": "s", "inputs": {"q": 1}}},
        check=lambda reply: isinstance(reply, PostSessionStartResponse) and reply.session_id == "s1",
    ),
    Case(
        "sessions.create_session", ({"session": {"source": "x"}},), "POST /session/start", {"session": {"source": "x"}}
    ),
    Case(
        "events.create",
        (PostEventRequest.model_validate({"event": EVENT}),),
        "POST /events",
        {"event": EVENT},
        check=lambda reply: reply.success is True and reply.event_id == "e1",
    ),
    Case("events.create_event", ({"event": EVENT},), "POST /events", {"event": EVENT}),
    Case(
        "events.update",
        (UpdateEventRequest(event_id="e1", feedback={"rating": 5}),),
        "PUT /events",
        {"event_id": "e1", "feedback": {"rating": 5}},
        check=lambda reply: reply is None,
    ),
    Case(
        "events.update_event",
        ({"event_id": "e1", "metrics": {"m": 0.5}},),
        "PUT /events",
        {"event_id": "e1", "metrics": {"m": 0.5}},
        check=lambda reply: reply is None,
    ),
    Case(
        "events.create_batch",
        ({"events": [EVENT, EVENT], "is_single_session": True},),
        "POST /events/batch",
        {"events": [EVENT, EVENT], "is_single_session": True},
        check=lambda reply: reply.event_ids == ["e0", "e1"],
    ),
    Case(
        "events.export",
        (None, [EventFilter(field="session_id", operator=FilterOperator.IS, value="s1")]),
        "POST /v1/events/export",
        {
            **EXPORT,
            "dateRange": {"$gte": "2026-01-01T00:00:00Z"},
            "projections": ["event_id"],
            "limit": 7500,
            "page": 2,
        },
        options={
            "date_range": {"$gte": "2026-01-01T00:00:00Z"},
            "projections": ["event_id"],
            "limit": 7500,
            "page": 2,
        },
        check=lambda reply: (
            isinstance(reply, EventExportResponse)
            and reply.total_events == 2
            and reply.events[0].event_id == "e2"
            and reply.events[0].model_dump()["new_field"] == [1]
        ),
    ),
    Case("events.list_events", (None, [FILTER]), "POST /v1/events/export", EXPORT),
    Case("events.get_events", ("other", [FILTER]), "POST /v1/events/export", {**EXPORT, "project": "other"}),
    Case(
        "events.list",
        (GetEventsQuery.model_validate({"limit": 5, "page": 3}),),
        "POST /v1/events/export",
        {"filters": [], "limit": 5, "page": 3},
        check=lambda reply: len(reply.events) == 2 and reply.totalEvents == 2,
    ),
    Case("datasets.list", (), "GET /v1/datasets", options={"name": "rows"}, query=[("name", "rows")]),
    Case("datasets.list_datasets", ("ds1",), "GET /v1/datasets", query=[("dataset_id", "ds1")]),
    Case("datasets.get_dataset", ("ds1",), "GET /v1/datasets", query=[("dataset_id", "ds1")]),
    Case("datasets.create", ({"name": "rows"},), "POST /v1/datasets", {"name": "rows"}),
    Case("datasets.create_dataset", ({"name": "rows"},), "POST /v1/datasets", {"name": "rows"}),
    Case(
        "datasets.update",
        ({"dataset_id": "ds1", "name": "n"},),
        "PUT /v1/datasets",
        {"dataset_id": "ds1", "name": "n"},
    ),
    Case("datasets.update_dataset", ({"dataset_id": "ds1"},), "PUT /v1/datasets", {"dataset_id": "ds1"}),
    Case("datasets.delete", ("ds1",), "DELETE /v1/datasets", query=[("dataset_id", "ds1")]),
    Case("datasets.delete_dataset", ("ds1",), "DELETE /v1/datasets", query=[("dataset_id", "ds1")]),
    Case(
        "datasets.add_datapoints",
        ("ds1", ROWS),
        "POST /v1/datasets/ds1/datapoints",
        ROWS,
        check=lambda reply: reply.datapoint_ids == ["d1"],
    ),
    Case("datasets.remove_datapoint", ("ds1", "d1"), "DELETE /v1/datasets/ds1/datapoints/d1"),
    Case(
        "datapoints.list",
        (["d1"],),
        "GET /v1/datapoints",
        query=[("datapoint_ids[]", "d1")],
        check=lambda reply: isinstance(reply, GetDatapointsResponse) and reply.datapoints[0].id == "d1",
    ),
    Case(
        "datapoints.list_datapoints",
        (),
        "GET /v1/datapoints",
        options={"dataset_name": "rows"},
        query=[("dataset_name", "rows")],
    ),
    Case("datapoints.get", ("d1",), "GET /v1/datapoints/d1"),
    Case("datapoints.get_datapoint", ("a/b c",), "GET /v1/datapoints/a%2Fb%20c"),
    Case("datapoints.create", (CreateDatapointRequest(inputs={"q": 1}),), "POST /v1/datapoints", {"inputs": {"q": 1}}),
    Case("datapoints.create_datapoint", ({"inputs": {"q": 1}},), "POST /v1/datapoints", {"inputs": {"q": 1}}),
    Case("datapoints.create_batch", ({"events": ["e1"]},), "POST /v1/datapoints/batch", {"events": ["e1"]}),
    Case("datapoints.update", ("d1", {"inputs": {}}), "PUT /v1/datapoints/d1", {"inputs": {}}),
    Case("datapoints.update_datapoint", ("d1", {"inputs": {}}), "PUT /v1/datapoints/d1", {"inputs": {}}),
    Case("datapoints.delete", ("d1",), "DELETE /v1/datapoints/d1"),
    Case("datapoints.delete_datapoint", ("d1",), "DELETE /v1/datapoints/d1"),
    Case(
        "experiments.create_run", ({"name": "v1", "event_ids": []},), "POST /v1/runs", {"name": "v1", "event_ids": []}
    ),
    Case("experiments.get_run", ("r1",), "GET /v1/runs/r1", check=lambda reply: reply.evaluation.run_id == "r1"),
    Case("evaluations.update_run", ("r1", {"status": "completed"}), "PUT /v1/runs/r1", {"status": "completed"}),
    Case("experiments.delete_run", ("r1",), "DELETE /v1/runs/r1"),
    Case(
        "experiments.list_runs",
        ("ds1",),
        "GET /v1/runs",
        options={"run_ids": ["r1"], "dateRange": {"$gte": "a", "$lte": "b"}, "limit": 3},
        query=[
            ("dataset_id", "ds1"),
            ("limit", "3"),
            ("dateRange", '{"$gte":"a","$lte":"b"}'),
            ("run_ids[]", "r1"),
        ],
        check=lambda reply: reply.pagination.total == 1,
    ),
    Case(
        "experiments.get_result",
        ("r1", "average"),
        "GET /v1/runs/r1/result",
        query=[("aggregate_function", "average")],
        check=lambda reply: reply == {"status": "completed", "success": True},
    ),
    Case("experiments.get_run_result", ("r1",), "GET /v1/runs/r1/result"),
    Case("experiments.get_run_metrics", ("r1",), "GET /v1/runs/r1/metrics"),
    Case(
        "experiments.compare_runs",
        ("r2", "r1", "median", [FILTER]),
        "GET /v1/runs/r2/compare-with/r1",
        query=[("aggregate_function", "median"), ("filters", json.dumps([FILTER], separators=(",", ":")))],
        check=lambda reply: reply == {"commonDatapoints": ["d1"]},
    ),
    Case(
        "experiments.compare_run_events",
        ("r2", "r1", "answer"),
        "GET /v1/runs/compare/events",
        options={"limit": 2},
        query=[("run_id_1", "r2"), ("run_id_2", "r1"), ("event_name", "answer"), ("limit", "2")],
    ),
    Case(
        "experiments.get_schema",
        ("last week", "r1"),
        "GET /v1/events/schema",
        query=[("dateRange", "last week"), ("evaluation_id", "r1")],
    ),
    Case(
        "metrics.list",
        (),
        "GET /v1/metrics",
        options={"type": "LLM"},
        query=[("type", "LLM")],
        check=lambda reply: [type(one) for one in reply] == [MetricItem, MetricItem],
    ),
    Case(
        "metrics.list_metrics",
        (None, "other"),
        "GET /v1/metrics",
        check=lambda reply: [one.id for one in reply] == ["m2"],
    ),
    Case("metrics.get_metric", ("m1",), "GET /v1/metrics", query=[("id", "m1")]),
    Case("metrics.create", (NEW_METRIC,), "POST /v1/metrics", NEW_METRIC),
    Case("metrics.create_metric", (NEW_METRIC,), "POST /v1/metrics", NEW_METRIC),
    Case("metrics.update", ({"id": "m1", "name": "n"},), "PUT /v1/metrics", {"id": "m1", "name": "n"}),
    Case("metrics.update_metric", ({"id": "m1"},), "PUT /v1/metrics", {"id": "m1"}),
    Case("metrics.delete", ("m1",), "DELETE /v1/metrics", query=[("metric_id", "m1")]),
    Case("metrics.delete_metric", ("m1",), "DELETE /v1/metrics", query=[("metric_id", "m1")]),
    Case("metric_versions.list", ("m1",), "GET /v1/metrics/m1/versions"),
    Case(
        "metric_versions.create",
        ("m1", {"content": NEW_METRIC, "message": "better"}),
        "POST /v1/metrics/m1/versions",
        {"content": NEW_METRIC, "message": "better"},
    ),
    Case("metric_versions.deploy", ("m1", "v2"), "POST /v1/metrics/m1/versions/v2/deploy"),
    Case("configurations.list", (), "GET /v1/configurations", check=lambda reply: len(reply) == 2),
    Case("configurations.list_configurations", (), "GET /v1/configurations", check=lambda reply: len(reply) == 2),
    Case(
        "configurations.get_configuration",
        ("c2",),
        "GET /v1/configurations",
        check=lambda reply: [one.name for one in reply] == ["two"],
    ),
    Case("configurations.create", (CONFIGURATION,), "POST /v1/configurations", CONFIGURATION),
    Case("configurations.create_configuration", (CONFIGURATION,), "POST /v1/configurations", CONFIGURATION),
    Case("configurations.update", ("c1", {"name": "one"}), "PUT /v1/configurations/c1", {"name": "one"}),
    Case("configurations.update_configuration", ("c1", {"name": "one"}), "PUT /v1/configurations/c1", {"name": "one"}),
    Case("configurations.delete", ("c1",), "DELETE /v1/configurations/c1"),
    Case("configurations.delete_configuration", ("c1",), "DELETE /v1/configurations/c1"),
]


def method_of(client: HoneyHive, name: str) -> Callable[..., Any]:
    namespace, _, method = name.partition(".")
    return getattr(getattr(client, namespace), method)


INGESTION_KEY = f"hh_ingst_{'a' * 24}_{'b' * 64}"
DATA_PLANE_KEY = f"hh_fgdp_{'c' * 24}_{'d' * 64}"


def opened(api: "API") -> HoneyHive:
    return HoneyHive(KEY, ingestion_api_key=INGESTION_KEY, data_plane_api_key=DATA_PLANE_KEY, base_url=api.url)


def expect(case: Case, seen: "Seen", reply: object) -> None:
    assert f"{seen.method} {seen.path}" == case.request
    assert sorted(seen.query) == sorted(case.query)
    assert seen.body == case.body
    assert case.check(reply)
    # §1.9: what writes events goes with the ingestion key.
    writes = case.name.startswith("sessions.") or case.request.split()[1] in {"/events", "/events/batch"}
    key = INGESTION_KEY if writes else KEY
    assert seen.headers["authorization"] == f"Bearer {key}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_operation_sends_what_the_api_takes_and_reads_the_reply(api: "API", case: Case) -> None:
    with opened(api) as client:
        reply = method_of(client, case.name)(*case.arguments, **case.options)

    (seen,) = api.seen
    expect(case, seen, reply)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_async_form_does_the_same(api: "API", case: Case) -> None:
    async def call() -> object:
        async with opened(api) as client:
            return await method_of(client, f"{case.name}_async")(*case.arguments, **case.options)

    reply = asyncio.run(call())

    (seen,) = api.seen
    expect(case, seen, reply)


def test_every_operation_of_the_client_is_in_the_table_above_in_both_forms() -> None:
    client = HoneyHive(api_key=KEY)
    namespaces = {name: value for name, value in vars(client).items() if isinstance(value, Namespace)}

    found = {
        f"{name}.{method}"
        for name, value in namespaces.items()
        for method in vars(type(value))
        if not method.startswith("_")
    }

    blocking = {name for name in found if not name.endswith("_async")}
    assert found == blocking | {f"{name}_async" for name in blocking}
    tested = {case.name.replace("evaluations", "experiments") for case in CASES}
    deprecated = {"events.get_by_session_id"}
    # What needs a project is in the table of test_client_projects.py.
    in_projects = {name for name in blocking if name.startswith(("charts.", "evaluators."))}
    assert {name.replace("evaluations", "experiments") for name in blocking} == tested | deprecated | in_projects
