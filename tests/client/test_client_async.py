"""The client in event loops, and beside programs that know nothing of it."""

import asyncio
import gc
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from honeyhive.api import HoneyHive, HTTPException
from honeyhive.http_clients import patch_httpx, unpatch_httpx
from honeyhive.testing import Recorder, wait_until
from honeyhive.utils import RetryConfig
from opentelemetry import trace

if TYPE_CHECKING:
    from conftest import API

KEY = "hh_project_key"


def client_of(api: "API") -> HoneyHive:
    return HoneyHive(api_key=KEY, base_url=api.url, retry_config=RetryConfig.constant(0.0, max_retries=2))


def test_an_async_call_leaves_the_event_loop_to_others(api: "API") -> None:
    release = threading.Event()
    api.say(200, waits_for=release)

    async def other() -> str:
        # The server answers only once this coroutine has had its turn.
        await asyncio.to_thread(wait_until, lambda: bool(api.seen))
        release.set()
        return "ran"

    async def program() -> list[object]:
        async with client_of(api) as client:
            return list(await asyncio.gather(client.datasets.list_async(), other()))

    assert asyncio.run(program())[1] == "ran"


def test_an_async_call_that_waits_for_its_next_attempt_leaves_the_loop_to_others(api: "API") -> None:
    api.say(503, retry_after="50")

    async def program() -> None:
        async with client_of(api) as client:
            call = asyncio.create_task(client.datasets.list_async())
            await asyncio.to_thread(wait_until, lambda: bool(api.seen))
            # Were the loop held up, this would come after the fifty seconds.
            call.cancel()
            await asyncio.wait([call])

    started_s = time.monotonic()
    asyncio.run(program())

    assert time.monotonic() - started_s < 25
    assert len(api.seen) == 1


def test_async_calls_side_by_side_and_after_one_another_share_connections(api: "API") -> None:
    async def program() -> None:
        async with HoneyHive(api_key=KEY, base_url=api.url, max_connections=2) as client:
            await asyncio.gather(*(client.datapoints.get_async(f"d{number}") for number in range(20)))

    asyncio.run(program())

    assert len(api.seen) == 20
    assert len(api.connections) <= 2


def test_one_client_serves_one_event_loop_after_another(api: "API") -> None:
    client = client_of(api)

    for _ in range(3):
        assert asyncio.run(_listed(client)) == "ds1"
    client.close()

    assert len(api.seen) == 3


def test_one_client_serves_event_loops_in_many_threads(api: "API") -> None:
    client = client_of(api)
    threads = [threading.Thread(target=asyncio.run, args=(_listed(client),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()

    assert len(api.seen) == 6


async def _listed(client: HoneyHive) -> str:
    return (await client.datasets.list_async()).datasets[0].id


UNCLOSED = """
import asyncio, sys
from honeyhive.api import HoneyHive
client = HoneyHive(api_key="hh_project_key", base_url=sys.argv[1])
async def program():
    await asyncio.gather(client.datasets.list_async(), client.datapoints.list_async())
asyncio.run(program())
asyncio.run(program())
"""


def test_connections_close_with_their_event_loop(api: "API") -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNCLOSED, api.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, "")
    assert len(api.seen) == 4


def test_a_batch_that_fails_fails_the_call_with_the_servers_error(api: "API") -> None:
    ids = [f"d{number}" for number in range(150)]
    api.say(403)

    async def program() -> None:
        async with client_of(api) as client:
            await client.datapoints.list_async(ids)

    with pytest.raises(HTTPException) as failed:
        asyncio.run(program())

    assert failed.value.status_code == 403


def test_a_cancelled_call_is_cancelled_and_the_client_goes_on(api: "API") -> None:
    release = threading.Event()
    api.say(200, waits_for=release)

    async def program() -> str:
        async with client_of(api) as client:
            call = asyncio.create_task(client.datasets.list_async())
            await asyncio.to_thread(wait_until, lambda: bool(api.seen))
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            release.set()
            return await _listed(client)

    assert asyncio.run(program()) == "ds1"


def test_calls_are_no_events_and_leave_nothing_current(api: "API", recorder: Recorder) -> None:
    patch_httpx(recorder.tracer, is_recorded=True)
    try:
        with client_of(api) as client:
            client.datasets.list()
            asyncio.run(_listed(client))
        httpx.get(f"{api.url}/v1/datasets", headers=api.seen[0].headers)
    finally:
        unpatch_httpx()

    assert len(recorder.events()) == 1  # the program's own request
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_tasks_that_call_first_together_share_one_client(api: "API") -> None:
    """Each read the certificates for itself: 50 tasks, 1.2 s of CPU."""
    client = HoneyHive(api_key=KEY, base_url=api.url)

    async def main() -> int:
        before = {id(found) for found in _async_clients()}
        calls = [asyncio.create_task(client.datasets.list_async()) for _ in range(10)]
        await asyncio.sleep(0)
        calls[0].cancel()
        replies = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(reply).__name__ for reply in replies] == ["CancelledError", *["GetDatasetsResponse"] * 9]
        return len([found for found in _async_clients() if id(found) not in before])

    gc.collect()
    # The one whose maker was cancelled may be there still.
    assert asyncio.run(main()) <= 2


def _async_clients() -> list[httpx.AsyncClient]:
    return [found for found in gc.get_objects() if type(found) is httpx.AsyncClient]
