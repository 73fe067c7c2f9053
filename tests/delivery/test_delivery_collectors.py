"""Collectors: compression, certificates, and what OpenTelemetry's own variables say of them."""

import dataclasses
import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
import zstandard
from honeyhive.errors import ConfigurationError
from honeyhive.events import otlp
from honeyhive.export.delivery import Delivery
from honeyhive.export.outcome import Outcome
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from conftest import Far

BODY = otlp.record(otlp.resource({}), {otlp.scope("s"): [otlp.span([otlp.name_and_kind("x" * 5000, 1)])]})


def post(delivery: Delivery, settings: Settings) -> Outcome:
    return delivery.post(settings, BODY, timeout_s=10, attempt=0)


@pytest.mark.parametrize(
    ("method", "unpacked"), [("gzip", gzip.decompress), ("zstd", zstandard.ZstdDecompressor().decompress)]
)
def test_a_body_goes_to_a_collector_as_small_as_it_was_asked_for(
    far: "Far", delivery: Delivery, method: str, unpacked: Callable[[bytes], bytes]
) -> None:
    settings = Settings.from_env({"HH_OTLP_ENDPOINT": far.url, "HH_OTLP_COMPRESSION": method})

    assert post(delivery, settings).is_delivered

    assert far.seen[0].headers["content-encoding"] == method
    assert len(far.seen[0].body) < len(BODY) / 2
    assert unpacked(far.seen[0].body) == BODY


def test_the_cloud_gets_plain_bodies_as_1x_sent_them(far: "Far", delivery: Delivery) -> None:
    settings = Settings.from_env({"HH_API_KEY": "hh_key", "HH_API_URL": far.url, "HH_OTLP_COMPRESSION": "gzip"})

    assert post(delivery, settings).is_delivered

    assert "content-encoding" not in far.seen[0].headers
    assert far.seen[0].body == BODY


@pytest.mark.parametrize("status", [400, 415])
def test_a_collector_that_cannot_read_compressed_bodies_gets_plain_ones_from_then_on(
    far: "Far", delivery: Delivery, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    settings = Settings(otlp_endpoint=far.url, otlp_compression="gzip")
    far.posts = [status, 200, 200]

    outcomes = [post(delivery, settings) for _ in range(2)]

    assert all(outcome.is_delivered for outcome in outcomes)
    assert [seen.headers.get("content-encoding") for seen in far.seen] == ["gzip", None, None]
    assert caplog.text.count("takes no gzip") == 1


def test_a_body_that_is_refused_plain_too_is_refused_and_compression_stays(far: "Far", delivery: Delivery) -> None:
    settings = Settings(otlp_endpoint=far.url, otlp_compression="gzip")
    far.posts = [400, 400, 200]

    assert post(delivery, settings).refused == "http_400"
    assert post(delivery, settings).is_delivered

    assert [seen.headers.get("content-encoding") for seen in far.seen] == ["gzip", None, "gzip"]


OPENTELEMETRY = {
    "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=a%20b,x-other=c",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
}


def test_opentelemetrys_variables_speak_for_a_collector_where_ours_are_silent() -> None:
    settings = Settings.from_env({**OPENTELEMETRY, "HH_OTLP_ENDPOINT": "http://collector:4318"})

    assert settings.otlp_headers == {"x-tenant": "a b", "x-other": "c"}
    assert (settings.export_timeout_s, settings.otlp_compression) == (2.5, "gzip")


def test_ours_and_options_win_over_them_and_those_of_traces_over_those_of_all_signals() -> None:
    environment = {
        **OPENTELEMETRY,
        "HH_OTLP_ENDPOINT": "http://collector:4318",
        "HH_OTLP_HEADERS": "x-tenant=ours",
        "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "10",
    }

    settings = Settings.from_env(environment, otlp_compression="none")

    assert settings.otlp_headers == {"x-tenant": "ours"}
    assert (settings.export_timeout_s, settings.otlp_compression) == (
        10,
        "none",
    )  # OpenTelemetry's Python means seconds


def test_without_a_collector_of_ours_they_say_nothing() -> None:
    settings = Settings.from_env(
        {**OPENTELEMETRY, "HH_API_KEY": "hh_key", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://theirs:4318"}
    )

    assert (settings.otlp_headers, settings.otlp_compression, settings.export_timeout_s) == ({}, "none", 10)
    assert settings.destination == "https://api.dp1.us.honeyhive.ai/opentelemetry/v1/traces"


def test_grpc_is_told_once_and_http_takes_its_place(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from honeyhive.settings import collector  # noqa: PLC0415  what was told before is another test's

    monkeypatch.setattr(collector.told, "is_told", False)
    made = [Settings.from_env({"HH_OTLP_PROTOCOL": "grpc"}) for _ in range(2)]

    assert [settings.otlp_protocol for settings in made] == ["http/protobuf"] * 2
    assert caplog.text.count("grpc") == 1
    assert "4318" in caplog.text


@dataclasses.dataclass
class Files:
    authorities: Path
    certificate: Path
    key: Path


@pytest.fixture
def files(tmp_path: Path) -> Files:
    authority = trustme.CA()
    issued = authority.issue_cert("client@example.org")
    found = Files(tmp_path / "ca.pem", tmp_path / "client.pem", tmp_path / "client.key")
    authority.cert_pem.write_to_path(str(found.authorities))
    issued.cert_chain_pems[0].write_to_path(str(found.certificate))
    issued.private_key_pem.write_to_path(str(found.key))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    return found


@pytest.fixture
def private_collector(files: Files, tmp_path: Path) -> Iterator[str]:
    """A collector with a certificate of its own authority, which lets in only whom that authority knows."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A handshake that fails is what some tests want."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=files.authorities)
    context.load_cert_chain(tmp_path / "server.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("prefix", ["HH_OTLP", "OTEL_EXPORTER_OTLP"])
def test_a_collector_that_asks_for_a_certificate_gets_it(
    private_collector: str, files: Files, delivery: Delivery, prefix: str
) -> None:
    environment = {
        "HH_OTLP_ENDPOINT": private_collector,
        f"{prefix}_CERTIFICATE": str(files.authorities),
        f"{prefix}_CLIENT_CERTIFICATE": str(files.certificate),
        f"{prefix}_CLIENT_KEY": str(files.key),
    }

    assert post(delivery, Settings.from_env(environment)).is_delivered


def test_a_collector_whose_authority_is_unknown_gets_nothing_and_is_tried_again(
    private_collector: str, files: Files, delivery: Delivery
) -> None:
    stranger = Settings(otlp_endpoint=private_collector)
    without_proof = dataclasses.replace(stranger, otlp_certificate=files.authorities)

    assert post(delivery, stranger).is_retried
    assert post(delivery, without_proof).is_retried


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"otlp_certificate": "missing.pem"},
            "otlp_certificate is 'missing.pem', which is no file; give the path of a PEM file",
        ),
        ({"otlp_compression": "brotli"}, "otlp_compression is 'brotli'; it is one of none, gzip, zstd"),
        ({"otlp_client_key": __file__}, "otlp_client_key needs otlp_client_certificate"),
        ({"otlp_certificate": __file__}, "otlp_certificate is .* cannot be used"),
        ({"otlp_client_certificate": __file__}, "otlp_client_certificate is .* cannot be used"),
        ({"durability": "always"}, "durability is 'always'; it is one of write, fsync"),
        ({"on_full": "wait"}, "on_full is 'wait'; it is one of drop, block"),
    ],
)
def test_what_cannot_be_used_is_named_at_the_start(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Settings.from_env({}, **options)
