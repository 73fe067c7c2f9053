"""`HoneyHiveTracer`: settings, sessions, provider and account of one project in this process."""

import logging
import os
import sys
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, Unpack

from honeyhive import __about__, semconv
from honeyhive.events import otlp
from honeyhive.export.outlet import Stats
from honeyhive.lateload import late_imports
from honeyhive.runtime import runtime_for
from honeyhive.settings import Settings, TracerOptions
from honeyhive.tracing.channel import Channel, default_channel, set_default_channel
from honeyhive.tracing.enrichment import enrich_current_event, enrich_current_session
from honeyhive.tracing.session import SessionBlock, SessionScope, checked_session_id, session

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

_LOG: Final = logging.getLogger("honeyhive")
_FLUSH_TIMEOUT_MS: Final = 30_000
_SHUTDOWN_TIMEOUT_MS: Final = 5_000


class HoneyHiveTracer:
    """Records events of one project. The first tracer of a process is the default one, which `honeyhive.trace` uses.

    Making one opens no connection and starts no thread. Options are those of `honeyhive.settings.Settings`; raises
    `honeyhive.errors.ConfigurationError` for an unknown one, naming the nearest, and for values that cannot be used.
    """

    _environment: ClassVar[Mapping[str, str] | None] = None

    def __init__(self, **options: Unpack[TracerOptions]) -> None:
        self.settings = Settings.from_env(self._environment, **options)
        self.channel = self._open_channel()
        own = SessionScope(
            self.channel,
            name=self.settings.session_name or _program_name(),
            session_id=checked_session_id(self.settings.session_id),
        )
        own.unannounced = True
        self.channel.default_session = own
        if default_channel() is None:
            set_default_channel(self.channel)
        if not (self.settings.journal or self.settings.destination or self.settings.test_mode):
            _LOG.warning("honeyhive: events go nowhere: set HH_API_KEY, HH_OTLP_ENDPOINT or HH_JOURNAL=on")

    def _open_channel(self) -> Channel:
        runtime = runtime_for(self.settings)
        outlet = runtime.open_outlet(self.settings, self._encoded_resource)
        channel = Channel(
            self.settings,
            runtime.put_of(outlet),
            flush=lambda timeout_s: runtime.flush(outlet, timeout_s),
            stats=outlet.stats,
        )
        runtime.at_shutdown(channel.finish_default_session)
        return channel

    @classmethod
    def init(cls, **options: Unpack[TracerOptions]) -> Self:
        """A new tracer; the same as calling the class."""
        return cls(**options)

    @property
    def project(self) -> str | None:
        """The project that events are recorded for."""
        return self.settings.project

    @property
    def source(self) -> str:
        """The environment that events come from."""
        return self.settings.source

    @property
    def session_id(self) -> str:
        """The id of the process's own session, for events outside any request, task or `session` block."""
        return self._own_session.session_id

    @property
    def session_name(self) -> str:
        """The name of the process's own session."""
        return self._own_session.name

    @property
    def _own_session(self) -> SessionScope:
        own = self.channel.default_session
        if own is None:
            message = "the tracer was shut down"
            raise RuntimeError(message)
        return own

    @cached_property
    def provider(self) -> "TracerProvider":
        """An OpenTelemetry provider for instrumentors (``tracer_provider=tracer.provider``).

        Spans made on it become events of the session they run in. It is isolated: the global provider is never touched.
        """
        from honeyhive.tracing.provider import HoneyHiveProvider  # noqa: PLC0415  the SDK takes 54 ms to import

        return HoneyHiveProvider(self.channel, self._resource())

    def session(
        self,
        name: str | None = None,
        *,
        session_id: str | None = None,
        inputs: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        user_properties: Mapping[str, object] | None = None,
    ) -> SessionBlock:
        """A session of this tracer for the code inside the block; see `honeyhive.session`."""
        return session(
            name,
            session_id=session_id,
            inputs=inputs,
            metadata=metadata,
            user_properties=user_properties,
            channel=self.channel,
        )

    def enrich_span(self, **fields: Any) -> bool:
        """Add to the current event; see `honeyhive.enrich_span`."""
        return enrich_current_event(**fields)

    def enrich_session(self, **fields: Any) -> bool:
        """Add to the current session; see `honeyhive.enrich_session`."""
        return enrich_current_session(self.channel, **fields)

    def flush(self, timeout_millis: float = _FLUSH_TIMEOUT_MS) -> bool:
        """Whether everything accepted before the call was delivered within *timeout_millis*."""
        return self.channel.flush(timeout_millis / 1000)

    def force_flush(self, timeout_millis: float = _FLUSH_TIMEOUT_MS) -> bool:
        """The same as `flush`, under OpenTelemetry's name."""
        return self.flush(timeout_millis)

    def shutdown(self) -> None:
        """End the process's own session, deliver what can be delivered in five seconds, and record nothing more."""
        if self.channel.default_session is None:
            return
        self.channel.finish_default_session()
        self.flush(_SHUTDOWN_TIMEOUT_MS)
        self.channel.enabled = False
        self.channel.default_session = None
        if default_channel() is self.channel:
            set_default_channel(None)

    def stats(self) -> Stats:
        """What became of this tracer's events so far."""
        return self.channel.stats()

    def __repr__(self) -> str:
        return f"HoneyHiveTracer(project={self.project!r}, source={self.source!r}, destination={self.destination!r})"

    @property
    def destination(self) -> str:
        """Where events go: a URL, or the directory of the journal."""
        return self.settings.destination or str(self.settings.journal_dir)

    def _resource(self) -> "Resource":
        with late_imports():
            from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415  54 ms to import

            named = {semconv.SERVICE_NAME: self.settings.service_name} if self.settings.service_name else {}
            own = Resource({**named, semconv.PROCESS_PID: os.getpid(), "honeyhive.version": __about__.__version__})
            try:
                return Resource.create().merge(own)
            except RuntimeError:  # a program that is ending: the configured detectors would need threads of their own
                return OTELResourceDetector().detect().merge(own)

    def _encoded_resource(self) -> bytes:
        return otlp.resource(dict(self._resource().attributes))


def _program_name() -> str:
    program = Path(sys.argv[0]).stem if sys.argv and sys.argv[0] else ""
    return program if program and program not in {"-c", "-m"} else "python"


class _Making:
    """Held by the thread that makes the default tracer; free again in a child that is forked meanwhile."""

    lock = threading.Lock()


def _reset_after_fork() -> None:
    _Making.lock = threading.Lock()


os.register_at_fork(after_in_child=_reset_after_fork)


def default_tracer_channel() -> Channel:
    """The default channel; a tracer is made from the environment when there is none yet (adapters need no `init`)."""
    channel = default_channel()
    if channel is not None:
        return channel
    with _Making.lock:
        return default_channel() or HoneyHiveTracer.init().channel
