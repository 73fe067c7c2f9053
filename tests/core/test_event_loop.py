"""Nothing that asynchronous code calls opens a connection in the thread of its event loop."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, json, sys, threading

network = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
seen = []
def note(name, arguments):
    if name in network: seen.append(threading.current_thread() is threading.main_thread())
sys.addaudithook(note)

from honeyhive import HoneyHiveTracer, atrace, enrich_session, enrich_span, session, trace
ID = "550e8400-e29b-41d4-a716-446655440000"

@trace
async def work():
    enrich_span(metadata={"a": 1})

async def main():
    tracer = HoneyHiveTracer.init(project="p", inputs={"q": 1})
    await work()
    tracer.create_session("by hand")
    await tracer.acreate_session("by hand")
    enrich_session(metadata={"a": 1})
    enrich_session(ID, metadata={"a": 1}, inputs={"q": 1})
    tracer.enrich_session({"a": 1})
    enrich_span(event_id=ID, feedback={"rating": 5})
    with tracer.with_session("block"):
        await work()
    async with session("block"):
        await work()
    tracer.create_event("cache-hit")
    tracer.session_start()
    tracer.inject_context({})
    worker = asyncio.create_task(until_a_worker_connects())
    await worker
    print(json.dumps([any(seen), len(seen) > 0]), flush=True)

async def until_a_worker_connects():
    while not seen: await asyncio.sleep(0.001)

asyncio.run(main())
import os
os._exit(0)  # the server never answers: the end of the program is not what this is about
"""


@pytest.mark.parametrize("variable", ["HH_API_URL", "HH_OTLP_ENDPOINT"])
def test_the_loop_goes_on_while_a_server_never_answers(variable: str, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        finished = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM],
            env={**clean, "HH_DATA_DIR": str(tmp_path), "HH_API_KEY": "k", variable: url},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert finished.returncode == 0, finished.stderr
    is_in_the_loop, is_anywhere = json.loads(finished.stdout)
    assert is_anywhere
    assert not is_in_the_loop
