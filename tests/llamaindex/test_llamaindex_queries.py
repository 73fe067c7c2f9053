"""Queries, retrieval, tools, agents and workflows: one readable tree, under whatever is current and over user code."""

import asyncio
import gc
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import honeyhive
import pytest
from honeyhive.testing import Recorder
from llama_index.core import VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.response.schema import StreamingResponse
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.chat_engine import context as context_chat
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.types import Thread
from opentelemetry import trace
from workflows import Workflow, step
from workflows.events import StartEvent, StopEvent


class Lookup(BaseRetriever):
    """A retriever of the user's, with traced code in it."""

    def __init__(self, find: Callable[[str], str]) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  its annotations are incomplete
        self.find = find

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=TextNode(id_="found", text=self.find(query_bundle.query_str)))]


class EagerThread(Thread):
    """A thread that is done before its starter goes on."""

    def start(self) -> None:
        super().start()
        self.join()


@honeyhive.trace(event_name="look_up")
def look_up(query: str) -> str:
    return query.upper()


def test_a_retrieval_is_one_tool_event_with_the_documents_and_their_scores(
    recorder: Recorder, tree: Callable[[], str], retriever: BaseRetriever
) -> None:
    nodes = retriever.retrieve("black cat")

    assert tree() == "tool BM25Retriever.retrieve"
    event = recorder.event("BM25Retriever.retrieve")
    assert event.inputs == {"query": "black cat"}
    document = {
        "id": "cats",
        "score": pytest.approx(nodes[0].score),
        "content": "The black cat sleeps.",
        "metadata": {"file": "cats.md"},
    }
    assert event.outputs == {"documents": [document]}


def test_embeddings_are_counted_and_vectors_never_recorded(recorder: Recorder, tree: Callable[[], str]) -> None:
    embedding = MockEmbedding(embed_dim=4, model_name="mock-embedding")
    index = VectorStoreIndex([TextNode(id_="cats", text="Cats.")], embed_model=embedding)
    index.as_retriever().retrieve("cat")

    assert tree() == (
        "model MockEmbedding.get_text_embedding_batch\n"
        "tool VectorIndexRetriever.retrieve\n"
        "  model MockEmbedding.get_query_embedding"
    )
    event = recorder.event("MockEmbedding.get_query_embedding")
    assert event.config == {"model": "mock-embedding"}
    assert (event.inputs, event.outputs) == ({"texts": ["cat"]}, {"count": 1, "dimensions": 4})
    documents = recorder.event("VectorIndexRetriever.retrieve").outputs["documents"]
    assert documents == [{"id": "cats", "score": 1.0, "content": "Cats.", "metadata": {}}]


def test_a_query_shows_retrieval_synthesis_and_the_model_call(
    recorder: Recorder, tree: Callable[[], str], retriever: BaseRetriever, llm: CustomLLM
) -> None:
    response = RetrieverQueryEngine.from_args(retriever, llm=llm).query("What sleeps?")

    assert str(response) == "a black cat"
    assert tree() == (
        "chain RetrieverQueryEngine.query\n"
        "  tool BM25Retriever.retrieve\n"
        "  chain CompactAndRefine.synthesize\n"
        "    model ScriptedLLM.complete\n"
        "      tool tokenize"
    )
    event = recorder.event("RetrieverQueryEngine.query")
    assert (event.inputs, event.outputs) == ({"query": "What sleeps?"}, {"result": "a black cat"})
    assert recorder.event("CompactAndRefine.synthesize").outputs == {"result": "a black cat"}


