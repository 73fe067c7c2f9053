"""The agent that answers: a LangGraph loop between a chat model and the documentation search."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI
from langgraph.graph import (  # pyright: ignore[reportMissingTypeStubs]  # a namespace package: its py.typed is not found
    START,
    MessagesState,
    StateGraph,
)
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import SecretStr

from honeyhive_demo.environment import DemoEnvironment
from honeyhive_demo.retrieval import Findings
from honeyhive_demo.retrieval import search_documentation as find

_INSTRUCTIONS = (
    "You answer questions about the Python standard library. Search the documentation first, "
    "then answer in at most four sentences, only from what you found."
)
_STEP_LIMIT = 12
_MODEL_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent said in the end, and the modules whose documentation it read."""

    text: str
    modules: tuple[str, ...]


def answer(question: str, *, environment: DemoEnvironment, on_text: Callable[[str], None]) -> Answer:
    """Run the agent on one question; `on_text` gets every piece of text as the model says it."""
    start = {"messages": [SystemMessage(_INSTRUCTIONS), HumanMessage(question)]}
    modules: dict[str, None] = {}
    last_message, text = None, ""
    for message in _stream_messages(environment, start):
        if isinstance(message, ToolMessage):
            # A call with unusable arguments is answered by LangGraph itself, with no artifact.
            found = message.artifact.modules if isinstance(message.artifact, Findings) else ()
            modules |= dict.fromkeys(found)
        elif isinstance(message, AIMessage) and message.text:
            text = text + message.text if message.id == last_message else message.text
            last_message = message.id
            on_text(message.text)
    return Answer(text, tuple(modules))


def _stream_messages(environment: DemoEnvironment, start: dict[str, Any]) -> Iterator[AnyMessage]:
    # In this mode each item is a message, or a chunk of one, and its metadata.
    for message, _ in _graph(environment).stream(
        start, config={"recursion_limit": _STEP_LIMIT}, stream_mode="messages"
    ):
        yield message


@cache
def _graph(environment: DemoEnvironment) -> Any:
    search = _search_tool(environment)
    chat_model: Any = ChatOpenAI(
        model=environment.model_name,
        base_url=environment.model_base_url,
        api_key=SecretStr(environment.api_key),
        streaming=True,
        stream_usage=True,
        use_responses_api=False,
        timeout=_MODEL_TIMEOUT_S,
    )
    model = cast("Runnable[list[AnyMessage], AIMessage]", chat_model.bind_tools([search]))

    def call_model(state: MessagesState) -> dict[str, list[AIMessage]]:
        return {"messages": [model.invoke(state["messages"])]}

    # Any, here and above: upstream types these only in part.
    graph: Any = StateGraph(MessagesState)
    graph.add_node("agent", call_model)
    graph.add_node("tools", ToolNode([search]))
    graph.add_edge(START, "agent")
    graph.add_conditional_edges("agent", tools_condition)
    graph.add_edge("tools", "agent")
    return graph.compile(name="documentation_agent")


def _search_tool(environment: DemoEnvironment) -> BaseTool:
    @tool(response_format="content_and_artifact")
    def search_documentation(query: str) -> tuple[str, Findings]:
        """Search the documentation of the Python standard library for a few key words."""
        findings = find(query, environment=environment)
        return findings.text, findings

    return search_documentation
