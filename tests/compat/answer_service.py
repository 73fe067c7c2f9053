"""A service as the documentation of honeyhive 1.x writes them: it continues the trace and session of its caller."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from honeyhive import HoneyHiveTracer, trace
from honeyhive.tracer.processing.context import with_distributed_trace_context

tracer = HoneyHiveTracer.init(api_key=os.getenv("HH_API_KEY"), project=os.getenv("HH_PROJECT"), source="answer-service")


@trace(event_type="model", tracer=tracer)
def generate(prompt: str) -> str:
    tracer.enrich_span({"service": "answer-service"})
    return prompt[::-1]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with with_distributed_trace_context(dict(self.headers), tracer):
            result = generate(body["prompt"])
        payload = json.dumps({"response": result}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
for _ in range(int(sys.argv[1])):
    server.handle_request()
tracer.flush()
