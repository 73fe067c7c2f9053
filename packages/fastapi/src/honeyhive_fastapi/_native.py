"""FastAPI's own telemetry (0.142 and later), which must go on unchanged while ours runs inside it.

It is found in the scope, where it keeps what belongs to one request. Our events never become parents of its spans, which go
to another place; ours still find each other, because core keeps our nearest event beside the current span.
"""

from honeyhive.integration import Context, current_context
from opentelemetry import trace
from starlette.types import Scope


def below_native(scope: Scope, context: Context) -> Context:
    """*context*, in which a request arrived, with the native span as parent unless a remote one is known."""
    if scope.get("fastapi.telemetry") is None or trace.get_current_span(context).get_span_context().is_valid:
        return context
    return beside_native(scope, context)


def beside_native(scope: Scope, context: Context) -> Context:
    """*context* with what native telemetry put into the current one for this request; its span stays the current span."""
    telemetry = scope.get("fastapi.telemetry")
    if telemetry is None:
        return context
    current = current_context()
    span: trace.Span | None = getattr(telemetry, "span", None)
    if span is not None and trace.get_current_span(current) is span:
        # It made the current context from nothing but this request's headers.
        return trace.set_span_in_context(span, Context({**current, **context}))
    # Without a span it built on whatever was current, of which only its own entry belongs to this request.
    return Context({**{key: value for key, value in current.items() if value is telemetry}, **context})
