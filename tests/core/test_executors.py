"""Threads, tasks and processes: work that is handed on stays where it was handed on from."""

import asyncio
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
from honeyhive import session, trace
from honeyhive.integration import attached, carry_context, current_session, propagating_executor
from honeyhive.testing import Recorder
from opentelemetry import baggage as otel_baggage

_ambient: ContextVar[str] = ContextVar("ambient", default="unset")


@trace(event_name="work")
def work(number: int = 0) -> int:
    if number < 0:
        raise ValueError("theirs")
    return number * 2


@trace(event_name="work")
async def work_async(number: int = 0) -> int:
    await asyncio.sleep(0)
    return number * 2


def submitted(handle: Callable[[], Any]) -> Any:
    """The result of *handle*, called inside a session and an event."""

    @trace(event_name="submitter")
    def submitter() -> Any:
        return handle()

    with session("chat"):
        return submitter()


def expect_children(recorder: Recorder, count: int) -> None:
    (found,) = recorder.sessions()
    parent = recorder.event("submitter").event_id
    children = [event for event in found.events if event.event_name == "work"]
    assert [event.parent_id for event in children] == [parent] * count


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as made:
        yield made


def test_a_propagating_executor_keeps_the_parent_in_submit(recorder: Recorder, pool: ThreadPoolExecutor) -> None:
    executor = propagating_executor(pool)
    assert submitted(lambda: [executor.submit(work, number) for number in range(5)])[4].result() == 8
    pool.shutdown()

    expect_children(recorder, 5)


def test_a_propagating_executor_keeps_the_parent_in_map(recorder: Recorder, pool: ThreadPoolExecutor) -> None:
    executor = propagating_executor(pool)

    assert submitted(lambda: list(executor.map(work, range(5), timeout=30))) == [0, 2, 4, 6, 8]
    expect_children(recorder, 5)


def test_calls_of_one_map_run_side_by_side(recorder: Recorder, pool: ThreadPoolExecutor) -> None:
    meeting = threading.Barrier(2, timeout=30)

    def meet(number: int) -> int:
        meeting.wait()
        return work(number)

    assert submitted(lambda: list(propagating_executor(pool).map(meet, range(2)))) == [0, 2]
    expect_children(recorder, 2)


def test_a_propagating_executor_carries_the_programs_own_context_variables(pool: ThreadPoolExecutor) -> None:
    token = _ambient.set("set")
    seen = propagating_executor(pool).submit(_ambient.get).result()
    _ambient.reset(token)

    assert (seen, pool.submit(_ambient.get).result()) == ("set", "unset")


def test_work_of_a_pool_leaves_nothing_behind_in_its_thread(recorder: Recorder) -> None:
    with propagating_executor(ThreadPoolExecutor(1)) as executor:
        submitted(lambda: executor.submit(work).result())
        left = executor.submit(current_session).result()

    assert left is recorder.tracer.channel.default_session


def test_an_error_of_submitted_work_is_its_own_and_happens_once(recorder: Recorder, pool: ThreadPoolExecutor) -> None:
    with pytest.raises(ValueError, match="theirs"):
        submitted(lambda: propagating_executor(pool).submit(work, -1).result())

    assert recorder.event("work").error == "ValueError: theirs"


def test_leaving_the_block_shuts_the_executor_down() -> None:
    inner = ThreadPoolExecutor(1)
    with propagating_executor(inner) as executor:
        assert isinstance(executor, Executor)

    with pytest.raises(RuntimeError, match="after shutdown"):
        inner.submit(int)


def test_a_plain_pool_loses_the_parent_and_its_event_says_so(recorder: Recorder, pool: ThreadPoolExecutor) -> None:
    submitted(lambda: pool.submit(work).result())

    event = recorder.event("work")
    assert event.metadata["orphan"] is True
    assert event.session_id == recorder.tracer.session_id
    assert "orphan" not in recorder.event("submitter").metadata


def test_work_of_a_plain_pool_that_opens_a_session_is_no_orphan(recorder: Recorder, pool: ThreadPoolExecutor) -> None:
    def handle() -> None:
        with session("of its own"):
            work()

    pool.submit(handle).result()

    assert "orphan" not in recorder.event("work").metadata


