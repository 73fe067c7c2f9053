"""A hand-written HoneyHive API on a loopback socket: it takes what ``facts/honeyhive-api.md`` §4 says, and nothing else."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import pytest

KEY: Final = "hh_project_key"
INGESTION_KEY: Final = f"hh_ingst_{'a' * 24}_{'b' * 64}"
DATA_PLANE_KEY: Final = f"hh_fgdp_{'c' * 24}_{'d' * 64}"

IN_PROJECT: Final = "/v1/projects/p1"
RUN: Final = {"run_id": "r1", "name": "v1", "status": "pending"}
EVALUATOR: Final = {"slug": "short", "latest_version": 2, "published_version": 1, "later": True}
METRIC: Final = {"id": "m1", "name": "quality", "type": "LLM"}
PAGE: Final = {"page": 1, "total_pages": 1, "limit": 10, "has_next": False, "has_prev": False}


@dataclass
class Seen:
    """One request as it came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any
    at_s: float = field(default_factory=time.monotonic)


@dataclass
class Answer:
    """What the next request is answered with, instead of what the API would say."""

    status: int
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    waits_for: threading.Event | None = None


Reply = Callable[[Seen], object]


def _ids(seen: Seen, name: str) -> list[str]:
    assert all(key != name for key, _ in seen.query), f"{name} without [] is a text to the server"
    return [value for key, value in seen.query if key == f"{name}[]"]


def _datapoints(seen: Seen) -> object:
    found = _ids(seen, "datapoint_ids")
    assert len(found) <= 100, "more ids than a URL holds"
    return {"datapoints": [{"id": one} for one in found or ["d1"]]}


def _runs(seen: Seen) -> object:
    found = _ids(seen, "run_ids")
    assert len(found) <= 100, "more ids than a URL holds"
    runs = [{**RUN, "run_id": one} for one in found or ["r1"]]
    pagination = {**PAGE, "total": len(runs), "total_unfiltered": len(runs)}
    return {"evaluations": runs, "pagination": pagination, "metrics": ["quality"]}


def _session(seen: Seen) -> object:
    assert list(seen.body) == ["session"], "the session is in an envelope"
    assert isinstance(seen.body["session"], dict)
    return {"session_id": seen.body["session"].get("session_id", "s1"), "event_id": "s1"}


def _event(seen: Seen) -> object:
    assert list(seen.body) == ["event"], "the event is in an envelope"
    assert {"event_type", "inputs"} <= seen.body["event"].keys()
    return {"success": True, "event_id": "e1"}


_UPDATED: Final = {"event_id", "metadata", "feedback", "metrics", "outputs", "config", "user_properties", "duration"}


def _update(seen: Seen) -> object:
    assert seen.body.keys() <= _UPDATED | {"end_time", "children_ids"}, "a field that an update has not"
    assert seen.body["event_id"]
    assert len(seen.body) > 1
    return None


def _batch(seen: Seen) -> object:
    return {"success": True, "event_ids": [f"e{number}" for number in range(len(seen.body["events"]))]}


def _export(seen: Seen) -> object:
    known = {"project", "filters", "dateRange", "projections", "limit", "page"}
    assert seen.body.keys() <= known, "a field that an export has not"
    assert all(one.keys() == {"field", "operator", "value", "type"} for one in seen.body["filters"])
    events = [{"event_id": "e2", "start_time": 2.0, "new_field": [1]}, {"event_id": "e1", "start_time": 1.0}]
    return {"events": events, "totalEvents": 2}


def _search(seen: Seen) -> object:
    known = {"filters", "dateRange", "projections", "limit", "page"}
    assert seen.body.keys() <= known, "a field that a search has not"
    assert seen.body.get("dateRange", {}).keys() <= {"start_time", "end_time"}
    return {"events": [{"event_id": "e1"}], "count": 1}


def _chart_query(seen: Seen) -> object:
    assert {"date_range", "query"} <= seen.body.keys() <= {"date_range", "query", "filters", "product_filters"}
    assert {"start_time", "end_time"} <= seen.body["date_range"].keys()
    return {"data": {"kind": "scalar", "data": {"value": 2.5}, "meta": {"warnings": []}, "measures": [{"id": "m"}]}}


def _evaluator(seen: Seen) -> object:
    assert {"slug", "definition"} <= seen.body.keys() <= {"slug", "definition", "message", "publish"}
    return {"success": True, "data": {**EVALUATOR, "definition": seen.body["definition"]}}


def _says(reply: object) -> Reply:
    return lambda _seen: reply


