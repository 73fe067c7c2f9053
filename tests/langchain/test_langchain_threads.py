"""Handlers that LangChain tells of a run in a thread each, all at once: ``run_inline = False`` in asynchronous code."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from honeyhive.testing import Recorder
from honeyhive_langchain import HoneyHiveCallbackHandler

HANDLERS, RUNS = 4, 200


@pytest.fixture(autouse=True)
def threads_take_turns_often() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def tell_all_at_once(tell: Callable[[HoneyHiveCallbackHandler, UUID, threading.Barrier], None]) -> None:
    barrier = threading.Barrier(HANDLERS)
    ids = [uuid4() for _ in range(RUNS)]

    def tell_of_each() -> None:
        handler = HoneyHiveCallbackHandler()
        for run_id in ids:
            barrier.wait(60)
            tell(handler, run_id, barrier)

    with ThreadPoolExecutor(HANDLERS) as pool:
        for told in [pool.submit(tell_of_each) for _ in range(HANDLERS)]:
            told.result()


def test_a_run_that_handlers_see_at_the_same_time_is_one_event(recorder: Recorder) -> None:
    def start_and_end(handler: HoneyHiveCallbackHandler, run_id: UUID, barrier: threading.Barrier) -> None:
        handler.on_tool_start(None, "why", run_id=run_id, name="search")
        barrier.wait(60)
        handler.on_tool_end("because", run_id=run_id)

    tell_all_at_once(start_and_end)

    assert recorder.tree() == "session pytest" + RUNS * "\n  tool search"
    assert all(event.inputs == {"input": "why"} for event in recorder.events())
    assert all("start_inferred" not in event.metadata for event in recorder.events())


def test_a_run_whose_end_alone_handlers_see_at_the_same_time_is_one_event(recorder: Recorder) -> None:
    def end(handler: HoneyHiveCallbackHandler, run_id: UUID, _: threading.Barrier) -> None:
        handler.on_tool_end("because", run_id=run_id)

    tell_all_at_once(end)

    assert recorder.tree() == "session pytest" + RUNS * "\n  tool tool"
    assert all(event.metadata["start_inferred"] for event in recorder.events())
