"""Sessions put together from events of any process, in any order."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from honeyhive import semconv
from honeyhive.events.event import Event, EventType, Status
from honeyhive.events.identity import event_id_of
from honeyhive.events.reader import Update
from honeyhive.events.totals import totals

_UNNAMED: Final = "session"
# Where a UUID says its version, and that of `event_id_of`.
_VERSION_PLACE: Final = 14
_DERIVED_VERSION: Final = "8"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session: its own event, which carries the totals in its metadata, and every event below it by start time."""

    root: Event
    events: tuple[Event, ...]

    @property
    def session_id(self) -> str:
        """The id that all its events share."""
        return self.root.session_id

    def children(self) -> Mapping[str, tuple[Event, ...]]:
        """The events below each event id, by start time; orphans are not in it."""
        below: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.parent_id is not None:
                below[event.parent_id].append(event)
        return {parent: tuple(events) for parent, events in below.items()}

    def orphans(self) -> tuple[Event, ...]:
        """Events whose parent is not in the session: lost, dropped or not written yet."""
        known = {self.root.event_id, *(event.event_id for event in self.events)}
        return tuple(event for event in self.events if event.parent_id not in known)

    def walk(self) -> Iterator[tuple[int, Event]]:
        """Each event with its depth, the session first, parents before children; orphans and cycles last, at depth 1."""
        below = self.children()
        pending = [(1, event) for event in reversed((*self.orphans(), *self.events))]
        pending.append((0, self.root))
        seen: set[str] = set()
        while pending:
            depth, event = pending.pop()
            if event.event_id in seen:  # what is still pending and not seen has no way up to the session: a cycle
                continue
            seen.add(event.event_id)
            yield depth, event
            pending.extend((depth + 1, child) for child in reversed(below.get(event.event_id, ())))


def assemble(items: Iterable[Event | Update]) -> list[Session]:
    """The sessions that *items* belong to, oldest first.

    Parts of one event merge by its id, the one that ended last winning; updates are folded in; a session whose own event
    is missing (its process still runs, or died) gets one made from its events, marked ``metadata.synthesized``.
    """
    merged: dict[str, Event] = {}
    updates: list[Update] = []
    for item in items:
        if isinstance(item, Update):
            updates.append(item)
            continue
        known = merged.get(item.event_id)
        merged[item.event_id] = item if known is None else _merged(known, item)
    grouped: defaultdict[str, list[Event]] = defaultdict(list)
    renamed = dict(filter(None, map(_renaming, merged.values())))
    for event in merged.values():
        above = renamed.get(event.parent_id or "")
        grouped[event.session_id].append(event if above is None else dataclasses.replace(event, parent_id=above))
    # Sessions of which nothing but an update is known yet are not shown.
    later: defaultdict[str, list[Update]] = defaultdict(list)
    for update in sorted(updates, key=lambda one: one.time):
        later[update.event_id].append(update)
    sessions = [_session(session_id, events, later) for session_id, events in grouped.items()]
    return sorted(sessions, key=lambda session: session.root.start_time)


def _renaming(event: Event) -> tuple[str, str] | None:
    """The id that other processes and third-party spans know *event* by, and its own, where a user gave it another."""
    trace_id, span_id = event.metadata.get("trace_id"), event.metadata.get("span_id")
    is_derived = event.event_id[_VERSION_PLACE : _VERSION_PLACE + 1] == _DERIVED_VERSION
    if is_derived or event.event_type is EventType.session:
        return None
    if not isinstance(trace_id, str) or not isinstance(span_id, str):
        return None
    try:
        return event_id_of(bytes.fromhex(trace_id), bytes.fromhex(span_id)), event.event_id
    except ValueError:  # metadata of a user's own
        return None


def _merged(one: Event, other: Event) -> Event:
    """Two parts of one event: the one that ended last wins, a session's keeps what the earlier one said besides."""
    first, last = sorted((one, other), key=lambda event: event.end_time)
    if last.event_type is not EventType.session:
        return last
    said = {name: {**getattr(first, name), **getattr(last, name)} for name in semconv.FIELDS}
    # A process that continues a session by its id need not know its name.
    name = first.event_name if last.event_name == _UNNAMED else last.event_name
    return dataclasses.replace(last, event_name=name, start_time=min(first.start_time, last.start_time), **said)


def _with_updates(event: Event, later: Mapping[str, list[Update]]) -> Event:
    for update in later.get(event.event_id, ()):
        event = _updated(event, update)
    return event


def _updated(event: Event, update: Update) -> Event:
    changes: dict[str, Any] = {
        name: {**getattr(event, name), **values} for name, values in update.fields.items() if values
    }
    if update.error is not None:
        changes["error"] = update.error
    return dataclasses.replace(event, **changes)


def _session(session_id: str, events: list[Event], later: Mapping[str, list[Update]]) -> Session:
    below = [_with_updates(event, later) for event in events if event.event_id != session_id]
    below.sort(key=lambda event: event.start_time)
    own = next((event for event in events if event.event_id == session_id), None)
    if own is None:
        own = _synthesized(session_id, below)
    own = _with_updates(own, later)
    children: defaultdict[str, list[str]] = defaultdict(list)
    for event in below:
        if event.parent_id is not None:
            children[event.parent_id].append(event.event_id)
    root = dataclasses.replace(
        own,
        end_time=max(own.end_time, *(event.end_time for event in below)) if below else own.end_time,
        metadata={**own.metadata, **_partial(below), **totals(below)},
        children_ids=tuple(children[session_id]),
    )
    linked = tuple(dataclasses.replace(event, children_ids=tuple(children[event.event_id])) for event in below)
    return Session(root=root, events=linked)


def _partial(below: Iterable[Event]) -> dict[str, bool]:
    """What a session is called of which sampling kept only some events: they say so, wherever its own event is."""
    return {"partial": True} if any(event.metadata.get("partial") is True for event in below) else {}


def _synthesized(session_id: str, events: list[Event]) -> Event:
    first = events[0]
    failed = any(event.parent_id == session_id and event.error is not None for event in events)
    return Event(
        event_id=session_id,
        session_id=session_id,
        event_type=EventType.session,
        event_name=first.event_name,
        start_time=first.start_time,
        end_time=first.end_time,
        project=first.project,
        source=first.source,
        metadata={"synthesized": True, semconv.STATUS: str(Status.ERROR if failed else Status.OK)},
    )
