"""What calls of the client share: signatures, old forms, projects, batches."""

import asyncio
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from honeyhive.api import HoneyHive
from honeyhive.deprecation import forget_warnings

if TYPE_CHECKING:
    from conftest import API

KEY = "hh_project_key"
EVENT = {"event_type": "tool", "inputs": {"a": 1}}
CHART = {"name": "c", "metric": "duration"}


def method_of(client: HoneyHive, name: str) -> Callable[..., Any]:
    namespace, _, method = name.partition(".")
    return getattr(getattr(client, namespace), method)


def test_a_method_shows_its_own_name_arguments_and_result() -> None:
    client = HoneyHive(api_key=KEY)

    signature = inspect.signature(client.datasets.add_datapoints)

    assert list(signature.parameters) == ["dataset_id", "request", "project_id"]
    assert signature.return_annotation.__name__ == "AddDatapointsResponse"
    assert client.datasets.add_datapoints_async.__name__ == "add_datapoints_async"
    assert inspect.iscoroutinefunction(client.datasets.add_datapoints_async)


@pytest.mark.parametrize("form", ["", "_async"])
@pytest.mark.parametrize(
    ("name", "arguments", "request_line"),
    [
        ("charts.list", (), "GET /v1/charts"),
        ("charts.get", ("ch1",), "GET /v1/charts/ch1"),
        ("charts.create", (CHART,), "POST /v1/charts"),
        ("charts.update", ("ch1", CHART), "PUT /v1/charts/ch1"),
        ("charts.delete", ("ch1",), "DELETE /v1/charts/ch1"),
        ("events.get_by_session_id", ("s1",), "POST /v1/events/export"),
        ("sessions.start", ({"session_name": "flat"},), "POST /session/start"),
        ("metrics.list", ("project",), "GET /v1/metrics"),
        ("configurations.list", ("project",), "GET /v1/configurations"),
    ],
)
def test_an_old_way_to_call_still_works_and_warns_where_it_is_called(
    api: "API", name: str, arguments: tuple[Any, ...], request_line: str, form: str
) -> None:
    forget_warnings()
    client = HoneyHive(api_key=KEY, base_url=api.url)

    async def called() -> object:
        return await method_of(client, name + form)(*arguments)

    def call() -> object:
        return asyncio.run(called()) if form else method_of(client, name)(*arguments)

    with pytest.warns(DeprecationWarning, match="is deprecated; use ") as caught:
        reply = call()

    assert f"{api.seen[0].method} {api.seen[0].path}" == request_line
    assert caught[0].filename == __file__
    assert reply is not None
    client.close()


def test_the_events_of_a_session_come_in_the_order_of_their_start(api: "API") -> None:
    forget_warnings()
    with HoneyHive(api_key=KEY, base_url=api.url) as client, pytest.warns(DeprecationWarning, match="deprecated"):
        reply = client.events.get_by_session_id("s1")

    assert [event.event_id for event in reply.events] == ["e1", "e2"]


def test_a_flat_session_is_put_into_its_envelope(api: "API") -> None:
    forget_warnings()
    with HoneyHive(api_key=KEY, base_url=api.url) as client, pytest.warns(DeprecationWarning, match="deprecated"):
        client.sessions.start_session({"session_name": "flat", "inputs": {"q": 1}})

    assert api.seen[0].body == {"session": {"session_name": "flat", "inputs": {"q": 1}}}


def test_what_is_written_and_exported_names_the_project_unless_it_names_another(api: "API") -> None:
    with HoneyHive(KEY, "shop", base_url=api.url) as client:
        client.sessions.start({"session": {"session_name": "s"}})
        client.events.create({"event": EVENT})
        client.events.create_batch({"events": [EVENT, {**EVENT, "project": "other"}]})
        client.events.export()
        client.experiments.create_run({"name": "v1"})

    start, create, batch, export, run = (seen.body for seen in api.seen)
    assert start["session"]["project"] == create["event"]["project"] == export["project"] == run["project"] == "shop"
    assert [event["project"] for event in batch["events"]] == ["shop", "other"]


@pytest.mark.parametrize("form", ["", "_async"])
def test_more_ids_than_a_url_holds_are_asked_for_in_batches_and_merged_in_order(api: "API", form: str) -> None:
    ids = [f"d{number}" for number in range(250)]

    async def call(client: HoneyHive) -> tuple[Any, Any]:
        return await client.datapoints.list_async(ids), await client.experiments.list_runs_async(run_ids=ids, limit=5)

    with HoneyHive(api_key=KEY, base_url=api.url) as client:
        if form:
            datapoints, runs = asyncio.run(call(client))
        else:
            datapoints, runs = client.datapoints.list(ids), client.experiments.list_runs(run_ids=ids, limit=5)

    assert [one.id for one in datapoints.datapoints] == ids
    assert [one.run_id for one in runs.evaluations] == ids
    assert (runs.pagination.total, runs.pagination.has_next, runs.metrics) == (250, False, ["quality"])
    assert len(api.seen) == 6
    assert all(name != "limit" for seen in api.seen for name, _ in seen.query)
    assert len({seen.headers["hh-client-timestamp"] for seen in api.seen}) == 2  # one of each call


def test_an_empty_id_is_refused_before_it_could_mean_everything(api: "API") -> None:
    with HoneyHive(api_key=KEY, base_url=api.url) as client:
        for delete in (
            client.datapoints.delete,
            client.datasets.delete,
            client.metrics.delete,
            client.experiments.delete_run,
        ):
            with pytest.raises(ValueError, match="is empty; give the id"):
                delete("")

    assert api.seen == []
