"""A server on loopback that takes deliveries, and answers them by script."""

import dataclasses
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from honeyhive.export.delivery import Delivery
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclasses.dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def names(self) -> list[str]:
        """The names of the spans in a protobuf body."""
        request = ExportTraceServiceRequest.FromString(self.body)
        return [
            span.name for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]


class Far:
    """A server that answers by script, 200 when it is used up, and keeps what it was sent.

    To what is larger than ``max_body`` it answers 413, and to what has ``poison`` in it 500.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.posts: list[int] = []
        self.puts: list[int] = []
        self.headers: dict[str, str] = {}
        self.max_body = 1 << 30
        self.poison: bytes | None = None
        self.too_large: list[Seen] = []
        far = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {key.lower(): value for key, value in self.headers.items()}
                script = far.puts if self.command == "PUT" else far.posts
                is_too_large = len(body) > far.max_body
                (far.too_large if is_too_large else far.seen).append(Seen(self.command, self.path, headers, body))
                is_poisoned = far.poison is not None and far.poison in body
                self.send_response(413 if is_too_large else 500 if is_poisoned else script.pop(0) if script else 200)
                for name, value in far.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            do_POST = do_PUT = do_GET = handle_any  # noqa: N815  the base class's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def lines(self) -> list[str]:
        return [f"{seen.method} {seen.path}" for seen in self.seen]


@pytest.fixture
def far() -> Iterator[Far]:
    server = Far()
    yield server
    server.close()


@pytest.fixture
def delivery() -> Iterator[Delivery]:
    made = Delivery()
    yield made
    made.close()
