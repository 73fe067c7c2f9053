"""What a session of the demo must be: whole, connected from the request to the model, and paid for once."""

from collections.abc import Iterator
from typing import Final

from honeyhive.events.event import Event, EventType
from honeyhive.events.sessions import Session
from honeyhive.events.totals import totals

_LEAST_PROCESSES: Final = 3
_TOTALS: Final = ("prompt_tokens", "completion_tokens", "total_tokens", "cost")
# One event after the other from the request down to the second service's model call.
_CHAIN: Final = ("POST /ask", "send ", "process ", "tools", "search_documentation", "GET /pages/", "summarise_page")


def faults(session: Session) -> list[str]:
    """What is wrong with *session*, in words; an empty list when it is whole."""
    found = [*_structure(session), *_chain(session)]
    for event in session.events:
        if event.event_type is EventType.model:
            found.extend(f"{event.event_name}: {fault}" for fault in _model(event))
    sums = totals(session.events)
    found.extend(
        f"the session's {name} is not the sum of its model calls"
        for name in _TOTALS
        if session.root.metadata[name] != sums[name]
    )
    return found


def _structure(session: Session) -> Iterator[str]:
    events = (session.root, *session.events)
    if session.root.metadata.get("synthesized"):
        yield "its own event is missing"
    if {event.session_id for event in events} != {session.session_id}:
        yield "its events name several sessions"
    if len({event.event_id for event in events}) != len(events):
        yield "event ids repeat"
    if [event for event in events if event.parent_id is None] != [session.root]:
        yield "it has more than one top event"
    for orphan in session.orphans():
        yield f"the parent of {orphan.event_name} is missing"
    for event in events:
        if not event.start_time <= event.end_time or event.start_time <= 0:
            yield f"{event.event_name} has no end"
        if event.error is not None:
            yield f"{event.event_name} failed: {event.error}"
    processes = {event.metadata.get("process.pid") for event in events} - {None}
    if len(processes) < _LEAST_PROCESSES:
        yield f"it crossed {len(processes)} processes, not {_LEAST_PROCESSES}"


def _chain(session: Session) -> Iterator[str]:
    """Follow parents from the second service's model call up to the session, through every kind of event."""
    by_id = {event.event_id: event for event in session.events}
    above: list[str] = []
    event = next((event for event in session.events if event.event_name == _CHAIN[-1]), None)
    while event is not None:
        above.append(event.event_name)
        event = by_id.get(event.parent_id or "")
    names = iter(reversed(above))
    for link in _CHAIN:
        if not any(name.startswith(link) for name in names):
            yield f"no {link.strip()!r} between the request and the model: {' > '.join(reversed(above)) or 'no model call'}"
            return


def _model(event: Event) -> Iterator[str]:
    if not event.config.get("model"):
        yield "no model name"
    if not event.inputs.get("chat_history") or not (event.outputs.get("content") or event.outputs.get("tool_calls")):
        yield "no messages"
    if not event.metadata.get("prompt_tokens") or not event.metadata.get("completion_tokens"):
        yield "no token counts"
    if not event.metadata.get("cost"):
        yield "no cost"
