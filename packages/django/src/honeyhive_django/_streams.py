"""Streamed bodies: each step runs inside its request, and the last one ends it."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from honeyhive.integration import Context, attached, current_context


class Watcher(Protocol):
    """Who is told how a stream ended; only the first word counts."""

    def end(self, error: BaseException | None = None) -> None:
        """The stream is exhausted, or *error* left it."""
        ...

    def end_stream(self, *, has_begun: bool) -> None:
        """The stream was closed or forgotten, perhaps after its end."""
        ...


class _Stream:
    """What both kinds of stream have in common."""

    def __init__(self, context: Context, watcher: Watcher) -> None:
        self._context = context
        self._watcher = watcher
        self._has_begun = False

    def close(self) -> None:
        """End what has not ended; Django calls it with the response's ``close``, from any thread."""
        self._watcher.end_stream(has_begun=self._has_begun)

    def __del__(self) -> None:
        self.close()


class RequestStream(_Stream):
    """An iterator over *content* that runs each step in *context*."""

    def __init__(self, content: Iterator[bytes], context: Context, watcher: Watcher) -> None:
        super().__init__(context, watcher)
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._has_begun = True
        try:
            with attached(self._context):
                try:
                    return next(self._content)
                finally:
                    # A `with` around a `yield` in the program's generator goes on in the next step.
                    self._context = current_context()
        except StopIteration:
            self._watcher.end()
            raise
        except BaseException as error:
            self._watcher.end(error)
            raise


class AsyncRequestStream(_Stream):
    """The asynchronous twin of `RequestStream`."""

    def __init__(self, content: AsyncIterator[bytes], context: Context, watcher: Watcher) -> None:
        super().__init__(context, watcher)
        self._content = content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._has_begun = True
        try:
            with attached(self._context):
                try:
                    return await anext(self._content)
                finally:
                    self._context = current_context()
        except StopAsyncIteration:
            self._watcher.end()
            raise
        except BaseException as error:
            self._watcher.end(error)
            raise
