import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from uuid import uuid4

import pytest
from honeyhive import session, trace
from honeyhive.integration import start_event, suppress
from honeyhive.models import EventType
from honeyhive.testing import MemoryTracer, Recorder
from honeyhive_langchain import HoneyHiveCallbackHandler, instrument, uninstrument
from honeyhive_langchain._classify import CHAIN
from honeyhive_langchain._runs import RUNS, Run, RunTable
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel, FakeListChatModel, FakeListLLM
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from opentelemetry import trace as otel_trace
from pydantic import Field


class Library(BaseRetriever):
    def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        return [Document(f"about {query}")]


class Blocking(BaseChatModel):
    """Says two words where it streams; then it tells that it was reached, and waits to be released."""

    streams: bool = True
    reached: asyncio.Event = Field(default_factory=asyncio.Event)
    released: asyncio.Event = Field(default_factory=asyncio.Event)

    @property
    def _llm_type(self) -> str:
        return "blocking"

    def _generate(self, *_args: Any, **_more: Any) -> ChatResult:
        raise NotImplementedError

    async def _agenerate(self, *_args: Any, run_manager: AsyncCallbackManagerForLLMRun, **_more: Any) -> ChatResult:
        if self.streams:
            await run_manager.on_llm_new_token("one ")
        self.reached.set()
        await self.released.wait()
        return ChatResult(generations=[ChatGeneration(message=AIMessage("late"))])

    async def _astream(self, *_args: Any, **_more: Any) -> AsyncIterator[ChatGenerationChunk]:
        for word in ("one ", "two "):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        self.reached.set()
        await self.released.wait()


@tool
async def wait_for_ever(name: str) -> None:
    """Waits."""
    await asyncio.Event().wait()


@tool
def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def assistant() -> Runnable[dict[str, str], str]:
    prompt = ChatPromptTemplate.from_template("Answer {question}")
    return prompt | FakeListChatModel(responses=["fine"]) | StrOutputParser()


@RunnableLambda
def same(text: str) -> str:
    return text


def call(runnable: Runnable[Any, Any], value: Any, *, mode: str, config: RunnableConfig | None = None) -> Any:
    if mode == "sync":
        return runnable.invoke(value, config)
    return asyncio.run(runnable.ainvoke(value, config))


@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_each_run_is_one_event_of_its_type(recorder: Recorder, mode: str) -> None:
    def prepare(question: str) -> dict[str, str]:
        documents = Library().invoke(question)
        return {"question": f"{question} {double.invoke({'number': len(documents)})}"}

    answer = call(RunnableLambda(prepare) | assistant() | FakeListLLM(responses=["done"]), "why", mode=mode)

    assert answer == "done"
    assert recorder.tree() == (
        "session pytest\n"
        "  chain RunnableSequence\n"
        "    chain prepare\n"
        "      tool Library\n"
        "      tool double\n"
        "    chain ChatPromptTemplate\n"
        "    model FakeListChatModel\n"
        "    chain StrOutputParser\n"
        "    model FakeListLLM"
    )


@trace(event_name="measure")
def measure(answer: str) -> int:
    return len(answer)


@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_events_of_the_program_enclose_runs_and_are_enclosed(recorder: Recorder, mode: str) -> None:
    @trace(event_name="inner")
    def inner(question: str) -> str:
        return assistant().invoke({"question": question})

    @trace(event_name="outer")
    def outer(question: str) -> str:
        return call(RunnableLambda(inner, name="step"), question, mode=mode)

    outer("why")

    assert recorder.tree() == (
        "session pytest\n"
        "  tool outer\n"
        "    chain step\n"
        "      tool inner\n"
        "        chain RunnableSequence\n"
        "          chain ChatPromptTemplate\n"
        "          model FakeListChatModel\n"
        "          chain StrOutputParser"
    )


@pytest.mark.usefixtures("instrumented")
def test_a_session_opened_inside_a_run_takes_the_runs_below(recorder: Recorder) -> None:
    def own_session(value: int) -> int:
        with session("inner"):
            return double.invoke({"number": value})

    RunnableLambda(own_session).invoke(1)

    assert recorder.tree() == "session pytest\n  chain own_session\nsession inner\n  tool double"


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize("run_inline", [True, False])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_run_is_one_event_however_many_handlers_see_it(
    recorder: Recorder, mode: str, run_inline: bool, installed: bool
) -> None:
    outer, inner = HoneyHiveCallbackHandler(), HoneyHiveCallbackHandler()
    outer.run_inline = inner.run_inline = run_inline
    if installed:
        instrument()
        instrument()
    try:
        chain = assistant() | RunnableLambda(measure, name="last").with_config(callbacks=[inner])
        call(chain, {"question": "why"}, mode=mode, config={"callbacks": [outer, inner]})
    finally:
        uninstrument()

    assert recorder.tree() == (
        "session pytest\n"
        "  chain RunnableSequence\n"
        "    chain ChatPromptTemplate\n"
        "    model FakeListChatModel\n"
        "    chain StrOutputParser\n"
        "    chain last\n"
        "      tool measure"
    )


