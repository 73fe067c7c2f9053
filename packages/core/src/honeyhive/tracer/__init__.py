"""`HoneyHiveTracer`: settings, sessions, provider and account of one project in this process; and 1.x's names beside it."""

from typing import TYPE_CHECKING

from honeyhive.lateload import names_from
from honeyhive.tracer.facade import HoneyHiveTracer, default_tracer_channel
from honeyhive.tracer.providers import get_global_provider, set_global_provider
from honeyhive.tracer.registry import (
    clear_registry,
    get_default_tracer,
    graceful_shutdown_all,
    set_default_tracer,
    shutdown_tracer,
)

if TYPE_CHECKING:
    from honeyhive.decorators import atrace, trace, trace_class
    from honeyhive.functions import enrich_session, enrich_span, flush
    from honeyhive.tracing.intake import HoneyHiveSpanProcessor

__all__ = [
    "HoneyHiveSpanProcessor",
    "HoneyHiveTracer",
    "atrace",
    "clear_registry",
    "default_tracer_channel",
    "enrich_session",
    "enrich_span",
    "flush",
    "get_default_tracer",
    "get_global_provider",
    "graceful_shutdown_all",
    "set_default_tracer",
    "set_global_provider",
    "shutdown_tracer",
    "trace",
    "trace_class",
]

# From a floor above, or with the OpenTelemetry SDK behind it.
__getattr__ = names_from(
    __name__,
    {
        "HoneyHiveSpanProcessor": "honeyhive.tracing.intake",
        "atrace": "honeyhive.decorators",
        "enrich_session": "honeyhive.functions",
        "enrich_span": "honeyhive.functions",
        "flush": "honeyhive.functions",
        "trace": "honeyhive.decorators",
        "trace_class": "honeyhive.decorators",
    },
)
