"""The way to the destination, step by step: name, connection, TLS, and the answer to a request that carries no events.

The request is the one that delivery makes, with an empty ``ExportTraceServiceRequest``: it shows path, credentials and clock, and
leaves nothing behind.
"""

import email.utils
import socket
import ssl
import time
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from honeyhive.cli.diagnosis.configured import without_secrets
from honeyhive.cli.diagnosis.findings import DestinationFound, Step, StepFound
from honeyhive.export.delivery import request_headers
from honeyhive.settings import Settings

_TIMEOUT_S: Final = 5.0
_PORTS: Final = {"http": 80, "https": 443}
_SUCCESS: Final = 2  # any 2xx


def destination_found(settings: Settings, *, is_offline: bool) -> DestinationFound:
    """Where events of *settings* go; unless *is_offline*, whether they get there. Sends no events."""
    url = settings.destination
    if settings.disable_tracing:
        return DestinationFound(shown="nowhere: tracing is disabled", is_remote=False)
    if settings.test_mode:
        return DestinationFound(shown="nowhere: test mode is on", is_remote=False)
    if url is None:
        shown = (
            str(settings.journal_dir) if settings.journal else "nowhere: the journal is off and no destination is set"
        )
        return DestinationFound(shown=shown, is_remote=False)
    if is_offline:
        return DestinationFound(shown=without_secrets(url), is_remote=True)
    return _Way(settings, url).tried()


class _Way:
    """One try to get to *url*; a step that fails is the last."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings
        self._url = url
        self._steps: list[StepFound] = []
        self._status: int | None = None
        self._offset_s: float | None = None

    def tried(self) -> DestinationFound:
        """Everything that the steps showed."""
        if self._goes_through_proxy() or self._connects(urlsplit(self._url)):
            self._asks()
        return DestinationFound(
            shown=without_secrets(self._url),
            is_remote=True,
            is_tried=True,
            steps=tuple(self._steps),
            status=self._status,
            clock_offset_s=self._offset_s,
        )

    def _goes_through_proxy(self) -> bool:
        """Whether somebody else looks the name up: the steps in between are the proxy's, or the lent client's."""
        http = self._settings.http
        if self._settings.http_client is not None or http.http_proxy is not None or http.https_proxy is not None:
            return True
        from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415  only for a destination that is tried

        parts = urlsplit(self._url)
        return parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")

    def _connects(self, parts: SplitResult) -> bool:
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
        began = time.perf_counter()
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            return self._note(Step.NAME, began, str(getattr(error, "strerror", None) or error), is_well=False)
        named = dict.fromkeys(str(address[4][0]) for address in addresses)
        self._note(Step.NAME, began, f"{host} is {', '.join(list(named)[:3])}")
        began = time.perf_counter()
        try:
            connection = socket.create_connection((host, port), _TIMEOUT_S)
        except OSError as error:
            return self._note(Step.CONNECTION, began, f"port {port}: {error.strerror or error}", is_well=False)
        with connection:
            self._note(Step.CONNECTION, began, f"port {port} is open")
            return parts.scheme != "https" or self._is_trusted(connection, host)

    def _is_trusted(self, connection: socket.socket, host: str) -> bool:
        from honeyhive.export.connections import trust  # noqa: PLC0415  it imports httpx, for what is tried only

        began = time.perf_counter()
        verify = self._settings.http.verify_ssl
        try:
            with trust(verify).wrap_socket(connection, server_hostname=host) as secured:
                detail = secured.version() or "TLS"
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "verify_message", None) or getattr(error, "reason", None) or error
            return self._note(Step.TLS, began, str(reason), is_well=False)
        return self._note(Step.TLS, began, detail if verify else f"{detail}, certificates are not checked")

    def _asks(self) -> None:
        import httpx  # noqa: PLC0415  for a destination that is tried only

        from honeyhive.export.connections import blocking_client, trust  # noqa: PLC0415  it imports httpx

        settings = self._settings
        content = b"" if settings.otlp_protocol == "http/protobuf" else b'{"resourceSpans":[]}'
        began, now_s = time.perf_counter(), time.time()
        try:
            with blocking_client(settings.http, trust(settings.http.verify_ssl)) as client:
                answer = client.post(self._url, content=content, headers=request_headers(settings), timeout=_TIMEOUT_S)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            # Without a proxy the connection was there a moment ago.
            step = Step.PROXY if self._goes_through_proxy() else Step.ANSWER
            self._note(step, began, str(error) or type(error).__name__, is_well=False)
            return
        except (httpx.HTTPError, ValueError) as error:
            self._note(Step.ANSWER, began, type(error).__name__, is_well=False)
            return
        took_s = time.perf_counter() - began
        self._status = answer.status_code
        self._offset_s = _offset_s(answer.headers, now_s, took_s)
        detail = f"{answer.status_code} {answer.reason_phrase}".rstrip()
        self._note(Step.ANSWER, began, detail, is_well=answer.status_code // 100 == _SUCCESS)

    def _note(self, step: Step, began: float, detail: str, *, is_well: bool = True) -> bool:
        took_ms = (time.perf_counter() - began) * 1000
        self._steps.append(StepFound(step=step, is_well=is_well, detail=detail, took_ms=took_ms))
        return is_well


def _offset_s(headers: Any, began_s: float, took_s: float) -> float | None:
    """How far this clock is ahead of the one that wrote ``Date``, which counts whole seconds; None within its doubt."""
    try:
        theirs_s = email.utils.parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return None
    # The header was written some time during the request, and cut to the second.
    earliest, latest = began_s - theirs_s - 1, began_s + took_s - theirs_s
    if earliest <= 0 <= latest:
        return 0.0
    return earliest if earliest > 0 else latest