@pytest.mark.usefixtures("instrumented")
def test_calls_one_after_the_other_are_siblings_and_nothing_becomes_current(recorder: Recorder) -> None:
    async def program() -> None:
        for _ in range(3):
            await RunnableLambda(measure, name="step").ainvoke("answer")
            assert otel_trace.get_current_span() is otel_trace.INVALID_SPAN

    asyncio.run(program())

    assert recorder.tree() == "session pytest" + 3 * "\n  chain step\n    tool measure"


@pytest.mark.usefixtures("instrumented")
def test_concurrent_calls_keep_their_trees_apart(recorder: Recorder) -> None:
    async def step(number: int) -> int:
        await asyncio.sleep(0)
        return await double.ainvoke({"number": number})

    asyncio.run(RunnableLambda(step).abatch(list(range(50))))

    steps = {event.event_id: event for event in recorder.events() if event.event_name == "step"}
    tools = [event for event in recorder.events() if event.event_name == "double"]
    assert len({event.parent_id for event in tools}) == 50
    assert all(steps[event.parent_id or ""].inputs["input"] == event.inputs["number"] for event in tools)


@pytest.mark.usefixtures("instrumented")
def test_a_thread_started_by_hand_is_recorded_and_nests_where_it_has_the_config(recorder: Recorder) -> None:
    alone = RunnableLambda(len, name="alone")

    def in_threads(value: int, config: RunnableConfig) -> None:
        with ThreadPoolExecutor() as pool:
            pool.submit(double.invoke, {"number": value}, config).result()
        thread = threading.Thread(target=alone.invoke, args=("text",))
        thread.start()
        thread.join()

    @trace(event_name="request")
    def request() -> None:
        RunnableLambda(in_threads).invoke(1)

    request()

    assert recorder.tree() == ("session pytest\n  tool request\n    chain in_threads\n      tool double\n  chain alone")


@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_an_error_is_recorded_and_reaches_the_caller_as_it_is(recorder: Recorder, mode: str) -> None:
    error = ValueError("no number")

    @tool
    def fail(number: int) -> int:
        """Fails."""
        raise error

    def prepare(number: int) -> dict[str, int]:
        return {"number": number}

    with pytest.raises(ValueError, match="no number") as caught:
        call(RunnableLambda(prepare) | fail, 1, mode=mode)

    assert caught.value is error
    assert recorder.tree() == (
        "session pytest\n  chain RunnableSequence [error]\n    chain prepare\n    tool fail [error]"
    )
    assert recorder.event("fail").error == "ValueError: no number"


