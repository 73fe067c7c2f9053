"""Names of 1.x's ``honeyhive.utils`` that have a purpose here: `DotDict`, `get_logger`, retries, baggage, errors."""

from typing import TYPE_CHECKING

from honeyhive.lateload import names_from

if TYPE_CHECKING:
    from honeyhive.errors import APIError, AuthenticationError, ErrorResponse, HoneyHiveError, RateLimitError
    from honeyhive.utils.baggage_dict import BaggageDict
    from honeyhive.utils.dotdict import DotDict
    from honeyhive.utils.error_handler import HoneyHiveConnectionError
    from honeyhive.utils.logger import HoneyHiveFormatter, HoneyHiveLogger, get_logger
    from honeyhive.utils.retry import BackoffStrategy, RetryConfig

__all__ = [
    "APIError",
    "AuthenticationError",
    "BackoffStrategy",
    "BaggageDict",
    "DotDict",
    "ErrorResponse",
    "HoneyHiveConnectionError",
    "HoneyHiveError",
    "HoneyHiveFormatter",
    "HoneyHiveLogger",
    "RateLimitError",
    "RetryConfig",
    "get_logger",
]

__getattr__ = names_from(
    __name__,
    {
        "APIError": "honeyhive.errors",
        "AuthenticationError": "honeyhive.errors",
        "BackoffStrategy": "honeyhive.utils.retry",
        "BaggageDict": "honeyhive.utils.baggage_dict",
        "DotDict": "honeyhive.utils.dotdict",
        "ErrorResponse": "honeyhive.errors",
        "HoneyHiveConnectionError": "honeyhive.utils.error_handler",
        "HoneyHiveError": "honeyhive.errors",
        "HoneyHiveFormatter": "honeyhive.utils.logger",
        "HoneyHiveLogger": "honeyhive.utils.logger",
        "RateLimitError": "honeyhive.errors",
        "RetryConfig": "honeyhive.utils.retry",
        "get_logger": "honeyhive.utils.logger",
    },
)
