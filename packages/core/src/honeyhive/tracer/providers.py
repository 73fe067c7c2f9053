"""OpenTelemetry's global provider, which is only ever set when somebody asks for it (design decision 6)."""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import NoOpTracerProvider, ProxyTracerProvider, TracerProvider

from honeyhive.errors import ConfigurationError


def get_global_provider(tracer_instance: object = None) -> TracerProvider:  # noqa: ARG001  1.x's signature
    """OpenTelemetry's global provider."""
    return trace.get_tracer_provider()


def set_global_provider(
    provider: TracerProvider,
    force_override: bool = False,
    tracer_instance: object = None,  # noqa: ARG001  1.x's signature
) -> None:
    """Make *provider* OpenTelemetry's global one.

    Raises `ConfigurationError` when there is one already, unless *force_override*: its spans would go elsewhere from then
    on, and nobody would have said so.
    """
    current = trace.get_tracer_provider()
    if current is provider:
        return
    if isinstance(current, (ProxyTracerProvider, NoOpTracerProvider)) or force_override:
        _forget_global_provider()
        if not isinstance(provider, ProxyTracerProvider):  # a proxy asks the global provider: it stands for "none"
            trace.set_tracer_provider(provider)
        return
    message = (
        f"OpenTelemetry's global provider is a {type(current).__name__} already; give instrumentors tracer.provider, "
        "or pass force_override=True"
    )
    raise ConfigurationError(message)


def release_global_provider(provider: TracerProvider) -> None:
    """Let there be no global provider any more where *provider* is it, as 1.x did at the end of its tracer."""
    if trace.get_tracer_provider() is provider:
        _forget_global_provider()


def _forget_global_provider() -> None:
    # OpenTelemetry lets the provider be set once a process and has no public way back.
    module: Any = trace
    once = getattr(module, "_TRACER_PROVIDER_SET_ONCE", None)
    if once is not None:
        once._done = False  # noqa: SLF001  see above
        module._TRACER_PROVIDER = None  # noqa: SLF001  see above
