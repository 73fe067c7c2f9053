"""What names a project: the paths of 1.8 and 1.9, always with the key of the data plane."""

import asyncio
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive.api import HoneyHive, HTTPException, MissingApiKeyError
from honeyhive.client.call import Namespace
from honeyhive.models import (
    ChartQueryRequest,
    ChartQueryResponse,
    CreateEvaluatorRequest,
    Evaluator,
    EventExportResponse,
    GetEventsResponse,
    ListEvaluatorVersionsResponse,
)
from pydantic import ValidationError

if TYPE_CHECKING:
    from conftest import API

KEY = "hh_project_key"
DATA_PLANE_KEY = f"hh_fgdp_{'c' * 24}_{'d' * 64}"
PROJECT = {"project_id": "p1"}
IN = "/v1/projects/p1"


@dataclass
class Case:
    """A method, its arguments, and the request that it makes in a project."""

    name: str
    arguments: tuple[Any, ...]
    request: str
    body: Any = None
    query: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    check: Callable[[Any], bool] = lambda reply: reply is not None


CHART = {"name": "c", "metric": "duration"}
ROWS = {"data": [{"q": "?"}], "mapping": {"inputs": ["q"]}}
FILTER = {"field": "event_type", "operator": "is", "value": "model", "type": "string"}
RANGE = {"start_time": "2026-11-01T00:00:00Z", "end_time": "2026-11-02T00:00:00Z"}
CHART_QUERY = {
    "date_range": RANGE,
    "query": {"kind": "scalar", "measures": [{"metric": "duration"}]},
    "filters": [FILTER],
}
PROGRAM = {
    "name": "short",
    "metadata": {"description": "not too long"},
    "sampling": {"sampling_percentage": 50},
    "filters": {"filterArray": [FILTER]},
    "score_schema": {"type": "boolean"},
    "code_execution": {"code_snippet": "def short(): return True"},
}
DEFINITION = {"type": "python", "python": PROGRAM}
NEW_EVALUATOR = {"slug": "short", "definition": DEFINITION, "message": "first", "publish": False}

