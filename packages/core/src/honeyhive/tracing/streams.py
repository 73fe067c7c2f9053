"""Streams: an event that lasts as long as an iteration, re-entered for each item and never current across a ``yield``."""

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, TypeVar, cast

import orjson

from honeyhive.events.event import Status
from honeyhive.events.values import to_json
from honeyhive.guard import guard
from honeyhive.tracing.context import attached, current_context
from honeyhive.tracing.span import OpenEvent

T = TypeVar("T")

OpenStream = Callable[[tuple[Any, ...], dict[str, Any]], OpenEvent | None]

# How much of a stream is kept for the event's output.
_MAX_ITEMS: Final = 10_000
_MAX_BYTES: Final = 1 << 20


class _Recording:
    """What is noted of one stream: its bounded output, the number of items and the time to the first."""

    def __init__(self, event: OpenEvent, *, keeps_items: bool) -> None:
        self.event = event
        self.keeps_items = keeps_items
        self.context = event.context
        self.items: list[object] = []
        self.count = 0
        self.kept_bytes = 0

    @contextmanager
    def inside(self) -> Generator[None]:
        """The event as the current one for one step, and whatever the step before left current inside it."""
        with attached(self.context):
            try:
                yield
            finally:
                self.context = current_context()

    def add(self, item: object) -> None:
        with guard("record a stream"):
            if self.count == 0:
                first_ms = (self.event.channel.now_ns() - self.event.start_ns) / 1e6
                self.event.enrich(metrics={"time_to_first_item_ms": first_ms})
            self.count += 1
            if self.keeps_items and self.count <= _MAX_ITEMS and self.kept_bytes <= _MAX_BYTES:
                self._keep(item)

    def _keep(self, item: object) -> None:
        # Encoded as it passes: the program may reuse the object, and keeping it would keep all that hangs on it.
        if type(item) is str:
            kept, size = item, len(item)
        else:
            data = to_json(item)
            kept, size = orjson.Fragment(data), len(data)
        self.kept_bytes += size
        if self.kept_bytes <= _MAX_BYTES:
            self.items.append(kept)

    def end(self, error: BaseException | None = None) -> None:
        with guard("end a stream's event"):
            if self.event.ended:
                return
            texts = bool(self.items) and all(isinstance(item, str) for item in self.items)
            result = "".join(cast("list[str]", self.items)) if texts else self.items
            self.event.enrich(outputs={"result": result} if self.keeps_items else None, metrics={"items": self.count})
            if self.keeps_items and self.count > len(self.items):
                self.event.enrich(metadata={"items_kept": len(self.items)})
            if error is None:
                self.event.end()
            else:
                self.event.fail(error)

    def __del__(self) -> None:
        # An iteration that was dropped where nothing closes it (an async generator without its event loop).
        if not self.event.ended:
            self.event.status = Status.ABANDONED
            self.end()


class _Unrecorded:
    """Stands in for a recording where nothing is recorded."""

    @staticmethod
    def inside() -> AbstractContextManager[None]:
        return nullcontext()

    def add(self, item: object) -> None:
        pass

    def end(self, error: BaseException | None = None) -> None:
        pass


_UNRECORDED: Final = _Unrecorded()


def wrap_stream(stream: Iterator[T], event: OpenEvent) -> Generator[T, Any, Any]:
    """*stream* with *event* current inside each step of it; the event ends with the stream, on every path.

    Exhaustion ends it well; an exception fails it; a consumer that closes or forgets the stream leaves it ``abandoned``.
    """
    return wrap_generator(lambda: stream, lambda _args, _kwargs: event)()


def wrap_async_stream(stream: AsyncIterator[T], event: OpenEvent) -> AsyncGenerator[T, Any]:
    """*stream* with *event* current inside each step of it; the asynchronous twin of `wrap_stream`."""
    return wrap_async_generator(lambda: stream, lambda _args, _kwargs: event)()


def wrap_generator(
    function: Callable[..., Any], open_stream: OpenStream, *, keeps_items: bool = True
) -> Callable[..., Any]:
    """A generator function like *function* whose event starts at the first step and covers the iteration."""

    @functools.wraps(function)
    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        event = open_stream(args, kwargs)
        recording = _Recording(event, keeps_items=keeps_items) if event is not None else _UNRECORDED
        stream = function(*args, **kwargs)
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                with recording.inside():
                    if thrown is not None:
                        item = stream.throw(thrown)
                    else:
                        item = next(stream) if sent is None else stream.send(sent)
            except StopIteration as stop:
                recording.end()
                return stop.value
            except BaseException as error:
                recording.end(error)
                raise
            recording.add(item)
            sent = thrown = None
            try:
                sent = yield item
            except GeneratorExit as error:
                try:
                    with recording.inside():
                        _close(stream)
                except BaseException as failure:
                    recording.end(failure)
                    raise
                recording.end(error)
                raise
            except BaseException as error:  # noqa: BLE001  thrown in by the consumer; the generator itself decides
                thrown = error

    return traced


def wrap_async_generator(
    function: Callable[..., Any], open_stream: OpenStream, *, keeps_items: bool = True
) -> Callable[..., Any]:
    """The asynchronous twin of `wrap_generator`."""

    @functools.wraps(function)
    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        event = open_stream(args, kwargs)
        recording = _Recording(event, keeps_items=keeps_items) if event is not None else _UNRECORDED
        stream = function(*args, **kwargs)
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                with recording.inside():
                    if thrown is not None:
                        item = await stream.athrow(thrown)
                    else:
                        item = await (anext(stream) if sent is None else stream.asend(sent))
            except StopAsyncIteration:
                recording.end()
                return
            except BaseException as error:
                recording.end(error)
                raise
            recording.add(item)
            sent = thrown = None
            try:
                sent = yield item
            except GeneratorExit as error:
                try:
                    with recording.inside():
                        await _aclose(stream)
                except BaseException as failure:
                    recording.end(failure)
                    raise
                recording.end(error)
                raise
            except BaseException as error:  # noqa: BLE001  thrown in by the consumer; the generator itself decides
                thrown = error

    return traced


def _close(stream: object) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()


async def _aclose(stream: object) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
