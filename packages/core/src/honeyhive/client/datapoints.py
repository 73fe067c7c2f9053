"""Datapoints: inputs, history and ground truth of experiments."""

from collections.abc import Mapping, Sequence
from typing import Any

from honeyhive.client.call import Call, Namespace, Request, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked, in_batches, parsed
from honeyhive.models import (
    BatchCreateDatapointsRequest,
    BatchCreateDatapointsResponse,
    CreateDatapointRequest,
    CreateDatapointResponse,
    DeleteDatapointResponse,
    GetDatapointResponse,
    GetDatapointsResponse,
    UpdateDatapointRequest,
    UpdateDatapointResponse,
)

_PATH = "/v1/datapoints"


def _merged(replies: Sequence[object]) -> GetDatapointsResponse:
    first, *others = [parsed(GetDatapointsResponse, reply) for reply in replies]
    for other in others:
        first.datapoints = [*(first.datapoints or []), *(other.datapoints or [])]
    return first


def _list(
    _api: Namespace, datapoint_ids: Sequence[str] | None = None, dataset_name: str | None = None
) -> Call[GetDatapointsResponse]:
    """The datapoints with *datapoint_ids*, of which there may be any number, or of a dataset, or all."""
    requests = [
        Request(
            operation="datapoints.list",
            method="GET",
            path=_PATH,
            query={"datapoint_ids": ids, "dataset_name": dataset_name},
        )
        for ids in in_batches(datapoint_ids)
    ]
    return Call(requests, _merged)


def _get(_api: Namespace, id: str) -> Call[GetDatapointResponse]:  # noqa: A002  1.x's name
    """One datapoint."""
    request = Request(operation="datapoints.get", method="GET", path=f"{_PATH}/{segment('id', id)}")
    return answered(request, GetDatapointResponse)


def _create(_api: Namespace, request: CreateDatapointRequest | Mapping[str, Any]) -> Call[CreateDatapointResponse]:
    """Make a datapoint."""
    body = body_of(checked(CreateDatapointRequest, request))
    sent = Request(operation="datapoints.create", method="POST", path=_PATH, body=body)
    return answered(sent, CreateDatapointResponse)


def _create_batch(
    _api: Namespace, request: BatchCreateDatapointsRequest | Mapping[str, Any]
) -> Call[BatchCreateDatapointsResponse]:
    """Make datapoints of events."""
    body = body_of(checked(BatchCreateDatapointsRequest, request))
    sent = Request(operation="datapoints.create_batch", method="POST", path=f"{_PATH}/batch", body=body)
    return answered(sent, BatchCreateDatapointsResponse)


def _update(
    _api: Namespace,
    id: str,  # noqa: A002  1.x's name
    request: UpdateDatapointRequest | Mapping[str, Any],
) -> Call[UpdateDatapointResponse]:
    """Change a datapoint."""
    body = body_of(checked(UpdateDatapointRequest, request))
    sent = Request(operation="datapoints.update", method="PUT", path=f"{_PATH}/{segment('id', id)}", body=body)
    return answered(sent, UpdateDatapointResponse)


def _delete(_api: Namespace, id: str) -> Call[DeleteDatapointResponse]:  # noqa: A002  1.x's name
    """Remove a datapoint."""
    request = Request(operation="datapoints.delete", method="DELETE", path=f"{_PATH}/{segment('id', id)}")
    return answered(request, DeleteDatapointResponse)


class DatapointsAPI(Namespace):
    """``client.datapoints``."""

    list = blocking(_list)
    list_async = awaitable(_list)
    get = blocking(_get)
    get_async = awaitable(_get)
    create = blocking(_create)
    create_async = awaitable(_create)
    create_batch = blocking(_create_batch)
    create_batch_async = awaitable(_create_batch)
    update = blocking(_update)
    update_async = awaitable(_update)
    delete = blocking(_delete)
    delete_async = awaitable(_delete)

    # Longer names of 1.x.
    list_datapoints = blocking(_list)
    list_datapoints_async = awaitable(_list)
    get_datapoint = get
    get_datapoint_async = get_async
    create_datapoint = create
    create_datapoint_async = create_async
    update_datapoint = update
    update_datapoint_async = update_async
    delete_datapoint = delete
    delete_datapoint_async = delete_async
