"""Where a handler may be put, and how many there may be: a run is one event, below whatever the program has open."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from honeyhive import session, trace
from honeyhive.integration import current_session
from honeyhive.testing import MemoryTracer, Recorder
from honeyhive_langchain import HoneyHiveCallbackHandler, instrument, uninstrument
from langchain_core.callbacks import CallbackManager
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import tool

Ask = Callable[[FakeListChatModel], Any]


def ask_by_invoke(model: FakeListChatModel) -> str:
    return str(model.invoke("why").content)


def ask_by_stream(model: FakeListChatModel) -> str:
    return "".join(str(chunk.content) for chunk in model.stream("why"))


def ask_by_batch(model: FakeListChatModel) -> str:
    return str(model.batch(["why"])[0].content)


async def ask_by_ainvoke(model: FakeListChatModel) -> str:
    return str((await model.ainvoke("why")).content)


async def ask_by_astream(model: FakeListChatModel) -> str:
    return "".join([str(chunk.content) async for chunk in model.astream("why")])


EVERY_WAY = pytest.mark.parametrize("ask", [ask_by_invoke, ask_by_stream, ask_by_batch])
EVERY_ASYNC_WAY = pytest.mark.parametrize("ask", [ask_by_ainvoke, ask_by_astream])


def model_with_handler() -> FakeListChatModel:
    """A model whose handler was attached when it was made, long before any request."""
    return FakeListChatModel(responses=["fine"], callbacks=[HoneyHiveCallbackHandler()])


@trace(event_name="retrieve")
def retrieve() -> str:
    return "text"


@EVERY_WAY
def test_a_handler_attached_to_a_model_nests_under_the_traced_request(ask: Ask, recorder: Recorder) -> None:
    model = model_with_handler()

    @trace(event_name="request")
    def request() -> str:
        retrieve()
        return f"{ask(model)} {ask(model)}"

    for number in range(2):
        with session(f"user {number}"):
            assert request() == "fine fine"

    tree = "  tool request\n    tool retrieve\n    model FakeListChatModel\n    model FakeListChatModel"
    assert recorder.tree() == f"session user 0\n{tree}\nsession user 1\n{tree}"


@EVERY_ASYNC_WAY
def test_a_handler_attached_to_a_model_nests_under_each_of_many_requests_at_once(ask: Ask, recorder: Recorder) -> None:
    model = model_with_handler()

    @trace(event_name="request")
    async def request() -> str:
        return await ask(model)

    async def handle(number: int) -> None:
        async with session(f"user {number}"):
            assert await asyncio.create_task(request()) == "fine"

    async def serve() -> None:
        await asyncio.gather(*(handle(number) for number in range(20)))

    asyncio.run(serve())
    lines = recorder.tree().splitlines()
    assert sorted(lines[::3]) == sorted(f"session user {number}" for number in range(20))
    assert lines[1::3] == ["  tool request"] * 20
    assert lines[2::3] == ["    model FakeListChatModel"] * 20


def test_a_handler_attached_to_a_model_nests_in_a_chain_whose_config_has_none(recorder: Recorder) -> None:
    model = model_with_handler()

    def ask(_: int) -> str:
        return ask_by_invoke(model)

    @trace(event_name="request")
    def request() -> None:
        RunnableLambda(ask).invoke(0)

    request()

    assert recorder.tree() == "session pytest\n  tool request\n    model FakeListChatModel"


@tool
def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def step(number: int) -> int:
    return double.invoke({"number": number})


@pytest.fixture
def let_go() -> Iterator[None]:
    yield
    uninstrument()


Place = Callable[[Runnable[int, int], HoneyHiveCallbackHandler], Callable[[], int]]


def in_the_call(runnable: Runnable[int, int], handler: HoneyHiveCallbackHandler) -> Callable[[], int]:
    return lambda: runnable.invoke(1, {"callbacks": [handler]})


def in_the_call_twice(runnable: Runnable[int, int], handler: HoneyHiveCallbackHandler) -> Callable[[], int]:
    return lambda: runnable.invoke(1, {"callbacks": [handler, handler]})


def in_a_manager(runnable: Runnable[int, int], handler: HoneyHiveCallbackHandler) -> Callable[[], int]:
    return lambda: runnable.invoke(1, {"callbacks": CallbackManager([handler], inheritable_handlers=[handler])})


def in_the_runnable(runnable: Runnable[int, int], handler: HoneyHiveCallbackHandler) -> Callable[[], int]:
    bound = runnable.with_config(callbacks=[handler])
    return lambda: bound.invoke(1)


def in_both(runnable: Runnable[int, int], handler: HoneyHiveCallbackHandler) -> Callable[[], int]:
    bound = runnable.with_config(callbacks=[HoneyHiveCallbackHandler(tracer=handler.tracer)])
    return lambda: bound.invoke(1, {"callbacks": [handler]})


EVERY_PLACE = pytest.mark.parametrize("place", [in_the_call, in_the_call_twice, in_a_manager, in_the_runnable, in_both])


@pytest.mark.usefixtures("let_go")
@EVERY_PLACE
def test_a_handler_with_a_tracer_beside_the_one_of_the_process_records_each_run_once_and_to_that_tracer(
    place: Place, recorder: Recorder
) -> None:
    own = MemoryTracer(project="own", session_name="own")
    instrument()
    run = place(RunnableLambda(step) | RunnableLambda(step), HoneyHiveCallbackHandler(tracer=own))

    assert run() == 4
    assert recorder.events() == []
    assert own.recorder.tree() == ("session own\n  chain RunnableSequence" + 2 * "\n    chain step\n      tool double")


@pytest.mark.usefixtures("let_go")
def test_with_two_tracers_at_different_depths_each_run_is_one_event_of_one_of_them(recorder: Recorder) -> None:
    own = MemoryTracer(project="own", session_name="own")
    instrument()
    inner = RunnableLambda(step).with_config(callbacks=[HoneyHiveCallbackHandler(tracer=own)])

    def call_inner(number: int) -> int:
        return inner.invoke(number) + step(number)

    outer = RunnableLambda(call_inner, name="outer")

    assert outer.invoke(1, {"callbacks": [HoneyHiveCallbackHandler()]}) == 4

    assert recorder.tree() == "session pytest\n  chain outer\n    tool double"
    assert own.recorder.tree() == "session own\n  chain step\n    tool double"


@pytest.mark.usefixtures("let_go")
def test_instrumenting_again_changes_the_tracer_and_adds_no_second_event(recorder: Recorder) -> None:
    own = MemoryTracer(project="own", session_name="own")
    instrument()
    instrument(tracer=own)
    step(1)

    assert recorder.events() == []
    assert own.recorder.tree() == "session own\n  tool double"


@pytest.mark.usefixtures("let_go")
def test_a_handler_given_on_to_what_a_run_calls_adds_nothing(recorder: Recorder) -> None:
    handler = HoneyHiveCallbackHandler()
    instrument()

    def pass_on(number: int, config: RunnableConfig) -> int:
        assert current_session() is recorder.tracer.channel.default_session
        return double.invoke({"number": number}, {**config, "callbacks": [handler]}) + double.invoke(
            {"number": number}, config
        )

    RunnableLambda(pass_on).invoke(1, {"callbacks": [handler]})

    names = [event.event_name for event in recorder.events()]
    assert sorted(names) == ["double", "double", "pass_on"]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_handler_of_its_own_records_once_after_the_one_of_the_process_was_switched_off(
    mode: str, recorder: Recorder
) -> None:
    instrument()
    uninstrument()
    model = model_with_handler()

    def ask(_: int) -> str:
        return ask_by_invoke(model)

    chain = RunnableLambda(ask)
    if mode == "sync":
        chain.invoke(0)
    else:
        asyncio.run(chain.ainvoke(0))

    assert recorder.tree() == "session pytest\n  model FakeListChatModel"
