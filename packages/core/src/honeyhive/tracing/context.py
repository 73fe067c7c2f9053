"""The OpenTelemetry context: the keys this suite keeps in it, and quick access to the current one."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Final, cast

from opentelemetry import context as otel_context
from opentelemetry.context import Context, create_key
from opentelemetry.trace.propagation import set_span_in_context
from opentelemetry.trace.span import NonRecordingSpan, Span, SpanContext

# OpenTelemetry keeps the current span under a key that it makes anew in each process; it is read back from a context.
SPAN_KEY: Final = next(iter(set_span_in_context(NonRecordingSpan(SpanContext(0, 0, is_remote=False)), Context())))
EVENT_KEY: Final = create_key("honeyhive-event")
SESSION_KEY: Final = create_key("honeyhive-session")
CLAIM_KEY: Final = create_key("honeyhive-claimed-session")
REMOTE_EVENT_KEY: Final = create_key("honeyhive-remote-event")
LINK_KEY: Final = create_key("honeyhive-linked-span")
SUPPRESS_KEY: Final = getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", "suppress_instrumentation")


def _context_variable() -> ContextVar[Context] | None:
    # The default runtime context is one ContextVar; reading it directly costs a third of the public functions
    # (`facts/performance.md` §3). Any other runtime (OTEL_PYTHON_CONTEXT) goes through the public functions.
    variable = getattr(getattr(otel_context, "_RUNTIME_CONTEXT", None), "_current_context", None)
    return cast("ContextVar[Context]", variable) if isinstance(variable, ContextVar) else None


_variable: Final = _context_variable()

current_context: Callable[[], Context]
attach: Callable[[Context], Token[Context]]
_reset: Callable[[Token[Context]], None]
if _variable is not None:
    current_context, attach, _reset = _variable.get, _variable.set, _variable.reset
else:
    current_context, attach, _reset = otel_context.get_current, otel_context.attach, otel_context.detach


def detach(token: Token[Context], previous: Context) -> None:
    """Make *previous* current again, with *token* where it belongs to this thread of control, else by setting it.

    A token cannot be reset in a context other than its own: code that a framework resumes elsewhere (asgiref, generators
    closed by the garbage collector) ends there, and OpenTelemetry would log an error.
    """
    try:
        _reset(token)
    except ValueError:
        attach(previous)


@contextmanager
def attached(context: Context) -> Generator[None]:
    """*context* as the current one inside the block, and the one before after it."""
    previous = current_context()
    token = attach(context)
    try:
        yield
    finally:
        detach(token, previous)


def span_of(context: Context) -> Span | None:
    """The span that is current in *context*, ours or anybody's."""
    span: Any = context.get(SPAN_KEY)
    return span


def with_values(context: Context, values: dict[str, Any]) -> Context:
    """*context* with *values* added."""
    return Context({**context, **values})


def is_suppressed() -> bool:
    """Whether instrumentation is suppressed in the current context (OpenTelemetry's own key)."""
    return bool(current_context().get(SUPPRESS_KEY))


@contextmanager
def suppress() -> Generator[None]:
    """Record nothing inside the block, from us or from any OpenTelemetry instrumentation that honours its key."""
    with attached(with_values(current_context(), {SUPPRESS_KEY: True})):
        yield
