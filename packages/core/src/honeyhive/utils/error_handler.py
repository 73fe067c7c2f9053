"""1.x's import path of the errors."""

from typing import TYPE_CHECKING

from honeyhive.errors import APIError, AuthenticationError, ErrorResponse, HoneyHiveError, RateLimitError

if TYPE_CHECKING:
    from httpx import TransportError as HoneyHiveConnectionError

__all__ = [
    "APIError",
    "AuthenticationError",
    "ErrorResponse",
    "HoneyHiveConnectionError",
    "HoneyHiveError",
    "RateLimitError",
]


def __getattr__(name: str) -> object:
    # What the client raises where there is no answer; httpx is imported late.
    if name == "HoneyHiveConnectionError":
        from httpx import TransportError  # noqa: PLC0415

        return TransportError
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
