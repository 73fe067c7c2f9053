"""How deliveries to an OTLP collector look: compression, trust, and what OpenTelemetry's own variables say of them."""

import dataclasses
import logging
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import unquote

from honeyhive.errors import ConfigurationError
from honeyhive.settings.checks import check_choice
from honeyhive.settings.variables import Variables, parse_headers, parse_milliseconds, read_variables

_LOG: Final = logging.getLogger("honeyhive")

_LEAST_TIMEOUT_S: Final = 0.1

OTLPCompression = Literal["none", "gzip", "zstd"]


@dataclasses.dataclass(frozen=True, kw_only=True)  # of two bases, Python lets only one have slots
class CollectorSettings:
    """The part of `Settings` that only deliveries to ``otlp_endpoint`` go by."""

    otlp_compression: OTLPCompression = "none"
    """``HH_OTLP_COMPRESSION``, else ``OTEL_EXPORTER_OTLP_COMPRESSION``: ``none``, ``gzip`` or ``zstd`` (``honeyhive[zstd]``)."""
    otlp_certificate: Path | None = None
    """``HH_OTLP_CERTIFICATE``, else ``OTEL_EXPORTER_OTLP_CERTIFICATE``: a PEM file of the authorities that are believed."""
    otlp_client_certificate: Path | None = None
    """``HH_OTLP_CLIENT_CERTIFICATE``, else ``OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE``: a PEM file that proves who we are."""
    otlp_client_key: Path | None = None
    """``HH_OTLP_CLIENT_KEY``, else ``OTEL_EXPORTER_OTLP_CLIENT_KEY``: its key, where that is in a file of its own."""

    def check_collector(self) -> None:
        """Raise `ConfigurationError` for a value that cannot be used."""
        check_choice("otlp_compression", self.otlp_compression, get_args(OTLPCompression))
        if self.otlp_compression == "zstd" and find_spec("zstandard") is None:
            message = (
                "otlp_compression is 'zstd', which is not installed; run: pip install 'honeyhive[zstd]', or use 'gzip'"
            )
            raise ConfigurationError(message)
        for name in ("otlp_certificate", "otlp_client_certificate", "otlp_client_key"):
            path = getattr(self, name)
            if path is not None and not path.is_file():
                message = f"{name} is {str(path)!r}, which is no file; give the path of a PEM file"
                raise ConfigurationError(message)
        if self.otlp_client_key is not None and self.otlp_client_certificate is None:
            message = (
                "otlp_client_key needs otlp_client_certificate (HH_OTLP_CLIENT_CERTIFICATE), which it is the key of"
            )
            raise ConfigurationError(message)
        _check_readable(self.otlp_certificate, self.otlp_client_certificate, self.otlp_client_key)


def _check_readable(authorities: Path | None, certificate: Path | None, key: Path | None) -> None:
    if authorities is None and certificate is None:
        return
    import ssl  # noqa: PLC0415  only where there are files

    name, path = "otlp_certificate", authorities
    try:
        context = ssl.create_default_context(cafile=authorities)
        name, path = "otlp_client_certificate", certificate
        if certificate is not None:
            context.load_cert_chain(certificate, key, password="")  # no prompt on somebody's terminal
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = (
            f"{name} is {str(path)!r}, which cannot be used ({reason}); give a PEM file, its key without a password"
        )
        raise ConfigurationError(message) from None


def values_of_opentelemetry(environment: Mapping[str, str]) -> dict[str, Any]:
    """What OpenTelemetry's own variables say of a collector; its address is not among them (design decision 4)."""
    return read_variables(environment, _OPENTELEMETRY_VARIABLES)


def _parse_otel_headers(text: str) -> dict[str, str]:
    # Values are percent-encoded there (OpenTelemetry protocol exporter, "Specifying headers via environment variables").
    return {name: unquote(value) for name, value in parse_headers(text).items()}


def parse_protocol(text: str) -> str:
    """A protocol as it is named for us; gRPC is not spoken, and OTLP/HTTP takes its place with one message."""
    lowered = text.lower()
    if lowered != "grpc":
        return lowered
    return _without_grpc()


def parse_foreign_protocol(text: str) -> str:
    """A protocol that is named for other exporters too; as in 1.x, anything but JSON is protobuf over HTTP."""
    return "http/json" if text.lower() == "http/json" else "http/protobuf"


def _parse_timeout(text: str) -> float:
    # The specification means milliseconds, OpenTelemetry's Python exporters read seconds (default 10). Nobody means 10 ms.
    number = parse_milliseconds(text)
    return number * 1000 if number < _LEAST_TIMEOUT_S else number


@dataclasses.dataclass(slots=True)
class Told:
    """Whether the message about gRPC was given in this process."""

    is_told: bool = False


told: Final = Told()


def _without_grpc() -> str:
    if not told.is_told:
        told.is_told = True
        _LOG.warning(
            "honeyhive: HH_OTLP_PROTOCOL is grpc, which is not spoken here; events go by http/protobuf. Collectors take that "
            "at port 4318: check HH_OTLP_ENDPOINT, and set HH_OTLP_PROTOCOL=http/protobuf"
        )
    return "http/protobuf"


COLLECTOR_VARIABLES: Final[Variables] = (
    ("otlp_compression", "HH_OTLP_COMPRESSION", str.lower),
    ("otlp_certificate", "HH_OTLP_CERTIFICATE", Path),
    ("otlp_client_certificate", "HH_OTLP_CLIENT_CERTIFICATE", Path),
    ("otlp_client_key", "HH_OTLP_CLIENT_KEY", Path),
)
_OPENTELEMETRY_VARIABLES: Final[Variables] = tuple(
    (name, f"OTEL_EXPORTER_OTLP_{signal}{variable}", parse)
    for name, variable, parse in (
        ("otlp_headers", "HEADERS", _parse_otel_headers),
        ("export_timeout_s", "TIMEOUT", _parse_timeout),
        ("otlp_compression", "COMPRESSION", str.lower),
        ("otlp_certificate", "CERTIFICATE", Path),
        ("otlp_client_certificate", "CLIENT_CERTIFICATE", Path),
        ("otlp_client_key", "CLIENT_KEY", Path),
    )
    for signal in ("TRACES_", "")
)
