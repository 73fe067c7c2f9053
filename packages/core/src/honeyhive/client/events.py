"""Events: written, updated, exported."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from honeyhive.client.call import Call, Namespace, Request, awaitable, blocking
from honeyhive.client.payload import answered, body_of, checked, parsed
from honeyhive.client.scope import request_in
from honeyhive.deprecation import warn_deprecated
from honeyhive.models import (
    EventExportResponse,
    EventFilter,
    GetEventsQuery,
    GetEventsResponse,
    LegacyEvent,
    PostEventBatchRequest,
    PostEventBatchResponse,
    PostEventRequest,
    PostEventResponse,
    UpdateEventRequest,
)

Filters = Sequence[EventFilter | Mapping[str, Any]]
_LIMIT = 1000
# What a search calls the ends of a range that an export calls as 1.x does.
_ENDS = {"$gte": "start_time", "$lte": "end_time"}


def _create(api: Namespace, request: PostEventRequest | Mapping[str, Any]) -> Call[PostEventResponse]:
    """Write one event."""
    body = body_of(checked(PostEventRequest, request))
    body["event"] = _of_project(api, body["event"])
    sent = Request(operation="events.create", method="POST", path="/events", body=body, key_kind="ingestion")
    return answered(sent, PostEventResponse)


def _create_batch(api: Namespace, data: PostEventBatchRequest | Mapping[str, Any]) -> Call[PostEventBatchResponse]:
    """Write events. When only a part arrived, ``error_response.details`` of the exception says which."""
    body = body_of(checked(PostEventBatchRequest, data))
    body["events"] = [_of_project(api, event) for event in body["events"]]
    sent = Request(
        operation="events.create_batch", method="POST", path="/events/batch", body=body, key_kind="ingestion"
    )
    return answered(sent, PostEventBatchResponse)


def _update(_api: Namespace, data: UpdateEventRequest | Mapping[str, Any]) -> Call[None]:
    """Add to an event that exists, or to a session: its ``event_id`` is the session id."""
    body = body_of(checked(UpdateEventRequest, data))
    sent = Request(operation="events.update", method="PUT", path="/events", body=body, key_kind="ingestion")
    return Call([sent], lambda _replies: None)


def _of_project(api: Namespace, event: dict[str, Any]) -> dict[str, Any]:
    return event if api.project is None or "project" in event else {"project": api.project, **event}


def _export(
    api: Namespace,
    project: str | None = None,
    filters: Filters | None = None,
    *,
    date_range: Mapping[str, str] | None = None,
    projections: Sequence[str] | None = None,
    limit: int = _LIMIT,
    page: int = 1,
    project_id: str | None = None,
) -> Call[EventExportResponse]:
    """One page of the events that pass all *filters*.

    *date_range* has ``$gte`` and ``$lte`` as ISO texts, *projections* names the fields to get, *limit* is at most 7,500 and
    *page* counts from 1. A reply may take minutes: ``HH_EXPORT_TIMEOUT_SECONDS``. With *project_id* the key is that of the
    data plane, and *project* is not sent. Raises `APIError`.
    """
    conditions = [one.to_dict() if isinstance(one, EventFilter) else dict(one) for one in filters or ()]
    body: dict[str, Any] = {"filters": conditions, "limit": limit, "page": page}
    if project_id is None and (project or api.project):
        body["project"] = project or api.project
    if date_range:
        body["dateRange"] = dict(date_range) if project_id is None else _of_search(date_range)
    if projections:
        body["projections"] = list(projections)
    path = "/events/export" if project_id is None else "/events/search"
    sent = request_in(project_id, "events.export", "POST", path, body=body, is_read=True, is_export=True)
    return Call([sent], _exported)


def _of_search(date_range: Mapping[str, str]) -> dict[str, str]:
    return {_ENDS.get(end, end): when for end, when in date_range.items()}


def _exported(replies: list[object]) -> EventExportResponse:
    response = parsed(EventExportResponse, replies[0])
    # An older server says ``count``; where neither is said, what came is what there is.
    extra = response.model_extra or {}
    if "total_events" not in response.model_fields_set:
        count = extra.get("count")
        response.total_events = count if isinstance(count, int) else 0
    return response


def _list(
    api: Namespace,
    query: GetEventsQuery | Mapping[str, Any] | None = None,
    *,
    data: GetEventsQuery | Mapping[str, Any] | None = None,
    project_id: str | None = None,
) -> Call[GetEventsResponse]:
    """The events of a query: ``filters``, ``dateRange``, ``projections``, ``limit``, ``page``. *data* is *query* too."""
    given = data if data is not None else query
    if given is None:
        message = "events.list needs a query; give query={…}"
        raise ValueError(message)
    asked = body_of(given) if isinstance(given, GetEventsQuery) else dict(given)
    call = _export(
        api,
        asked.get("project"),
        filters=asked.get("filters"),
        date_range=asked.get("dateRange"),
        projections=asked.get("projections"),
        limit=asked.get("limit") or _LIMIT,
        page=asked.get("page") or 1,
        project_id=project_id,
    )

    def finish(replies: list[object]) -> GetEventsResponse:
        response = call.finish(replies)
        return GetEventsResponse(events=response.events, totalEvents=response.total_events)

    return Call(call.requests, finish, call.time_ns)


def _get_by_session_id(
    api: Namespace, session_id: str, project: str | None = None, *, limit: int = _LIMIT
) -> Call[EventExportResponse]:
    """The events of a session in the order of their start; `export` with a filter says more."""
    warn_deprecated("events.get_by_session_id", "events.export with a filter on session_id", stacklevel=4)
    condition = EventFilter(field="session_id", operator="is", value=session_id, type="string")
    call = _export(api, project, [condition], limit=limit)

    def finish(replies: list[object]) -> EventExportResponse:
        response = call.finish(replies)
        response.events = sorted(response.events, key=_start)
        return response

    return Call(call.requests, finish, call.time_ns)


def _start(event: LegacyEvent) -> float:
    """When *event* started: a number, or an ISO text of an older server; 0 where it says nothing."""
    extra = event.model_extra or {}
    found: Any = event.start_time or extra.get("startTime") or extra.get("created_at")
    if isinstance(found, str):
        try:
            return datetime.fromisoformat(found).timestamp() * 1000
        except ValueError:
            return 0.0
    return float(found) if isinstance(found, (int, float)) else 0.0


class EventsAPI(Namespace):
    """``client.events``."""

    create = blocking(_create)
    create_async = awaitable(_create)
    create_batch = blocking(_create_batch)
    create_batch_async = awaitable(_create_batch)
    update = blocking(_update)
    update_async = awaitable(_update)
    export = blocking(_export)
    export_async = awaitable(_export)
    list = blocking(_list)
    list_async = awaitable(_list)
    get_by_session_id = blocking(_get_by_session_id)
    get_by_session_id_async = awaitable(_get_by_session_id)

    # Longer names of 1.x.
    create_event = create
    create_event_async = create_async
    update_event = update
    update_event_async = update_async
    list_events = export
    list_events_async = export_async
    get_events = export
    get_events_async = export_async
