"""Streams: an event that lasts as long as an iteration, re-entered for each item and never current across a ``yield``."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextvars import Token
from types import TracebackType
from typing import Any, Final, TypeVar, cast
from weakref import ref

import orjson
from opentelemetry.context import Context

from honeyhive.events.event import EventType, Status
from honeyhive.events.values import to_json
from honeyhive.guard import guard
from honeyhive.tracing.context import attach, current_context, detach
from honeyhive.tracing.span import OpenEvent

T = TypeVar("T")

# How much of a stream is kept for the event's output.
_MAX_ITEMS: Final = 10_000
_MAX_BYTES: Final = 1 << 20


class Recording:
    """What is noted of one stream: its bounded output, the number of items and the time to the first.

    As a context manager it is one step: the event is current inside, and whatever the step before left current there.
    """

    def __init__(self, event: OpenEvent, *, keeps_items: bool = True) -> None:
        self._event = event
        capture = event.channel.capture
        self._keeps_items = keeps_items and (capture is None or capture.reads("outputs", "result"))
        self._context = event.context
        self._restore: tuple[Token[Context], Context] | None = None
        self._items: list[object] = []
        self._count = 0
        self._kept_bytes = 0
        self._pid = os.getpid()
        event.channel.open_streams[id(self)] = ref(self)

    def __enter__(self) -> None:
        previous = current_context()
        self._restore = attach(self._context), previous

    def __exit__(self, _kind: object, _error: object, _traceback: object) -> None:
        self._context = current_context()
        if self._restore is not None:
            detach(*self._restore)
            self._restore = None

    def add(self, item: object) -> None:
        """Note one more item that passed."""
        with guard("record a stream"):
            if self._count == 0:
                self._note_first()
            self._count += 1
            if self._keeps_items and self._count <= _MAX_ITEMS and self._kept_bytes <= _MAX_BYTES:
                self._keep(item)

    def _note_first(self) -> None:
        event = self._event
        first_ms = max(0, event.channel.now_ns() - event.start_ns) / 1e6  # clocks are set back
        event.enrich(metrics={"time_to_first_item_ms": first_ms})
        if event.event_type is EventType.model:
            event.enrich(metadata={"time_to_first_token_ms": first_ms})

    def _keep(self, item: object) -> None:
        # Encoded as it passes: the program may reuse the object, and keeping it would keep all that hangs on it.
        if type(item) is str:
            kept, size = item, len(item)
        else:
            data = to_json(item)
            kept, size = orjson.Fragment(data), len(data)
        self._kept_bytes += size
        if self._kept_bytes <= _MAX_BYTES:
            self._items.append(kept)

    def end(self, error: BaseException | None = None) -> None:
        """End the event, with what left the iteration; only the first call does anything."""
        with guard("end a stream's event"):
            event = self._event
            event.channel.open_streams.pop(id(self), None)
            if event.ended:
                return
            texts = bool(self._items) and all(isinstance(item, str) for item in self._items)
            result = "".join(cast("list[str]", self._items)) if texts else self._items
            event.enrich(outputs={"result": result} if self._keeps_items else None, metrics={"items": self._count})
            if self._keeps_items and self._count > len(self._items):
                event.enrich(metadata={"items_kept": len(self._items)})
            if error is None:
                event.end()
            else:
                event.fail(error)

    def abandon(self) -> None:
        """End the event of an iteration that is left as it is; a forked child has those of its parent too, and leaves them."""
        if not self._event.ended and self._pid == os.getpid():
            self._event.status = Status.ABANDONED
            self.end()

    def __del__(self) -> None:
        # An iteration that was dropped before its first step, or where nothing closes it (an async generator without
        # its event loop).
        self.abandon()


class TracedStream(Generator[T, Any, Any]):
    """An iterator or generator, each step of which is recorded; its event ends with it, on every path."""

    def __init__(self, stream: Iterator[T], recording: Recording) -> None:
        self._stream: Any = stream
        self._recording = recording

    def send(self, value: Any, /) -> T:
        """The next item, after *value* was sent to the generator."""
        try:
            with self._recording:
                item = next(self._stream) if value is None else self._stream.send(value)
        except StopIteration:
            self._recording.end()
            raise
        except BaseException as error:
            self._recording.end(error)
            raise
        self._recording.add(item)
        return cast("T", item)

    def throw(self, error: Any, value: object = None, traceback: TracebackType | None = None, /) -> T:
        """The next item, after *error* was thrown into the generator."""
        try:
            with self._recording:
                item = _throw_of(self._stream, "throw")(_exception(error, value, traceback))
        except StopIteration:
            self._recording.end()
            raise
        except BaseException as failure:
            self._recording.end(failure)
            raise
        finally:
            del error, value  # the error that leaves refers to this frame
        self._recording.add(item)
        return cast("T", item)

    def close(self) -> None:
        """Close the stream; its event is ``abandoned`` unless it has ended before."""
        try:
            with self._recording:
                close = getattr(self._stream, "close", None)
                if close is not None:
                    close()
        except BaseException as failure:
            self._recording.end(failure)
            raise
        self._recording.end(GeneratorExit())


class TracedAsyncStream(AsyncGenerator[T, Any]):
    """The asynchronous twin of `TracedStream`."""

    def __init__(self, stream: AsyncIterator[T], recording: Recording) -> None:
        self._stream: Any = stream
        self._recording = recording

    async def asend(self, value: Any, /) -> T:
        """The next item, after *value* was sent to the generator."""
        try:
            with self._recording:
                item = await (anext(self._stream) if value is None else self._stream.asend(value))
        except StopAsyncIteration:
            self._recording.end()
            raise
        except BaseException as error:
            self._recording.end(error)
            raise
        self._recording.add(item)
        return cast("T", item)

    async def athrow(self, error: Any, value: object = None, traceback: TracebackType | None = None, /) -> T:
        """The next item, after *error* was thrown into the generator."""
        try:
            with self._recording:
                item = await _throw_of(self._stream, "athrow")(_exception(error, value, traceback))
        except StopAsyncIteration:
            self._recording.end()
            raise
        except BaseException as failure:
            self._recording.end(failure)
            raise
        finally:
            del error, value  # the error that leaves refers to this frame
        self._recording.add(item)
        return cast("T", item)

    async def aclose(self) -> None:
        """Close the stream; its event is ``abandoned`` unless it has ended before."""
        try:
            with self._recording:
                close = getattr(self._stream, "aclose", None) or getattr(self._stream, "close", None)
                closing = None if close is None else close()
                if hasattr(closing, "__await__"):
                    await cast("Any", closing)
        except BaseException as failure:
            self._recording.end(failure)
            raise
        self._recording.end(GeneratorExit())


def wrap_stream(stream: Iterator[T], event: OpenEvent, *, keeps_items: bool = True) -> TracedStream[T]:
    """*stream* with *event* current inside each step of it; the event ends with the stream, on every path.

    Exhaustion ends it well; an exception fails it; a consumer that closes or forgets the stream leaves it ``abandoned``.
    The items are the event's output unless *keeps_items* is False: texts joined, at most 10,000 items and 1 MiB.
    """
    return TracedStream(stream, Recording(event, keeps_items=keeps_items))


def wrap_async_stream(stream: AsyncIterator[T], event: OpenEvent, *, keeps_items: bool = True) -> TracedAsyncStream[T]:
    """*stream* with *event* current inside each step of it; the asynchronous twin of `wrap_stream`."""
    return TracedAsyncStream(stream, Recording(event, keeps_items=keeps_items))


def _throw_of(stream: object, name: str) -> Callable[[BaseException], Any]:
    """How to throw into *stream*; an iterator that is no generator lets everything pass."""
    return getattr(stream, name, _raise)


def _raise(error: BaseException) -> None:
    raise error


def _exception(error: Any, value: object, traceback: TracebackType | None) -> BaseException:
    """One exception from the three arguments that ``throw`` once had."""
    if isinstance(error, BaseException):
        return error
    made = value if isinstance(value, error) else error() if value is None else error(value)
    return cast("BaseException", made).with_traceback(traceback)
