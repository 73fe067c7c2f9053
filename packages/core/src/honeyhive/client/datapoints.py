"""Datapoints: inputs, history and ground truth of experiments."""

from collections.abc import Mapping, Sequence
from typing import Any

from honeyhive.client.call import Call, Namespace, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked, in_batches, parsed
from honeyhive.client.scope import request_in
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

_PATH = "/datapoints"


def _merged(replies: Sequence[object]) -> GetDatapointsResponse:
    first, *others = [parsed(GetDatapointsResponse, reply) for reply in replies]
    for other in others:
        first.datapoints = [*(first.datapoints or []), *(other.datapoints or [])]
    return first


def _list(
    _api: Namespace,
    datapoint_ids: Sequence[str] | None = None,
    dataset_name: str | None = None,
    *,
    project_id: str | None = None,
) -> Call[GetDatapointsResponse]:
    """The datapoints with *datapoint_ids*, of which there may be any number, or of a dataset, or all."""
    requests = [
        request_in(
            project_id,
            "datapoints.list",
            "GET",
            _PATH,
            query={"datapoint_ids": ids, "dataset_name": dataset_name},
        )
        for ids in in_batches(datapoint_ids)
    ]
    return Call(requests, _merged)


def _get(
    _api: Namespace,
    id: str,  # noqa: A002  1.x's name
    *,
    project_id: str | None = None,
) -> Call[GetDatapointResponse]:
    """One datapoint."""
    return answered(request_in(project_id, "datapoints.get", "GET", _one(id)), GetDatapointResponse)


def _create(
    _api: Namespace, request: CreateDatapointRequest | Mapping[str, Any], *, project_id: str | None = None
) -> Call[CreateDatapointResponse]:
    """Make a datapoint."""
    body = body_of(checked(CreateDatapointRequest, request))
    return answered(request_in(project_id, "datapoints.create", "POST", _PATH, body=body), CreateDatapointResponse)


def _create_batch(
    _api: Namespace, request: BatchCreateDatapointsRequest | Mapping[str, Any], *, project_id: str | None = None
) -> Call[BatchCreateDatapointsResponse]:
    """Make datapoints of events."""
    body = body_of(checked(BatchCreateDatapointsRequest, request))
    sent = request_in(project_id, "datapoints.create_batch", "POST", f"{_PATH}/batch", body=body)
    return answered(sent, BatchCreateDatapointsResponse)


def _update(
    _api: Namespace,
    id: str,  # noqa: A002  1.x's name
    request: UpdateDatapointRequest | Mapping[str, Any],
    *,
    project_id: str | None = None,
) -> Call[UpdateDatapointResponse]:
    """Change a datapoint."""
    body = body_of(checked(UpdateDatapointRequest, request))
    method = "PUT" if project_id is None else "PATCH"
    sent = request_in(project_id, "datapoints.update", method, _one(id), body=body)
    return answered(sent, UpdateDatapointResponse)


def _delete(
    _api: Namespace,
    id: str,  # noqa: A002  1.x's name
    *,
    project_id: str | None = None,
) -> Call[DeleteDatapointResponse]:
    """Remove a datapoint."""
    return answered(request_in(project_id, "datapoints.delete", "DELETE", _one(id)), DeleteDatapointResponse)


def _one(datapoint_id: str) -> str:
    return f"{_PATH}/{segment('id', datapoint_id)}"


class DatapointsAPI(Namespace):
    """``client.datapoints``. Each method takes ``project_id``; without it, the project of the API key is meant."""

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
