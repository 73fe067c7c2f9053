"""Sessions."""

from collections.abc import Mapping
from typing import Any, cast

from honeyhive.client.call import Call, Namespace, Request, awaitable, blocking
from honeyhive.client.payload import answered, body_of, checked
from honeyhive.deprecation import warn_deprecated
from honeyhive.models import PostSessionStartResponse, StartSessionRequest


def _start(api: Namespace, data: StartSessionRequest | Mapping[str, Any]) -> Call[PostSessionStartResponse]:
    """Open a session: ``{"session": {"session_name": …}}``. The reply has at least its id."""
    return _started(api, data)


def _start_session(api: Namespace, request: StartSessionRequest | Mapping[str, Any]) -> Call[PostSessionStartResponse]:
    """Open a session: `start`."""
    return _started(api, request)


def _started(api: Namespace, data: StartSessionRequest | Mapping[str, Any]) -> Call[PostSessionStartResponse]:
    if not isinstance(data, StartSessionRequest) and "session" not in data:
        warn_deprecated("a session without {'session': …} around it", "{'session': {…}}", stacklevel=5)
        data = {"session": dict(data)}
    body = body_of(checked(StartSessionRequest, data))
    if api.project is not None:
        cast("dict[str, Any]", body["session"]).setdefault("project", api.project)
    sent = Request(operation="sessions.start", method="POST", path="/session/start", body=body, key_kind="ingestion")
    return answered(sent, PostSessionStartResponse)


class SessionsAPI(Namespace):
    """``client.sessions``."""

    start = blocking(_start)
    start_async = awaitable(_start)

    # Other names of 1.x.
    start_session = blocking(_start_session)
    start_session_async = awaitable(_start_session)
    create_session = start_session
    create_session_async = start_session_async
