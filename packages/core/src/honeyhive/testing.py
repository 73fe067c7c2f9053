"""The test kit: a tracer that keeps its events in memory, with fixed ids and a fixed clock.

from honeyhive.testing import recording

with recording() as recorder:
answer("…")                       # code that uses honeyhive.trace or an adapter
assert [event.event_name for event in recorder.events()] == ["answer"]
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar, Final, Unpack

from honeyhive.events import otlp
from honeyhive.events.decode import DecodedSpan, decode_request
from honeyhive.events.event import Event
from honeyhive.events.reader import read_span
from honeyhive.events.sessions import Session, assemble
from honeyhive.export.outlet import Stats
from honeyhive.export.screening import Screen
from honeyhive.settings import Settings, TracerOptions
from honeyhive.tracer import HoneyHiveTracer
from honeyhive.tracing.channel import Channel, Payload, default_channel, set_default_channel

__all__ = ["FixedIds", "MemoryTracer", "Recorder", "StepClock", "recording", "wait_until"]

_EPOCH_NS: Final = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
_STEP_NS: Final = 1_000_000
_LOOK_INTERVAL_S: Final = 0.01
_NO_RESOURCE: Final = otlp.resource({})


class FixedIds:
    """A source of ids that counts: the same program gets the same ids in each run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def __call__(self, bits: int) -> int:
        """The next number, in at most *bits* bits."""
        return next(self._numbers) & ((1 << bits) - 1)


class StepClock:
    """A clock that starts at 2026 and goes one millisecond further each time it is read."""

    def __init__(self) -> None:
        self._steps = itertools.count()

    def __call__(self) -> int:
        """Unix nanoseconds."""
        return _EPOCH_NS + next(self._steps) * _STEP_NS


class Recorder:
    """The finished spans of a `MemoryTracer` as a destination would get them, readable at once and from any thread.

    They are redacted and cut to size as the tracer's *settings* say.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._spans: list[tuple[bytes, bytes, bytes]] = []
        self._refused: Counter[str] = Counter()
        self._lock = threading.RLock()
        self.tracer: MemoryTracer

    @cached_property
    def _screen(self) -> Screen:
        return Screen(self._settings, self._drop)

    def put(self, scope: bytes, span: bytes | Payload, size: int) -> None:
        """Take one finished span."""
        resource = getattr(span, "resource", None) or _NO_RESOURCE
        with self._lock:
            screen = self._screen
            encoded = span if isinstance(span, bytes) else screen.encoded(span, size)
            for screened in screen.spans([encoded]):
                self._spans.append((screen.resource(resource), screen.scope(scope), screened))

    def refuse(self, reason: str) -> None:
        """Count one span that the tracer's settings leave out."""
        self._drop(reason, 1)

    def _drop(self, reason: str, count: int) -> None:
        with self._lock:
            self._refused[reason] += count

    def stats(self) -> Stats:
        """The account: all that was accepted is delivered, unless the settings leave it out."""
        with self._lock:
            recorded, claims = len(self._spans), dict(self.tracer.channel.claims)
            accepted, redacted = recorded + self._refused.total(), self._screen.redactor.count
            return Stats(accepted, recorded, 0, dict(self._refused), redacted, claims)

    def request(self) -> bytes:
        """Everything recorded, as the bytes of one OTLP request in the order of arrival."""
        with self._lock:
            recorded = list(self._spans)
        return b"".join(otlp.record(resource, {scope: [span]}) for resource, scope, span in recorded)

    def spans(self) -> list[DecodedSpan]:
        """The finished spans as they are on the wire."""
        return list(decode_request(self.request()))

    def events(self, *, with_sessions: bool = False) -> list[Event]:
        """The finished events in the order of their start; session events only if asked for."""
        return [
            event
            for session in self.sessions()
            for event in ((session.root, *session.events) if with_sessions else session.events)
        ]

    def event(self, name: str) -> Event:
        """The one event called *name*; raises ``LookupError`` when there is none or more than one."""
        found = [event for event in self.events() if event.event_name == name]
        if len(found) != 1:
            names = [event.event_name for event in self.events()]
            message = f"{len(found)} events are called {name!r}; recorded are {names}"
            raise LookupError(message)
        return found[0]

    def sessions(self) -> list[Session]:
        """The sessions, put together as every reader does it."""
        return assemble(read_span(span) for span in self.spans())

    def tree(self) -> str:
        """The sessions as indented text, one event a line: its type, name and, unless ``ok``, status."""
        lines: list[str] = []
        for session in self.sessions():
            for depth, event in session.walk():
                status = event.metadata.get("status", "ok")
                suffix = "" if status == "ok" else f" [{status}]"
                lines.append(f"{'  ' * depth}{event.event_type} {event.event_name}{suffix}")
        return "\n".join(lines)

    def clear(self) -> None:
        """Forget what was recorded."""
        with self._lock:
            self._spans.clear()


class MemoryTracer(HoneyHiveTracer):
    """A tracer without disk, network or thread, that ignores the environment; its events are in ``recorder``."""

    _environment: ClassVar[Mapping[str, str] | None] = {}

    def __init__(self, *, fixed: bool = True, **options: Unpack[TracerOptions]) -> None:
        options.setdefault("propagation_key", "testing")  # none is made in the data directory
        self._fixed = fixed
        super().__init__(**options)
        self.recorder.tracer = self

    def _open_channel(self) -> Channel:
        recorder = self.recorder = Recorder(self.settings)
        sources: dict[str, Any] = {"bits": FixedIds(), "now_ns": StepClock()} if self._fixed else {}
        return Channel(
            self.settings, recorder.put, flush=_flushed, stats=recorder.stats, refuse=recorder.refuse, **sources
        )

    def let_go(self) -> None:
        """Undo what was patched and instrumented; unlike `shutdown`, nothing is recorded by it."""
        self._undo_patches()


def _flushed(_timeout_s: float) -> bool:
    return True


def wait_until(is_true: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
    """Return once *is_true* is, for what another thread or process brings about; raises ``TimeoutError`` otherwise."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > deadline:
            message = f"the condition did not become true within {timeout_s:g} s"
            raise TimeoutError(message)
        time.sleep(_LOOK_INTERVAL_S)


@contextmanager
def recording(*, fixed: bool = True, **options: Unpack[TracerOptions]) -> Generator[Recorder]:
    """A `MemoryTracer` as the default tracer inside the block; ids and clock are fixed unless *fixed* is False.

    What it patched or instrumented is undone at the block's end.
    """
    before = default_channel()
    set_default_channel(None)
    tracer = MemoryTracer(fixed=fixed, **options)
    set_default_channel(tracer.channel)
    try:
        yield tracer.recorder
    finally:
        tracer.let_go()
        set_default_channel(before)
