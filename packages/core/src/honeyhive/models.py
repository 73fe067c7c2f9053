"""The data that users name: event types, usage, the event record."""

from honeyhive.events.event import Event, EventType, Status, Usage

__all__ = ["Event", "EventType", "Status", "Usage"]
