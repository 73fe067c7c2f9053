"""The session of a request, for endpoints and dependencies."""

from typing import Annotated, Final

from fastapi import Depends
from fastapi.requests import HTTPConnection
from honeyhive.integration import Context, SessionScope, session_scope

# Where the middleware keeps a request's session; its presence also says that the request is being recorded.
SCOPE_KEY: Final = "honeyhive.session"


async def request_session(connection: HTTPConnection) -> SessionScope:
    """The session of the request or websocket; one that is recorded nowhere when the application is not recorded."""
    found = connection.scope.get(SCOPE_KEY)
    return found if isinstance(found, SessionScope) else session_scope("request", Context())[0]


SessionDep = Annotated[SessionScope, Depends(request_session)]
"""A dependency: ``session: SessionDep`` gives an endpoint the session of its request."""
