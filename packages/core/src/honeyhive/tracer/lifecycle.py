"""Delivery on demand, and the end of a tracer."""

from typing import TYPE_CHECKING, Final

from honeyhive.tracer.core import TracerCore
from honeyhive.tracer.providers import release_global_provider
from honeyhive.tracer.registry import flush_all
from honeyhive.tracing.channel import default_channel, set_default_channel

if TYPE_CHECKING:
    from honeyhive.tracing.instrumentors import Active

FLUSH_TIMEOUT_MS: Final = 30_000
_SHUTDOWN_TIMEOUT_MS: Final = 5_000


class TracerLifecycle(TracerCore):
    """`HoneyHiveTracer`'s methods that deliver and end."""

    _active_instrumentors: "tuple[Active, ...]" = ()

    def _activate_instrumentors(self) -> None:
        settings = self.settings
        if not (settings.instrument or settings.instrumentors) or not self.channel.enabled:
            return
        from honeyhive.tracing.instrumentors import activate  # noqa: PLC0415  most programs ask for none

        self._active_instrumentors = tuple(activate(settings.instrument, settings.instrumentors, self.provider))

    def _deactivate_instrumentors(self) -> None:
        if self._active_instrumentors:
            from honeyhive.tracing.instrumentors import deactivate  # noqa: PLC0415  loaded when they were activated

            deactivate(self._active_instrumentors)
            self._active_instrumentors = ()

    def _undo_patches(self) -> None:
        """Leave the program's libraries as they were."""
        self._deactivate_instrumentors()
        if not self.settings.disable_http_tracing:
            from honeyhive.http_clients import unpatch_httpx  # noqa: PLC0415  loaded when it was patched

            unpatch_httpx(self)

    def flush(self, timeout_millis: float = FLUSH_TIMEOUT_MS) -> bool:
        """Whether everything accepted before the call was delivered within *timeout_millis*."""
        return self.channel.flush(timeout_millis / 1000)

    def force_flush(self, timeout_millis: float = FLUSH_TIMEOUT_MS) -> bool:
        """The same as `flush`, under OpenTelemetry's name."""
        return self.flush(timeout_millis)

    async def aflush(self, timeout_millis: float = FLUSH_TIMEOUT_MS) -> bool:
        """The same as `flush`, in a thread: the event loop goes on meanwhile."""
        import asyncio  # noqa: PLC0415  40 ms to import, and who awaits this has it

        return await asyncio.to_thread(self.flush, timeout_millis)

    @classmethod
    def flush_all(cls, timeout_millis: float = FLUSH_TIMEOUT_MS) -> bool:
        """Whether everything that any tracer of the process had accepted was delivered within *timeout_millis*."""
        return flush_all(timeout_millis)

    def shutdown(self) -> None:
        """End the process's own session, deliver what can be delivered in five seconds, and record nothing more."""
        if self.channel.default_session is None:
            return
        self._undo_patches()
        self.channel.finish_default_session()
        provider = self.__dict__.get("provider")
        if provider is None:
            self.flush(_SHUTDOWN_TIMEOUT_MS)
        else:  # with the processors that were added to it
            provider.shutdown()
            release_global_provider(provider)
        self.channel.enabled = False
        self._ended_session, self.channel.default_session = self.own_session, None
        if default_channel() is self.channel:
            set_default_channel(None)

    @classmethod
    def reset(cls) -> None:
        """Nothing; 1.x has it. Tracers share no state that could be reset."""