def test_a_streamed_answer_belongs_to_the_query_wherever_it_is_read(
    recorder: Recorder, tree: Callable[[], str], retriever: BaseRetriever, llm: CustomLLM
) -> None:
    # LlamaIndex calls the model when the first token is read, after all spans of the query have exited.
    @honeyhive.trace(event_name="ask")
    def ask() -> StreamingResponse:
        response = RetrieverQueryEngine.from_args(retriever, llm=llm, streaming=True).query("What sleeps?")
        assert isinstance(response, StreamingResponse)
        return response

    @honeyhive.trace(event_name="show")
    def show(response: StreamingResponse) -> str:
        return "".join(response.response_gen)

    response = ask()
    assert show(response) == "ablackcat"

    assert tree() == (
        "tool ask\n"
        "  chain RetrieverQueryEngine.query\n"
        "    tool BM25Retriever.retrieve\n"
        "    chain CompactAndRefine.synthesize\n"
        "      model ScriptedLLM.stream_complete\n"
        "        tool tokenize\n"
        "tool show"
    )
    assert recorder.event("RetrieverQueryEngine.query").outputs == {"result": "ablackcat"}


def test_a_streamed_answer_that_is_left_ends_the_query_as_abandoned(
    tree: Callable[[], str], retriever: BaseRetriever, llm: CustomLLM
) -> None:
    response = RetrieverQueryEngine.from_args(retriever, llm=llm, streaming=True).query("What sleeps?")
    assert isinstance(response, StreamingResponse)
    next(iter(response.response_gen))
    del response
    gc.collect()

    assert tree() == (
        "chain RetrieverQueryEngine.query [abandoned]\n"
        "  tool BM25Retriever.retrieve\n"
        "  chain CompactAndRefine.synthesize [abandoned]\n"
        "    model ScriptedLLM.stream_complete [abandoned]\n"
        "      tool tokenize"
    )


@pytest.mark.parametrize("thread_class", [Thread, EagerThread])
def test_a_chat_that_streams_through_a_thread_of_its_own_is_one_tree(
    tree: Callable[[], str],
    retriever: BaseRetriever,
    llm: CustomLLM,
    thread_class: type[Thread],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(context_chat, "Thread", thread_class)
    buffer: Any = ChatMemoryBuffer
    # The memory that the engine makes by itself leaves a database connection to the garbage collector.
    engine: Any = ContextChatEngine.from_defaults(retriever=retriever, llm=llm, memory=buffer.from_defaults())
    response = engine.stream_chat("What sleeps?")
    assert "".join(response.response_gen) == "ablackcat"
    for thread in threading.enumerate():
        if isinstance(thread, Thread):
            thread.join()

    assert tree() == (
        "chain ContextChatEngine.stream_chat\n"
        "  tool BM25Retriever.retrieve\n"
        "  chain CompactAndRefine.synthesize\n"
        "    model ScriptedLLM.stream_complete\n"
        "      tool tokenize"
    )


def test_events_nest_under_user_code_and_user_code_under_them(tree: Callable[[], str]) -> None:
    # `Lookup._retrieve` is a span of its own, which is passed over.
    inner = Lookup(look_up)

    @honeyhive.trace(event_name="answer")
    def answer(query: str) -> str:
        return inner.retrieve(query)[0].get_content()

    assert Lookup(answer).retrieve("cats")[0].get_content() == "CATS"
    assert tree() == "tool Lookup.retrieve\n  tool answer\n    tool Lookup.retrieve\n      tool look_up"
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_concurrent_queries_keep_their_trees_apart(tree: Callable[[], str]) -> None:
    both_inside = threading.Barrier(2)

    def find(query: str) -> str:
        both_inside.wait(timeout=10)
        return look_up(query)

    @honeyhive.trace(event_name="request")
    def request(query: str) -> str:
        return Lookup(find).retrieve(query)[0].get_content()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(request, ["cats", "dogs"])) == ["CATS", "DOGS"]

    assert tree() == "\n".join(["tool request\n  tool Lookup.retrieve\n    tool look_up"] * 2)


