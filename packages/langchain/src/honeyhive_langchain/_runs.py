"""The runs that are open in this process: one table for all handlers, so that a run is one event however many see it.

LangChain does not report the end of a tool, retriever or chat model that was cancelled. Such a run is ended as cancelled
when the root of its tree ends, or when its id becomes garbage: whatever would report the end holds the id, so nothing will.
"""

import asyncio
import functools
import threading
import weakref
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

from honeyhive.integration import OpenEvent, guard
from langchain_core.callbacks.base import BaseCallbackManager
from langchain_core.runnables.config import var_child_runnable_config
from opentelemetry import trace

from honeyhive_langchain._classify import RunKind

# What is open beyond this is given up, oldest first: nothing should ever get there.
_MAX_OPEN: Final = 50_000
_MAX_ENDED: Final = 4_096


class Run:
    """A run between its start and its end; its event is None where nothing is to be recorded."""

    __slots__ = (
        "above",
        "event",
        "has_streamed",
        "is_shared",
        "is_waiting",
        "key",
        "kind",
        "opener",
        "reporter",
        "task",
        "tree",
    )

    def __init__(self, run_id: UUID, kind: RunKind, above: "Run | None", opener: object = None) -> None:
        self.key = run_id.int  # not the id itself: it is to become garbage with whatever could report this run's end
        self.kind = kind
        self.event: OpenEvent | None = None
        self.above = above
        self.opener = opener
        self.tree = Tree() if above is None else above.tree
        self.task = _current_task() if kind.may_vanish else None
        self.reporter: weakref.ref[UUID] | None = None
        self.has_streamed = False
        self.is_waiting = False
        self.is_shared = False  # seen by more than one handler, each of which will report the end

    def has_vanished(self, error: BaseException | None) -> bool:
        """Whether this run cannot go on any more, now that the root of its tree has ended, with *error*.

        It may: a task that a node started and nobody waited for outlives the root.
        """
        if self.task is None:
            return False
        if self.has_streamed and isinstance(error, GeneratorExit):
            return False  # A stream is closed from the outside in: the model's own end comes after the root's.
        return self.task is self.tree.task or self.task.done()


class Tree:
    """What a root and the runs below it share: the root's task, and which of the others are open."""

    __slots__ = ("below", "task")

    def __init__(self) -> None:
        self.task = _current_task()
        self.below: dict[int, Run] = {}


def _current_task() -> "asyncio.Task[Any] | None":
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