@pytest.mark.usefixtures("instrumented")
def test_an_asynchronous_stream_left_early_is_abandoned_with_what_it_said(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    @trace(event_name="program")
    async def program() -> None:
        chain = same | Blocking()
        async for _ in chain.astream("why"):
            break

    asyncio.run(program())

    assert recorder.tree() == (
        "session pytest\n"
        "  tool program\n"
        "    chain RunnableSequence [abandoned]\n"
        "      chain same\n"
        "      model Blocking [abandoned]"
    )
    assert recorder.event("RunnableSequence").inputs == {"input": "why"}
    assert recorder.event("Blocking").outputs == {"role": "assistant", "content": "one "}
    assert caplog.records == []


@pytest.mark.usefixtures("instrumented")
def test_a_synchronous_stream_closed_early_keeps_what_the_model_said(recorder: Recorder) -> None:
    stream = (same | FakeListChatModel(responses=["abc"])).stream("why")
    next(stream)
    cast("Generator[Any]", stream).close()

    # LangChain reports the end of a synchronous stream that was closed as it reports any other.
    assert recorder.tree() == (
        "session pytest\n  chain RunnableSequence\n    chain same\n    model FakeListChatModel [abandoned]"
    )
    assert recorder.event("FakeListChatModel").outputs["content"] == "a"


@pytest.mark.usefixtures("instrumented")
@pytest.mark.parametrize("streaming", [True, False])
def test_a_cancelled_call_ends_though_langchain_never_says_so(recorder: Recorder, streaming: bool) -> None:
    model = Blocking(streams=streaming)

    async def ask(_: Any) -> AIMessage:
        return await model.ainvoke("why")

    async def program() -> None:
        calls = RunnableParallel(tool=wait_for_ever, model=RunnableLambda(ask))
        task = asyncio.create_task(calls.ainvoke({"name": "x"}))
        await asyncio.wait_for(model.reached.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(program())

    assert recorder.tree() == (
        "session pytest\n"
        "  chain RunnableParallel<tool,model> [cancelled]\n"
        "    tool wait_for_ever [cancelled]\n"
        "    chain ask [cancelled]\n"
        "      model Blocking [cancelled]"
    )
    root, *below = recorder.events()
    assert all(event.end_time < root.end_time for event in below)


@pytest.mark.usefixtures("instrumented")
def test_a_call_that_timed_out_ends_whether_or_not_a_chain_encloses_it(recorder: Recorder) -> None:
    @trace(event_name="impatient")
    async def impatient(_: str) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await Blocking().ainvoke("why")

    async def program() -> None:
        await RunnableLambda(impatient, name="step").ainvoke("")
        await impatient("")

    asyncio.run(program())

    assert recorder.tree() == (
        "session pytest\n"
        "  chain step\n"
        "    tool impatient\n"
        "      model Blocking [cancelled]\n"
        "  tool impatient\n"
        "    model Blocking [cancelled]"
    )


@pytest.mark.usefixtures("instrumented")
def test_a_call_that_outlives_its_root_ends_as_it_really_does(recorder: Recorder) -> None:
    async def program() -> None:
        model, started = Blocking(), list[asyncio.Task[AIMessage]]()

        async def start(question: str) -> None:
            started.append(asyncio.create_task(model.ainvoke(question)))
            await asyncio.wait_for(model.reached.wait(), 5)

        await RunnableLambda(start).ainvoke("why")
        model.released.set()
        await started[0]

    asyncio.run(program())

    assert recorder.tree() == "session pytest\n  chain start\n    model Blocking"
    assert recorder.event("Blocking").outputs["content"] == "late"


def test_an_end_without_a_start_is_one_event_that_says_so(recorder: Recorder) -> None:
    class Inline(BaseCallbackHandler):
        run_inline = True

    handlers = [HoneyHiveCallbackHandler(), HoneyHiveCallbackHandler()]
    for handler in handlers:
        handler.run_inline = False  # LangChain tells such handlers of no text model's start (langchain#39633)
    asyncio.run(FakeListLLM(responses=["done"]).ainvoke("why", {"callbacks": [*handlers, Inline()]}))

    assert recorder.tree() == "session pytest\n  model model"
    assert recorder.event("model").metadata["start_inferred"] is True
    assert recorder.event("model").outputs == {"role": "assistant", "content": "done"}


def test_a_handler_records_to_the_tracer_it_was_given(recorder: Recorder) -> None:
    own = MemoryTracer(project="own")
    double.invoke({"number": 1}, {"callbacks": [HoneyHiveCallbackHandler(tracer=own)]})

    assert own.recorder.event("double").project == "own"
    assert recorder.events() == []


def test_uninstrument_lets_runs_end_that_have_started(recorder: Recorder) -> None:
    def stop(value: int) -> int:
        uninstrument()
        return double.invoke({"number": value})

    instrument()
    RunnableLambda(stop).invoke(1)
    double.invoke({"number": 1})

    assert recorder.tree() == "session pytest\n  chain stop"


@pytest.mark.swallows
@pytest.mark.usefixtures("instrumented")
def test_what_we_cannot_read_costs_neither_the_call_nor_the_event(recorder: Recorder) -> None:
    no_text = cast("list[str]", [1])

    assert RunnableLambda(measure, name="step").invoke("four", {"tags": no_text}) == 4
    assert recorder.event("step").outputs == {"result": 4}


@pytest.mark.usefixtures("instrumented")
def test_suppressed_runs_are_not_recorded(recorder: Recorder) -> None:
    with suppress():
        assistant().invoke({"question": "why"})

    assert recorder.tree() == ""


@pytest.mark.usefixtures("recorder")
def test_nothing_is_kept_of_runs_that_have_ended() -> None:
    handler = HoneyHiveCallbackHandler()
    for _ in range(100):
        assistant().invoke({"question": "why"}, {"callbacks": [handler]})

    assert (len(RUNS), handler.run_map, handler.order_map) == (0, {}, {})


def test_the_table_of_runs_is_bounded_by_giving_up_the_oldest(recorder: Recorder) -> None:
    table = RunTable(max_open=2, max_ended=1)
    ids = [uuid4() for _ in range(4)]
    for number, run_id in enumerate(ids):
        run = Run(run_id, CHAIN, None)
        run.event = start_event(EventType.chain, f"run {number}")
        table.start(run_id, run)

    assert len(table) == 2
    assert recorder.tree() == "session pytest\n  chain run 0 [abandoned]\n  chain run 1 [abandoned]"
    assert [table.claim_end(run_id) for run_id in (ids[1], ids[0])] == [False, True]
