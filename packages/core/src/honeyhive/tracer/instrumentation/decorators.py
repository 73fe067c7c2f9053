"""1.x's import path of the decorators: its examples say ``from honeyhive.tracer.instrumentation.decorators import trace``."""

from honeyhive.decorators import atrace, trace, trace_class

__all__ = ["atrace", "trace", "trace_class"]