# What takes the key of the data plane: paths that name a project.
PROJECT_ROUTES: Final[tuple[tuple[str, str, Reply], ...]] = (
    ("POST", "/events/search", _search),
    ("GET", "/runs/schema|/runs/ID/schema", _says({"fields": [], "datasets": [], "mappings": {}})),
    ("GET", "/datasets", _says({"datasets": [{"id": "ds1", "name": "rows"}]})),
    ("POST", "/datasets", _says({"inserted": True, "result": {"insertedId": "ds1"}})),
    ("PATCH", "/datasets/ID", _says({"result": {"id": "ds1"}})),
    ("DELETE", "/datasets/ID", _says({"result": {"id": "ds1"}})),
    ("POST", "/datasets/ID/datapoints", _says({"inserted": True, "datapoint_ids": ["d1"]})),
    ("DELETE", "/datasets/ID/datapoints/ID", _says({"dereferenced": True, "message": "done"})),
    ("GET", "/datapoints", _datapoints),
    ("POST", "/datapoints", _says({"inserted": True, "result": {"insertedIds": ["d1"]}})),
    ("POST", "/datapoints/batch", _says({"inserted": True, "insertedIds": ["d1"]})),
    ("GET", "/datapoints/ID", _says({"datapoint": [{"id": "d1"}]})),
    ("PATCH", "/datapoints/ID", _says({"updated": True, "result": {"modifiedCount": 1}})),
    ("DELETE", "/datapoints/ID", _says({"deleted": True})),
    ("GET", "/runs", _runs),
    ("POST", "/runs", _says({"run_id": "r1", "evaluation": RUN})),
    ("GET", "/runs/ID", _says({"evaluation": RUN})),
    ("PATCH", "/runs/ID", _says({"evaluation": RUN})),
    ("DELETE", "/runs/ID", _says({"id": "r1", "deleted": True})),
    ("GET", "/runs/ID/summary", _says({"status": "completed", "success": True})),
    ("GET", "/runs/ID/metrics", _says({"events": [], "totalEvents": 0})),
    ("GET", "/runs/ID/compare/ID", _says({"commonDatapoints": ["d1"]})),
    ("GET", "/runs/ID/compare/ID/events", _says({"events": [], "totalEvents": 0})),
    ("GET", "/charts", _says({"success": True, "data": []})),
    ("POST", "/charts", _says({"success": True, "data": {"id": "ch1"}})),
    ("POST", "/charts/query", _chart_query),
    ("GET", "/charts/ID", _says({"success": True, "data": {"id": "ch1"}})),
    ("PATCH", "/charts/ID", _says({"success": True, "data": {"id": "ch1"}})),
    ("DELETE", "/charts/ID", _says({"success": True, "message": "gone"})),
    ("GET", "/evaluators", _says({"success": True, "data": [EVALUATOR], "pagination": {"page": 1}})),
    ("POST", "/evaluators", _evaluator),
    ("GET", "/evaluators/ID", _says({"success": True, "data": EVALUATOR})),
    ("DELETE", "/evaluators/ID", _says({"success": True, "data": {**EVALUATOR, "published_version": None}})),
    ("GET", "/evaluators/ID/versions", _says({"success": True, "data": [EVALUATOR], "pagination": {"page": 1}})),
    ("GET", "/evaluators/ID/versions/ID", _says({"success": True, "data": EVALUATOR})),
)

ROUTES: Final[tuple[tuple[str, str, Reply], ...]] = (
    ("POST", "/session/start", _session),
    ("POST", "/events", _event),
    ("PUT", "/events", _update),
    ("POST", "/events/batch", _batch),
    ("POST", "/v1/events/export", _export),
    ("GET", "/v1/events/schema", _says({"fields": [], "datasets": [], "mappings": {}})),
    ("GET", "/v1/datasets", _says({"datasets": [{"id": "ds1", "name": "rows"}]})),
    ("POST", "/v1/datasets", _says({"inserted": True, "result": {"insertedId": "ds1"}})),
    ("PUT", "/v1/datasets", _says({"result": {"id": "ds1"}})),
    ("DELETE", "/v1/datasets", _says({"result": {"id": "ds1"}})),
    ("POST", "/v1/datasets/ID/datapoints", _says({"inserted": True, "datapoint_ids": ["d1"]})),
    ("DELETE", "/v1/datasets/ID/datapoints/ID", _says({"dereferenced": True, "message": "done"})),
    ("GET", "/v1/datapoints", _datapoints),
    ("POST", "/v1/datapoints", _says({"inserted": True, "result": {"insertedIds": ["d1"]}})),
    ("POST", "/v1/datapoints/batch", _says({"inserted": True, "insertedIds": ["d1"]})),
    ("GET", "/v1/datapoints/ID", _says({"datapoint": [{"id": "d1"}]})),
    ("PUT", "/v1/datapoints/ID", _says({"updated": True, "result": {"modifiedCount": 1}})),
    ("DELETE", "/v1/datapoints/ID", _says({"deleted": True})),
    ("GET", "/v1/runs", _runs),
    ("POST", "/v1/runs", _says({"run_id": "r1", "evaluation": RUN})),
    ("GET", "/v1/runs/compare/events", _says({"events": [], "totalEvents": 0})),
    ("GET", "/v1/runs/ID", _says({"evaluation": RUN})),
    ("PUT", "/v1/runs/ID", _says({"evaluation": RUN, "warning": "late"})),
    ("DELETE", "/v1/runs/ID", _says({"id": "r1", "deleted": True})),
    ("GET", "/v1/runs/ID/result", _says({"status": "completed", "success": True})),
    ("GET", "/v1/runs/ID/metrics", _says({"events": [], "totalEvents": 0})),
    ("GET", "/v1/runs/ID/compare-with/ID", _says({"commonDatapoints": ["d1"]})),
    ("GET", "/v1/metrics", _says({"metrics": [METRIC, {**METRIC, "id": "m2", "name": "other"}]})),
    ("POST", "/v1/metrics", _says({"inserted": True, "metric_id": "m1"})),
    ("PUT", "/v1/metrics", _says({"updated": True})),
    ("DELETE", "/v1/metrics", _says({"deleted": True})),
    ("GET", "/v1/metrics/ID/versions", _says({"versions": []})),
    ("POST", "/v1/metrics/ID/versions", _says({"success": True})),
    ("POST", "/v1/metrics/ID/versions/ID/deploy", _says({"success": True})),
    (
        "GET",
        "/v1/configurations",
        _says({"configurations": [{"id": "c1", "name": "one"}, {"id": "c2", "name": "two"}]}),
    ),
    ("POST", "/v1/configurations", _says({"acknowledged": True, "insertedId": "c1"})),
    ("PUT", "/v1/configurations/ID", _says({"acknowledged": True, "modifiedCount": 1})),
    ("DELETE", "/v1/configurations/ID", _says({"acknowledged": True, "deletedCount": 1})),
    ("GET", "/v1/charts", _says({"success": True, "data": []})),
    ("POST", "/v1/charts", _says({"success": True, "data": {"id": "ch1"}})),
    ("GET", "/v1/charts/ID", _says({"success": True, "data": {"id": "ch1"}})),
    ("PUT", "/v1/charts/ID", _says({"success": True, "data": {"id": "ch1"}})),
    ("DELETE", "/v1/charts/ID", _says({"success": True, "message": "gone"})),
)


