"""The run table: which spans of LlamaIndex are open, what they nest under, and when what they started is over.

LlamaIndex keeps the id of the current span in a context variable. Nothing is attached to the OpenTelemetry context here
(design decision 8): user code finds the event it runs in through `RunTable.current_event`, a parent resolver.

A span exits when its function returns, also when it returns a stream whose work is still to come. Such a run stays in the
table until the stream ends, and so do the runs around it that hand the stream on.
"""

import dataclasses
import inspect
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any

from honeyhive.integration import EventType, OpenEvent, guard
from llama_index_instrumentation.span import active_span_id
from opentelemetry import trace

from honeyhive_llamaindex._classify import Role
from honeyhive_llamaindex._messages import answer_of
from honeyhive_llamaindex._usage import response_metadata, usage_of


@dataclasses.dataclass(slots=True, eq=False, kw_only=True)
class Run:
    """One span of LlamaIndex between its entry and the end of what it started."""

    span_id: str
    name: str
    role: Role | None
    parent: "Run | None"
    ambient: trace.Span
    """The span that was current in the OpenTelemetry context at the entry."""

    event: OpenEvent | None = None
    """The event of a kept span."""

    above: OpenEvent | None = None
    """The nearest event of LlamaIndex's around it; None when something nearer is current."""

    open_children: "set[Run]" = dataclasses.field(default_factory=set["Run"])
    is_announced: bool = False
    """Whether LlamaIndex announced a model call, and therefore will announce its end."""

    has_exited: bool = False
    """Whether its function has returned a stream, which the run waits for."""

    has_streamed: bool = False
    """Whether a stream that was opened inside has ended."""

    is_closed: bool = False
    partial: Any = None
    """The last response of a stream so far, which holds all of its text."""

    answer: object = None
    """The text that a stream brought in the end."""

    stream: weakref.ref[Any] | None = None
    frame_id: int = 0

    @property
    def enclosing(self) -> OpenEvent | None:
        """The event that what starts inside nests under."""
        return self.event if self.event is not None else self.above

    def is_inside(self, other: "Run") -> bool:
        """Whether *other* is this run or one around it."""
        run: Run | None = self
        while run is not None and run is not other:
            run = run.parent
        return run is not None

    def record_answer(self, response: Any) -> None:
        """Put a model's *response* into the event; one that cannot be read is counted, and the event still ends."""
        with guard("read a LlamaIndex response"):
            outputs = answer_of(response)
            self.answer = outputs.get("content")
            if self.event is not None:
                self.event.enrich(outputs=outputs, metadata=response_metadata(response), usage=usage_of(response))

    def end(self, error: BaseException | None) -> None:
        """End the event, with what is known so far."""
        if self.event is None:
            return
        if self.role is not Role.LLM and self.has_exited and self.answer is not None:
            self.event.enrich(outputs={"result": self.answer})
        if error is None:
            self.event.end()
            return
        if self.partial is not None:
            self.record_answer(self.partial)
        self.event.fail(error)


class RunTable:
    """The open runs, by span id."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._streams: dict[int, Run] = {}
        # Reentrant, because the garbage collector may end a stream while its own thread is in here.
        self._lock = threading.RLock()
        self._when_drained: Callable[[], None] | None = None

    def get(self, span_id: str | None) -> Run | None:
        """The open run of *span_id*."""
        return None if span_id is None else self._runs.get(span_id)

    def enclosing(self, span_id: str | None) -> Run | None:
        """The run that the code running here is inside of, while LlamaIndex says that it is inside *span_id*.

        The two differ in the body of a generator: LlamaIndex returned it from one span, and somebody else, inside another
        span or none, is taking its items now. Only while such a generator exists is the stack searched for it.
        """
        run = self.get(span_id)
        if not self._streams:
            return run
        resumed = self._resumed()
        return run if resumed is None or (run is not None and run.is_inside(resumed)) else resumed

    def current_event(self) -> OpenEvent | None:
        """The event that user code running here is inside of; core asks for it (a parent resolver)."""
        run = self.enclosing(active_span_id.get())
        return None if run is None else run.enclosing

    def add(self, run: Run) -> None:
        """Take in *run*, which has just been entered; a model call around it turns out to be a chain."""
        self._runs[run.span_id] = run
        if run.parent is not None:
            run.parent.open_children.add(run)
        if run.role is not Role.LLM or run.event is None:
            return
        above = run.parent
        while above is not None:
            if above.role is Role.LLM and above.event is not None:
                above.event.retype(EventType.chain, above.name)
            above = above.parent

    def leave(self, run: Run, stream: object | None) -> None:
        """Take note that the function of *run* returned, with a *stream* that is still to be consumed or with none."""
        if stream is None or not self._is_waiting(run, stream):
            self.close(run)

    def _is_waiting(self, run: Run, stream: object) -> bool:
        frame = _frame_of(stream)
        with self._lock:
            run.has_exited = True
            if frame is not None:
                self._watch(run, stream, frame)
            elif run.has_streamed and not run.open_children:
                return False  # a thread of LlamaIndex's consumed it already
        weakref.finalize(stream, self._drop, run)
        return True

    def _watch(self, run: Run, stream: object, frame: FrameType) -> None:
        """Find *run* again by the frame of its generator, unless a run inside it returned the same generator."""
        known = self._streams.get(id(frame))
        if known is None or _frame_of_run(known) is not frame:
            run.stream, run.frame_id = weakref.ref(stream), id(frame)
            self._streams[run.frame_id] = run

    def _resumed(self) -> Run | None:
        """The innermost run whose generator is running on this thread's stack."""
        frame = inspect.currentframe()
        while frame is not None:
            run = self._streams.get(id(frame))
            if run is not None and _frame_of_run(run) is frame:
                return run
            frame = frame.f_back
        return None

    def _drop(self, run: Run) -> None:
        """The stream of *run* is gone: a model call that had not ended is abandoned.

        Generators are destroyed from the outermost in: what a dropped one was reading ends next, and says how.
        """
        with guard("end the event of a dropped stream"):
            with self._lock:
                run.has_streamed = True
                is_over = run.is_announced or not run.open_children
            if is_over:
                self.close(run, GeneratorExit() if run.is_announced else None)

    def close(self, run: Run, error: BaseException | None = None) -> None:
        """End *run*, and the runs that were waiting for its stream; only the first call does anything."""
        with self._lock:
            if run.is_closed:
                return
            run.is_closed = True
            self._runs.pop(run.span_id, None)
            if self._streams.get(run.frame_id) is run:
                del self._streams[run.frame_id]
        run.end(error)
        if run.parent is not None:
            self._close_child(run.parent, run, error)
        self._check_drained()

    def _close_child(self, run: Run, child: Run, error: BaseException | None) -> None:
        with self._lock:
            run.open_children.discard(child)
            if child.has_exited:
                run.has_streamed = True
                run.answer = child.answer
            is_over = run.has_exited and run.has_streamed and not run.open_children and not run.is_announced
        if is_over:
            self.close(run, error)

    def retire(self, when_drained: Callable[[], None]) -> None:
        """Call *when_drained* once no run is open any more."""
        self._when_drained = when_drained
        self._check_drained()

    def _check_drained(self) -> None:
        if self._when_drained is not None and not self._runs:
            self._when_drained()


def _frame_of(stream: object) -> FrameType | None:
    """The frame that a generator, sync or async, runs in until it is exhausted."""
    frame: FrameType | None = getattr(stream, "gi_frame", None) or getattr(stream, "ag_frame", None)
    return frame


def _frame_of_run(run: Run) -> FrameType | None:
    return None if run.stream is None else _frame_of(run.stream())
