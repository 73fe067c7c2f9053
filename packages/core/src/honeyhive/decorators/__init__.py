"""`trace` and its kin: an event around each call of a function, each method of a class, each run of a block."""

from honeyhive.decorators.blocks import TraceBlock, enrich_span_context, trace_with
from honeyhive.decorators.classes import trace_class
from honeyhive.decorators.decorate import atrace, trace
from honeyhive.decorators.options import F

__all__ = ["F", "TraceBlock", "atrace", "enrich_span_context", "trace", "trace_class", "trace_with"]
