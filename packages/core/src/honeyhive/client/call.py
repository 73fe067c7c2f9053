"""One call of the API, described once: what is sent, and what is made of the replies."""

import functools
import inspect
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, Generic, Literal, ParamSpec, Protocol, TypeVar, get_args
from urllib.parse import quote

from honeyhive.errors import ApiKeyKind

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")
R_co = TypeVar("R_co", covariant=True)

# Wall clock at import plus monotonic time since: calls of one process keep their order when the clock is set.
_ANCHOR_NS: Final = time.time_ns() - time.monotonic_ns()


def _now_ns() -> int:
    return _ANCHOR_NS + time.monotonic_ns()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request: ``operation`` names it in messages, ``query`` loses what is None, ``body`` is JSON data.

    ``is_read`` says that sending it again changes nothing more, though it may be a POST.
    """

    operation: str
    method: Method
    path: str
    query: Mapping[str, object] = field(default_factory=dict[str, object])
    body: object = None
    key_kind: ApiKeyKind = "project"
    is_read: bool = False
    is_export: bool = False

    @property
    def is_repeatable(self) -> bool:
        """Whether it may be sent again when nobody knows if it arrived."""
        return self.is_read or self.method != "POST"


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """Requests, and the function that makes the result of their replies, which are JSON data in the same order.

    The time is that of the user's call: retries and batches tell the server the same.
    """

    requests: Sequence[Request]
    finish: Callable[[list[object]], R]
    time_ns: int = field(default_factory=_now_ns)


def segment(name: str, value: str) -> str:
    """*value* as one segment of a path; raises ``ValueError`` when it is empty, for the path would name everything."""
    if not value:
        message = f"{name} is empty; give the id of what is meant"
        raise ValueError(message)
    return quote(value, safe="")


class Executor(Protocol):
    """What carries calls out."""

    def run(self, call: Call[R]) -> R:
        """The result of *call*, in this thread."""
        ...

    async def run_async(self, call: Call[R]) -> R:
        """The result of *call*, without holding up the event loop."""
        ...


class Namespace:
    """A group of operations of the client."""

    def __init__(self, executor: Executor, project: str | None = None) -> None:
        self._executor = executor
        self.project = project

    def run(self, call: Call[R]) -> R:
        """Carry *call* out in this thread."""
        return self._executor.run(call)

    async def run_async(self, call: Call[R]) -> R:
        """Carry *call* out without holding up the event loop."""
        return await self._executor.run_async(call)


N = TypeVar("N", bound=Namespace)


class _Method(Protocol[P, R_co]):
    """A function in a class body, as type checkers see it: its first argument is bound."""

    def __call__(self, api: Any, /, *args: P.args, **kwargs: P.kwargs) -> R_co: ...

    def __get__(self, instance: object, owner: type, /) -> Callable[P, R_co]: ...


def blocking(build: Callable[Concatenate[N, P], Call[R]]) -> _Method[P, R]:
    """The method that carries out in the caller's thread what *build* describes."""

    @functools.wraps(build)
    def method(api: N, *args: P.args, **kwargs: P.kwargs) -> R:
        return api.run(build(api, *args, **kwargs))

    return _dressed(method, build, "")


def awaitable(build: Callable[Concatenate[N, P], Call[R]]) -> _Method[P, Coroutine[Any, Any, R]]:
    """The coroutine method that carries out what *build* describes."""

    @functools.wraps(build)
    async def method(api: N, *args: P.args, **kwargs: P.kwargs) -> R:
        return await api.run_async(build(api, *args, **kwargs))

    return _dressed(method, build, "_async")


def _dressed(method: Any, build: Callable[..., Call[Any]], suffix: str) -> Any:
    """*method* with the name and the signature that its user should see."""
    method.__name__ = build.__name__.removeprefix("_") + suffix
    method.__qualname__ = method.__name__
    signature = inspect.signature(build)
    (result,) = get_args(signature.return_annotation)
    method.__signature__ = signature.replace(return_annotation=result)
    return method
