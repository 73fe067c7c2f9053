"""`HoneyHiveTracer`, put together."""

import logging
import os
import threading
from typing import Final, Self, Unpack

from honeyhive.config.arguments import ConfigObject
from honeyhive.errors import ConfigurationError
from honeyhive.settings import TracerOptions
from honeyhive.tracer.carriers import TracerCarriers
from honeyhive.tracer.lifecycle import TracerLifecycle
from honeyhive.tracer.providers import set_global_provider
from honeyhive.tracer.registry import register
from honeyhive.tracer.sessions import TracerSessions
from honeyhive.tracer.spans import TracerSpans
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.utils.logger import get_logger

_LOG: Final = logging.getLogger("honeyhive")


class HoneyHiveTracer(TracerSpans, TracerSessions, TracerCarriers, TracerLifecycle):
    """Records events of one project. The first tracer of a process is the default one, which `honeyhive.trace` uses.

    Making one opens no connection and starts no thread. Options are those of `honeyhive.settings.Settings`, and *config*,
    *session_config* and *evaluation_config* of 1.x (`honeyhive.config.models`): a single option wins over the session's
    config, that over the evaluation's, that over the tracer's, that over the environment. Raises
    `honeyhive.errors.ConfigurationError` for an unknown option, naming the nearest, and for values that cannot be used.
    """

    def __init__(
        self,
        config: ConfigObject | None = None,
        session_config: ConfigObject | None = None,
        evaluation_config: ConfigObject | None = None,
        **options: Unpack[TracerOptions],
    ) -> None:
        super().__init__(config, session_config, evaluation_config, **options)
        self._activate_instrumentors()
        if self.settings.set_global:
            self._become_global()
        register(self)
        self._begin()

    def _become_global(self) -> None:
        try:
            set_global_provider(self.provider)
        except ConfigurationError:  # there will be no tracer that could undo it
            self._deactivate_instrumentors()
            raise

    def _begin(self) -> None:
        """Do what the settings want done at once."""
        settings = self.settings
        if settings.verbose:
            get_logger("honeyhive", verbose=True)
        if not settings.disable_http_tracing:
            from honeyhive.http_clients import patch_httpx  # noqa: PLC0415  httpx takes a quarter of a second to import

            patch_httpx(self)
        _LOG.debug("honeyhive: a tracer of project %s, source %s, to %s", self.project, self.source, self.destination)

    @classmethod
    def init(
        cls,
        config: ConfigObject | None = None,
        session_config: ConfigObject | None = None,
        evaluation_config: ConfigObject | None = None,
        **options: Unpack[TracerOptions],
    ) -> Self:
        """A new tracer; the same as calling the class."""
        return cls(config, session_config, evaluation_config, **options)


class _Making:
    """Held by the thread that makes the default tracer; free again in a child that is forked meanwhile."""

    # Reentrant: an instrumentor that is activated, or a signal handler, may start a session and ask for the tracer again.
    lock = threading.RLock()


def _reset_after_fork() -> None:
    _Making.lock = threading.RLock()


os.register_at_fork(after_in_child=_reset_after_fork)


def default_tracer_channel() -> Channel:
    """The default channel; a tracer is made from the environment when there is none yet (adapters need no `init`)."""
    channel = default_channel()
    if channel is not None:
        return channel
    with _Making.lock:
        return default_channel() or HoneyHiveTracer.init().channel
