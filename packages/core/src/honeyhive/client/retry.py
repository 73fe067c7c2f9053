"""When a request is sent again, and after how long."""

from typing import Final

import httpx

from honeyhive.chance import chance
from honeyhive.client.call import Request
from honeyhive.export.delivery import retry_after_s
from honeyhive.utils.retry import RetryConfig

_MAX_WAIT_S: Final = 60.0
_RETRIED_STATUS: Final = frozenset({408, 429})
_UNAVAILABLE: Final = 503
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500


class Retries:
    """The decision after each attempt.

    A request that may be repeated (GET, PUT, DELETE, and a POST that only reads) is sent again after a connection error, a
    timeout, 408, 429 and 5xx. Any other POST is sent again only when it is certain that the server did nothing: no
    connection came about, 429, or 503 with ``Retry-After``.
    """

    def __init__(self, max_retries: int, config: RetryConfig | None = None) -> None:
        """*config* is the user's own; without it, 408, 429 and every 5xx are retried, with full jitter."""
        self._max_retries = max_retries if config is None else config.max_retries
        self._config = config

    def wait_s(self, request: Request, answer: httpx.Response | httpx.TransportError, attempt: int) -> float | None:
        """Seconds until *request* is sent again; None when *answer* is the last word. *attempt* counts from 0.

        A server that wants more than a minute's patience is not waited for.
        """
        if attempt >= self._max_retries:
            return None
        if isinstance(answer, httpx.TransportError):
            return self._delay_s(attempt) if _is_safe_after(request, answer) else None
        if not self._is_retried(request, answer):
            return None
        asked = retry_after_s(answer.headers.get("retry-after"))
        if asked is None:
            return self._delay_s(attempt)
        return asked if asked <= _MAX_WAIT_S else None

    def _is_retried(self, request: Request, answer: httpx.Response) -> bool:
        status = answer.status_code
        if self._config is not None:
            is_worth_it = status in self._config.retry_on_status_codes
        else:
            is_worth_it = status in _RETRIED_STATUS or status >= _SERVER_ERROR
        is_undone = status == _TOO_MANY or (status == _UNAVAILABLE and "retry-after" in answer.headers)
        return is_worth_it and (request.is_repeatable or is_undone)

    def _delay_s(self, attempt: int) -> float:
        if self._config is not None:
            return self._config.backoff_strategy.get_delay(attempt + 1)
        return chance.uniform(0.05, min(_MAX_WAIT_S, 0.5 * 2 ** min(attempt, 10)))


def _is_safe_after(request: Request, error: httpx.TransportError) -> bool:
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return False  # it would fail in the same way again
    return request.is_repeatable or isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout))
