"""What `honeyhive doctor` finds out, each part in a file of its own; `diagnose` puts them together."""

from honeyhive.cli.diagnosis.findings import Diagnosis
from honeyhive.cli.diagnosis.whole import diagnose

__all__ = ["Diagnosis", "diagnose"]
