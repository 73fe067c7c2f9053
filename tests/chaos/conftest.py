"""Collectors that end with the test."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from chaos_collector import Collector


@pytest.fixture(scope="module")
def collectors() -> Iterator[Callable[..., Collector]]:
    """Make a collector, which closes at the end of the module."""
    with ExitStack() as stack:

        def make(*arguments: Any, **options: Any) -> Collector:
            return stack.enter_context(closing(Collector(*arguments, **options)))

        yield make


@pytest.fixture
def collector(collectors: Callable[..., Collector]) -> Collector:
    """A collector without faults."""
    return collectors()


@pytest.fixture
def other_collector(collectors: Callable[..., Collector]) -> Collector:
    """Another one."""
    return collectors()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make a certificate of 127.0.0.1 that signs itself, and its key, in one file."""

    def make(name: str) -> Path:
        path = tmp_path_factory.mktemp("certificates") / f"{name}.pem"
        asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path.with_suffix(".key")), "-out", str(path)]
        subprocess.run(["openssl", *asked, *files], check=True, capture_output=True)
        path.write_bytes(path.with_suffix(".key").read_bytes() + path.read_bytes())
        return path

    return make
