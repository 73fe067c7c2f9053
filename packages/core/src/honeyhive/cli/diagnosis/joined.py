"""What joins this package to others: installed adapters of ours, and other packages' instrumentors."""

import contextlib
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from honeyhive.cli.diagnosis.findings import AdapterFound, InstrumentorFound
from honeyhive.integration import AdapterReport
from honeyhive.tracing.instrumentors import choices

ENTRY_POINTS: Final = "honeyhive.adapters"


def instrumentors_found() -> Iterator[InstrumentorFound]:
    """Installed GenAI instrumentors, and what ``instrument="auto"`` makes of each."""
    for choice in choices():
        each = choice.instrumentor
        yield InstrumentorFound(
            library=each.name,
            distribution=each.distribution,
            version=each.version,
            is_chosen=choice.reason_against is None,
            reason=choice.reason_against,
        )


def adapters_found() -> Iterator[AdapterFound]:
    """What each installed adapter reports."""
    for entry_point in sorted(entry_points(group=ENTRY_POINTS), key=lambda found: found.name):
        yield _adapter(entry_point)


def _adapter(entry_point: EntryPoint) -> AdapterFound:
    try:
        # What a framework prints while it is imported is no part of the answer.
        with contextlib.redirect_stdout(sys.stderr):
            report = entry_point.load()()
    except Exception as error:  # noqa: BLE001  any failure of an adapter is a finding
        return AdapterFound(name=entry_point.name, failure=f"{type(error).__name__}: {error}")
    if not isinstance(report, AdapterReport):
        failure = f"its report is of type {type(report).__name__}, not an AdapterReport"
        return AdapterFound(name=entry_point.name, failure=failure)
    return AdapterFound(
        name=entry_point.name, framework=report.framework, versions=dict(report.versions), notes=tuple(report.notes)
    )
