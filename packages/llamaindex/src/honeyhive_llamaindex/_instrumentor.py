"""Attaching to LlamaIndex, and letting go of it."""

import threading
from typing import Any, Final

from honeyhive import HoneyHiveTracer
from honeyhive.integration import register_parent_resolver, unregister_parent_resolver
from llama_index_instrumentation import root_dispatcher

from honeyhive_llamaindex._event_handler import EventHandler
from honeyhive_llamaindex._runs import RunTable
from honeyhive_llamaindex._span_handler import SpanHandler

# Its annotations name a generic handler without the parameter.
_root: Final[Any] = root_dispatcher


class _Attachment:
    """Our two handlers at LlamaIndex's root dispatcher, and the resolver that reads their runs."""

    def __init__(self) -> None:
        self.runs = RunTable()
        self.spans = SpanHandler(self.runs)
        self.events = EventHandler(self.runs)
        _root.add_span_handler(self.spans)
        _root.add_event_handler(self.events)
        register_parent_resolver(self.runs.current_event)

    def retire(self) -> None:
        """Open no more events, and detach as soon as those that are open have ended."""
        self.spans.retire()
        self.runs.retire(self._detach)

    def _detach(self) -> None:
        # New lists, because another thread may be walking through the old ones.
        _root.span_handlers = [each for each in _root.span_handlers if each is not self.spans]
        _root.event_handlers = [each for each in _root.event_handlers if each is not self.events]
        unregister_parent_resolver(self.runs.current_event)


class _Switch:
    """Whether LlamaIndex is instrumented in this process: at most one attachment records."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attachment: _Attachment | None = None

    def on(self, tracer: HoneyHiveTracer | None) -> None:
        with self._lock:
            if self._attachment is None:
                self._attachment = _Attachment()
            self._attachment.spans.use(tracer)

    def off(self) -> None:
        with self._lock:
            attachment, self._attachment = self._attachment, None
        if attachment is not None:
            attachment.retire()


_switch: Final = _Switch()


def instrument(*, tracer: HoneyHiveTracer | None = None) -> None:
    """Record LlamaIndex's queries, retrievals, model calls, tools and agents in this process from now on.

    They nest under whatever is current, and functions decorated with `honeyhive.trace` nest under them. *tracer* is the
    default tracer of each moment unless given. Calling it again changes nothing but the tracer.
    """
    _switch.on(tracer)


def uninstrument() -> None:
    """Undo `instrument`: nothing new is recorded, and what is open still ends."""
    _switch.off()
