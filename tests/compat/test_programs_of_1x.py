"""Programs written only against the documentation of honeyhive 1.x run unchanged, and do what it promised."""

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from honeyhive.events.decode import decode_request
from honeyhive.events.event import Event
from honeyhive.events.reader import read_span
from honeyhive.events.sessions import Session, assemble
from honeyhive.testing import wait_until

PROGRAMS = Path(__file__).parent
KEY = "hh_a_project_key"


class HoneyHiveAPI(ThreadingHTTPServer):
    """As much of the API as the programs need (``facts/honeyhive-api.md`` §4), on loopback; it keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.bodies: list[bytes] = []

    def sessions(self) -> list[Session]:
        """What arrived over OTLP, put together."""
        return assemble(read_span(span) for body in self.bodies for span in decode_request(body))

    def updates(self) -> list[dict[str, Any]]:
        """What arrived as ``PUT /events``."""
        return [json.loads(body) for method, path, _, body in self.requests if (method, path) == ("PUT", "/events")]

    def session(self, session_id: str) -> Session:
        """The one session with *session_id*."""
        return next(session for session in self.sessions() if session.session_id == session_id)

    def events(self, name: str) -> list[Event]:
        """The events called *name*."""
        return [event for session in self.sessions() for event in session.events if event.event_name == name]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {key.lower(): value for key, value in self.headers.items()}
        path = self.path.partition("?")[0]
        server = cast("HoneyHiveAPI", self.server)
        server.requests.append((self.command, path, headers, body))
        reply: object = {"success": True}
        if path == "/opentelemetry/v1/traces":
            if headers["content-type"] == "application/x-protobuf":
                server.bodies.append(body)
            reply = {}
        elif path == "/session/start":
            session_id = json.loads(body)["session"].get("session_id") or str(uuid.uuid4())
            reply = {"session_id": session_id, "event_id": session_id}
        elif path == "/v1/datasets":
            reply = {"inserted": True, "result": {"insertedId": "d1"}}
        elif path == "/v1/datapoints":
            reply = {"inserted": True, "result": {"insertedIds": ["p1"]}}
        elif path == "/v1/events/export":
            reply = {"events": [], "totalEvents": 0}
        elif path == "/events" and self.command == "POST":
            reply = {"success": True, "event_id": str(uuid.uuid4())}
        payload = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_POST = do_PUT = do_GET = do_DELETE = _answer  # noqa: N815  the names of http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        pass


@pytest.fixture
def api() -> Iterator[HoneyHiveAPI]:
    """A HoneyHive API that runs."""
    server = HoneyHiveAPI()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def environment(api: HoneyHiveAPI, tmp_path: Path) -> dict[str, str]:
    """The environment that 1.x's documentation asks for, and a data directory of the test's own."""
    return {
        **os.environ,
        "HH_API_KEY": KEY,
        "HH_API_URL": api.url,
        "HH_PROJECT": "support",
        "HH_DATA_DIR": str(tmp_path),
        "PYTHONWARNINGS": "default",
    }


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs one of the programs to its end; fails with what it printed when it fails."""

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROGRAMS / name), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def tree(session: Session) -> str:
    return "\n".join(f"{'  ' * depth}{event.event_type} {event.event_name}" for depth, event in session.walk())


ANSWER = """\
    tool classify
    tool look_up
    model generate_response"""


def lines_of(output: str) -> dict[str, str]:
    """The ``session NAME ID`` lines of the program."""
    return dict(line.split()[1:] for line in output.splitlines() if line.startswith("session "))


