"""Metrics and their versions."""

from collections.abc import Mapping
from typing import Any

from honeyhive.client.call import Call, Namespace, Request, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked, parsed
from honeyhive.deprecation import warn_deprecated
from honeyhive.models import (
    CreateMetricRequest,
    CreateMetricResponse,
    CreateMetricVersionRequest,
    CreateMetricVersionResponse,
    DeleteMetricResponse,
    DeployMetricVersionResponse,
    GetMetricsResponse,
    GetMetricVersionsResponse,
    MetricItem,
    UpdateMetricRequest,
    UpdateMetricResponse,
)

_PATH = "/v1/metrics"


def _list(
    _api: Namespace,
    project: str | None = None,
    name: str | None = None,
    type: str | None = None,  # noqa: A002  1.x's name
) -> Call[list[MetricItem]]:
    """The metrics of the API key's project, of one *type*, called *name*; the API knows no *project* to choose by."""
    if project is not None:
        warn_deprecated("metrics.list(project=…)", "the API key of that project", stacklevel=4)
    request = Request(operation="metrics.list", method="GET", path=_PATH, query={"type": type})
    return Call([request], lambda replies: [item for item in _items(replies) if name is None or item.name == name])


def _get_metric(_api: Namespace, id: str) -> Call[list[MetricItem]]:  # noqa: A002  1.x's name
    """The metrics whose id is *id*: one, or none."""
    request = Request(operation="metrics.get_metric", method="GET", path=_PATH, query={"id": id})
    return Call([request], _items)


def _items(replies: list[object]) -> list[MetricItem]:
    return parsed(GetMetricsResponse, replies[0]).metrics or []


def _create(_api: Namespace, request: CreateMetricRequest | Mapping[str, Any]) -> Call[CreateMetricResponse]:
    """Make a metric."""
    body = body_of(checked(CreateMetricRequest, request))
    return answered(Request(operation="metrics.create", method="POST", path=_PATH, body=body), CreateMetricResponse)


def _update(_api: Namespace, request: UpdateMetricRequest | Mapping[str, Any]) -> Call[UpdateMetricResponse]:
    """Change the metric that *request* names."""
    body = body_of(checked(UpdateMetricRequest, request))
    return answered(Request(operation="metrics.update", method="PUT", path=_PATH, body=body), UpdateMetricResponse)


def _delete(_api: Namespace, id: str) -> Call[DeleteMetricResponse]:  # noqa: A002  1.x's name
    """Remove a metric."""
    segment("id", id)
    request = Request(operation="metrics.delete", method="DELETE", path=_PATH, query={"metric_id": id})
    return answered(request, DeleteMetricResponse)


class MetricsAPI(Namespace):
    """``client.metrics``."""

    list = blocking(_list)
    list_async = awaitable(_list)
    create = blocking(_create)
    create_async = awaitable(_create)
    update = blocking(_update)
    update_async = awaitable(_update)
    delete = blocking(_delete)
    delete_async = awaitable(_delete)

    get_metric = blocking(_get_metric)
    get_metric_async = awaitable(_get_metric)
    # Longer names of 1.x.
    list_metrics = blocking(_list)
    list_metrics_async = awaitable(_list)
    create_metric = create
    create_metric_async = create_async
    update_metric = update
    update_metric_async = update_async
    delete_metric = delete
    delete_metric_async = delete_async


def _versions_path(metric_id: str) -> str:
    return f"{_PATH}/{segment('metric_id', metric_id)}/versions"


def _list_versions(_api: Namespace, metric_id: str) -> Call[GetMetricVersionsResponse]:
    """The versions of a metric, oldest first."""
    request = Request(operation="metric_versions.list", method="GET", path=_versions_path(metric_id))
    return answered(request, GetMetricVersionsResponse)


def _create_version(
    _api: Namespace, metric_id: str, request: CreateMetricVersionRequest | Mapping[str, Any]
) -> Call[CreateMetricVersionResponse]:
    """Make a version; ``deploy_immediately`` makes it the one in use."""
    body = body_of(checked(CreateMetricVersionRequest, request))
    sent = Request(operation="metric_versions.create", method="POST", path=_versions_path(metric_id), body=body)
    return answered(sent, CreateMetricVersionResponse)


def _deploy(_api: Namespace, metric_id: str, version_name: str) -> Call[DeployMetricVersionResponse]:
    """Make a version the one in use."""
    path = f"{_versions_path(metric_id)}/{segment('version_name', version_name)}/deploy"
    return answered(Request(operation="metric_versions.deploy", method="POST", path=path), DeployMetricVersionResponse)


class MetricVersionsAPI(Namespace):
    """``client.metric_versions``: versions never change, and one of a metric's is in use."""

    list = blocking(_list_versions)
    list_async = awaitable(_list_versions)
    create = blocking(_create_version)
    create_async = awaitable(_create_version)
    deploy = blocking(_deploy)
    deploy_async = awaitable(_deploy)
