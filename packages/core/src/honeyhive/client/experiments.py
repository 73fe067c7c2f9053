"""Experiment runs: made, read, compared."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from honeyhive.client.call import Call, Namespace, Request, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked, in_batches, parsed
from honeyhive.errors import APIError
from honeyhive.models import (
    DeleteExperimentRunResponse,
    GetEventsSchemaResponse,
    GetExperimentCompareEventsResponse,
    GetExperimentRunResponse,
    GetExperimentRunsResponse,
    Pagination,
    PostExperimentRunRequest,
    PostExperimentRunResponse,
    PutExperimentRunRequest,
    PutExperimentRunResponse,
)

_PATH = "/v1/runs"
Conditions = str | Mapping[str, Any] | Sequence[Any]


def _get_schema(
    _api: Namespace,
    dateRange: str | Mapping[str, str] | None = None,  # noqa: N803  the name on the wire
    evaluation_id: str | None = None,
) -> Call[GetEventsSchemaResponse]:
    """The fields, datasets and mappings that events have; *dateRange* is a text or has ``$gte`` and ``$lte``."""
    query = {"dateRange": dateRange, "evaluation_id": evaluation_id}
    request = Request(operation="experiments.get_schema", method="GET", path="/v1/events/schema", query=query)
    return answered(request, GetEventsSchemaResponse)


def _list_runs(  # noqa: PLR0913, PLR0917  the query of the API, by position as in 1.x
    _api: Namespace,
    dataset_id: str | None = None,
    page: int | None = None,
    limit: int | None = None,
    run_ids: Sequence[str] | None = None,
    name: str | None = None,
    status: str | None = None,
    dateRange: str | Mapping[str, str] | None = None,  # noqa: N803  the name on the wire
    sort_by: str | None = None,
    sort_order: str | None = None,
) -> Call[GetExperimentRunsResponse]:
    """The runs that fit. Of *run_ids* there may be any number; over 100, all of them come, on one page."""
    batches = in_batches(run_ids)
    is_paged = len(batches) == 1
    query = {
        "dataset_id": dataset_id,
        "page": page if is_paged else None,
        "limit": limit if is_paged else None,
        "name": name,
        "status": status,
        "dateRange": dateRange,
        "sort_by": sort_by,
        "sort_order": sort_order,
    }
    requests = [
        Request(operation="experiments.list_runs", method="GET", path=_PATH, query={**query, "run_ids": ids})
        for ids in batches
    ]
    return Call(requests, _merged)


def _merged(replies: list[object]) -> GetExperimentRunsResponse:
    pages = [parsed(GetExperimentRunsResponse, reply) for reply in replies]
    if len(pages) == 1:
        return pages[0]
    runs = [run for page in pages for run in page.evaluations or []]
    metrics = list(dict.fromkeys(metric for page in pages for metric in page.metrics or []))
    # A page that does not say how many there are has them all.
    totals = [page.pagination.total if page.pagination else len(page.evaluations or []) for page in pages]
    unfiltered = [page.pagination.total_unfiltered if page.pagination else 0 for page in pages]
    total = sum(total or 0 for total in totals)
    pagination = Pagination(
        page=1,
        limit=total,
        total=total,
        total_unfiltered=sum(number or 0 for number in unfiltered),
        total_pages=1,
        has_next=False,
        has_prev=False,
    )
    return GetExperimentRunsResponse(evaluations=runs, pagination=pagination, metrics=metrics)


def _get_run(_api: Namespace, run_id: str) -> Call[GetExperimentRunResponse]:
    """One run."""
    request = Request(operation="experiments.get_run", method="GET", path=f"{_PATH}/{segment('run_id', run_id)}")
    return answered(request, GetExperimentRunResponse)


def _create_run(
    api: Namespace, request: PostExperimentRunRequest | Mapping[str, Any]
) -> Call[PostExperimentRunResponse]:
    """Begin a run."""
    body = body_of(checked(PostExperimentRunRequest, request))
    if api.project is not None:
        body.setdefault("project", api.project)
    sent = Request(operation="experiments.create_run", method="POST", path=_PATH, body=body)
    return answered(sent, PostExperimentRunResponse)


def _update_run(
    _api: Namespace, run_id: str, request: PutExperimentRunRequest | Mapping[str, Any]
) -> Call[PutExperimentRunResponse]:
    """Change a run: its status, its sessions."""
    body = body_of(checked(PutExperimentRunRequest, request))
    path = f"{_PATH}/{segment('run_id', run_id)}"
    sent = Request(operation="experiments.update_run", method="PUT", path=path, body=body)
    return answered(sent, PutExperimentRunResponse)


def _delete_run(_api: Namespace, run_id: str) -> Call[DeleteExperimentRunResponse]:
    """Remove a run."""
    path = f"{_PATH}/{segment('run_id', run_id)}"
    return answered(
        Request(operation="experiments.delete_run", method="DELETE", path=path), DeleteExperimentRunResponse
    )


def _get_result(
    _api: Namespace, run_id: str, aggregate_function: str | None = None, filters: Conditions | None = None
) -> Call[dict[str, Any]]:
    """What a run came to, as the server computes it: status, passed and failed datapoints, metrics."""
    path = f"{_PATH}/{segment('run_id', run_id)}/result"
    query = {"aggregate_function": aggregate_function, "filters": filters}
    return Call([Request(operation="experiments.get_result", method="GET", path=path, query=query)], _record)


def _get_run_metrics(
    _api: Namespace,
    run_id: str,
    dateRange: str | Mapping[str, str] | None = None,  # noqa: N803  the name on the wire
    filters: Conditions | None = None,
) -> Call[dict[str, Any]]:
    """The metrics of a run's events."""
    path = f"{_PATH}/{segment('run_id', run_id)}/metrics"
    query = {"dateRange": dateRange, "filters": filters}
    return Call([Request(operation="experiments.get_run_metrics", method="GET", path=path, query=query)], _record)


