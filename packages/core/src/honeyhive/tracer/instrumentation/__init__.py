"""1.x's import path of the decorators and of enrichment, which its examples use."""

from typing import TYPE_CHECKING

from honeyhive.lateload import names_from
from honeyhive.tracer.instrumentation.decorators import atrace, trace, trace_class

if TYPE_CHECKING:
    from honeyhive.functions import enrich_span

__all__ = ["atrace", "enrich_span", "trace", "trace_class"]

# From a floor above.
__getattr__ = names_from(__name__, {"enrich_span": "honeyhive.functions"})
