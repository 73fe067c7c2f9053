"""Delivery over HTTP: kept-alive connections, retries with jitter, and an honest outcome (design decision 4)."""

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from honeyhive import __about__
from honeyhive.chance import chance
from honeyhive.export.compression import compress
from honeyhive.export.otlp_json import to_otlp_json
from honeyhive.export.outcome import Outcome
from honeyhive.export.replies import MOST_BYTES, Reply, beginning_of, rejected_in
from honeyhive.export.updates import Parting, has_updates
from honeyhive.guard import guard
from honeyhive.lateload import late_imports
from honeyhive.settings import Settings

if TYPE_CHECKING:
    import httpx

_LOG: Final = logging.getLogger("honeyhive")
_MAX_RETRY_AFTER_S: Final = 300.0
_SUCCESS: Final = 2  # any 2xx
_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503
_RETRIED_STATUS: Final = frozenset({408, 429})
_MAX_BACKOFF_S: Final = 30.0
# What a destination answers that cannot read a body, which may be for its compression.
_MISUNDERSTOOD: Final = frozenset({"http_400", "http_415"})


_Send = Callable[[str, str, bytes, dict[str, str], float], Reply]


class Delivery:
    """Posts bodies to their destinations, with one kept-alive client for each way of travelling."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._clients: dict[tuple[object, ...], httpx.Client] = {}
        self._lent: dict[int, tuple[object, httpx.Client]] = {}
        self._parting = Parting()
        self._takes_compressed = True

    def post(self, settings: Settings, body: bytes, *, timeout_s: float, attempt: int) -> Outcome:
        """Send *body*, an ``ExportTraceServiceRequest``; never raises for what the network does.

        The HoneyHive API gets the updates in it as ``PUT /events`` (design decision 2), in one body's time or in several.
        """
        url = settings.destination
        if url is None:
            return Outcome(is_delivered=True)

        def post(part: bytes) -> Outcome:
            return self._post(settings, url, _encoded(settings, part), timeout_s)

        def put(content: bytes, time_ns: int) -> Outcome:
            address = f"{settings.server_url}/events"
            return self._send(settings, "PUT", address, content, update_headers(settings, time_ns), timeout_s)

        try:
            if settings.otlp_endpoint is None and has_updates(body):
                return self._parting.deliver(body, attempt, post, put)
            return post(body)
        except Exception as error:  # noqa: BLE001  a body that we cannot send must not stand before all others for good
            guard.swallow(error, "prepare a delivery")
            return Outcome(refused="unsendable")

    def _post(self, settings: Settings, url: str, content: bytes, timeout_s: float) -> Outcome:
        headers, method = request_headers(settings), settings.otlp_compression
        # The cloud gets what 1.x sends: plain.
        if settings.otlp_endpoint is None or method == "none" or not self._takes_compressed:
            return self._send(settings, "POST", url, content, headers, timeout_s)
        packed = compress(content, method)
        outcome = self._send(settings, "POST", url, packed, {**headers, "Content-Encoding": method}, timeout_s)
        if outcome.refused not in _MISUNDERSTOOD:
            return outcome
        plain = self._send(settings, "POST", url, content, headers, timeout_s)
        if plain.is_delivered:
            self._takes_compressed = False
            _LOG.warning(
                "honeyhive: %s takes no %s; events go uncompressed, as with HH_OTLP_COMPRESSION=none", url, method
            )
        return plain

    def _send(
        self, settings: Settings, method: str, url: str, content: bytes, headers: dict[str, str], timeout_s: float
    ) -> Outcome:
        with late_imports():
            import httpx  # noqa: PLC0415  a quarter of a second of imports, only where something is sent
        try:
            with late_imports():
                request = self._request_of(settings)
            reply = request(method, url, content, headers, timeout_s)
        except httpx.ReadTimeout:
            return Outcome(failure="timeout")
        except (httpx.HTTPError, OSError):  # the latter is what `requests` raises
            return Outcome()
        except Exception as error:  # noqa: BLE001  what httpx does not call an HTTP error, such as a header it cannot send
            guard.swallow(error, "deliver events")
            return Outcome()
        return _judge(reply)

    def _request_of(self, settings: Settings) -> _Send:
        """What sends a request as *settings* want it: the caller's own client, or ours."""
        import httpx  # noqa: PLC0415  see above

        lent = settings.http_client
        if lent is not None and not isinstance(lent, (httpx.Client, httpx.BaseTransport)):
            return _by_requests(lent)
        if isinstance(lent, httpx.Client):
            client = lent
        elif isinstance(lent, httpx.BaseTransport):
            # The transport is kept beside the client, so that its id names it and no other.
            _, client = self._lent.setdefault(id(lent), (lent, httpx.Client(transport=lent)))
        else:
            client = self._own_client(settings)
        return _by_httpx(client)

    def _own_client(self, settings: Settings) -> "httpx.Client":
        from honeyhive.export.connections import blocking_client, collector_trust, trust  # noqa: PLC0415  it imports httpx

        files = settings.otlp_certificate, settings.otlp_client_certificate, settings.otlp_client_key
        is_collector = settings.otlp_endpoint is not None and any(files)
        key = (settings.http, *(files if is_collector else ()))
        client = self._clients.get(key)
        if client is None:
            verify = (
                collector_trust(settings.http.verify_ssl, *files) if is_collector else trust(settings.http.verify_ssl)
            )
            client = self._clients[key] = blocking_client(settings.http, verify)
        return client

    def close(self) -> None:
        """Close our own connections; a client or transport that a caller lent us is the caller's to close."""
        for client in self._clients.values():
            client.close()
        self._forget()


def _by_httpx(client: "httpx.Client") -> _Send:
    import httpx  # noqa: PLC0415  see above

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


def _judge(reply: Reply) -> Outcome:
    status = reply.status
    if status // 100 == _SUCCESS:
        rejected = rejected_in(reply)
        return Outcome(is_delivered=True, dropped={"rejected": rejected} if rejected else {})
    if status in {401, 403}:
        return Outcome(is_unauthorized=True, refused=f"http_{status}")
    if status in _RETRIED_STATUS or status >= _SERVER_ERROR:
        # Of what a destination may fail at because of the body, only what says nothing else.
        failure = f"http_{status}" if status >= _SERVER_ERROR and status != _UNAVAILABLE else None
        return Outcome(failure=failure, retry_after_s=retry_after_s(reply.headers.get("retry-after")))
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
