"""The command line as a user runs it, and journals for it to read."""

import importlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from honeyhive.cli import main
from honeyhive.testing import Recorder

PROGRAM = Path(__file__).with_name("traced_program.py")
WIDE = "120"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., CompletedProcess[str]]:
    """Run ``honeyhive`` with arguments; environment variables as keywords."""

    def run_it(*arguments: str, **variables: str) -> CompletedProcess[str]:
        monkeypatch.delenv("FORCE_COLOR", raising=False)
        for name, value in {"COLUMNS": WIDE, **variables}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["honeyhive", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return CompletedProcess(arguments, exit_.value.code, captured.out, captured.err)

    return run_it


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, which commands read unless told otherwise."""
    path = tmp_path / "data"
    (path / "journal").mkdir(parents=True)
    monkeypatch.setenv("HH_DATA_DIR", str(path))
    return path


@pytest.fixture
def write(data_dir: Path) -> Callable[[Recorder], Path]:
    """Write what was recorded as a segment of the journal, and return its path."""

    def write_it(recorder: Recorder) -> Path:
        number = len(list((data_dir / "journal").iterdir()))
        segment = data_dir / "journal" / f"local-20260101T000000-1-{number}.otlp"
        segment.write_bytes(recorder.request())
        recorder.clear()
        return segment

    return write_it


@pytest.fixture(scope="session")
def two_processes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a real program that ran in two processes."""
    path = tmp_path_factory.mktemp("two")
    environment = {**os.environ, "HH_DATA_DIR": str(path), "OTEL_SERVICE_NAME": "web"}
    subprocess.run([sys.executable, PROGRAM], env=environment, check=True)
    return path


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a distribution of one module; entry points of the group as keywords, naming the module's functions."""
    installed: list[str] = []

    def install_it(name: str, group: str, source: str, **entry_points: str) -> None:
        information = tmp_path / f"{name}-1.0.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: What {name} is for.\n"
        )
        lines = [f"{command} = {name}:{function}" for command, function in entry_points.items()]
        (information / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        importlib.invalidate_caches()
        installed.append(name)

    yield install_it
    for name in installed:
        sys.modules.pop(name, None)
