"""Plain pools lose the parent: the event says so, and is in the session that it was given, never in a stranger's."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from honeyhive import session, trace
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.events.sessions import Session, assemble
from honeyhive.export.journal import read_journal
from honeyhive.testing import Recorder, recording

OF_THE_PROCESS = "11111111-1111-4111-8111-111111111111"
GIVEN = "0f0e0d0c-0b0a-4908-8706-050403020100"


@trace(event_name="work")
def work(number: int = 0) -> int:
    return number * 2


def by_submit(function: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(function).result()


def by_map(function: Callable[[], Any]) -> None:
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(_call, [function]))


def _call(function: Callable[[], Any]) -> None:
    function()


def by_run_in_executor(function: Callable[[], Any]) -> None:
    async def run() -> None:
        await asyncio.get_running_loop().run_in_executor(None, function)

    asyncio.run(run())


EVERY_THREAD_POOL = pytest.mark.parametrize("hand_on", [by_submit, by_map, by_run_in_executor])


def inside_a_call(hand_on: Callable[[Callable[[], Any]], None], function: Callable[[], Any]) -> None:
    with session("request"):
        trace(event_name="submitter")(hand_on)(function)


@EVERY_THREAD_POOL
def test_the_session_that_was_set_for_the_process_is_still_there(hand_on: Callable[[Callable[[], Any]], None]) -> None:
    with recording(session_id=OF_THE_PROCESS) as recorder:
        inside_a_call(hand_on, work)

    event = recorder.event("work")
    assert (event.session_id, event.parent_id) == (OF_THE_PROCESS, OF_THE_PROCESS)
    assert event.metadata["orphan"] is True


@EVERY_THREAD_POOL
def test_the_session_that_the_function_was_given_is_still_there(
    hand_on: Callable[[Callable[[], Any]], None], recorder: Recorder
) -> None:
    given = trace(event_name="given", session_id=GIVEN)(work)
    inside_a_call(hand_on, given)

    event = recorder.event("given")
    assert (event.session_id, event.parent_id) == (GIVEN, GIVEN)
    assert event.metadata["orphan"] is True
    below = recorder.event("work")
    assert (below.session_id, below.parent_id) == (GIVEN, event.event_id)
    assert "orphan" not in below.metadata


def test_a_function_with_a_session_of_its_own_is_no_orphan_where_its_parent_is_known(recorder: Recorder) -> None:
    given = trace(event_name="given", session_id=GIVEN)(work)
    inside_a_call(lambda function: function(), given)
    given()

    assert all("orphan" not in event.metadata for event in recorder.events())


PROGRAM = """
import multiprocessing, os, sys
from concurrent.futures import ProcessPoolExecutor
from honeyhive import HoneyHiveTracer, session, trace

@trace(event_name="work")
def work(number): return number * 2

@trace(event_name="given", session_id=os.environ["GIVEN"])
def given(text): return len(text)

@trace(event_name="alone")
def alone(number): return number

HoneyHiveTracer.init(project="p", session_id=os.environ["OF_THE_PROCESS"])
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    executor = ProcessPoolExecutor(1, mp_context=context)
    with session("first user"):
        trace(event_name="submitter")(lambda: executor.submit(work, 1).result())()
        pool = context.Pool(1)
        trace(event_name="submitter")(lambda: pool.apply(work, (2,)))()
    with session("second user"):
        trace(event_name="submitter")(lambda: list(executor.map(work, [3])))()
        trace(event_name="submitter")(lambda: pool.map(work, [4]))()
        executor.submit(given, "text").result()
        process = context.Process(target=alone, args=(5,))
        process.start()
        process.join()
    executor.shutdown()
    pool.close()
    pool.join()
"""


def sessions_of(program: str, tmp_path: Path, method: str) -> dict[str, Session]:
    path = tmp_path / "program.py"
    path.write_text(program)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    own = {"HH_DATA_DIR": str(tmp_path), "GIVEN": GIVEN, "OF_THE_PROCESS": OF_THE_PROCESS}
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(path), method],
        env={**clean, **own},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    found = assemble(read_records(read_journal(tmp_path / "journal").bodies))
    return {one.session_id: one for one in found}


def told(events: tuple[Event, ...]) -> list[tuple[str, object, object]]:
    return sorted((event.event_name, event.inputs.get("number"), event.metadata.get("orphan")) for event in events)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_of_a_plain_pool_do_not_keep_the_session_in_which_they_were_started(
    tmp_path: Path, method: str
) -> None:
    found = sessions_of(PROGRAM, tmp_path, method)

    of_the_process, given = found.pop(OF_THE_PROCESS), found.pop(GIVEN)
    work_of_pools = [("work", number, True) for number in (1, 2, 3, 4)]
    # A process of the program's own is forked with the context of its start; a spawned one has none.
    alone = [("alone", 5, None)]
    of_users = {one.root.event_name: told(one.events) for one in found.values()}
    submitters = [("submitter", None, None)] * 2
    assert of_users["first user"] == submitters
    assert of_users["second user"] == (alone + submitters if method == "fork" else submitters)
    assert told(of_the_process.events) == (work_of_pools if method == "fork" else alone + work_of_pools)
    assert told(given.events) == [("given", None, True)]
