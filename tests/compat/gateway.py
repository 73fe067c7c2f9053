"""The caller of ``answer_service.py``, as the documentation of honeyhive 1.x writes it: ``gateway.py PORT QUESTIONS…``."""

import json
import os
import sys
import urllib.request

from honeyhive import HoneyHiveTracer, trace
from honeyhive.models import EventType

tracer = HoneyHiveTracer.init(api_key=os.getenv("HH_API_KEY"), project=os.getenv("HH_PROJECT"), source="gateway")


@trace(tracer=tracer, event_type=EventType.chain)
def handle_query(prompt: str) -> str:
    headers: dict[str, str] = {"Content-Type": "application/json"}
    tracer.inject_context(headers)
    tracer.enrich_span({"propagated_headers": sorted(headers)})
    request = urllib.request.Request(
        f"http://127.0.0.1:{sys.argv[1]}/generate", json.dumps({"prompt": prompt}).encode(), headers
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["response"]


for question in sys.argv[2:]:
    with tracer.with_session(f"query {question}") as session_id:
        handle_query(question)
    print(session_id)
tracer.flush()
