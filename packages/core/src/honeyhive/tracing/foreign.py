"""A third party's span that was taken in: what is known of it while it is open, kept on the span object itself."""

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from honeyhive.tracing.channel import Channel
    from honeyhive.tracing.session import SessionScope
    from honeyhive.tracing.span import OpenEvent

# The name of the attribute; instrumentors wrap spans in proxies, which pass it on.
ATTRIBUTE: Final = "_honeyhive"


class ForeignSpan:
    """Where an open span of a third party belongs.

    ``parent_id`` is the event above it where OpenTelemetry's parent is not that event. ``at_start`` is what was said of it when
    it started, where its provider may forget that. ``begins_session`` says that the
    session ends with the span. A span that is left out (``is_left_out``: filtered, or a second one for the same call) is
    not recorded; what is below it names ``stand_in`` as its parent.
    """

    __slots__ = (
        "above",
        "at_start",
        "begins_session",
        "channel",
        "has_model",
        "is_left_out",
        "parent_id",
        "session",
        "span",
        "stand_in",
    )

    def __init__(self, channel: "Channel", session: "SessionScope", span: Any) -> None:
        self.span = weakref.ref(span)  # which has this one
        self.channel = channel
        self.session = session
        self.at_start: Mapping[str, Any] = {}
        self.parent_id: str | None = None
        self.above: ForeignSpan | OpenEvent | None = None
        self.begins_session = False
        self.has_model = False
        self.is_left_out = False
        self.stand_in: str | None = None

    def contains_model(self) -> None:
        """Note that the span has a model event below it: it will be a chain without usage, and so will those above."""
        span: ForeignSpan | OpenEvent | None = self
        while isinstance(span, ForeignSpan):
            span.has_model = True
            span = span.above
        if span is not None:
            span.contains_model()


def foreign_of(span: object) -> ForeignSpan | None:
    """What is known of *span*; None when it is none of a third party's that we take in."""
    if span is None:
        return None
    found = getattr(span, ATTRIBUTE, None)
    return found if type(found) is ForeignSpan else None


def foreign_session(span: object) -> "SessionScope | None":
    """The session that *span* of a third party is in, if we take it in."""
    found = foreign_of(span)
    return None if found is None else found.session