class API:
    """The server.

    ``seen`` are the requests, ``wrong`` what the facts do not allow, ``answers`` what comes first, ``connections`` those that
    there were, and ``busiest`` how many requests were under way at a time.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.wrong: list[str] = []
        self.answers: list[Answer] = []
        self.connections: set[tuple[str, int]] = set()
        self.open = 0
        self.busiest = 0
        self._lock = threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                parts = urlsplit(self.path)
                raw = self.rfile.read(int(self.headers.get("content-length", 0)))
                seen = Seen(
                    method=self.command,
                    path=parts.path,
                    query=parse_qsl(parts.query, keep_blank_values=True),
                    headers={key.lower(): value for key, value in self.headers.items()},
                    body=json.loads(raw) if raw else None,
                )
                answer = api.answer(seen, self.client_address)
                if answer.waits_for is not None:
                    answer.waits_for.wait(30)
                api.leave()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  the base class's names

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that hung up is no news."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, seen: Seen, peer: tuple[str, int]) -> Answer:
        with self._lock:
            self.seen.append(seen)
            self.connections.add(peer)
            self.open += 1
            self.busiest = max(self.busiest, self.open)
            if self.answers:
                return self.answers.pop(0)
        try:
            _check(seen)
            reply = next(
                reply
                for method, path, reply in (PROJECT_ROUTES if seen.path.startswith(IN_PROJECT) else ROUTES)
                if method == seen.method
                and re.fullmatch(path.replace("ID", "[^/]+"), seen.path.removeprefix(IN_PROJECT))
            )(seen)
        except (AssertionError, KeyError, StopIteration) as error:
            self.wrong.append(f"{seen.method} {seen.path}: {error or type(error).__name__}")
            return Answer(400, b'{"message": "not what the facts say"}')
        return Answer(200, b"" if reply is None else json.dumps(reply).encode())

    def leave(self) -> None:
        with self._lock:
            self.open -= 1

    def say(
        self, *statuses: int, body: bytes = b"{}", waits_for: threading.Event | None = None, **headers: str
    ) -> None:
        """Answer the next requests with *statuses*; a header's name has underscores for its hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers += [Answer(status, body, named, waits_for) for status in statuses]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _check(seen: Seen) -> None:
    """§4.1: what every request has."""
    scheme, _, key = seen.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    assert key in {KEY, INGESTION_KEY, DATA_PLANE_KEY}
    assert (key == DATA_PLANE_KEY) == seen.path.startswith(IN_PROJECT), "the key of the data plane is for these paths"
    assert seen.headers["content-type"] == seen.headers["accept"] == "application/json"
    assert seen.headers["hh-client-language"] == "python"
    assert seen.headers["hh-client-package"] == "honeyhive"
    assert seen.headers["hh-client-version"]
    assert abs(int(seen.headers["hh-client-timestamp"]) - time.time_ns()) < 3600 * 10**9


@pytest.fixture
def api() -> Iterator[API]:
    server = API()
    yield server
    server.close()
    assert server.wrong == []