def test_concurrent_tasks_keep_their_trees_apart(tree: Callable[[], str]) -> None:
    class AsyncLookup(Lookup):
        async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            await asyncio.sleep(0)
            return self._retrieve(query_bundle)

    @honeyhive.trace(event_name="request")
    async def request(query: str) -> None:
        await AsyncLookup(look_up).aretrieve(query)

    async def main() -> None:
        await asyncio.gather(request("cats"), request("dogs"))

    asyncio.run(main())

    assert tree() == "\n".join(["tool request\n  tool AsyncLookup.aretrieve\n    tool look_up"] * 2)


def test_a_cancelled_retrieval_is_cancelled_not_failed(tree: Callable[[], str]) -> None:
    class Waiting(Lookup):
        async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            await asyncio.Event().wait()
            return self._retrieve(query_bundle)

    async def cancel() -> None:
        task = asyncio.create_task(Waiting(look_up).aretrieve("cats"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(cancel())

    assert tree() == "tool Waiting.aretrieve [cancelled]"


# Creating an agent walks over all attributes of a pydantic model, the deprecated ones included.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
def test_an_agent_shows_its_models_and_tools_and_none_of_its_steps(recorder: Recorder, tree: Callable[[], str]) -> None:
    def add(a: int = 1, b: int = 2) -> int:
        return a + b

    async def run() -> str:
        agent: Any = FunctionAgent(tools=[add], llm=MockFunctionCallingLLM(is_chat_model=True))
        return str(await agent.run(user_msg="How much?"))

    assert asyncio.run(run()) == "Tool calls complete."
    assert tree() == (
        "chain FunctionAgent.run\n"
        "  model MockFunctionCallingLLM.astream_chat\n"
        "  tool add\n"
        "  model MockFunctionCallingLLM.astream_chat"
    )
    agent, first, tool, second = recorder.events()
    assert (agent.inputs, agent.outputs) == ({"message": "How much?"}, {"result": "Tool calls complete."})
    assert (tool.inputs, tool.outputs) == ({"a": 1, "b": 2}, {"result": "3"})
    call = first.outputs["tool_calls"][0]
    assert (call["name"], call["arguments"]) == ("add", {"a": 1, "b": 2})
    assert second.inputs["chat_history"][2] == {"role": "tool", "content": "3", "tool_call_id": call["id"]}


def test_the_steps_of_a_workflow_are_chains_around_what_they_do(
    recorder: Recorder, tree: Callable[[], str], llm: CustomLLM
) -> None:
    class Answer(Workflow):
        @step
        async def find(self, event: StartEvent) -> StopEvent:
            words = [item.delta async for item in await llm.astream_complete(event.topic)]
            return StopEvent(result=len(words))

    @honeyhive.trace(event_name="request")
    async def request() -> int:
        answer: Any = Answer()
        result: int = await answer.run(topic="cats")
        return result

    assert asyncio.run(request()) == 3
    assert tree() == (
        "tool request\n"
        "  chain Answer.run\n"
        "    chain Answer.find\n"
        "      chain ScriptedLLM.astream_complete\n"
        "        model ScriptedLLM.stream_complete\n"
        "          tool tokenize"
    )
    assert recorder.event("Answer.run").outputs == {"result": 3}
    find = recorder.event("Answer.find")
    assert (find.inputs["event"], find.outputs["event"]) == ("StartEvent(topic='cats')", "StopEvent(result=3)")


def test_a_cancelled_workflow_is_cancelled_not_failed(tree: Callable[[], str]) -> None:
    async def run() -> None:
        is_inside = asyncio.Event()

        class Forever(Workflow):
            @step
            async def wait(self, event: StartEvent) -> StopEvent:
                is_inside.set()
                await asyncio.Event().wait()
                return StopEvent(result=event)

        forever: Any = Forever()
        handler = forever.run()
        await is_inside.wait()
        await handler.cancel_run()
        await asyncio.gather(handler, return_exceptions=True)

    asyncio.run(run())

    assert tree() == "chain Forever.run [cancelled]\n  chain Forever.wait [cancelled]"
