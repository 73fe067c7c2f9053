"""A collector on loopback that answers by script, and knows what it took and how often."""

import socket
import ssl
import struct
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chaos_faults import OK, Fault, answering
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

# Trace id, span id and end: an event that was announced and then ended is sent twice under the same ids.
EventKey = tuple[bytes, bytes, int]


@dataclass(frozen=True, slots=True)
class Request:
    """One POST whose body was read, and how it was answered."""

    connection: int
    credentials: str | None
    events: list[tuple[EventKey, str]]
    fault: Fault
    at_s: float = field(default_factory=time.monotonic)

    @property
    def taken(self) -> list[tuple[EventKey, str]]:
        """The events of it that the collector has."""
        return self.events[self.fault.rejects :] if self.fault.takes else []

    @property
    def refused(self) -> list[tuple[EventKey, str]]:
        """The events that a partial success left out."""
        return self.events[: self.fault.rejects]

    @property
    def keys(self) -> set[EventKey]:
        return {key for key, _ in self.taken}


def events_in(body: bytes) -> list[tuple[EventKey, str]]:
    """The keys and names of the spans in *body*, read by the stock parser."""
    return [
        ((span.trace_id, span.span_id, span.end_time_unix_nano), span.name)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


class Collector:
    """Answers as *script* says, and 200 once that is used up.

    A request with an event in it whose name begins with "poison" is always answered with the status *poison*, and one of more
    than *max_body* bytes with 413. Until `open` is called, and again after `shut`, connections to its port are refused.
    """

    def __init__(
        self,
        script: Iterable[Fault] = (),
        *,
        poison: int | None = None,
        max_body: int | None = None,
        certificate: Path | None = None,
        is_open: bool = True,
    ) -> None:
        self.requests: list[Request] = []
        self.certificate = certificate
        self.handshake_failed = threading.Event()
        self._script: Iterator[Fault] = iter(script)
        self._poison = poison
        self._max_body = max_body
        self._lock = threading.Condition()
        self._server = _Server(self, 0)
        self._port = self._server.server_address[1]
        self._thread: threading.Thread | None = None
        if is_open:
            self.open()

    @property
    def url(self) -> str:
        return f"{'http' if self.certificate is None else 'https'}://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Accept connections."""
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def shut(self) -> None:
        """Refuse connections, and close those that are open; the port stays ours."""
        self.close()
        self._server = _Server(self, self._port)

    def close(self) -> None:
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.disconnect()
        self._server.server_close()

    def script(self, faults: Iterable[Fault]) -> None:
        """Answer the next requests with *faults*."""
        with self._lock:
            self._script = iter(faults)

    def next_fault(self) -> Fault:
        with self._lock:
            return next(self._script, OK)

    def judge(self, connection: int, credentials: str | None, body: bytes, fault: Fault) -> Fault:
        """Keep what came, and say how it is answered where *fault* lets it be judged at all."""
        events = events_in(body)
        if fault.takes and self._max_body is not None and len(body) > self._max_body:
            fault = answering(413)
        elif fault.takes and self._poison is not None and any(name.startswith("poison") for _, name in events):
            fault = answering(self._poison)
        with self._lock:
            self.requests.append(Request(connection, credentials, events, fault))
            self._lock.notify_all()
        return fault

    def await_names(self, names: set[str], limit_s: float) -> bool:
        """Wait until events of all *names* were taken, at most *limit_s*; whether they were."""
        with self._lock:
            return self._lock.wait_for(lambda: names <= self.names(), limit_s)

    def taken(self) -> Counter[EventKey]:
        """How often each event was taken."""
        return Counter(key for request in self._all() for key, _ in request.taken)

    def names(self) -> set[str]:
        """The names of the events that were taken."""
        return {name for request in self._all() for _, name in request.taken}

    def doubtful(self) -> set[EventKey]:
        """What was taken while the sender could not know."""
        return {key for request in self._all() if request.fault.is_doubtful for key in request.keys}

    def unacknowledged(self) -> set[EventKey]:
        """What was taken by the last request of a connection: its sender may have ended before it noted the answer."""
        last = {request.connection: request for request in self._all() if request.fault.takes}
        return {key for request in last.values() for key in request.keys}

    def taken_twice(self) -> set[EventKey]:
        return {key for key, count in self.taken().items() if count > 1}

    def _all(self) -> list[Request]:
        with self._lock:
            return list(self.requests)


class _Server(ThreadingHTTPServer):
    """Bound to its port from the start, so that nobody else gets it while connections are refused."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, collector: Collector, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler, bind_and_activate=False)
        self.collector = collector
        self.ended = threading.Event()
        self._connections: dict[int, socket.socket] = {}
        self._count = 0
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.collector.certificate is not None:
            try:
                request = _tls(self.collector.certificate).wrap_socket(request, server_side=True)
            except OSError:
                self.collector.handshake_failed.set()
                return
        key = id(request)
        self._connections[key] = request
        try:
            super().finish_request(request, client_address)
        finally:
            self._connections.pop(key, None)
            if self.collector.certificate is not None:
                request.close()

    def disconnect(self) -> None:
        self.ended.set()
        for connection in list(self._connections.values()):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # ended by itself
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections end as they like here."""


def _tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


_connections_lock = threading.Lock()
_connections = iter(range(1 << 62))


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        assert isinstance(self.server, _Server)
        self._collector, self._ended = self.server.collector, self.server.ended
        with _connections_lock:
            self._number = next(_connections)

    def do_POST(self) -> None:
        fault = self._collector.next_fault()
        if not fault.reads:
            self._reset()
            return
        body = self._body()
        if body is not None:
            credentials = self.headers["Authorization"]
            self._answer(self._collector.judge(self._number, credentials, body, fault))

    def do_PUT(self) -> None:
        """Take an update of the HoneyHive API."""
        if self._body() is not None:
            self._answer(OK)

    def _body(self) -> bytes | None:
        """What was sent; None when the sender ended in the middle of it."""
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return zlib.decompress(body, 31) if self.headers["Content-Encoding"] == "gzip" else body

    def _reset(self) -> None:
        self.rfile.read(1)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _answer(self, fault: Fault) -> None:
        if fault.wait_s:
            self._ended.wait(fault.wait_s)
        answer = fault.answer()[: fault.sends]
        if fault.drip_s:
            for byte in answer:
                self.wfile.write(bytes((byte,)))
                self._ended.wait(fault.drip_s)
        else:
            self.wfile.write(answer)
        self.close_connection = fault.closes or fault.sends is not None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass
