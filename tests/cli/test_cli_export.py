"""``honeyhive export`` and ``honeyhive replay``: what the journal kept, as lines, and on its way after all."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from honeyhive import session, trace
from honeyhive.export.journal import Journal
from honeyhive.export.outlet import fingerprint_of
from honeyhive.export.rejected import Rejected
from honeyhive.settings import Settings
from honeyhive.testing import Recorder
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

Run = Callable[..., CompletedProcess[str]]
Write = Callable[[Recorder], Path]


def record(recorder: Recorder, write: Write, name: str) -> Path:
    with session(name):
        trace(event_name=f"work of {name}")(len)("x")
    return write(recorder)


def lines(finished: CompletedProcess[str]) -> list[dict[str, object]]:
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


class Collector:
    """Takes what it is sent, unless it is told to answer otherwise."""

    def __init__(self) -> None:
        self.status = 200
        self.names: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if collector.status < 300:
                    request = ExportTraceServiceRequest.FromString(body)
                    collector.names += [
                        span.name for one in request.resource_spans for scope in one.scope_spans for span in scope.spans
                    ]
                self.send_response(collector.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    opened = Collector()
    yield opened
    opened.close()


def test_events_are_written_as_lines_of_one_session_or_of_all(run: Run, recorder: Recorder, write: Write) -> None:
    for name in ("first", "second"):
        record(recorder, write, name)

    assert [line["event_name"] for line in lines(run("export", "last"))] == ["second", "work of second"]
    assert len(lines(run("export"))) == 4


def test_refused_events_are_written_with_the_reason(run: Run, recorder: Recorder, data_dir: Path) -> None:
    with session("s"):
        trace(event_name="poison")(len)("x")
    rejected = Rejected(data_dir)
    rejected.append("0123456789ab", recorder.request(), "http_400")
    rejected.close()

    found = lines(run("export", "--rejected"))

    assert {(line["event_name"], line["rejected"]) for line in found} == {("s", "http_400"), ("poison", "http_400")}


def test_without_refused_events_that_is_said(run: Run, data_dir: Path) -> None:
    finished = run("export", "--rejected")

    assert finished.returncode == 1
    assert "no refused events" in finished.stderr
    assert str(data_dir) in finished.stderr.replace("\n", "")


def test_what_was_kept_is_sent_once(run: Run, recorder: Recorder, write: Write, collector: Collector) -> None:
    for name in ("first", "second"):
        record(recorder, write, name)

    sent = run("replay", HH_OTLP_ENDPOINT=collector.url)
    again = run("replay", HH_OTLP_ENDPOINT=collector.url)

    assert "4 events sent, from 2 segments to" in sent.stdout
    assert sorted(collector.names) == ["first", "second", "work of first", "work of second"]
    assert "nothing to send" in again.stdout
    assert len(lines(run("export"))) == 4  # the journal keeps them for its readers


def test_a_collector_that_refuses_stops_it_and_the_rest_is_sent_by_the_next_run(
    run: Run, recorder: Recorder, write: Write, collector: Collector
) -> None:
    record(recorder, write, "first")
    collector.status = 503

    refused = run("replay", HH_OTLP_ENDPOINT=collector.url)
    collector.status = 200
    sent = run("replay", HH_OTLP_ENDPOINT=collector.url)

    assert refused.returncode == 1
    assert "did not take the events" in refused.stderr
    assert "2 events sent" in sent.stdout


def test_without_a_destination_it_says_what_to_set(run: Run, data_dir: Path) -> None:
    del data_dir
    finished = run("replay")

    assert finished.returncode == 1
    assert "HH_API_KEY" in finished.stderr


def test_refused_events_go_only_where_they_were_refused(
    run: Run, recorder: Recorder, data_dir: Path, collector: Collector
) -> None:
    with session("of one tenant"):
        pass
    rejected = Rejected(data_dir)
    of_other = Settings.from_env({}, otlp_endpoint=collector.url, project="other")
    rejected.append(fingerprint_of(of_other), recorder.request(), "http_400")
    rejected.close()

    stranger = run("replay", "--rejected", HH_OTLP_ENDPOINT=collector.url, HH_PROJECT="mine")
    assert "nothing to send" in stranger.stdout
    assert collector.names == []

    own = run("replay", "--rejected", HH_OTLP_ENDPOINT=collector.url, HH_PROJECT="other")
    assert "1 event sent" in own.stdout


def test_after_a_change_of_key_what_waits_is_sent_when_it_is_asked_for(
    run: Run, recorder: Recorder, data_dir: Path, collector: Collector
) -> None:
    with session("meant for another key"):
        pass
    old = Settings.from_env({}, otlp_endpoint=collector.url, otlp_headers={"authorization": "old"})
    new = Settings.from_env({}, otlp_endpoint=collector.url, otlp_headers={"authorization": "new"})
    assert fingerprint_of(old) != fingerprint_of(new)
    journal = Journal(data_dir / "journal", max_bytes=1 << 20)
    assert journal.append(fingerprint_of(old), recorder.request()) is not None
    living = run("replay", "--undelivered", HH_OTLP_ENDPOINT=collector.url)
    journal.close()

    by_itself = run("replay", HH_OTLP_ENDPOINT=collector.url)
    asked = run("replay", "--undelivered", HH_OTLP_ENDPOINT=collector.url)

    assert "1 segment left" in living.stdout
    assert "nothing to send" in by_itself.stdout
    assert "1 event sent, from 1 segment" in asked.stdout
    assert collector.names == ["meant for another key"]