def test_the_support_bot_runs_unchanged_and_is_recorded_as_documented(run: Run, api: HoneyHiveAPI) -> None:
    done = run("support_bot.py")
    assert "dataset True events 0" in done.stdout
    assert "flushed True True" in done.stdout
    assert "Traceback" not in done.stderr
    named = lines_of(done.stdout)
    assert len({*named.values()}) == 7

    for user, name in (("dan", "request-dan"), ("ann", "async-request-ann"), ("cyd", "async-request-cyd")):
        session = api.session(named[user])
        assert tree(session) == f"session {name}\n  chain answer\n{ANSWER}"
        assert session.root.inputs == {"user": user}
        assert session.root.metadata["handled"] is True
    dan = api.session(named["dan"]).root
    assert dan.outputs == {"answer": "WHERE IS DAN?"}
    assert dan.user_properties == {"user_id": "dan"}
    batch = api.session(named["batch"])
    assert tree(batch) == "session batch-job\n  tool greet"
    assert batch.root.outputs == {"processed": 1}

    own = api.session(named["own"])
    assert (own.root.event_name, own.root.inputs) == ("support-bot", {"started_by": "cron"})
    assert own.root.project == "support"
    assert own.root.source == "production"
    assert tree(own) == (
        "session support-bot\n"
        "  tool greet\n"
        f"  chain answer\n{ANSWER}\n"
        "  tool failing\n"
        "  tool Shop.count\n"
        "  tool Shop.currency\n"
        "  tool custom-operation\n"
        "    tool nested-operation\n"
        "  tool cache-hit\n"
        "  tool greet\n"
        "  tool greet\n"
        "  tool greet"
    )
    events = {event.event_name: event for event in own.events}
    model = events["generate_response"]
    assert model.config == {"model": "gpt-4o", "temperature": 0.5}
    assert (model.inputs, model.outputs) == (
        {"prompt": "who are you?", "temperature": 0.5},
        {"result": {"role": "assistant", "content": "WHO ARE YOU?"}},
    )
    assert (model.metadata["prompt_tokens"], model.metrics["relevance"]) == (12, 0.9)
    assert model.user_properties == {"tier": "gold"}
    assert events["classify"].feedback == {"rating": 5}
    assert events["failing"].metadata["status"] == "error"
    assert events["failing"].error == "ZeroDivisionError: division by zero"
    assert events["custom-operation"].metadata["rows"] == 7
    assert events["cache-hit"].outputs == {"value": 1}
    assert f"event {events['cache-hit'].event_id}" in done.stdout

    told = [update for update in api.updates() if update["event_id"] == named["own"]]
    assert {key for update in told for key in update["metadata"]} >= {"finished", "plan"}

    (charge,) = api.events("second_tracer.<locals>.charge")
    billing = api.session(charge.session_id).root
    assert (billing.event_name, billing.project, billing.inputs) == ("billing-run", "billing", {"month": "May"})


def test_the_key_is_in_every_request_and_nowhere_else(run: Run, api: HoneyHiveAPI) -> None:
    done = run("support_bot.py")
    assert api.requests
    for method, path, headers, body in api.requests:
        assert headers["authorization"] == f"Bearer {KEY}", (method, path)
        assert KEY.encode() not in body
    assert KEY not in done.stdout + done.stderr


@pytest.fixture
def answer_service(environment: dict[str, str]) -> Iterator[str]:
    """The port of an ``answer_service.py`` that handles two requests."""
    program = str(PROGRAMS / "answer_service.py")
    with subprocess.Popen(
        [sys.executable, program, "2"], env=environment, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout is not None
        yield service.stdout.readline().strip()
        assert service.wait(30) == 0


def test_a_session_goes_through_two_services(run: Run, api: HoneyHiveAPI, answer_service: str) -> None:
    done = run("gateway.py", answer_service, "one", "two")
    for question, session_id in zip(("one", "two"), done.stdout.split(), strict=True):
        wait_for_both(api, session_id)
        session = api.session(session_id)
        assert tree(session) == f"session query {question}\n  chain handle_query\n    model generate"
        chain, model = session.events
        assert (chain.source, model.source) == ("gateway", "answer-service")
        assert model.outputs == {"result": question[::-1]}
        assert model.metadata["service"] == "answer-service"
        assert chain.metadata["trace_id"] == model.metadata["trace_id"]


def wait_for_both(api: HoneyHiveAPI, session_id: str) -> None:
    wait_until(lambda: len(api.session(session_id).events) == 2)
