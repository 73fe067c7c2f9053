"""The redactor: takes secrets, and what else the settings name, out of spans before anything else sees them."""

from honeyhive.export.redaction.redactor import Redactor

__all__ = ["Redactor"]