class RunTable:
    """Open runs by id: bounded, and safe in threads because each step is a single operation of a dict.

    LangChain reports a start or an end to handlers with ``run_inline = False`` in a thread each, all at once: one of them
    opens the run, one ends it, and an id that is to be known as ended is known before it is no longer open.
    """

    def __init__(self, *, max_open: int = _MAX_OPEN, max_ended: int = _MAX_ENDED) -> None:
        self._open: dict[int, Run] = {}
        self._max_open = max_open
        # Ids whose end will be, or may be, reported once more: that is not the end of a run whose start was missed.
        self._ended: OrderedDict[int, None] = OrderedDict()
        self._max_ended = max_ended
        self._lock = threading.RLock()  # re-entrant: the garbage collector may end a run anywhere

    def __len__(self) -> int:
        return len(self._open)

    def get(self, run_id: UUID | None) -> Run | None:
        """The open run of *run_id*."""
        return None if run_id is None else self._open.get(run_id.int)

    def is_open(self, run: Run) -> bool:
        """Whether *run* has not ended."""
        return self._open.get(run.key) is run

    def claim_end(self, run_id: UUID) -> bool:
        """Note the end of *run_id*, which is not open; False when it has been seen, or made up, not long ago."""
        return self._note_end(run_id.int)

    def start(self, run_id: UUID, run: Run) -> bool:
        """Enter *run*, which starts now; False when another handler has entered one of this id meanwhile."""
        seen = self._open.setdefault(run.key, run)
        if seen is not run:
            seen.is_shared = True
            return False
        if run.above is not None:
            run.tree.below[run.key] = run
        if run.kind.may_vanish:
            run.reporter = weakref.ref(run_id, functools.partial(self._id_is_garbage, run.key))
        if len(self._open) > self._max_open:
            for key in list(self._open)[: 1 + self._max_open // 100]:
                self._close(key, GeneratorExit())
        return True

    def take(self, run_id: UUID, handler: object = None) -> Run | None:
        """The run of *run_id*, which ends now as *handler* says; None when it is not open."""
        run = self._open.get(run_id.int)
        if run is not None and run.opener is not handler:
            run.is_shared = True  # a handler that was disabled at the start says so; the one that opened it will too
        return self._take(run_id.int)

    def close_below(self, root: Run, error: BaseException | None) -> None:
        """End, as cancelled, what has vanished under *root*, which ended with *error*."""
        for run in list(root.tree.below.values()):
            if run.has_vanished(error):
                self._close(run.key, asyncio.CancelledError())

    def _take(self, key: int) -> Run | None:
        run = self._open.get(key)
        if run is None:
            return None
        if run.is_shared:
            self._note_end(key)
        if self._open.pop(key, None) is None:
            return None
        run.tree.below.pop(key, None)
        run.reporter = None
        return run

    def _note_end(self, key: int) -> bool:
        with self._lock:
            if key in self._ended:
                return False
            self._ended[key] = None
            if len(self._ended) > self._max_ended:
                self._ended.popitem(last=False)
            return True

    def _id_is_garbage(self, key: int, _reference: object) -> None:
        with guard("close a cancelled run"):
            self._close(key, asyncio.CancelledError())

    def _close(self, key: int, error: BaseException) -> None:
        run = self._open.get(key)
        if run is None:
            return
        run.is_shared = True  # its end may be reported after all
        if self._take(key) is not None and run.event is not None:
            run.event.fail(error)


RUNS: Final = RunTable()


def parent_below(above: Run | None) -> OpenEvent | None:
    """The event that a run started below *above* is a child of; None when it is the core that knows.

    The program may have opened something nearer since *above* started: then another span is current now. No span at all
    says nothing: a thread that was started by hand has lost the context, not left it.
    """
    event = None if above is None else above.event
    if event is None:
        return None
    current = trace.get_current_span()
    return event if current is trace.INVALID_SPAN or current is event.ambient else None


# The model that is being called in this context, and the one around that; LangChain's own variable does not name it.
_calling: Final[ContextVar[tuple["Run", Any] | None]] = ContextVar("honeyhive_langchain_model", default=None)


def enter_model(run: Run) -> None:
    """Note that *run*, a model's, begins here; its end may come in another context and undoes nothing."""
    _calling.set((run, _called_model()))


def _called_model() -> tuple[Run, Any] | None:
    """The innermost model whose call goes on here.

    A model that has begun to stream has been called: what runs between its items is the program's own.
    """
    calling = _calling.get()
    while calling is not None and (calling[0].has_streamed or not RUNS.is_open(calling[0])):
        calling = calling[1]
    return calling


def enclosing_event() -> OpenEvent | None:
    """The event of the run that the calling code is inside of, as LangChain's own context variable names it.

    Inside a model it is the model's: a client library's own span is below that, and only one of the two has the usage.

    It is set in nodes, tools and lambdas, sync and async, and in tasks and threads that they start; core asks for it where
    an event of the program starts, so that no callback has to attach a context it could not detach (design decision 8).
    """
    calling = _called_model()
    if calling is not None:
        return calling[0].event
    config = var_child_runnable_config.get()
    manager = None if config is None else config.get("callbacks")
    run = RUNS.get(manager.parent_run_id) if isinstance(manager, BaseCallbackManager) else None
    return None if run is None else run.event
