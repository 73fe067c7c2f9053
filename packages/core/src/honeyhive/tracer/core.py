"""What a tracer is made of: settings, a channel, the process's own session, a provider."""

import logging
import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final, Unpack, cast

from opentelemetry.context import Context

from honeyhive.config.arguments import ConfigObject, merged
from honeyhive.events import otlp
from honeyhive.export.outlet import Stats
from honeyhive.runtime import runtime_for
from honeyhive.settings import Settings, TracerOptions
from honeyhive.tracer.resource import program_name, resource_of
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import SESSION_KEY
from honeyhive.tracing.distributed import extract_context
from honeyhive.tracing.session import SessionScope, checked_session_id
from honeyhive.tracing.subprocesses import join_parent_process

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_LOG: Final = logging.getLogger("honeyhive")


class TracerCore:
    """The part of `HoneyHiveTracer` that its other parts build on."""

    _environment: ClassVar[Mapping[str, str] | None] = None

    def __init__(
        self,
        config: ConfigObject | None = None,
        session_config: ConfigObject | None = None,
        evaluation_config: ConfigObject | None = None,
        **options: Unpack[TracerOptions],
    ) -> None:
        values = merged(options, config=config, session_config=session_config, evaluation_config=evaluation_config)
        carrier = values.pop("link_carrier", None)
        environment = os.environ if self._environment is None else self._environment
        self.settings = Settings.from_env(environment, **values)
        wanted = checked_session_id(self.settings.session_id)
        self.channel = self._open_channel()
        self.channel.owner = self
        carried = None if carrier is None else self._continue(carrier, wanted)
        if carrier is None:
            carried = join_parent_process(self.channel, environment, session_id=wanted)
        self.channel.default_session = carried or self._own_session_called(wanted)
        self._ended_session = self.channel.default_session  # what a tracer that was shut down still tells of
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
            refuse=runtime.refusal_of(outlet),
        )
        outlet.claims = channel.claims
        runtime.at_shutdown(channel.finish)
        return channel

    def _encoded_resource(self) -> bytes:
        return otlp.resource(dict(resource_of(self.settings).attributes))

    def _continue(self, carrier: object, wanted: str | None) -> SessionScope | None:
        """Let events that nothing else is the parent of continue what *carrier* brings; its session, unless another is *wanted*."""
        context = extract_context(self.channel, carrier)
        if context is None:
            return None
        self.channel.origin = Context({key: value for key, value in context.items() if key != SESSION_KEY})
        carried = cast("SessionScope | None", context.get(SESSION_KEY))
        return carried if wanted is None else None

    def _own_session_called(self, session_id: str | None) -> SessionScope:
        settings = self.settings
        own = SessionScope(
            self.channel,
            name=settings.session_name or program_name(),
            session_id=session_id,
            owned=session_id is None or not settings.skip_backend_session_creation,
            said={"inputs": settings.inputs},
        )
        own.unannounced = own.owned
        return own

    @property
    def own_session(self) -> SessionScope:
        """The session of the process, for events outside any request, task or `session` block."""
        return self.channel.default_session or self._ended_session

    @cached_property
    def provider(self) -> "TracerProvider":
        """An OpenTelemetry provider for instrumentors (``tracer_provider=tracer.provider``).

        Spans made on it become events of the session they run in. It is isolated: the global provider is never touched.
        """
        from honeyhive.tracing.provider import HoneyHiveProvider  # noqa: PLC0415  the SDK takes 54 ms to import

        return HoneyHiveProvider(self.channel, resource_of(self.settings))

    def stats(self) -> Stats:
        """What became of this tracer's events so far."""
        return self.channel.stats()
