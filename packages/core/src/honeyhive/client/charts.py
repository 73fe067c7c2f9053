"""Charts."""

from collections.abc import Mapping
from typing import Any

from honeyhive.client.call import Call, Method, Namespace, Request, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked
from honeyhive.client.scope import request_in
from honeyhive.deprecation import warn_deprecated
from honeyhive.models import (
    ChartQueryRequest,
    ChartQueryResponse,
    CreateChartRequest,
    CreateChartResponse,
    DeleteChartResponse,
    GetChartResponse,
    GetChartsResponse,
    UpdateChartRequest,
    UpdateChartResponse,
)


def _request(name: str, method: Method, project_id: str | None, chart: str = "", body: object = None) -> Request:
    """The request for charts, or for the one that *chart* names."""
    operation = f"charts.{name}"
    if project_id is None:
        warn_deprecated(f"{operation}() without project_id", "project_id and a data_plane_api_key", stacklevel=5)
    return request_in(project_id, operation, method, f"/charts{chart}", body=body)


def _list(_api: Namespace, *, project_id: str | None = None) -> Call[GetChartsResponse]:
    """The charts of a project."""
    return answered(_request("list", "GET", project_id), GetChartsResponse)


def _get(_api: Namespace, chart_id: str, *, project_id: str | None = None) -> Call[GetChartResponse]:
    """One chart."""
    request = _request("get", "GET", project_id, f"/{segment('chart_id', chart_id)}")
    return answered(request, GetChartResponse)


def _create(
    _api: Namespace, request: CreateChartRequest | Mapping[str, Any], *, project_id: str | None = None
) -> Call[CreateChartResponse]:
    """Make a chart."""
    body = body_of(checked(CreateChartRequest, request))
    return answered(_request("create", "POST", project_id, body=body), CreateChartResponse)


def _update(
    _api: Namespace,
    chart_id: str,
    request: UpdateChartRequest | Mapping[str, Any],
    *,
    project_id: str | None = None,
) -> Call[UpdateChartResponse]:
    """Change those fields of a chart that *request* has."""
    body = body_of(checked(UpdateChartRequest, request))
    method = "PUT" if project_id is None else "PATCH"
    sent = _request("update", method, project_id, f"/{segment('chart_id', chart_id)}", body)
    return answered(sent, UpdateChartResponse)


def _delete(_api: Namespace, chart_id: str, *, project_id: str | None = None) -> Call[DeleteChartResponse]:
    """Remove a chart, also from dashboards."""
    request = _request("delete", "DELETE", project_id, f"/{segment('chart_id', chart_id)}")
    return answered(request, DeleteChartResponse)


def _query(
    _api: Namespace, request: ChartQueryRequest | Mapping[str, Any], *, project_id: str
) -> Call[ChartQueryResponse]:
    """Aggregate the events of a project into one chart, which is not kept."""
    body = body_of(checked(ChartQueryRequest, request))
    sent = request_in(project_id, "charts.query", "POST", "/charts/query", body=body, is_read=True)
    return answered(sent, ChartQueryResponse)


class ChartsAPI(Namespace):
    """``client.charts``. Each method takes ``project_id``; without it, the project of the API key is meant.

    `query` needs it.
    """

    list = blocking(_list)
    list_async = awaitable(_list)
    get = blocking(_get)
    get_async = awaitable(_get)
    create = blocking(_create)
    create_async = awaitable(_create)
    update = blocking(_update)
    update_async = awaitable(_update)
    delete = blocking(_delete)
    delete_async = awaitable(_delete)
    query = blocking(_query)
    query_async = awaitable(_query)
