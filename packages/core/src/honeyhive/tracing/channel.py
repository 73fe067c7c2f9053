"""What the events of one tracer share: who they belong to, ids, clock, and the way out of the process."""

import os
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.export.outlet import Stats
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from honeyhive.tracing.session import SessionScope

# A generator of our own: the program may seed the global one, and two runs with equal ids would become one session.
_random: Final = random.Random()  # noqa: S311  ids need to be unique, not secret
os.register_at_fork(after_in_child=_random.seed)


class Payload(Protocol):
    """A span whose bytes are made in the worker, because making them takes long."""

    def encode(self) -> bytes:
        """The span as an entry of ``ScopeSpans.spans``."""
        ...


Put = Callable[[bytes, "bytes | Payload", int], None]


class Channel:
    """Where the events of one tracer go, and what is the same for all of them.

    ``put(scope, span, size_bytes)`` hands one finished span over and never raises; ``flush(timeout_s)`` waits for delivery. ``bits`` and ``now_ns``
    are the sources of ids and of time, which `honeyhive.testing` fixes.
    """

    def __init__(
        self,
        settings: Settings,
        put: Put,
        *,
        flush: Callable[[float], bool],
        stats: Callable[[], Stats],
        bits: Callable[[int], int] = _random.getrandbits,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.settings = settings
        self.put = put
        self.flush = flush
        self.stats = stats
        self.bits = bits
        self.now_ns = now_ns
        self.enabled = not settings.disable_tracing
        self.default_session: SessionScope | None = None
        self.claimed_sessions = 0
        identity = {semconv.PROJECT: settings.project, semconv.SOURCE: settings.source}
        self.identity = b"".join(otlp.attribute(key, value) for key, value in identity.items() if value is not None)

    def finish_default_session(self) -> None:
        """End the session of the process, if anything happened in it."""
        if self.default_session is not None:
            self.default_session.finish()

    def new_trace_id(self) -> bytes:
        """Sixteen random bytes."""
        return self.bits(128).to_bytes(16, "big")

    def new_span_id(self) -> bytes:
        """Eight random bytes."""
        return self.bits(64).to_bytes(8, "big")


class _Default:
    """The channel that code without a tracer of its own records to."""

    channel: Channel | None = None


_default: Final = _Default()


def default_channel() -> Channel | None:
    """The channel of the process's default tracer, or None before `HoneyHiveTracer.init`."""
    return _default.channel


def set_default_channel(channel: Channel | None) -> None:
    """Make *channel* the default one."""
    _default.channel = channel
