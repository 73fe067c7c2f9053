"""Connections of the client: none before the first call, few after it, and its limits."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from honeyhive.api import HoneyHive, HTTPException
from honeyhive.client.limiter import RateLimiter
from honeyhive.testing import wait_until
from honeyhive.utils import RetryConfig

if TYPE_CHECKING:
    from conftest import API

KEY = "hh_project_key"


@pytest.fixture
def client(api: "API") -> "HoneyHive":
    return HoneyHive(api_key=KEY, base_url=api.url, retry_config=RetryConfig.constant(0.0, max_retries=2))


def test_nothing_is_sent_and_no_connection_made_before_the_first_call(api: "API") -> None:
    HoneyHive(api_key=KEY, base_url=api.url)

    assert api.seen == []
    assert api.connections == set()


def test_calls_after_one_another_share_a_connection(api: "API", client: HoneyHive) -> None:
    for _ in range(5):
        client.datasets.list()

    assert len(api.connections) == 1


def test_after_close_the_next_call_opens_a_new_connection(api: "API", client: HoneyHive) -> None:
    client.datasets.list()
    client.close()
    client.datasets.list()
    client.close()

    assert len(api.connections) == 2


@pytest.mark.parametrize("bound", [3, 8])
def test_threads_share_a_client_and_its_bounded_connections(api: "API", bound: int) -> None:
    ids = [[f"d{number}"] for number in range(100)]
    release = threading.Event()
    api.say(*[200] * bound, body=b'{"datapoints": []}', waits_for=release)
    with HoneyHive(api_key=KEY, base_url=api.url, max_connections=bound) as client, ThreadPoolExecutor(8) as pool:
        first = [pool.submit(client.datapoints.list) for _ in range(bound)]
        wait_until(lambda: api.open == bound)
        others = [pool.submit(client.datapoints.list, one) for one in ids]
        release.set()
        replies = [reply.result() for reply in [*first, *others]][bound:]

    assert [[one.id for one in reply.datapoints] for reply in replies] == ids
    assert api.busiest == bound


def test_a_rate_limit_gives_each_request_its_place() -> None:
    now = 100.0
    limiter = RateLimiter(2, 10, clock=lambda: now)

    assert [limiter.reserve() for _ in range(5)] == [0, 0, 10, 10, 20]
    now = 109.0
    assert limiter.reserve() == 11
    assert [RateLimiter(None, 10).reserve() for _ in range(5)] == [0] * 5


def test_a_rate_limit_holds_calls_back(api: "API") -> None:
    with HoneyHive(api_key=KEY, base_url=api.url, rate_limit_calls=1, rate_limit_window=0.2) as client:
        client.datasets.list()
        client.datasets.list()

    first, second = api.seen
    assert second.at_s - first.at_s > 0.15


def test_a_read_follows_a_redirect_and_a_write_does_not(api: "API", client: HoneyHive) -> None:
    api.say(302, location=f"{api.url}/v1/datasets")
    assert client.datasets.list().datasets

    api.say(302, location=f"{api.url}/v1/datasets")
    with pytest.raises(HTTPException, match=r"redirected to .* as base_url"):
        client.datasets.create({"name": "rows"})

    assert [seen.method for seen in api.seen] == ["GET", "GET", "POST"]


def test_requests_go_through_the_proxy_that_the_environment_names(api: "API", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_HTTP_PROXY", api.url)
    HoneyHive(api_key=KEY, base_url="http://api.invalid").datasets.list()

    assert api.seen[0].headers["host"] == "api.invalid"


@pytest.mark.parametrize("hosts", ["127.0.0.1", "*", "other.example,127.0.0.1"])
def test_hosts_without_proxy_are_reached_directly(api: "API", monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    monkeypatch.setenv("HH_HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HH_NO_PROXY", hosts)

    assert HoneyHive(api_key=KEY, base_url=api.url).datasets.list().datasets


FORKED = """
import os, sys
from honeyhive.api import HoneyHive
client = HoneyHive(api_key="hh_project_key", base_url=sys.argv[1])
client.datapoints.get("before")
child = os.fork()
if child == 0:
    client.datapoints.get("child")
    sys.stdout.flush()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.datapoints.get("after")
client.close()
"""


def test_a_forked_child_opens_connections_of_its_own(api: "API") -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", FORKED, api.url], capture_output=True, text=True, timeout=60, check=False
    )

    assert finished.stderr == ""
    assert [seen.path.rpartition("/")[2] for seen in api.seen] == ["before", "child", "after"]
    assert len(api.connections) == 2


UNCLOSED = """
import sys
from honeyhive.api import HoneyHive
client = HoneyHive(api_key="hh_project_key", base_url=sys.argv[1])
client.datasets.list()
"""


def test_a_program_that_never_closes_its_client_ends_without_a_warning(api: "API") -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", UNCLOSED, api.url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, "")


FORKED_WHILE_CONNECTING = """
import os, sys
from honeyhive import HoneyHive

client = HoneyHive(api_key="k", base_url="http://127.0.0.1:1")
client._executor._pools._lock.acquire()  # as another thread does while it reads the certificates
child = os.fork()
if child == 0:
    client.close()
    sys.exit(0)  # which closes what is open, too
client._executor._pools._lock.release()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a platform with fork")
def test_a_child_forked_while_connections_are_made_ends() -> None:
    subprocess.run([sys.executable, "-c", FORKED_WHILE_CONNECTING], check=True, timeout=60)
