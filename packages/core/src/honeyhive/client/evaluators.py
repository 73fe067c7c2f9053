"""Evaluators that run on the server."""

from collections.abc import Mapping
from typing import Any

from honeyhive.client.call import Call, Method, Namespace, Request, awaitable, blocking, segment
from honeyhive.client.payload import answered, body_of, checked
from honeyhive.client.scope import request_in
from honeyhive.models import (
    ArchiveEvaluatorResponse,
    CreateEvaluatorRequest,
    CreateEvaluatorResponse,
    GetEvaluatorResponse,
    GetEvaluatorVersionResponse,
    ListEvaluatorsResponse,
    ListEvaluatorVersionsResponse,
)


def _about(name: str, method: Method, project_id: str, evaluator: str, below: str = "", **options: Any) -> Request:
    """The request about one evaluator, which has an id and a slug."""
    path = f"/evaluators/{segment('evaluator_id_or_slug', evaluator)}{below}"
    return request_in(project_id, f"evaluators.{name}", method, path, **options)


def _create(
    _api: Namespace, request: CreateEvaluatorRequest | Mapping[str, Any], *, project_id: str
) -> Call[CreateEvaluatorResponse]:
    """Make an evaluator and its version 1; ``publish`` in the request lets it run."""
    body = body_of(checked(CreateEvaluatorRequest, request))
    sent = request_in(project_id, "evaluators.create", "POST", "/evaluators", body=body)
    return answered(sent, CreateEvaluatorResponse)


def _list(
    _api: Namespace, *, project_id: str, page: int | None = None, limit: int | None = None
) -> Call[ListEvaluatorsResponse]:
    """The latest versions of the evaluators that are not archived. *page* counts from 1, *limit* is at most 100 (20)."""
    query = {"page": page, "limit": limit}
    sent = request_in(project_id, "evaluators.list", "GET", "/evaluators", query=query)
    return answered(sent, ListEvaluatorsResponse)


def _get(_api: Namespace, evaluator_id_or_slug: str, *, project_id: str) -> Call[GetEvaluatorResponse]:
    """The latest version of an evaluator, also of an archived one."""
    return answered(_about("get", "GET", project_id, evaluator_id_or_slug), GetEvaluatorResponse)


def _archive(_api: Namespace, evaluator_id_or_slug: str, *, project_id: str) -> Call[ArchiveEvaluatorResponse]:
    """Take an evaluator out of use; its slug and its versions stay."""
    return answered(_about("archive", "DELETE", project_id, evaluator_id_or_slug), ArchiveEvaluatorResponse)


def _list_versions(
    _api: Namespace,
    evaluator_id_or_slug: str,
    *,
    project_id: str,
    page: int | None = None,
    limit: int | None = None,
) -> Call[ListEvaluatorVersionsResponse]:
    """The versions of an evaluator, the newest first. *page* counts from 1, *limit* is at most 100 (20)."""
    query = {"page": page, "limit": limit}
    sent = _about("list_versions", "GET", project_id, evaluator_id_or_slug, "/versions", query=query)
    return answered(sent, ListEvaluatorVersionsResponse)


def _get_version(
    _api: Namespace, evaluator_id_or_slug: str, version: int, *, project_id: str
) -> Call[GetEvaluatorVersionResponse]:
    """One version of an evaluator, by the number that the server gave it."""
    below = f"/versions/{segment('version', str(version))}"
    sent = _about("get_version", "GET", project_id, evaluator_id_or_slug, below)
    return answered(sent, GetEvaluatorVersionResponse)


class EvaluatorsAPI(Namespace):
    """``client.evaluators``. Each method needs ``project_id`` and the key of the data plane."""

    create = blocking(_create)
    create_async = awaitable(_create)
    list = blocking(_list)
    list_async = awaitable(_list)
    get = blocking(_get)
    get_async = awaitable(_get)
    archive = blocking(_archive)
    archive_async = awaitable(_archive)
    list_versions = blocking(_list_versions)
    list_versions_async = awaitable(_list_versions)
    get_version = blocking(_get_version)
    get_version_async = awaitable(_get_version)
