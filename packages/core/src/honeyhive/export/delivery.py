"""Delivery over HTTP: kept-alive connections, retries with jitter, and an honest outcome (design decision 4)."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from honeyhive import __about__
from honeyhive.chance import chance
from honeyhive.export.otlp_json import to_otlp_json
from honeyhive.export.outcome import Outcome
from honeyhive.export.replies import MOST_BYTES, Reply, beginning_of, rejected_in
from honeyhive.export.updates import Parting, has_updates
from honeyhive.guard import guard
from honeyhive.lateload import late_imports
from honeyhive.settings import Settings
from honeyhive.settings.http import HTTPSettings

if TYPE_CHECKING:
    import httpx

_MAX_RETRY_AFTER_S: Final = 300.0
_SUCCESS: Final = 2  # any 2xx
_SERVER_ERROR: Final = 500
_RETRIED_STATUS: Final = frozenset({408, 429})
_MAX_BACKOFF_S: Final = 30.0


_Send = Callable[[str, str, bytes, dict[str, str], float], Reply]


class Delivery:
    """Posts bodies to their destinations, with one kept-alive client for each way of travelling."""

    def __init__(self) -> None:
        self._inherited: list[object] = []
        self._forget()

    def _forget(self) -> None:
        self._clients: dict[HTTPSettings, httpx.Client] = {}
        self._lent: dict[int, tuple[object, httpx.Client]] = {}
        self._parting = Parting()

    def post(self, settings: Settings, body: bytes, *, timeout_s: float, attempt: int) -> Outcome:
        """Send *body*, an ``ExportTraceServiceRequest``; never raises for what the network does.

        The HoneyHive API gets the updates in it as ``PUT /events`` (design decision 2), in one body's time or in several.
        """
        url = settings.destination
        if url is None:
            return Outcome(is_delivered=True)

        def post(part: bytes) -> Outcome:
            content = _encoded(settings, part)
            return self._send(settings, "POST", url, content, request_headers(settings), timeout_s, attempt)

        def put(content: bytes, time_ns: int) -> Outcome:
            address = f"{settings.server_url}/events"
            return self._send(settings, "PUT", address, content, update_headers(settings, time_ns), timeout_s, attempt)

        try:
            if settings.otlp_endpoint is None and has_updates(body):
                return self._parting.deliver(body, attempt, post, put)
            return post(body)
        except Exception as error:  # noqa: BLE001  a body that we cannot send must not stand before all others for good
            guard.swallow(error, "prepare a delivery")
            return Outcome(refused="unsendable")

    def _send(
        self,
        settings: Settings,
        method: str,
        url: str,
        content: bytes,
        headers: dict[str, str],
        timeout_s: float,
        attempt: int,
    ) -> Outcome:
        with late_imports():
            import httpx  # noqa: PLC0415  a quarter of a second of imports, only where something is sent

            request = self._request_of(settings)
        try:
            reply = request(method, url, content, headers, timeout_s)
        except httpx.HTTPError:
            return Outcome(retry_after_s=backoff_s(attempt))
        except OSError:  # what `requests` raises
            return Outcome(retry_after_s=backoff_s(attempt))
        except Exception as error:  # noqa: BLE001  what httpx does not call an HTTP error, such as a header it cannot send
            guard.swallow(error, "deliver events")
            return Outcome(retry_after_s=backoff_s(attempt))
        return _judge(reply, attempt)

    def _request_of(self, settings: Settings) -> _Send:
        """What sends a request as *settings* want it: the caller's own client, or ours."""
        import httpx  # noqa: PLC0415  see above

        from honeyhive.export.connections import blocking_client, trust  # noqa: PLC0415  it imports httpx

        lent = settings.http_client
        if lent is not None and not isinstance(lent, (httpx.Client, httpx.BaseTransport)):
            return _by_requests(lent)
        if isinstance(lent, httpx.Client):
            client = lent
        elif isinstance(lent, httpx.BaseTransport):
            # The transport is kept beside the client, so that its id names it and no other.
            _, client = self._lent.setdefault(id(lent), (lent, httpx.Client(transport=lent)))
        else:
            client = self._clients.get(settings.http) or blocking_client(settings.http, trust(settings.http.verify_ssl))
            self._clients[settings.http] = client

        def send(method: str, url: str, content: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
            # A redirect that turned the POST into a GET would look like success.
            with client.stream(
                method, url, content=content, headers=headers, timeout=timeout_s, follow_redirects=False
            ) as answer:
                body = b""
                with suppress(httpx.HTTPError, httpx.StreamError):  # the status stands, whatever becomes of the body
                    # What `httpx.MockTransport` and the like answer with was read when it was made.
                    chunks = (answer.content,) if answer.is_stream_consumed else answer.iter_raw()
                    body = beginning_of(chunks, timeout_s)
                return Reply(answer.status_code, answer.headers, body)

        return send

    def close(self) -> None:
        """Close our own connections; a client or transport that a caller lent us is the caller's to close."""
        for client in self._clients.values():
            client.close()
        self._forget()

    def reset_after_fork(self) -> None:
        """Leave the parent's connections to the parent: to close them here, if only by forgetting, would end its TLS."""
        self._inherited.append((self._clients, self._lent))
        self._forget()


def _by_requests(session: Any) -> _Send:
    """Sends with a ``requests.Session``, as 1.x did."""

    def send(method: str, url: str, content: bytes, headers: dict[str, str], timeout_s: float) -> Reply:
        with session.request(
            method, url, data=content, headers=headers, timeout=timeout_s, allow_redirects=False, stream=True
        ) as answer:
            body = b""
            with suppress(OSError):  # what `requests` raises; the status stands
                body = beginning_of(answer.iter_content(MOST_BYTES), timeout_s)
            return Reply(answer.status_code, answer.headers, body)

    return send


def _encoded(settings: Settings, body: bytes) -> bytes:
    if settings.otlp_protocol == "http/protobuf":
        return body
    # HoneyHive's cloud is known to take 1.x's dialect; collectors are promised OTLP's own.
    return to_otlp_json(body, strict=settings.otlp_endpoint is not None)


def request_headers(settings: Settings) -> dict[str, str]:
    """The headers of a delivery; the API key goes to HoneyHive's own API only (``facts/honeyhive-api.md`` §4.4)."""
    is_json = settings.otlp_protocol == "http/json"
    headers = {
        "Content-Type": "application/json" if is_json else "application/x-protobuf",
        "User-Agent": f"honeyhive-python/{__about__.__version__}",
    }
    if settings.otlp_endpoint is not None:
        return {**headers, **settings.otlp_headers}
    return {**headers, **_own_headers(settings), "X-Source": settings.source}


def update_headers(settings: Settings, time_ns: int) -> dict[str, str]:
    """The headers of an update, said at *time_ns* (``facts/honeyhive-api.md`` §4.1)."""
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": f"honeyhive-python/{__about__.__version__}",
        **_own_headers(settings),
        "hh-client-timestamp": str(time_ns),
    }


