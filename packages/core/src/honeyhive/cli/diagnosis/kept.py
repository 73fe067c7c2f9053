"""The journal: whether it can be written, how large it is, and what a reader makes of it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from honeyhive.cli.diagnosis.findings import JournalFound
from honeyhive.cli.journal import read_sessions
from honeyhive.settings import Settings


def journal_found(settings: Settings) -> JournalFound:
    """The journal of *settings*."""
    recorded = read_sessions(settings)
    sizes = list(_segment_sizes(settings.journal_dir))
    return JournalFound(
        directory=str(settings.journal_dir),
        is_writable=_is_writable(settings.journal_dir),
        segments=len(sizes),
        bytes=sum(sizes),
        max_bytes=settings.max_journal_bytes,
        sessions=len(recorded.sessions),
        torn_bytes=recorded.torn_bytes,
        damaged_records=recorded.damaged_records,
    )


def _segment_sizes(directory: Path) -> Iterator[int]:
    for path in directory.glob("*.otlp"):
        with contextlib.suppress(FileNotFoundError):  # removed by another process in between
            yield path.stat().st_size


def _is_writable(directory: Path) -> bool:
    """Whether a file can be made in *directory*, or the directory itself where it does not exist yet."""
    paths = (directory, *directory.absolute().parents)
    nearest = next(path for path in paths if os.access(path, os.F_OK))
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
