"""Which project a request is about: the one of the project API key, or one that the path names."""

from collections.abc import Mapping

from honeyhive.client.call import Method, Request, segment


def request_in(
    project_id: str | None,
    operation: str,
    method: Method,
    path: str,
    *,
    query: Mapping[str, object] | None = None,
    body: object = None,
    is_read: bool = False,
    is_export: bool = False,
) -> Request:
    """The request for *path* of a project; without *project_id* the project of the API key, and then its key.

    A path that names a project takes only the key of the data plane, so no other stands in for it.
    """
    root = "/v1" if project_id is None else f"/v1/projects/{segment('project_id', project_id)}"
    return Request(
        operation=operation,
        method=method,
        path=root + path,
        query=query or {},
        body=body,
        key_kind="project" if project_id is None else "data_plane",
        is_read=is_read,
        is_export=is_export,
    )