def _own_headers(settings: Settings) -> dict[str, str]:
    key = settings.delivery_key
    return {
        **({"Authorization": f"Bearer {key}"} if key else {}),
        "hh-client-version": __about__.__version__,
        "hh-client-language": "python",
        "hh-client-package": "honeyhive",
    }


def _judge(reply: Reply, attempt: int) -> Outcome:
    status = reply.status
    if status // 100 == _SUCCESS:
        rejected = rejected_in(reply)
        return Outcome(is_delivered=True, dropped={"rejected": rejected} if rejected else {})
    if status in {401, 403}:
        return Outcome(is_unauthorized=True, refused=f"http_{status}")
    if status in _RETRIED_STATUS or status >= _SERVER_ERROR:
        return Outcome(retry_after_s=retry_after_s(reply.headers.get("retry-after")) or backoff_s(attempt))
    return Outcome(refused=f"http_{status}")


def backoff_s(attempt: int) -> float:
    """Full jitter: anything up to twice as much as the attempt before, at most 30 s."""
    return chance.uniform(0.05, min(_MAX_BACKOFF_S, 0.5 * 2 ** min(attempt, 10)))


def retry_after_s(text: str | None) -> float | None:
    """``Retry-After`` in seconds or as a date (RFC 9110 §10.2.3), at most five minutes."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        with late_imports():
            from email.utils import parsedate_to_datetime  # noqa: PLC0415  5 ms to import, and few servers name a date

        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), _MAX_RETRY_AFTER_S) or None if math.isfinite(seconds) else None
