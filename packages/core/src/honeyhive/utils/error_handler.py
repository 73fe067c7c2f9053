"""1.x's import path of the errors."""

from honeyhive.errors import APIError, ErrorResponse, HoneyHiveError

__all__ = ["APIError", "ErrorResponse", "HoneyHiveError"]
