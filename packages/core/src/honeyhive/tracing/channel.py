"""What the events of one tracer share: who they belong to, ids, clock, and the way out of the process."""

import os
import time
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import ref

from opentelemetry.context import Context

from honeyhive import semconv
from honeyhive.chance import chance
from honeyhive.events import otlp
from honeyhive.export.outlet import Stats
from honeyhive.lateload import late_imports
from honeyhive.settings import Settings
from honeyhive.tracing.capture import capture_of
from honeyhive.tracing.sampling import Sampling, sampling_of

if TYPE_CHECKING:
    from honeyhive.export.redaction import Redactor
    from honeyhive.tracing.foreign import ForeignSpan
    from honeyhive.tracing.session import SessionScope
    from honeyhive.tracing.span import OpenEvent
    from honeyhive.tracing.streams import Recording


class Payload(Protocol):
    """A span whose bytes are made in the worker, because making them takes long."""

    def encode(self) -> bytes:
        """The span as an entry of ``ScopeSpans.spans``."""
        ...


Put = Callable[[bytes, "bytes | Payload", int], None]


class Observer(Protocol):
    """Who is told of each event's start; of its end it learns because `Channel.put` is its own then."""

    def on_start(self, event: "OpenEvent", context: Context) -> None:
        """An event of ours has started in *context*."""
        ...

    def on_foreign_start(self, span: Any, found: "ForeignSpan", context: Context) -> None:
        """A third party's span, placed as *found*, has started in *context*."""
        ...


class Channel:
    """Where the events of one tracer go, and what is the same for all of them.

    ``put(scope, span, size_bytes)`` hands one finished span over and never raises; ``refuse(reason)`` counts one that is not
    recorded; ``flush(timeout_s)`` waits for delivery. ``bits`` and ``now_ns`` are the sources of ids and of time, which
    `honeyhive.testing` fixes. ``claims`` counts sessions that requests named and that were not continued, by reason;
    ``origin`` is what the process that started this one handed over in the environment; ``owner`` is the tracer.
    """

    def __init__(
        self,
        settings: Settings,
        put: Put,
        *,
        flush: Callable[[float], bool],
        stats: Callable[[], Stats],
        refuse: Callable[[str], None],
        bits: Callable[[int], int] = chance.getrandbits,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.settings = settings
        self.put = put
        self.flush = flush
        self.stats = stats
        self.refuse = refuse
        self.bits = bits
        self.now_ns = now_ns
        self.enabled = not settings.disable_tracing
        self.owner: object | None = None
        self.default_session: SessionScope | None = None
        self.open_sessions: set[SessionScope] = set()
        self.open_streams: dict[int, ref[Recording]] = {}  # by `id`: a set of weak references takes four times as long
        self.sampling: Sampling | None = sampling_of(settings)
        self.place = _place_of(settings)
        self.claims: Counter[str] = Counter()
        self.origin: Context | None = None
        self.filters = settings.span_name_filters
        self.capture = capture_of(settings)
        self.observer: Observer | None = None
        self.identity = self.identity_from(settings.source)

    def identity_from(self, source: str, project: str | None = None) -> bytes:
        """The attributes of every event of this tracer: its project or *project*, *source*, and its experiment."""
        named = {semconv.PROJECT: project or self.settings.project, semconv.SOURCE: source}
        encoded = [otlp.attribute(key, value) for key, value in named.items() if value is not None]
        for key, value in experiment_metadata(self.settings).items():
            encoded.append(otlp.field_attribute(otlp.encode_key(f"{semconv.FIELD_PREFIX}metadata.{key}"), value))
        return b"".join(encoded)

    @cached_property
    def redactor(self) -> "Redactor":
        """Redacts what user code gets of spans (processors); the worker has one of its own."""
        with late_imports():
            from honeyhive.export.redaction import Redactor  # noqa: PLC0415  dozens of patterns, only where they are asked for

        return Redactor(self.settings)

    def admits(self, name: str) -> bool:
        """Whether what is called *name* is recorded; what the name filters leave out is counted."""
        if self.filters is None or self.filters.keeps(name):
            return True
        self.refuse("filtered")
        return False

    def finish(self) -> None:
        """End what is left open where the process ends: streams, then sessions."""
        for reference in list(self.open_streams.values()):
            stream = reference()
            if stream is not None:
                stream.abandon()
        self.finish_default_session()

    def finish_default_session(self) -> None:
        """End the sessions that nothing has ended: of blocks and calls, and the process's if anything happened in it."""
        for session in list(self.open_sessions):
            if session.pid == os.getpid():  # a forked child does not end its parent's
                session.finish()
        if self.default_session is not None:
            self.default_session.finish()

    def new_trace_id(self) -> bytes:
        """Sixteen random bytes."""
        return self.bits(128).to_bytes(16, "big")

    def new_span_id(self) -> bytes:
        """Eight random bytes."""
        return self.bits(64).to_bytes(8, "big")


def _place_of(settings: Settings) -> tuple[object, ...]:
    """Where events end up: tracers with equal places write to the same sessions of the same project."""
    if settings.destination is None:
        return None, settings.project, settings.data_dir, settings.test_mode
    key = settings.delivery_key if settings.otlp_endpoint is None else None
    return settings.destination, settings.project, key


def experiment_metadata(settings: Settings) -> dict[str, object]:
    """What events of a tracer with *settings* say of the experiment they belong to."""
    names = ("run_id", "dataset_id", "datapoint_id", "experiment_id", "experiment_name", "experiment_variant")
    named = {name: getattr(settings, name) for name in (*names, "experiment_group", "experiment_metadata")}
    return {name: value for name, value in named.items() if value is not None}


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