def _compare_runs(
    _api: Namespace,
    new_run_id: str,
    old_run_id: str,
    aggregate_function: str | None = None,
    filters: Conditions | None = None,
) -> Call[dict[str, Any]]:
    """Two runs side by side: common datapoints, and what each metric was and is."""
    path = f"{_PATH}/{segment('new_run_id', new_run_id)}/compare-with/{segment('old_run_id', old_run_id)}"
    query = {"aggregate_function": aggregate_function, "filters": filters}
    return Call([Request(operation="experiments.compare_runs", method="GET", path=path, query=query)], _record)


def _compare_run_events(
    _api: Namespace,
    new_run_id: str,
    old_run_id: str,
    event_name: str | None = None,
    event_type: str | None = None,
    filter: Conditions | None = None,  # noqa: A002  1.x's name
    limit: int | None = None,
    page: int | None = None,
) -> Call[GetExperimentCompareEventsResponse]:
    """The events of two runs, datapoint by datapoint."""
    query = {
        "run_id_1": new_run_id,
        "run_id_2": old_run_id,
        "event_name": event_name,
        "event_type": event_type,
        "filter": filter,
        "limit": limit,
        "page": page,
    }
    path = f"{_PATH}/compare/events"
    request = Request(operation="experiments.compare_run_events", method="GET", path=path, query=query)
    return answered(request, GetExperimentCompareEventsResponse)


def _record(replies: list[object]) -> dict[str, Any]:
    if isinstance(replies[0], dict):
        return cast("dict[str, Any]", replies[0])
    message = f"the reply is {type(replies[0]).__name__}, not a result"
    raise APIError(message)


class ExperimentsAPI(Namespace):
    """``client.experiments``, also called ``client.evaluations``."""

    get_schema = blocking(_get_schema)
    get_schema_async = awaitable(_get_schema)
    list_runs = blocking(_list_runs)
    list_runs_async = awaitable(_list_runs)
    get_run = blocking(_get_run)
    get_run_async = awaitable(_get_run)
    create_run = blocking(_create_run)
    create_run_async = awaitable(_create_run)
    update_run = blocking(_update_run)
    update_run_async = awaitable(_update_run)
    delete_run = blocking(_delete_run)
    delete_run_async = awaitable(_delete_run)
    get_result = blocking(_get_result)
    get_result_async = awaitable(_get_result)
    get_run_metrics = blocking(_get_run_metrics)
    get_run_metrics_async = awaitable(_get_run_metrics)
    compare_runs = blocking(_compare_runs)
    compare_runs_async = awaitable(_compare_runs)
    compare_run_events = blocking(_compare_run_events)
    compare_run_events_async = awaitable(_compare_run_events)

    # Another name of 1.x.
    get_run_result = get_result
    get_run_result_async = get_result_async
