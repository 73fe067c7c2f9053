"""What an answer of the API comes to: its data, or the exception that says what went wrong."""

from typing import Any, Final, cast

import httpx
import orjson

from honeyhive.client.call import Request
from honeyhive.errors import APIError, AuthenticationError, ErrorResponse, HTTPException, RateLimitError
from honeyhive.export.delivery import retry_after_s

_SUCCESS: Final = 2  # any 2xx
_NOT_FOUND: Final = 404
_KINDS: Final[dict[int, type[HTTPException]]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    429: RateLimitError,
}


def settled(request: Request, answer: httpx.Response | httpx.TransportError) -> object:
    """The JSON data of a success, None for an empty one; raises for everything else."""
    if isinstance(answer, httpx.TransportError):
        raise answer
    if answer.status_code // 100 != _SUCCESS:
        raise _failure(request, answer)
    if not answer.content.strip():
        return None
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        kind = answer.headers.get("content-type", "no type")
        message = f"{request.operation} got status {answer.status_code} and a reply that is not JSON ({kind})"
        told = ErrorResponse(error_type="APIError", error_message=message, status_code=answer.status_code)
        raise APIError(message, told) from None


def _failure(request: Request, answer: httpx.Response) -> HTTPException:
    try:
        data: object = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        data = None
    said = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    server_message = said.get("message") if isinstance(said.get("message"), str) else None
    error_code = said.get("errorCode") if isinstance(said.get("errorCode"), str) else None
    message = f"{request.operation} failed with status code: {answer.status_code}"
    if server_message:
        message += f": {server_message}"
    if answer.status_code == _NOT_FOUND:
        message += " (there is no such thing, or the API key may not see it)"
    if answer.has_redirect_location:
        message += f" (redirected to {answer.headers['location']}; give that server's address as base_url)"
    kind = _KINDS.get(answer.status_code, HTTPException)
    failure = kind(answer.status_code, message, server_message=server_message or None, error_code=error_code or None)
    if failure.error_response is not None:
        # A batch may have arrived in part, and its reply says which part.
        failure.error_response.details = said or None
        failure.error_response.retry_after = retry_after_s(answer.headers.get("retry-after"))
    return failure
