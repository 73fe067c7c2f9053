"""1.x's documented import path of `with_distributed_trace_context` and `enrich_span_context`."""

from honeyhive.decorators import enrich_span_context
from honeyhive.tracing.distributed import with_distributed_trace_context

__all__ = ["enrich_span_context", "with_distributed_trace_context"]
