"""Datasets."""

from collections.abc import Mapping
from typing import Any

from honeyhive.client.call import Call, Namespace, Request, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked
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

_PATH = "/v1/datasets"


def _list(_api: Namespace, dataset_id: str | None = None, name: str | None = None) -> Call[GetDatasetsResponse]:
    """The datasets, or those with an id or a name."""
    query = {"dataset_id": dataset_id, "name": name}
    return answered(Request(operation="datasets.list", method="GET", path=_PATH, query=query), GetDatasetsResponse)


def _get_dataset(api: Namespace, id: str) -> Call[GetDatasetsResponse]:  # noqa: A002  1.x's name
    """The dataset with an id, as a list of one."""
    return _list(api, dataset_id=id)


def _create(_api: Namespace, request: CreateDatasetRequest | Mapping[str, Any]) -> Call[CreateDatasetResponse]:
    """Make a dataset."""
    body = body_of(checked(CreateDatasetRequest, request))
    return answered(Request(operation="datasets.create", method="POST", path=_PATH, body=body), CreateDatasetResponse)


def _update(_api: Namespace, request: UpdateDatasetRequest | Mapping[str, Any]) -> Call[UpdateDatasetResponse]:
    """Change the dataset that *request* names."""
    body = body_of(checked(UpdateDatasetRequest, request))
    return answered(Request(operation="datasets.update", method="PUT", path=_PATH, body=body), UpdateDatasetResponse)


def _delete(_api: Namespace, id: str) -> Call[DeleteDatasetResponse]:  # noqa: A002  1.x's name
    """Remove a dataset."""
    segment("id", id)
    request = Request(operation="datasets.delete", method="DELETE", path=_PATH, query={"dataset_id": id})
    return answered(request, DeleteDatasetResponse)


def _add_datapoints(
    _api: Namespace, dataset_id: str, request: AddDatapointsToDatasetRequest | Mapping[str, Any]
) -> Call[AddDatapointsResponse]:
    """Make datapoints of rows: ``data`` are the rows, ``mapping`` says which of their keys are what."""
    body = body_of(checked(AddDatapointsToDatasetRequest, request))
    path = f"{_PATH}/{segment('dataset_id', dataset_id)}/datapoints"
    sent = Request(operation="datasets.add_datapoints", method="POST", path=path, body=body)
    return answered(sent, AddDatapointsResponse)


def _remove_datapoint(_api: Namespace, dataset_id: str, datapoint_id: str) -> Call[RemoveDatapointResponse]:
    """Take a datapoint out of a dataset; it still exists."""
    path = f"{_PATH}/{segment('dataset_id', dataset_id)}/datapoints/{segment('datapoint_id', datapoint_id)}"
    return answered(Request(operation="datasets.remove_datapoint", method="DELETE", path=path), RemoveDatapointResponse)


class DatasetsAPI(Namespace):
    """``client.datasets``."""

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
