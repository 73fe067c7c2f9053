"""The propagation of this suite as OpenTelemetry's propagator interface, for ``tracer.propagator`` and instrumentors."""

from collections.abc import Callable
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind

from honeyhive.guard import guard
from honeyhive.tracing.carriers import CARRIED, TRACEPARENT
from honeyhive.tracing.channel import Channel, default_channel
from honeyhive.tracing.context import current_context, span_of, with_values
from honeyhive.tracing.propagation import extract, inject

# Where HTTP client instrumentations, old and new, say whom a request goes to.
_URL_ATTRIBUTES: Final = ("url.full", "http.url")
_UNKNOWN_URL: Final = ""


class HoneyHivePropagator(TextMapPropagator):
    """Trace Context, Baggage and the signed session under one rule for what is believed and what is told.

    As the global propagator (``opentelemetry.propagate.set_global_textmap``) it gives that rule to everybody's
    instrumentations: an HTTP client's span says whom the request goes to, and session and baggage stay here where that host
    may not know them or where it is not said.
    """

    def __init__(self, channel: Callable[[], Channel | None] = default_channel) -> None:
        self._channel = channel

    def extract(
        self, carrier: CarrierT, context: Context | None = None, getter: Getter[CarrierT] = default_getter
    ) -> Context:
        """*context* (an empty one unless given) with what *carrier* brings; see `honeyhive.integration.extract`."""
        base = Context() if context is None else context
        with guard("read propagated headers"):
            fields: dict[str, str] = {}
            for name in CARRIED:
                values = getter.get(carrier, name)
                if values and (name != TRACEPARENT or len(values) == 1):
                    fields[name] = ",".join(values)
            return with_values(base, extract(self._channel(), fields)) if fields else base
        return base

    def inject(
        self, carrier: CarrierT, context: Context | None = None, setter: Setter[CarrierT] = default_setter
    ) -> None:
        """Write what *context* (the current one unless given) carries; see `honeyhive.integration.inject`."""
        with guard("propagate a session"):
            context = current_context() if context is None else context
            fields: dict[str, str] = {}
            inject(self._channel(), fields, url=_url_of(span_of(context)), context=context)
            for name, value in fields.items():
                setter.set(carrier, name, value)

    @property
    def fields(self) -> set[str]:
        """The names that `inject` writes."""
        return set(CARRIED)


def _url_of(span: Span | None) -> str | None:
    """The URL of a third party's client span; unknown ("") when it has none, and None when *span* is no client's.

    A span that records nothing does not say what it is: it may be that of an HTTP client whose provider did not sample it.
    """
    if isinstance(span, NonRecordingSpan):
        return _UNKNOWN_URL
    if getattr(span, "kind", None) is not SpanKind.CLIENT:
        return None
    attributes: Any = getattr(span, "attributes", None) or {}
    return next((str(attributes[name]) for name in _URL_ATTRIBUTES if name in attributes), _UNKNOWN_URL)
