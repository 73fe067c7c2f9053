"""Replies that hold less than the API promises, requests that hold one of something, names that changed."""

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from honeyhive.api import HoneyHive
from honeyhive.client.call import Namespace
from honeyhive.models import CreateDatapointRequest, UpdateDatapointRequest
from honeyhive.utils import RetryConfig
from pydantic import ValidationError

if TYPE_CHECKING:
    from conftest import API

KEY = "hh_project_key"


@pytest.fixture
def client(api: "API") -> HoneyHive:
    return HoneyHive(api_key=KEY, base_url=api.url, retry_config=RetryConfig(max_retries=0))


RUN = ("experiments.get_run", "experiments.get_result", "experiments.delete_run", "experiments.get_run_metrics")
CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("sessions.start", ({"session": {}},)),
    ("events.create", ({"event": {"event_type": "tool", "inputs": {}}},)),
    ("events.export", ()),
    ("datasets.list", ()),
    ("datasets.create", ({"name": "rows"},)),
    ("datapoints.list", ()),
    ("datapoints.get", ("p1",)),
    ("datapoints.create", ({"inputs": {"q": 1}},)),
    ("metrics.list", ()),
    ("configurations.list", ()),
    ("experiments.create_run", ({"name": "v1"},)),
    ("experiments.list_runs", ()),
    ("experiments.compare_runs", ("r2", "r1")),
    *((name, ("r1",)) for name in RUN),
]


@pytest.mark.parametrize("form", ["", "_async"])
@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_a_reply_that_leaves_everything_out_is_read(
    api: "API", client: HoneyHive, name: str, arguments: tuple[Any, ...], form: str
) -> None:
    api.say(200, body=b"{}")
    namespace, _, method = name.partition(".")
    assert isinstance(getattr(client, namespace), Namespace)
    called = getattr(getattr(client, namespace), method + form)

    async def acall() -> Any:
        return await called(*arguments)

    reply = asyncio.run(acall()) if form else called(*arguments)

    assert reply is not None
    assert len(api.seen) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "query"),
    [
        ("datapoints.list", (["p1"],), ("datapoint_ids[]", "p1")),
        ("datapoints.list", (["p1"], "d1"), ("datapoint_ids[]", "p1")),
    ],
)
def test_a_list_of_one_is_a_list_to_the_server(
    api: "API", client: HoneyHive, name: str, arguments: tuple[Any, ...], query: tuple[str, str]
) -> None:
    namespace, _, method = name.partition(".")
    getattr(getattr(client, namespace), method)(*arguments)

    assert query in api.seen[0].query


def test_a_run_id_alone_is_a_list_to_the_server(api: "API", client: HoneyHive) -> None:
    client.experiments.list_runs(run_ids=["r1"])

    assert ("run_ids[]", "r1") in api.seen[0].query


def test_ground_truth_has_the_one_name_of_the_api(api: "API", client: HoneyHive) -> None:
    client.datapoints.create(CreateDatapointRequest(inputs={"q": "?"}, ground_truth={"a": "!"}))
    client.datapoints.update("p1", UpdateDatapointRequest(ground_truth={"a": "?"}))

    assert [seen.body["ground_truth"] for seen in api.seen] == [{"a": "!"}, {"a": "?"}]
    assert not any("ground_truths" in seen.body for seen in api.seen)


def test_outputs_that_are_an_array_are_refused_before_they_could_break_an_event(api: "API", client: HoneyHive) -> None:
    with pytest.raises(ValidationError, match="outputs"):
        client.events.update({"event_id": "e1", "outputs": ["a"]})

    assert api.seen == []


def test_an_export_is_waited_for_where_another_call_would_give_up(api: "API") -> None:
    client = HoneyHive(api_key=KEY, base_url=api.url, timeout=0.05, retry_config=RetryConfig(max_retries=0))
    release = threading.Event()
    api.say(200, 200, body=b'{"events": []}', waits_for=release)
    replies: list[Any] = []
    exporting = threading.Thread(target=lambda: replies.append(client.events.export()))
    exporting.start()

    with pytest.raises(httpx.ReadTimeout):
        client.datasets.list()
    release.set()
    exporting.join()

    assert replies[0].events == []
