"""Puts the handler on every run of the process, through the hook that LangChain has for this."""

import threading
from contextvars import ContextVar
from typing import Final

from honeyhive import HoneyHiveTracer
from langchain_core.tracers.context import register_configure_hook

from honeyhive_langchain._handler import HoneyHiveCallbackHandler


class _Installation:
    """The one handler that LangChain's hook hands out in this process; None until `instrument`."""

    handler: HoneyHiveCallbackHandler | None = None
    lock: Final = threading.Lock()


def instrument(*, tracer: HoneyHiveTracer | None = None) -> None:
    """Record every LangChain and LangGraph run that starts from now on, with *tracer* or the default one.

    Calling it again only changes the tracer. A handler passed as ``callbacks=[...]`` may be there too: a run is one event.
    """
    with _Installation.lock:
        if _Installation.handler is None:
            _Installation.handler = _installed()
        _Installation.handler.tracer = tracer
        _Installation.handler.enabled = True


def uninstrument() -> None:
    """Record no run that starts from now on, unless its ``callbacks`` name a handler; runs in flight end as events."""
    with _Installation.lock:
        if _Installation.handler is not None:
            _Installation.handler.enabled = False


def _installed() -> HoneyHiveCallbackHandler:
    handler = HoneyHiveCallbackHandler()
    # LangChain never takes a hook off its list, hence one hook and a switch. The handler is the variable's default, not a
    # value set in it, because a new thread sees only defaults.
    variable: ContextVar[HoneyHiveCallbackHandler | None] = ContextVar("honeyhive_langchain_handler", default=handler)
    register_configure_hook(variable, inheritable=True, handle_class=HoneyHiveCallbackHandler)
    return handler
