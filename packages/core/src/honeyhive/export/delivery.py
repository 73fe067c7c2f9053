"""Delivery over OTLP/HTTP: one client a process, retries with jitter, and an honest outcome (design decision 4)."""

import dataclasses
import email.utils
import math
import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from honeyhive import __about__
from honeyhive.guard import guard
from honeyhive.lateload import late_imports
from honeyhive.settings import Settings

if TYPE_CHECKING:
    import httpx

_MAX_RETRY_AFTER_S: Final = 300.0
_SUCCESS: Final = 2  # any 2xx
_SERVER_ERROR: Final = 500
_RETRIED_STATUS: Final = frozenset({408, 429})
_MAX_BACKOFF_S: Final = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request: arrived, refused for good (with the reason), or to be tried again after a while."""

    is_delivered: bool = False
    refused: str | None = None
    is_unauthorized: bool = False
    retry_after_s: float | None = None


class Delivery:
    """Posts bodies to a destination with one kept-alive client."""

    def __init__(self) -> None:
        self._client: httpx.Client | None = None

    def post(self, settings: Settings, body: bytes, *, timeout_s: float, attempt: int) -> Outcome:
        """Send *body*, an ``ExportTraceServiceRequest``; never raises for what the network does."""
        with late_imports():
            import httpx  # noqa: PLC0415  a quarter of a second of imports, only where something is sent

            if self._client is None:
                self._client = httpx.Client(follow_redirects=False)
        url = settings.destination
        if url is None:
            return Outcome(is_delivered=True)
        try:
            response = self._client.post(url, content=body, headers=request_headers(settings), timeout=timeout_s)
        except httpx.HTTPError:
            return Outcome(retry_after_s=backoff_s(attempt))
        except Exception as error:  # noqa: BLE001  what httpx does not call an HTTP error, such as a header it cannot send
            guard.swallow(error, "deliver events")
            return Outcome(retry_after_s=backoff_s(attempt))
        return _judge(response.status_code, response.headers, attempt)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def reset_after_fork(self) -> None:
        """Leave the parent's connections to the parent: closing them here would end its TLS sessions."""
        self._client = None


def request_headers(settings: Settings) -> dict[str, str]:
    """The headers of a delivery; the API key goes to HoneyHive's own API only (``facts/honeyhive-api.md`` §4.4)."""
    headers = {"Content-Type": "application/x-protobuf", "User-Agent": f"honeyhive-python/{__about__.__version__}"}
    if settings.otlp_endpoint is not None:
        return {**headers, **settings.otlp_headers}
    return {
        **headers,
        "Authorization": f"Bearer {settings.api_key}",
        "X-Source": settings.source,
        "hh-client-version": __about__.__version__,
        "hh-client-language": "python",
        "hh-client-package": "honeyhive",
    }


def _judge(status: int, headers: Mapping[str, str], attempt: int) -> Outcome:
    if status // 100 == _SUCCESS:
        return Outcome(is_delivered=True)
    if status in {401, 403}:
        return Outcome(is_unauthorized=True, refused=f"http_{status}")
    if status in _RETRIED_STATUS or status >= _SERVER_ERROR:
        return Outcome(retry_after_s=_retry_after_s(headers.get("retry-after")) or backoff_s(attempt))
    return Outcome(refused=f"http_{status}")


def backoff_s(attempt: int) -> float:
    """Full jitter: anything up to twice as much as the attempt before, at most 30 s."""
    return random.uniform(0.05, min(_MAX_BACKOFF_S, 0.5 * 2 ** min(attempt, 10)))  # noqa: S311  not a secret


def _retry_after_s(text: str | None) -> float | None:
    """``Retry-After`` in seconds or as a date (RFC 9110 §10.2.3), at most five minutes."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_S) or None if math.isfinite(seconds) else None
