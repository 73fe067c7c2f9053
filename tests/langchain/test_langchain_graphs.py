import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import pytest
from honeyhive import trace
from honeyhive.testing import Recorder
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph  # pyright: ignore[reportMissingTypeStubs]  the package has no py.typed
from langgraph.graph.message import add_messages  # pyright: ignore[reportMissingTypeStubs]  the package has no py.typed
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, TracePolicy, interrupt
from typing_extensions import TypedDict

pytestmark = pytest.mark.usefixtures("instrumented")

THREAD: RunnableConfig = {"configurable": {"thread_id": "t1"}}


class State(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def graph(**nodes: Any) -> Any:
    """A graph whose nodes run one after the other; LangGraph's own types are too generic for strict checking."""
    builder: Any = StateGraph(State)
    before = START
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(before, name)
        before = name
    return builder.compile(checkpointer=InMemorySaver())


@trace(event_name="mine")
def mine(where: str) -> str:
    return where


@tool
async def lookup(question: str) -> str:
    """Look something up."""
    return mine(question)


def call_lookup(_: State) -> Any:
    mine("sync")
    calls = [{"name": "lookup", "args": {"question": "why"}, "id": "call-1"}]
    return {"messages": [AIMessage("", tool_calls=calls)]}


async def spread(_: State) -> Any:
    mine("async")
    await asyncio.create_task(model_in_task())
    await asyncio.to_thread(mine, "thread")


@trace(event_name="in_task")
async def model_in_task() -> None:
    await FakeListChatModel(responses=["fine"]).ainvoke("why")


def test_everything_nests_under_its_node(recorder: Recorder) -> None:
    app = graph(ask=call_lookup, tools=ToolNode([lookup]), spread=spread)

    asyncio.run(app.ainvoke({"messages": [("user", "hi")]}, THREAD))

    assert recorder.tree() == (
        "session pytest\n"
        "  chain LangGraph\n"
        "    chain ask\n"
        "      tool mine\n"
        "    chain tools\n"
        "      tool lookup\n"
        "        tool mine\n"
        "    chain spread\n"
        "      tool mine\n"
        "      tool in_task\n"
        "        model FakeListChatModel\n"
        "      tool mine"
    )


def test_events_say_where_in_the_graph_they_are(recorder: Recorder) -> None:
    app = graph(ask=call_lookup, tools=ToolNode([lookup]))
    config: RunnableConfig = {**THREAD, "tags": ["vip"], "metadata": {"customer": "c1", "status": "gold", "cost": 3}}

    asyncio.run(app.ainvoke({"messages": [("user", "hi")]}, config))

    root, node, called = recorder.event("LangGraph"), recorder.event("tools"), recorder.event("lookup")
    assert (
        root.metadata.items()
        >= {
            "status": "ok",
            "span_kind": "graph",
            "thread_id": "t1",
            "customer": "c1",
            "run_metadata": {"status": "gold", "cost": 3},
            "tags": ["vip"],
        }.items()
    )
    assert node.metadata.items() >= {"span_kind": "node", "langgraph_node": "tools", "langgraph_step": 2}.items()
    assert node.metadata["langgraph_checkpoint_ns"].startswith("tools:")
    assert not [key for key in node.metadata if key.startswith(("ls_", "lc_"))]
    assert (called.inputs, called.outputs) == ({"question": "why"}, {"result": "why"})
    assert called.metadata["tool_call_id"] == "call-1"


def test_messages_in_a_state_are_recorded_by_role(recorder: Recorder) -> None:
    asyncio.run(graph(ask=call_lookup).ainvoke({"messages": [("user", "hi")]}, THREAD))

    call = {"id": "call-1", "name": "lookup", "arguments": {"question": "why"}}
    assert recorder.event("ask").inputs == {"messages": [{"role": "user", "content": "hi"}]}
    assert recorder.event("ask").outputs["result"] == {
        "messages": [{"role": "assistant", "content": "", "tool_calls": [call]}]
    }


def test_an_interrupted_graph_waits_and_its_resumption_is_a_run_of_its_own(recorder: Recorder) -> None:
    def approve(_: State) -> Any:
        return {"messages": [AIMessage(interrupt({"question": "send it?"}))]}

    app = graph(approve=approve)
    app.invoke({"messages": []}, THREAD)
    app.invoke(Command(resume="yes"), THREAD)

    assert recorder.tree() == (
        "session pytest\n  chain LangGraph [waiting]\n    chain approve [waiting]\n  chain LangGraph\n    chain approve"
    )
    waiting, resumed = (event for event in recorder.events() if event.event_name == "approve")
    assert [asked["value"] for asked in waiting.outputs["interrupts"]] == [{"question": "send it?"}]
    assert waiting.error is None
    assert resumed.outputs["result"] == {"messages": [{"role": "assistant", "content": "yes"}]}


def test_a_command_for_the_graph_above_is_no_error(recorder: Recorder) -> None:
    def leave(_: State) -> Command[Any]:
        return Command(graph=Command.PARENT, update={"messages": [AIMessage("left")]})

    builder: Any = StateGraph(State)
    inner = builder.add_node("leave", leave).add_edge(START, "leave").compile()
    graph(inner=inner).invoke({"messages": []}, THREAD)

    assert recorder.tree() == (
        "session pytest\n  chain LangGraph\n    chain inner\n      chain LangGraph\n        chain leave"
    )


def test_a_trace_policy_cuts_what_is_recorded(recorder: Recorder) -> None:
    builder: Any = StateGraph(State)
    policy = TracePolicy(process_inputs=lambda _: {"cut": True}, process_outputs=lambda _: "short")
    builder.add_node("ask", call_lookup, trace_policy=policy)
    builder.add_edge(START, "ask")
    builder.compile().invoke({"messages": []})

    assert recorder.event("ask").inputs == {"cut": True}
    assert recorder.event("ask").outputs == {"result": "short"}


class Endless(BaseChatModel):
    """Says one word, and then nothing."""

    @property
    def _llm_type(self) -> str:
        return "endless"

    def _generate(self, *_args: Any, **_more: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(self, *_args: Any, **_more: Any) -> AsyncIterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content="well"))
        await asyncio.Event().wait()


def test_a_client_that_leaves_the_stream_of_a_graph_ends_every_event(recorder: Recorder) -> None:
    async def answer(_: State) -> Any:
        return {"messages": [await Endless().ainvoke("why")]}

    async def program() -> None:
        stream = graph(answer=answer).astream({"messages": []}, THREAD, stream_mode="messages")
        async with aclosing(stream):  # as a server does; left alone, the end of the loop would cancel it instead
            async for _ in stream:
                break

    asyncio.run(program())

    assert recorder.tree() == (
        "session pytest\n  chain LangGraph [abandoned]\n    chain answer [cancelled]\n      model Endless [cancelled]"
    )
    assert "time_to_first_token_ms" in recorder.event("Endless").metadata
