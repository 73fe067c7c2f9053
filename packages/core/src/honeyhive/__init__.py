"""One session per user interaction, across HTTP request, background task, agent step, tool and model call."""

from honeyhive.__about__ import __version__
from honeyhive.decorators import trace
from honeyhive.functions import enrich_session, enrich_span, flush, session
from honeyhive.tracer import HoneyHiveTracer

__all__ = [
    "HoneyHiveTracer",
    "__version__",
    "enrich_session",
    "enrich_span",
    "flush",
    "session",
    "trace",
]