CASES = [
    Case("charts.list", (), "GET /charts"),
    Case("charts.get", ("ch1",), "GET /charts/ch1"),
    Case("charts.create", (CHART,), "POST /charts", CHART),
    Case("charts.update", ("ch1", {"name": "n"}), "PATCH /charts/ch1", {"name": "n"}),
    Case("charts.delete", ("ch1",), "DELETE /charts/ch1"),
    Case(
        "charts.query",
        (ChartQueryRequest.model_validate(CHART_QUERY),),
        "POST /charts/query",
        CHART_QUERY,
        check=lambda reply: isinstance(reply, ChartQueryResponse) and reply.data.data == {"value": 2.5},
    ),
    Case("datasets.list", ("ds1", "rows"), "GET /datasets", query=[("dataset_id", "ds1"), ("name", "rows")]),
    Case("datasets.get_dataset", ("ds1",), "GET /datasets", query=[("dataset_id", "ds1")]),
    Case("datasets.create", ({"name": "rows"},), "POST /datasets", {"name": "rows"}),
    Case("datasets.update", ({"dataset_id": "ds1", "name": "n"},), "PATCH /datasets/ds1", {"name": "n"}),
    Case("datasets.delete", ("ds1",), "DELETE /datasets/ds1"),
    Case("datasets.add_datapoints", ("ds1", ROWS), "POST /datasets/ds1/datapoints", ROWS),
    Case("datasets.remove_datapoint", ("ds1", "d1"), "DELETE /datasets/ds1/datapoints/d1"),
    Case("datapoints.list", (["d1"],), "GET /datapoints", query=[("datapoint_ids[]", "d1")]),
    Case("datapoints.get", ("d1",), "GET /datapoints/d1"),
    Case("datapoints.create", ({"inputs": {"q": 1}},), "POST /datapoints", {"inputs": {"q": 1}}),
    Case("datapoints.create_batch", ({"events": ["e1"]},), "POST /datapoints/batch", {"events": ["e1"]}),
    Case("datapoints.update", ("d1", {"inputs": {}}), "PATCH /datapoints/d1", {"inputs": {}}),
    Case("datapoints.delete", ("d1",), "DELETE /datapoints/d1"),
    Case("experiments.list_runs", ("ds1",), "GET /runs", query=[("dataset_id", "ds1")]),
    Case("experiments.get_run", ("r1",), "GET /runs/r1"),
    Case("experiments.create_run", ({"name": "v1"},), "POST /runs", {"name": "v1"}),
    Case("experiments.update_run", ("r1", {"status": "completed"}), "PATCH /runs/r1", {"status": "completed"}),
    Case("experiments.delete_run", ("r1",), "DELETE /runs/r1"),
    Case("experiments.get_result", ("r1", "p90"), "GET /runs/r1/summary", query=[("aggregate_function", "p90")]),
    Case(
        "experiments.get_run_metrics",
        ("r1", None, [FILTER]),
        "GET /runs/r1/metrics",
        query=[("filters", json.dumps([FILTER], separators=(",", ":")))],
    ),
    Case(
        "experiments.compare_runs",
        ("r2", "r1", "count"),
        "GET /runs/r2/compare/r1",
        query=[("aggregate_function", "count")],
    ),
    Case(
        "experiments.compare_run_events",
        ("r2", "r1", "answer"),
        "GET /runs/r2/compare/r1/events",
        query=[("event_name", "answer")],
    ),
    Case("experiments.get_schema", ("last week",), "GET /runs/schema", query=[("dateRange", "last week")]),
    Case("experiments.get_schema", (None, "r1"), "GET /runs/r1/schema"),
    Case(
        "events.export",
        ("not sent", [FILTER]),
        "POST /events/search",
        {"filters": [FILTER], "limit": 1000, "page": 1, "dateRange": RANGE},
        options={"date_range": {"$gte": RANGE["start_time"], "$lte": RANGE["end_time"]}},
        check=lambda reply: isinstance(reply, EventExportResponse) and reply.total_events == 1,
    ),
    Case(
        "events.list",
        ({"filters": [FILTER], "limit": 5},),
        "POST /events/search",
        {"filters": [FILTER], "limit": 5, "page": 1},
        check=lambda reply: isinstance(reply, GetEventsResponse) and reply.totalEvents == 1,
    ),
    Case("events.list_events", (), "POST /events/search", {"filters": [], "limit": 1000, "page": 1}),
    Case("events.get_events", (), "POST /events/search", {"filters": [], "limit": 1000, "page": 1}),
    Case(
        "evaluators.create",
        (CreateEvaluatorRequest.model_validate(NEW_EVALUATOR),),
        "POST /evaluators",
        NEW_EVALUATOR,
        check=lambda reply: reply.data.definition.python.code_execution.code_snippet.startswith("def"),
    ),
    Case(
        "evaluators.list",
        (),
        "GET /evaluators",
        query=[("page", "2"), ("limit", "100")],
        options={"page": 2, "limit": 100},
        check=lambda reply: [type(one) for one in reply.data] == [Evaluator] and reply.pagination == {"page": 1},
    ),
    Case("evaluators.get", ("a/b",), "GET /evaluators/a%2Fb", check=lambda reply: reply.data.latest_version == 2),
    Case("evaluators.archive", ("short",), "DELETE /evaluators/short"),
    Case(
        "evaluators.list_versions",
        ("short",),
        "GET /evaluators/short/versions",
        query=[("limit", "1")],
        options={"limit": 1},
        check=lambda reply: isinstance(reply, ListEvaluatorVersionsResponse) and reply.success,
    ),
    Case(
        "evaluators.get_version",
        ("short", 1),
        "GET /evaluators/short/versions/1",
        check=lambda reply: reply.data.model_extra == {"later": True} and reply.data.definition is None,
    ),
]


def method_of(client: HoneyHive, name: str) -> Callable[..., Any]:
    namespace, _, method = name.partition(".")
    return getattr(getattr(client, namespace), method)


def call(client: HoneyHive, case: Case, form: str) -> object:
    result = method_of(client, case.name + form)(*case.arguments, **PROJECT, **case.options)
    return asyncio.run(result) if inspect.iscoroutine(result) else result


def opened(api: "API", data_plane_api_key: str | None = DATA_PLANE_KEY) -> HoneyHive:
    # The name is of the project of the key: it is not sent with another project's id.
    return HoneyHive(KEY, project="of the key", data_plane_api_key=data_plane_api_key, base_url=api.url)


