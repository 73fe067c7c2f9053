"""A program of two processes: it answers a question, and has itself started again, as the worker, to look something up."""

import json
import os
import subprocess
import sys

from honeyhive import HoneyHiveTracer
from honeyhive.integration import EventType, Usage, attached, extract, inject, start_event


def main() -> None:
    tracer = HoneyHiveTracer.init(project="support")
    if "CARRIER" in os.environ:
        with attached(extract(json.loads(os.environ["CARRIER"]), is_trusted=True)):
            look_up()
        return
    with tracer.session("answer a question"):
        answer()


def answer() -> None:
    event = start_event(EventType.chain, "answer")
    assert event is not None
    with event.activate():
        carrier: dict[str, str] = {}
        inject(carrier)
        environment = {**os.environ, "CARRIER": json.dumps(carrier), "OTEL_SERVICE_NAME": "worker"}
        subprocess.run([sys.executable, __file__], env=environment, check=True)
        ask("gpt-4o-mini")
        ask("a model nobody sells")
    event.finish()


def look_up() -> None:
    event = start_event(EventType.tool, "look up")
    assert event is not None
    event.fail(TimeoutError("the catalogue did not answer"))


def ask(model: str) -> None:
    event = start_event(EventType.model, "ask")
    assert event is not None
    event.enrich(config={"model": model})
    event.finish(usage=Usage(input_tokens=1200, output_tokens=300))


main()
