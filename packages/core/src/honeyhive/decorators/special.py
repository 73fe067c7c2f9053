"""What an event seldom has: values given before the call, an id, an error, a session, project or source of its own."""

from typing import cast

from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from honeyhive.decorators.options import TraceOptions
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.context import SESSION_KEY, current_context, with_values
from honeyhive.tracing.lineage import mark_orphan
from honeyhive.tracing.session import SessionScope
from honeyhive.tracing.span import OpenEvent


def in_named_session(channel: Channel, context: Context, options: TraceOptions) -> Context:
    """*context* inside the session that *options* name, which somebody else writes the event of."""
    scope = SessionScope(channel, name=options.session_name, session_id=options.session_id, owned=False)
    return with_values(context, {SESSION_KEY: scope})


def specialise(event: OpenEvent, options: TraceOptions) -> None:
    """Give *event* what *options* say of it beyond its function."""
    if options.fields:
        event.merge(options.fields)
    for key, value in options.attributes.items():
        event.set_attribute(key, cast("AttributeValue", value))
    if options.error is not None:
        event.note_error(options.error)
    if options.event_id is not None:
        event.name_self(options.event_id)
    if options.session_id is not None and not event.parent_span_id and SESSION_KEY not in current_context():
        mark_orphan(event)
    if options.session_name is not None:
        _name_session(event, options.session_name)
    if options.project is not None or options.source is not None:
        event.label(project=options.project, source=options.source)


def _name_session(event: OpenEvent, name: str) -> None:
    """Name the session of *event*; where its event is not ours to write, the name stays with *event*."""
    if event.session.owned and not event.session.finished:
        event.session.name = name
    else:
        event.merge({"metadata": {"session_name": name}})
