"""Experiment runs: made, read, compared."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from honeyhive.client.call import Call, Namespace, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked, in_batches, parsed
from honeyhive.client.scope import request_in
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

_PATH = "/runs"
Conditions = str | Mapping[str, Any] | Sequence[Any]


def _get_schema(
    _api: Namespace,
    dateRange: str | Mapping[str, str] | None = None,  # noqa: N803  the name on the wire
    evaluation_id: str | None = None,
    *,
    project_id: str | None = None,
) -> Call[GetEventsSchemaResponse]:
    """The fields, datasets and mappings that events have; *dateRange* is a text or has ``$gte`` and ``$lte``.

    With *project_id*, of the events of all runs, or of the run *evaluation_id*.
    """
    query: dict[str, object] = {"dateRange": dateRange}
    if project_id is None:
        path = "/events/schema"
        query["evaluation_id"] = evaluation_id
    else:
        path = _PATH if evaluation_id is None else _one(evaluation_id, "evaluation_id")
        path += "/schema"
    return answered(request_in(project_id, "experiments.get_schema", "GET", path, query=query), GetEventsSchemaResponse)


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
    *,
    project_id: str | None = None,
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
        request_in(project_id, "experiments.list_runs", "GET", _PATH, query={**query, "run_ids": ids})
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


def _get_run(_api: Namespace, run_id: str, *, project_id: str | None = None) -> Call[GetExperimentRunResponse]:
    """One run."""
    return answered(request_in(project_id, "experiments.get_run", "GET", _one(run_id)), GetExperimentRunResponse)


def _create_run(
    api: Namespace, request: PostExperimentRunRequest | Mapping[str, Any], *, project_id: str | None = None
) -> Call[PostExperimentRunResponse]:
    """Begin a run."""
    body = body_of(checked(PostExperimentRunRequest, request))
    if project_id is None and api.project is not None:
        body.setdefault("project", api.project)
    sent = request_in(project_id, "experiments.create_run", "POST", _PATH, body=body)
    return answered(sent, PostExperimentRunResponse)


def _update_run(
    _api: Namespace,
    run_id: str,
    request: PutExperimentRunRequest | Mapping[str, Any],
    *,
    project_id: str | None = None,
) -> Call[PutExperimentRunResponse]:
    """Change a run: its status, its sessions."""
    body = body_of(checked(PutExperimentRunRequest, request))
    method = "PUT" if project_id is None else "PATCH"
    sent = request_in(project_id, "experiments.update_run", method, _one(run_id), body=body)
    return answered(sent, PutExperimentRunResponse)


def _delete_run(_api: Namespace, run_id: str, *, project_id: str | None = None) -> Call[DeleteExperimentRunResponse]:
    """Remove a run."""
    sent = request_in(project_id, "experiments.delete_run", "DELETE", _one(run_id))
    return answered(sent, DeleteExperimentRunResponse)


def _get_result(
    _api: Namespace,
    run_id: str,
    aggregate_function: str | None = None,
    filters: Conditions | None = None,
    *,
    project_id: str | None = None,
) -> Call[dict[str, Any]]:
    """What a run came to, as the server computes it: status, passed and failed datapoints, metrics.

    *aggregate_function* is ``average`` (unless said), ``min``, ``max``, ``median``, ``p90``, ``p95``, ``p99``, ``sum`` or
    ``count``.
    """
    path = f"{_one(run_id)}/{'result' if project_id is None else 'summary'}"
    query = {"aggregate_function": aggregate_function, "filters": filters}
    return Call([request_in(project_id, "experiments.get_result", "GET", path, query=query)], _record)


def _get_run_metrics(
    _api: Namespace,
    run_id: str,
    dateRange: str | Mapping[str, str] | None = None,  # noqa: N803  the name on the wire
    filters: Conditions | None = None,
    *,
    project_id: str | None = None,
) -> Call[dict[str, Any]]:
    """The metrics of a run's events."""
    path = f"{_one(run_id)}/metrics"
    query = {"dateRange": dateRange, "filters": filters}
    return Call([request_in(project_id, "experiments.get_run_metrics", "GET", path, query=query)], _record)


def _compare_runs(
    _api: Namespace,
    new_run_id: str,
    old_run_id: str,
    aggregate_function: str | None = None,
    filters: Conditions | None = None,
    *,
    project_id: str | None = None,
) -> Call[dict[str, Any]]:
    """Two runs side by side: common datapoints, and what each metric was and is; *aggregate_function* as in `get_result`."""
    path = _two(new_run_id, old_run_id, "compare-with" if project_id is None else "compare")
    query = {"aggregate_function": aggregate_function, "filters": filters}
    return Call([request_in(project_id, "experiments.compare_runs", "GET", path, query=query)], _record)


def _compare_run_events(
    _api: Namespace,
    new_run_id: str,
    old_run_id: str,
    event_name: str | None = None,
    event_type: str | None = None,
    filter: Conditions | None = None,  # noqa: A002  1.x's name
    limit: int | None = None,
    page: int | None = None,
    *,
    project_id: str | None = None,
) -> Call[GetExperimentCompareEventsResponse]:
    """The events of two runs, datapoint by datapoint."""
    query: dict[str, object] = {
        "event_name": event_name,
        "event_type": event_type,
        "filter": filter,
        "limit": limit,
        "page": page,
    }
    if project_id is None:
        path = f"{_PATH}/compare/events"
        query.update(run_id_1=new_run_id, run_id_2=old_run_id)
    else:
        path = f"{_two(new_run_id, old_run_id, 'compare')}/events"
    sent = request_in(project_id, "experiments.compare_run_events", "GET", path, query=query)
    return answered(sent, GetExperimentCompareEventsResponse)


def _one(run_id: str, name: str = "run_id") -> str:
    return f"{_PATH}/{segment(name, run_id)}"


def _two(new_run_id: str, old_run_id: str, compared: str) -> str:
    return f"{_one(new_run_id, 'new_run_id')}/{compared}/{segment('old_run_id', old_run_id)}"


def _record(replies: list[object]) -> dict[str, Any]:
    if isinstance(replies[0], dict):
        return cast("dict[str, Any]", replies[0])
    message = f"the reply is {type(replies[0]).__name__}, not a result"
    raise APIError(message)


class ExperimentsAPI(Namespace):
    """``client.experiments``, also called ``client.evaluations``.

    Each method takes ``project_id``; without it, the project of the API key is meant.
    """

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
