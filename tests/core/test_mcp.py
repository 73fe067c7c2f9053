"""The Model Context Protocol's own SDK: trace and session travel in ``params._meta``, from client to server and back.

The SDK writes trace headers of its own into each request, from OpenTelemetry's global propagator; ours must survive that.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.events.sessions import Session, assemble
from honeyhive.export.journal import read_journal

SERVER = """
import os
from honeyhive import HoneyHiveTracer, trace
from honeyhive.integration import inject
from honeyhive.tracing.distributed import with_distributed_trace_context
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import CreateMessageRequest, CreateMessageRequestParams, CreateMessageResult, SamplingMessage, TextContent
from opentelemetry.propagate import set_global_textmap

tracer = HoneyHiveTracer.init(project="p", source="server")
if os.environ.get("GLOBALLY"):
    set_global_textmap(tracer.propagator)
server = MCPServer("library")

@trace(event_name="search")
async def search_in(context, query):
    meta = {}
    inject(meta)
    message = SamplingMessage(role="user", content=TextContent(type="text", text=query))
    params = CreateMessageRequestParams(messages=[message], max_tokens=10, _meta=meta)
    sampled = await context.session.send_request(CreateMessageRequest(params=params), CreateMessageResult)
    return sampled.content.text

@server.tool()
async def search(query: str, context: Context) -> str:
    with with_distributed_trace_context(context.request_context.meta, tracer):
        return await search_in(context, query)

server.run("stdio")
"""

CLIENT = """
import asyncio, os, sys
from honeyhive import HoneyHiveTracer, session, trace
from honeyhive.integration import inject
from honeyhive.tracing.distributed import with_distributed_trace_context
from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import CreateMessageResult, TextContent
from opentelemetry import baggage, context as otel_context
from opentelemetry.propagate import set_global_textmap

tracer = HoneyHiveTracer.init(project="p", source="client")
if os.environ.get("GLOBALLY"):
    set_global_textmap(tracer.propagator)

@trace(event_name="sample")
async def sample(params):
    return CreateMessageResult(role="assistant", model="m", content=TextContent(type="text", text="found"))

async def on_sampling(_context, params):
    with with_distributed_trace_context(params.meta, tracer):
        return await sample(params)

@trace(event_name="call_tool")
async def call_tool(client):
    meta = {}
    inject(meta)
    result = await client.call_tool("search", {"query": "cats"}, meta=meta)
    assert result.content[0].text == "found", result

async def main():
    command = StdioServerParameters(command=sys.executable, args=[sys.argv[1]], env=dict(os.environ, HH_SOURCE="server"))
    async with Client(stdio_client(command), mode="legacy", sampling_callback=on_sampling) as client:
        async with session("chat"):
            if os.environ.get("GLOBALLY"):  # baggage of the program's own goes along
                otel_context.attach(baggage.set_baggage("tenant", "a"))
            await call_tool(client)

asyncio.run(main())
"""


def run(tmp_path: Path, **more: str) -> list[Session]:
    server, client = tmp_path / "server.py", tmp_path / "client.py"
    server.write_text(SERVER)
    client.write_text(CLIENT)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, str(client), str(server)],
        env={**clean, "HH_DATA_DIR": str(tmp_path), **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return assemble(read_records(read_journal(tmp_path / "journal").bodies))


def lines(found: Session) -> list[str]:
    return [f"{'  ' * depth}{event.event_name} ({side_of(event)})" for depth, event in found.walk()]


def side_of(event: Event) -> str:
    return event.source or "?"


@pytest.mark.parametrize("globally", ["", "yes"])
def test_a_call_to_an_mcp_server_and_its_call_back_are_one_tree(tmp_path: Path, globally: str) -> None:
    found = {one.root.event_name: one for one in run(tmp_path, GLOBALLY=globally)}

    assert lines(found["chat"]) == [
        "chat (client)",
        "  call_tool (client)",
        "    search (server)",
        "      sample (client)",
    ]
    assert len({event.metadata["process.pid"] for event in found["chat"].events}) == 2
