"""Datasets."""

from collections.abc import Mapping
from typing import Any

from honeyhive.client.call import Call, Namespace, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked
from honeyhive.client.scope import request_in
from honeyhive.models import (
    AddDatapointsResponse,
    AddDatapointsToDatasetRequest,
    CreateDatasetRequest,
    CreateDatasetResponse,
    DeleteDatasetResponse,
    GetDatasetsResponse,
    RemoveDatapointResponse,
    UpdateDatasetRequest,
    UpdateDatasetResponse,
)

_PATH = "/datasets"


def _list(
    _api: Namespace, dataset_id: str | None = None, name: str | None = None, *, project_id: str | None = None
) -> Call[GetDatasetsResponse]:
    """The datasets, or those with an id or a name."""
    query = {"dataset_id": dataset_id, "name": name}
    return answered(request_in(project_id, "datasets.list", "GET", _PATH, query=query), GetDatasetsResponse)


def _get_dataset(
    api: Namespace,
    id: str,  # noqa: A002  1.x's name
    *,
    project_id: str | None = None,
) -> Call[GetDatasetsResponse]:
    """The dataset with an id, as a list of one."""
    return _list(api, dataset_id=id, project_id=project_id)


def _create(
    _api: Namespace, request: CreateDatasetRequest | Mapping[str, Any], *, project_id: str | None = None
) -> Call[CreateDatasetResponse]:
    """Make a dataset."""
    body = body_of(checked(CreateDatasetRequest, request))
    return answered(request_in(project_id, "datasets.create", "POST", _PATH, body=body), CreateDatasetResponse)


def _update(
    _api: Namespace, request: UpdateDatasetRequest | Mapping[str, Any], *, project_id: str | None = None
) -> Call[UpdateDatasetResponse]:
    """Change the dataset that *request* names."""
    body = body_of(checked(UpdateDatasetRequest, request))
    operation = "datasets.update"
    if project_id is None:
        return answered(request_in(None, operation, "PUT", _PATH, body=body), UpdateDatasetResponse)
    path = _one(body.pop("dataset_id"))
    return answered(request_in(project_id, operation, "PATCH", path, body=body), UpdateDatasetResponse)


def _delete(
    _api: Namespace,
    id: str,  # noqa: A002  1.x's name
    *,
    project_id: str | None = None,
) -> Call[DeleteDatasetResponse]:
    """Remove a dataset."""
    path = _one(id, "id")
    operation = "datasets.delete"
    if project_id is None:
        sent = request_in(None, operation, "DELETE", _PATH, query={"dataset_id": id})
    else:
        sent = request_in(project_id, operation, "DELETE", path)
    return answered(sent, DeleteDatasetResponse)


def _add_datapoints(
    _api: Namespace,
    dataset_id: str,
    request: AddDatapointsToDatasetRequest | Mapping[str, Any],
    *,
    project_id: str | None = None,
) -> Call[AddDatapointsResponse]:
    """Make datapoints of rows: ``data`` are the rows, ``mapping`` says which of their keys are what."""
    body = body_of(checked(AddDatapointsToDatasetRequest, request))
    path = f"{_one(dataset_id)}/datapoints"
    sent = request_in(project_id, "datasets.add_datapoints", "POST", path, body=body)
    return answered(sent, AddDatapointsResponse)


def _remove_datapoint(
    _api: Namespace, dataset_id: str, datapoint_id: str, *, project_id: str | None = None
) -> Call[RemoveDatapointResponse]:
    """Take a datapoint out of a dataset; it still exists."""
    path = f"{_one(dataset_id)}/datapoints/{segment('datapoint_id', datapoint_id)}"
    return answered(request_in(project_id, "datasets.remove_datapoint", "DELETE", path), RemoveDatapointResponse)


def _one(dataset_id: str, name: str = "dataset_id") -> str:
    return f"{_PATH}/{segment(name, dataset_id)}"


class DatasetsAPI(Namespace):
    """``client.datasets``. Each method takes ``project_id``; without it, the project of the API key is meant."""

    list = blocking(_list)
    list_async = awaitable(_list)
    create = blocking(_create)
    create_async = awaitable(_create)
    update = blocking(_update)
    update_async = awaitable(_update)
    delete = blocking(_delete)
    delete_async = awaitable(_delete)
    add_datapoints = blocking(_add_datapoints)
    add_datapoints_async = awaitable(_add_datapoints)
    remove_datapoint = blocking(_remove_datapoint)
    remove_datapoint_async = awaitable(_remove_datapoint)

    get_dataset = blocking(_get_dataset)
    get_dataset_async = awaitable(_get_dataset)
    # Longer names of 1.x.
    list_datasets = blocking(_list)
    list_datasets_async = awaitable(_list)
    create_dataset = create
    create_dataset_async = create_async
    update_dataset = update
    update_dataset_async = update_async
    delete_dataset = delete
    delete_dataset_async = delete_async
