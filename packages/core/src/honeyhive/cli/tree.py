"""The events of a session as rows of a tree, with the part of the session in which each ran: pure."""

import dataclasses
from collections.abc import Sequence
from typing import Final

from honeyhive.events.event import Event
from honeyhive.events.sessions import Session

_MAX_DEPTH: Final = 24
_HALVES: Final = {(True, True): "━", (True, False): "╸", (False, True): "╺", (False, False): " "}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One event: its lines of the tree, and when it ran, as fractions of the time that the whole tree took."""

    event: Event
    guide: str
    guide_below: str
    start: float
    end: float
    is_orphan: bool


def rows(session: Session) -> list[Row]:
    """The rows of *session*, its own event first, parents before their children."""
    walked = list(session.walk())
    orphans = {event.event_id for event in session.orphans()}
    first = min(event.start_time for _, event in walked)
    last = max(event.end_time for _, event in walked)
    span = last - first or 1.0
    return [
        Row(
            event=event,
            guide=guide,
            guide_below=guide_below,
            start=(event.start_time - first) / span,
            end=(event.end_time - first) / span,
            is_orphan=event.event_id in orphans,
        )
        for (_, event), (guide, guide_below) in zip(walked, _guides([depth for depth, _ in walked]), strict=True)
    ]


def _guides(depths: Sequence[int]) -> list[tuple[str, str]]:
    """The lines before each event of a walk, and before what stands below it; told from the end, where siblings are known."""
    guides: list[tuple[str, str]] = []
    goes_on: list[bool] = []  # for each depth, whether another event follows at it
    deeper = -1
    for depth in reversed(depths):
        has_children = deeper > depth
        del goes_on[depth + 1 :]
        goes_on.extend([False] * (depth + 1 - len(goes_on)))
        above = "".join("│ " if line else "  " for line in goes_on[1:depth][:_MAX_DEPTH])
        own = ("├ " if goes_on[depth] else "└ ") if depth else ""
        below = ("│ " if goes_on[depth] else "  ") if depth else ""
        guides.append((above + own, above + below + ("│ " if has_children else "  ")))
        goes_on[depth] = True
        deeper = depth
    return guides[::-1]


def bar(start: float, end: float, *, width: int) -> str:
    """A line of *width* cells that is drawn from *start* to *end* (fractions of it), at least half a cell long."""
    halves = 2 * width
    first = min(int(start * halves), halves - 1)
    last = max(round(end * halves), first + 1)
    drawn = [first <= half < last for half in range(halves)]
    return "".join(_HALVES[left, right] for left, right in zip(drawn[::2], drawn[1::2], strict=True))
