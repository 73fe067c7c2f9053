"""How much one event may have: keys and attributes, span events, links. What does not fit is counted where OTLP has a place."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from honeyhive.events.wire import varint
from honeyhive.settings import Settings

T = TypeVar("T")

# `dropped_attributes_count`, `dropped_events_count` and `dropped_links_count` of Span; the tag of `links`.
_DROPPED_ATTRIBUTES: Final = b"\x50"
_DROPPED_EVENTS: Final = b"\x60"
_DROPPED_LINKS: Final = b"\x70"
_LINK: Final = b"\x6a"
_NUMBERED: Final = re.compile(r"\.\d+(\.|$)")
_CONVENTIONS: Final = ("gen_ai.", "honeyhive", "langfuse.", "langsmith.", "llm.", "openinference.", "traceloop.")


def limited_attributes(
    fields: Mapping[str, T], attributes: Mapping[str, bytes], most: int
) -> tuple[Sequence[T], Sequence[bytes], list[bytes]]:
    """The first *most* of the keys of an event's *fields*, then of its *attributes*; and the count of the others."""
    excess = len(fields) + len(attributes) - most
    if excess <= 0:
        return list(fields.values()), list(attributes.values()), []
    kept = list(islice(fields.values(), most))
    return kept, list(islice(attributes.values(), most - len(kept))), [_DROPPED_ATTRIBUTES + varint(excess)]


def limited_others(attributes: Mapping[str, Any], most: int) -> tuple[Mapping[str, Any], int]:
    """*most* of the *attributes* of a third party's span, and how many there are besides.

    A long conversation is thousands of them, the first of which say what the span is. So the oldest of numbered ones
    (messages, documents) go first, then what no convention knows.
    """
    excess = len(attributes) - most
    if excess <= 0:
        return attributes, 0
    gone = set(sorted(attributes, key=_worth)[:excess])  # which keeps the order of equals
    return {key: value for key, value in attributes.items() if key not in gone}, excess


def _worth(key: str) -> int:
    if _NUMBERED.search(key):
        return 0
    return 2 if key.startswith(_CONVENTIONS) else 1


def limited_points(
    points: list[bytes], dropped: tuple[int, int], settings: Settings
) -> tuple[list[bytes], tuple[int, int]]:
    """The last span events and links of *points* that fit, and how many did not, *dropped* before included.

    The last ones, because an event's end (its exception) says more than its beginning.
    """
    if len(points) <= min(settings.max_events, settings.max_links):
        return points, dropped
    links = [point for point in points if point.startswith(_LINK)]
    events = [point for point in points if not point.startswith(_LINK)]
    kept_events, kept_links = events[-settings.max_events :], links[-settings.max_links :]
    counts = (dropped[0] + len(events) - len(kept_events), dropped[1] + len(links) - len(kept_links))
    return [*kept_events, *kept_links], counts


def point_counts(dropped: tuple[int, int]) -> list[bytes]:
    """The fields that count span events and links that are not there."""
    tagged = zip((_DROPPED_EVENTS, _DROPPED_LINKS), dropped, strict=True)
    return [tag + varint(count) for tag, count in tagged if count]
