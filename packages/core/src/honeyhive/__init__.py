"""One session per user interaction, across HTTP request, background task, agent step, tool and model call."""

from typing import TYPE_CHECKING

from honeyhive.__about__ import __version__
from honeyhive.lateload import names_from

if TYPE_CHECKING:
    from honeyhive.client import HoneyHive
    from honeyhive.decorators import atrace, trace, trace_class
    from honeyhive.errors import MissingApiKeyError
    from honeyhive.evaluation import BaseEvaluator, aevaluator, evaluator
    from honeyhive.functions import enrich_session, enrich_span, flush, session
    from honeyhive.tracer import HoneyHiveTracer, set_default_tracer
    from honeyhive.utils.dotdict import DotDict
    from honeyhive.utils.logger import get_logger

__all__ = [
    "BaseEvaluator",
    "DotDict",
    "HoneyHive",
    "HoneyHiveTracer",
    "MissingApiKeyError",
    "__version__",
    "aevaluator",
    "atrace",
    "enrich_session",
    "enrich_span",
    "evaluator",
    "flush",
    "get_logger",
    "session",
    "set_default_tracer",
    "trace",
    "trace_class",
]

# Each name is imported when it is first asked for, so that a program pays for what it uses.
__getattr__ = names_from(
    __name__,
    {
        "BaseEvaluator": "honeyhive.evaluation",
        "DotDict": "honeyhive.utils.dotdict",
        "HoneyHive": "honeyhive.client",
        "HoneyHiveTracer": "honeyhive.tracer",
        "MissingApiKeyError": "honeyhive.errors",
        "aevaluator": "honeyhive.evaluation",
        "atrace": "honeyhive.decorators",
        "enrich_session": "honeyhive.functions",
        "enrich_span": "honeyhive.functions",
        "evaluator": "honeyhive.evaluation",
        "flush": "honeyhive.functions",
        "get_logger": "honeyhive.utils.logger",
        "session": "honeyhive.functions",
        "set_default_tracer": "honeyhive.tracer",
        "trace": "honeyhive.decorators",
        "trace_class": "honeyhive.decorators",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
