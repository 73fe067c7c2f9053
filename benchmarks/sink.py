"""A collector in a process of its own: answers at once, counts the spans it was sent, says how many on ``GET``."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Sink(BaseHTTPRequestHandler):
    """Keeps the bodies; they are parsed only when somebody asks for the count."""

    protocol_version = "HTTP/1.1"
    bodies: ClassVar[list[bytes]] = []
    spans: ClassVar[int] = 0

    def do_POST(self) -> None:
        Sink.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self._answer(b"")

    def do_GET(self) -> None:
        bodies, Sink.bodies = Sink.bodies, []
        requests = map(ExportTraceServiceRequest.FromString, bodies)
        Sink.spans = sum(
            len(scope.spans)
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
        )
        self._answer(str(Sink.spans).encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