@pytest.mark.parametrize("form", ["", "_async"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_operation_in_a_project_names_it_in_the_path_and_takes_the_key_of_the_data_plane(
    api: "API", case: Case, form: str
) -> None:
    client = opened(api)

    reply = call(client, case, form)
    client.close()

    (seen,) = api.seen
    assert f"{seen.method} {seen.path.removeprefix(IN)}" == case.request
    assert sorted(seen.query) == sorted(case.query)
    assert seen.body == case.body
    assert case.check(reply)
    assert seen.headers["authorization"] == f"Bearer {DATA_PLANE_KEY}"


@pytest.mark.parametrize("form", ["", "_async"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_project_key_never_stands_in_and_the_error_names_the_right_key(api: "API", case: Case, form: str) -> None:
    client = opened(api, data_plane_api_key=None)

    with pytest.raises(MissingApiKeyError, match="HH_DATA_PLANE_API_KEY") as failed:
        call(client, case, form)

    assert failed.value.key_kind == "data_plane"
    assert api.seen == []


def test_every_operation_that_takes_a_project_is_in_the_table_above() -> None:
    client = HoneyHive(api_key=KEY)
    found = {
        inspect.unwrap(method): f"{name}.{method.__name__}"
        for name, namespace in vars(client).items()
        if isinstance(namespace, Namespace)
        for method in vars(type(namespace)).values()
        if inspect.isfunction(method) and "project_id" in inspect.signature(method).parameters
    }

    tested = {inspect.unwrap(method_of(client, case.name)) for case in CASES}

    assert {name for build, name in found.items() if build not in tested} == set()


@pytest.mark.parametrize("case", [one for one in CASES if one.name.startswith(("charts.query", "evaluators."))])
def test_what_is_only_of_a_project_says_that_it_needs_one(case: Case) -> None:
    with pytest.raises(TypeError, match="project_id"):
        method_of(HoneyHive(api_key=KEY), case.name)(*case.arguments)


def test_an_empty_id_reaches_no_server(api: "API") -> None:
    client = opened(api)

    with pytest.raises(ValueError, match="project_id is empty"):
        client.datasets.list(project_id="")
    with pytest.raises(ValueError, match="evaluator_id_or_slug is empty"):
        client.evaluators.archive("", project_id="p1")
    with pytest.raises(ValueError, match="dataset_id is empty"):
        client.datasets.update({"dataset_id": ""}, project_id="p1")
    assert api.seen == []


def test_a_definition_that_lacks_a_part_is_refused_before_it_is_sent(api: "API") -> None:
    client = opened(api)
    python = {name: value for name, value in PROGRAM.items() if name != "code_execution"}

    with pytest.raises(ValidationError, match=r"definition\.python\.code_execution"):
        client.evaluators.create({"slug": "s", "definition": {"type": "python", "python": python}}, project_id="p1")

    assert api.seen == []


def test_a_definition_of_another_type_is_sent_as_it_is(api: "API") -> None:
    client = opened(api)
    definition = {"type": "llm", "llm": {"prompt": "good?"}}

    client.evaluators.create({"slug": "s", "definition": definition}, project_id="p1")

    assert api.seen[0].body == {"slug": "s", "definition": definition}
    client.close()


def test_a_refusal_has_the_words_of_the_server(api: "API") -> None:
    client = opened(api)
    api.say(409, body=b'{"message": "slug is taken", "errorCode": "conflict"}')

    with pytest.raises(
        HTTPException, match=r"evaluators\.create failed with status code: 409: slug is taken"
    ) as failed:
        client.evaluators.create(NEW_EVALUATOR, project_id="p1")

    assert (failed.value.status_code, failed.value.error_code) == (409, "conflict")
    client.close()


def test_a_chart_query_is_asked_again_and_a_new_evaluator_is_not(api: "API") -> None:
    client = opened(api)
    api.say(502, retry_after="0")
    client.charts.query(CHART_QUERY, project_id="p1")
    assert len(api.seen) == 2

    api.say(502, retry_after="0")
    with pytest.raises(HTTPException):
        client.evaluators.create(NEW_EVALUATOR, project_id="p1")
    assert len(api.seen) == 3
    client.close()
