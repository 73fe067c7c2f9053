"""The exceptions that reach a user of this package; each message names the input and the remedy."""

import dataclasses
from functools import partial
from typing import Any, Final, Literal

ApiKeyKind = Literal["project", "ingestion", "data_plane"]

_KEY_SOURCES: Final[dict[ApiKeyKind, tuple[str, str, str]]] = {
    "project": ("project", "api_key", "HH_API_KEY"),
    "ingestion": ("ingestion", "ingestion_api_key or api_key", "HH_INGESTION_API_KEY or HH_API_KEY"),
    "data_plane": ("data plane", "data_plane_api_key", "HH_DATA_PLANE_API_KEY"),
}


@dataclasses.dataclass
class ErrorResponse:
    """What a failed call of the HoneyHive API is known to be; 1.x's record, kept for code that reads it."""

    success: bool = False
    error_type: str = "UnknownError"
    error_message: str = "An unknown error occurred"
    error_code: str | None = None
    status_code: int | None = None
    details: dict[str, Any] | None = None
    context: object | None = None
    retry_after: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The three fields that are always there, and those of the others that say something."""
        optional = {name: getattr(self, name) for name in ("error_code", "status_code", "details", "retry_after")}
        return {
            "success": self.success,
            "error_type": self.error_type,
            "error_message": self.error_message,
            **{name: value for name, value in optional.items() if value},
        }


class HoneyHiveError(Exception):
    """Anything this package raises on purpose."""

    def __init__(
        self,
        message: str = "",
        error_response: ErrorResponse | None = None,
        original_exception: Exception | None = None,
    ) -> None:
        super().__init__(message)
        self.error_response = error_response
        self.original_exception = original_exception


class ConfigurationError(HoneyHiveError, ValueError):
    """A setting, argument or environment variable that cannot be used as given."""


class EventError(HoneyHiveError, ValueError):
    """A field of an event record that has the wrong type or is missing."""


class APIError(HoneyHiveError):
    """A call of the HoneyHive API that did not succeed; ``status_code`` is 0 where the server gave none."""

    def __init__(
        self,
        message: str = "",
        error_response: ErrorResponse | None = None,
        original_exception: Exception | None = None,
    ) -> None:
        super().__init__(message, error_response, original_exception)
        self.message = message
        self.status_code = (error_response.status_code if error_response is not None else None) or 0


class HTTPException(APIError):  # noqa: N818  the name that 1.x gave it
    """The HoneyHive API refused a call, or failed at it.

    ``message`` names the operation, ``server_message`` and ``error_code`` are the server's own words, None where it
    gave none.
    """

    def __init__(
        self, status_code: int, message: str, *, server_message: str | None = None, error_code: str | None = None
    ) -> None:
        response = ErrorResponse(
            error_type="APIError",
            error_message=server_message or message,
            error_code=error_code,
            status_code=status_code,
        )
        super().__init__(f"{status_code} {message}", response)
        self.message = message
        self.server_message = server_message
        self.error_code = error_code

    def __reduce__(self) -> tuple[object, ...]:
        # By default an exception is unpickled from its text alone; this one crosses process pools in experiments.
        words = {"server_message": self.server_message, "error_code": self.error_code}
        return partial(type(self), self.status_code, self.message, **words), (), {"error_response": self.error_response}


class AuthenticationError(HTTPException):
    """The HoneyHive API knows no such key, or the key may not do this (401, 403)."""


class RateLimitError(HTTPException):
    """The HoneyHive API wants fewer calls (429); ``retry_after`` is seconds, None where it does not say how many."""

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the server wants to be asked again."""
        return None if self.error_response is None else self.error_response.retry_after


class MissingApiKeyError(ConfigurationError):
    """No key is configured that this operation could use; ``key_kind`` says which. Raised before anything is sent."""

    def __init__(self, key_kind: ApiKeyKind) -> None:
        kind, argument, variable = _KEY_SOURCES[key_kind]
        super().__init__(f"there is no {kind} API key; give {argument}, or set {variable}")
        self.key_kind: ApiKeyKind = key_kind

    def __reduce__(self) -> tuple[object, ...]:
        return MissingApiKeyError, (self.key_kind,)
