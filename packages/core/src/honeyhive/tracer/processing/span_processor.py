"""1.x's import path of `HoneyHiveSpanProcessor`."""

from honeyhive.tracing.intake import HoneyHiveSpanProcessor

__all__ = ["HoneyHiveSpanProcessor"]