def test_a_thread_of_the_programs_own_is_no_orphan(recorder: Recorder) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert "orphan" not in recorder.event("work").metadata


def test_a_thread_runs_in_the_context_that_it_was_given(recorder: Recorder) -> None:
    def start() -> None:
        threads = [threading.Thread(target=carry_context(work), args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    submitted(start)
    expect_children(recorder, 3)


async def _to_thread() -> None:
    await asyncio.to_thread(work)


async def _create_task() -> None:
    await asyncio.create_task(work_async())


async def _task_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(work_async())


async def _gather() -> None:
    await asyncio.gather(work_async())


async def _run_in_executor() -> None:
    with ThreadPoolExecutor(1) as inner:
        await asyncio.get_running_loop().run_in_executor(propagating_executor(inner), work)


async def _call_soon() -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().call_soon(lambda: (work(), done.set()))
    await done.wait()


async def _wait_for() -> None:
    await asyncio.wait_for(asyncio.shield(work_async()), 30)


async def _run_coroutine_threadsafe() -> None:
    loop = asyncio.get_running_loop()
    await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(work_async(), loop).result(30))


@pytest.mark.parametrize(
    "hand_on",
    [
        _to_thread,
        _create_task,
        _task_group,
        _gather,
        _run_in_executor,
        _call_soon,
        _wait_for,
        _run_coroutine_threadsafe,
    ],
)
def test_what_asyncio_hands_on_keeps_the_parent(recorder: Recorder, hand_on: Callable[[], Any]) -> None:
    submitted(lambda: asyncio.run(hand_on()))

    expect_children(recorder, 1)


def test_tasks_side_by_side_do_not_become_each_others_parents(recorder: Recorder) -> None:
    async def many() -> None:
        await asyncio.gather(*(work_async(number) for number in range(50)))

    submitted(lambda: asyncio.run(many()))
    expect_children(recorder, 50)


class PicklingExecutor(Executor):
    """As an executor of another machine: what is submitted arrives as bytes."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        function, given, named = pickle.loads(pickle.dumps((fn, args, kwargs)))  # noqa: S301  our own bytes

        def run() -> None:
            try:
                done.set_result(function(*given, **named))
            except BaseException as error:  # noqa: BLE001  it is the future's
                done.set_exception(error)

        threading.Thread(target=run).start()
        return done


def test_any_executor_that_pickles_keeps_session_and_parent(recorder: Recorder) -> None:
    executor = propagating_executor(PicklingExecutor())
    assert submitted(lambda: executor.submit(work, 2).result()) == 4
    assert submitted(lambda: list(executor.map(work, [1]))) == [2]
    with pytest.raises(ValueError, match="theirs"):
        executor.submit(work, -1).result()

    first, second = [found for found in recorder.sessions() if found.root.event_name == "chat"]
    for found in (first, second):
        submitter, done = found.events
        assert (done.event_name, done.parent_id) == ("work", submitter.event_id)


def test_a_carried_function_can_be_pickled_by_several_pools_at_once(
    recorder: Recorder, pool: ThreadPoolExecutor
) -> None:
    both_write = threading.Barrier(2)

    class Slow:
        def __str__(self) -> str:
            both_write.wait(30)
            return "x"

    with attached(otel_baggage.set_baggage("team", Slow())):
        carried = carry_context(work)

    assert [b"team=x" in pickled for pickled in pool.map(pickle.dumps, [carried, carried])] == [True, True]


@pytest.mark.parametrize("is_pickled", [False, True])
def test_a_carried_coroutine_function_keeps_the_parent_where_it_is_awaited(
    recorder: Recorder, is_pickled: bool
) -> None:
    carried = submitted(lambda: carry_context(work_async))
    again: Any = pickle.loads(pickle.dumps(carried)) if is_pickled else carried  # noqa: S301  ours

    async def later() -> list[int]:
        return [await again(1), await again(2)]

    assert asyncio.run(later()) == [2, 4]
    found = next(one for one in recorder.sessions() if one.root.event_name == "chat")
    assert [event.event_name for event in found.events].count("work") == 2
