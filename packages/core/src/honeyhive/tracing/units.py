"""Sessions that a call makes current, without a block: how long each holds (docs/sessions.md)."""

import contextvars
import inspect
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from opentelemetry.context import create_key

from honeyhive.guard import guard
from honeyhive.tracing.context import EVENT_KEY, SESSION_KEY, attach, current_context, with_values
from honeyhive.tracing.session import SessionScope, session_in

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Hashable

_KEEPER_KEY: Final = create_key("honeyhive-session-keeper")


class Hold(Protocol):
    """How long a session is the current one, or which one is current in its place."""

    def stands_for(self, scope: SessionScope) -> SessionScope | None:
        """The session that counts where *scope* is found in a context."""
        ...

    def finish(self, error: BaseException | None) -> None:
        """The session that has this hold ends now."""
        ...


class StandIn:
    """A session made current inside a request or task that an adapter holds: it stands for the holder until it ends."""

    def __init__(self, inner: SessionScope) -> None:
        self.inner = inner

    def stands_for(self, scope: SessionScope) -> SessionScope | None:
        """The inner session while it lasts."""
        return scope if self.inner.finished and self.inner.owned else self.inner

    def finish(self, error: BaseException | None) -> None:
        """The request ends, and the inner session with it."""
        self.inner.finish(error)


class UnitHold:
    """A session made current in the context of a unit of work: a traced call, an asyncio task, a work item, a thread.

    When the unit ends, the session does. In the thread and task that it was started in it is over then; work that was
    started inside and still runs elsewhere stays in it, as after the end of a ``with session()`` block.
    """

    def __init__(self, scope: SessionScope) -> None:
        self._scope: SessionScope | None = scope
        self._pid = os.getpid()
        self._is_over = False
        self._thread = _thread.token
        self._task = current_task()
        self._task_reference = None if self._task is None else weakref.ref(self._task)
        self.level: Any = current_context().get(EVENT_KEY)
        self._item: Any = None
        if self._task is not None:
            self._task.add_done_callback(self._on_unit_end, context=contextvars.Context())
            self._task = None
        else:
            item = _work_item()
            self._item = None if item is None else weakref.ref(item, self._on_unit_end)

    def stands_for(self, scope: SessionScope) -> SessionScope | None:
        """The session itself, or the one around it where it is over."""
        return scope.outer if self._is_over and self.is_at_home() else scope

    def finish(self, error: BaseException | None) -> None:  # noqa: ARG002  `Hold`'s signature
        """The session ends: nothing has to be watched any more."""
        scope, self._scope = self._scope, None
        self._is_over = True
        self._item = None
        self.level = None
        task = None if self._task_reference is None else self._task_reference()
        if task is not None:
            task.remove_done_callback(self._on_unit_end)
        if scope is not None:
            scope.channel.open_sessions.discard(scope)

    def is_at_home(self) -> bool:
        """Whether the caller is the thread and task that the session was started in."""
        if self._thread is not _thread.token:
            return False
        task = None if self._task_reference is None else self._task_reference()
        return current_task() is task

    def end_unit(self) -> None:
        """The unit of work has ended. A forked child has none of its parent's."""
        scope = self._scope
        if scope is not None and self._pid == os.getpid():
            with guard("end a session"):
                scope.finish()
                self.finish(None)  # also of a session whose event another process writes

    def _on_unit_end(self, _unit: object) -> None:
        self.end_unit()


class _Keeper:
    """Lives as long as any context that has the session in it, and ends the session with the last of them."""

    __slots__ = ("_hold",)

    def __init__(self, hold: UnitHold) -> None:
        self._hold = hold

    def __del__(self) -> None:
        self._hold.end_unit()


class _ThreadToken(threading.local):
    """An object of each thread; the identity of a thread may be used again, that of an object kept is not."""

    def __init__(self) -> None:
        self.token = object()


_thread: Final = _ThreadToken()


def make_current(scope: SessionScope) -> None:
    """Make *scope* the current session from here on, until its unit of work ends or another takes its place."""
    context = current_context()
    carried = cast("SessionScope | None", context.get(SESSION_KEY))
    if carried is not None and carried.is_holder and current_task() is None:
        if carried.hold is not None:
            carried.hold.finish(None)
        scope.outer = carried
        carried.hold = StandIn(scope)
        return
    scope.outer = _replaced(carried, context.get(EVENT_KEY)) or session_in(context)
    hold = UnitHold(scope)
    scope.hold = hold
    attach(with_values(context, {SESSION_KEY: scope, _KEEPER_KEY: _Keeper(hold)}))


def _replaced(carried: SessionScope | None, level: object) -> SessionScope | None:
    """End *carried* where it was started by a call at the same place; the session around it."""
    if carried is None or not isinstance(carried.hold, UnitHold):
        return None
    hold = carried.hold
    if hold.level is not level or not hold.is_at_home():
        return None
    carried.finish()
    hold.finish(None)
    return carried.outer


def current_task() -> "asyncio.Task[Any] | None":
    """The asyncio task that the caller runs in, if any; asyncio is not imported for it."""
    module = sys.modules.get("asyncio")
    if module is None:
        return None
    loop = module._get_running_loop()  # noqa: SLF001  without a loop, `current_task` raises, which takes four times as long
    return None if loop is None else cast("asyncio.Task[Any] | None", module.current_task(loop))


def unit_here() -> tuple[object, object]:
    """What tells the thread and the task of the caller from all others."""
    return _thread.token, current_task()


def _work_item() -> "Hashable | None":
    """The work item of the thread pool that this thread works for now.

    It is found by the frame that runs it, and only weakly referred to: the pool drops it before it takes the next.
    """
    pool = sys.modules.get("concurrent.futures.thread")
    if pool is None:
        return None
    run = pool._WorkItem.run.__code__  # noqa: SLF001  the unit of work has no public name
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code is run:
            return frame.f_locals.get("self")
        frame = frame.f_back
    return None
