"""Personal data, found by Presidio or by an analyzer of the user's own."""

import importlib
from collections.abc import Callable
from typing import Any, Final, cast

from honeyhive.export.redaction.marking import Marker
from honeyhive.lateload import late_imports
from honeyhive.settings.privacy import PIIAnalyzer, PIIFinding

_LANGUAGE: Final = "en"


def pii_stage(given: bool | PIIAnalyzer, marker: Marker) -> Callable[[str], str]:
    """The stage that takes out what *given*, or Presidio for True, finds."""
    analyzer = _presidio() if isinstance(given, bool) else given

    def take_out(text: str) -> str:
        pieces: list[str] = []
        position = 0
        for finding in sorted(analyzer.analyze(text=text, language=_LANGUAGE), key=_place):
            if finding.start < position or finding.end <= finding.start:
                continue
            kind = finding.entity_type.lower().replace("_", "-")
            pieces += (text[position : finding.start], marker(kind, text[finding.start : finding.end].encode()))
            position = finding.end
        return "".join((*pieces, text[position:])) if pieces else text

    return take_out


def _place(finding: PIIFinding) -> tuple[int, int]:
    """By start; of two findings at one place the longer first."""
    return finding.start, -finding.end


def _presidio() -> PIIAnalyzer:
    """Presidio's analyzer; that it is installed was seen when the settings were made."""
    with late_imports():
        presidio: Any = importlib.import_module("presidio_analyzer")  # seconds of imports, for an extra
        return cast("PIIAnalyzer", presidio.AnalyzerEngine())
