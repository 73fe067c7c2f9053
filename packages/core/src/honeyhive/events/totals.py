"""What a session's model calls come to: each provider call counts once, where it is known best."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from honeyhive import semconv
from honeyhive.events.event import Event, EventType

_TOKENS: Final = (semconv.PROMPT_TOKENS, semconv.COMPLETION_TOKENS, semconv.TOTAL_TOKENS)


def totals(events: Iterable[Event]) -> dict[str, Any]:
    """Counts and sums over *events* of one session: tokens and cost of its model calls.

    A model event with a model event below it, at any depth, is a step around the call and counts as a chain: only the
    innermost are calls (design decision 11). Tokens and cost are taken from the innermost that tell them, so an
    instrumentation that does not see the usage hides nothing that one around it saw. ``cost`` is None, not zero, when no call
    has a price; ``unpriced_model_events`` says how many have none.
    """
    counted = list(events)
    by_id = {event.event_id: event for event in counted}
    models = {event.event_id: event for event in counted if event.event_type is EventType.model}
    calls = _innermost(models, by_id)
    reporting = _innermost({key: event for key, event in models.items() if _tells_tokens(event)}, by_id)
    priced = _innermost({key: event for key, event in models.items() if _cost(event) is not None}, by_id)
    costs = [cost for cost in map(_cost, priced.values()) if cost is not None]
    tokens = [_tokens(event) for event in reporting.values()]
    covered = _above(calls, by_id, priced)
    return {
        "num_events": len(counted),
        "num_model_events": len(calls),
        **{name: sum(told[name] for told in tokens) for name in _TOKENS},
        semconv.COST: sum(costs) if costs else None,
        "unpriced_model_events": len(calls) - covered,
    }


def _innermost(models: Mapping[str, Event], by_id: Mapping[str, Event]) -> dict[str, Event]:
    """Those of *models* with none of *models* below them."""
    around: set[str] = set()
    seen: set[str] = set()
    for event in models.values():
        above = event.parent_id
        # What is above a place that was passed before is known already, and a cycle ends where it was entered.
        while above is not None and above not in seen and above != event.event_id:
            seen.add(above)
            if above in models:
                around.add(above)
            parent = by_id.get(above)
            above = None if parent is None else parent.parent_id
    return {key: event for key, event in models.items() if key not in around}


def _above(calls: Mapping[str, Event], by_id: Mapping[str, Event], priced: Mapping[str, Event]) -> int:
    """How many of *calls* have a price, or are inside an event that has one for them."""
    known: dict[str, bool] = {}
    for event in calls.values():
        passed: list[str] = []
        place: str | None = event.event_id
        while place is not None and place not in known and place not in priced:
            known[place] = False
            passed.append(place)
            parent = by_id.get(place)
            place = None if parent is None else parent.parent_id
        is_covered = place is not None and (place in priced or known[place])
        known.update(dict.fromkeys(passed, is_covered))
    return sum(key in priced or known.get(key, False) for key in calls)


def _tells_tokens(event: Event) -> bool:
    return any(_number(event, name) is not None for name in _TOKENS)


def _tokens(event: Event) -> dict[str, float]:
    """The tokens that *event* tells; a total that it leaves out is the sum of its parts."""
    told = {name: _number(event, name) for name in _TOKENS}
    parts = (told[semconv.PROMPT_TOKENS] or 0) + (told[semconv.COMPLETION_TOKENS] or 0)
    total = told[semconv.TOTAL_TOKENS]
    found = {name: value or 0 for name, value in told.items()}
    found[semconv.TOTAL_TOKENS] = parts if total is None else total
    return found


def _cost(event: Event) -> float | None:
    return _number(event, semconv.COST)


def _number(event: Event, name: str) -> float | None:
    """What *event* says of *name* in its metadata, where it is a number: a user may have written anything there."""
    value = event.metadata.get(name)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if type(value) is int else None
