"""A secret in some sixty places of a real program: in no byte of the journal, in no request, in no line of its output.

The same program with the redactor off is the control: there the secret is found, so each place is really recorded.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from honeyhive.export.journal import read_journal
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

CANARY = Path(__file__).with_name("canary")
PROGRAM = CANARY / "program.py"
OWN_KEY = "hh-own-key-that-is-no-known-form"
OWN_HEADER = "collector-header-credential"
_GUARD_S = 120.0


def names(mark: str) -> list[str]:
    """The places of the program that are marked so; what it reports at its end are the same."""
    sources = [path.read_text() for path in sorted(CANARY.glob("in_*.py"))]
    return [name for source in sources for name in re.findall(rf"^@{mark}\ndef (\w+)", source, re.MULTILINE)]


PLACES = names("place")
UNREAD = names("unread")


def secret_of(place: str) -> str:
    """The secret that the program puts into *place*."""
    return "sk-proj-" + place.replace("_", "") + "0123456789abcdef"


class Seen(NamedTuple):
    """All bytes that left the program, and what it said at its end."""

    journal: bytes
    wire: bytes
    output: bytes
    report: dict[str, object]
    spans: list[str]

    def everything(self) -> bytes:
        """The bytes as they are and as a reader of JSON sees them."""
        return unescaped(b"\n".join((self.journal, self.wire, self.output)))


def unescaped(data: bytes) -> bytes:
    """*data* with its printable escapes read, twice: JSON inside JSON."""
    for _ in range(3):
        data += re.sub(rb"\\+u00([2-7][0-9a-f])", lambda match: bytes((int(match[1], 16),)), data)
    return data


class Collector(ThreadingHTTPServer):
    """An endpoint on loopback with what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[str, bytes]] = []


class Handler(BaseHTTPRequestHandler):
    """Takes everything and keeps it, headers too."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-encoding"] == "gzip":
            body = gzip.decompress(body)
        kept = {name: value for name, value in self.headers.items() if name.lower() != "x-collector"}
        assert isinstance(self.server, Collector)
        self.server.received.append((f"{self.path} {kept}", body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


def run(mode: str, directory: Path) -> Seen:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    try:
        finished = subprocess.run(
            [sys.executable, "-W", "error", str(PROGRAM), mode],
            env={
                **clean,
                "HH_DATA_DIR": str(directory),
                "HH_API_KEY": OWN_KEY,
                "HH_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
                "HH_OTLP_HEADERS": f"x-collector={OWN_HEADER}",
                "OTEL_RESOURCE_ATTRIBUTES": f"note={secret_of('resource_attribute')}",
            },
            capture_output=True,
            timeout=_GUARD_S,
            check=False,
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert finished.returncode == 0, finished.stderr.decode()
    bodies = [body for _, body in server.received]
    content = read_journal(directory / "journal")
    assert (content.torn_bytes, content.damaged_records) == (0, 0)
    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    return Seen(
        journal=b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file()),
        wire=b"\n".join((*(head.encode() for head, _ in server.received), *bodies)),
        output=finished.stdout + finished.stderr,
        report=next(json.loads(line[7:]) for line in finished.stdout.splitlines() if line.startswith(b"report ")),
        spans=[
            span.name
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ],
    )


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return run("on", tmp_path_factory.mktemp("on"))


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return run("off", tmp_path_factory.mktemp("off"))


@pytest.mark.parametrize("name", PLACES)
def test_a_secret_leaves_the_process_from_no_place(name: str, redacted: Seen, control: Seen) -> None:
    secret = secret_of(name).encode()

    assert secret in unescaped(control.journal), "the place is not recorded at all"
    assert secret in unescaped(control.wire)
    assert secret not in redacted.everything()
    # Nor most of it: what stands in its place begins where the secret began.
    assert secret[8:-4] not in redacted.everything()


@pytest.mark.parametrize("name", UNREAD)
def test_some_values_are_not_read_even_with_the_redactor_off(name: str, redacted: Seen, control: Seen) -> None:
    secret = secret_of(name).encode()

    assert secret not in control.everything()
    assert secret not in redacted.everything()


def test_the_tracers_own_credentials_are_secrets_too(redacted: Seen) -> None:
    assert OWN_KEY.encode() not in redacted.everything()
    assert OWN_HEADER.encode() not in redacted.everything()
    assert redacted.journal.count(b"[redacted:own-key]") >= 2


def test_the_redactor_loses_no_event(redacted: Seen, control: Seen) -> None:
    assert len(redacted.spans) == len(control.spans) > len(PLACES)
    assert redacted.report["flushed"] is True
    assert redacted.report["dropped"] == {}


def test_metrics_are_made_of_what_was_redacted(redacted: Seen, control: Seen) -> None:
    measured = [
        line for seen in (control, redacted) for line in seen.output.splitlines() if line.startswith(b"metrics ")
    ]

    assert secret_of("model_parameter").encode() in measured[0]
    assert b"[redacted:openai-key]" in measured[1]


def test_the_program_has_been_everywhere(redacted: Seen) -> None:
    assert redacted.report["places"] == sorted(PLACES + UNREAD)
    assert len(PLACES) >= 30


def test_what_was_taken_out_is_counted(redacted: Seen, control: Seen) -> None:
    counted, own = redacted.report["redacted"], control.report["redacted"]

    assert isinstance(counted, int)
    assert isinstance(own, int)
    assert counted - own >= len(PLACES)


def test_user_processors_are_given_redacted_spans(redacted: Seen) -> None:
    assert b"[redacted:openai-key]" in redacted.output
