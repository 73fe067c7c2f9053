"""Which batches are tried next: everything arrives in the end but what is at fault itself."""

import random
from collections.abc import Iterable

from honeyhive.events import otlp
from honeyhive.events.decode import decode_request
from honeyhive.export.account import Account
from honeyhive.export.batch import Batch
from honeyhive.export.lane import Lane
from honeyhive.settings import Settings
from hypothesis import given
from hypothesis import strategies as st

LIMIT = 1 << 20


def batch_of(names: Iterable[str]) -> Batch:
    spans = [otlp.span([otlp.name_and_kind(name, 1)]) for name in names]
    return Batch.of(None, otlp.record(otlp.resource({}), {otlp.scope("s"): spans}), len(spans), due=0.0)


def names_in(group: list[Batch]) -> list[str]:
    return [span.name for batch in group for span in decode_request(batch.read())]


def lane_of(*batches: list[str]) -> Lane:
    lane = Lane(Settings(max_export_batch_size=20), Account())
    for names in batches:
        lane.add(batch_of(names))
    return lane


def deliver(
    lane: Lane, poison: set[str], outages: list[bool], rounds: int = 2000, error_rate: float = 0.0
) -> tuple[list[str], list[str]]:
    """What arrives and what is given up, at a destination that fails at *poison*, and altogether when *outages* say so."""
    arrived: list[str] = []
    given_up: list[str] = []
    for number in range(rounds):
        if not lane:
            break
        group = lane.next(LIMIT)
        names = names_in(group)
        if poison.isdisjoint(names) and not (number < len(outages) and outages[number]):
            lane.remove(group)
            lane.arrived()
            arrived += names
        elif lane.fail(group, error_rate=error_rate):
            given_up += names
    return arrived, given_up


NAMES = [f"{number}" for number in range(40)]


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=6),
    st.sets(st.sampled_from(NAMES), max_size=4),
    st.lists(st.booleans(), max_size=30),
)
def test_all_arrives_once_and_what_is_given_up_is_at_fault(
    sizes: list[int], poison: set[str], outages: list[bool]
) -> None:
    names = iter(NAMES)
    batches = [found for size in sizes if (found := [name for _, name in zip(range(size), names, strict=False)])]
    # Traffic goes on: without anything that arrives, nobody knows whose fault it is.
    lane = lane_of(*batches, *([f"later {number}"] for number in range(200)))

    arrived, given_up = deliver(lane, poison, outages)

    sent = {name for batch in batches for name in batch}
    assert sorted(arrived) == sorted(set(arrived))
    assert sent - poison <= set(arrived)
    assert set(given_up) <= poison
    assert not set(given_up) & set(arrived)


def test_poison_is_found_within_its_batch_and_holds_up_nobody() -> None:
    lane = lane_of([*NAMES[:20]], [*NAMES[20:]], *([f"later {number}"] for number in range(200)))

    arrived, given_up = deliver(lane, {"7"}, [])

    assert given_up == ["7"]
    assert len(arrived) == 239
    assert not lane


def test_poison_alone_is_taken_apart_although_nothing_else_is_there_to_compare_with() -> None:
    lane = lane_of(NAMES)

    arrived, given_up = deliver(lane, {"7"}, [])

    assert sorted(arrived) == sorted(set(NAMES) - {"7"})
    assert given_up == []  # nothing arrives any more that would tell it from an outage
    assert names_in(lane.next(LIMIT)) == ["7"]


def test_an_outage_takes_nothing_apart_and_gives_nothing_up() -> None:
    lane = lane_of(NAMES[:20], NAMES[20:])

    arrived, given_up = deliver(lane, set(), [True] * 2 * 3)

    assert given_up == []
    assert sorted(arrived) == sorted(NAMES)


def test_the_order_holds_while_nothing_fails() -> None:
    arrived, _ = deliver(lane_of(*([name] for name in NAMES)), set(), [])

    assert arrived == NAMES


def test_what_is_taken_apart_for_its_size_keeps_its_place() -> None:
    lane = lane_of(NAMES[:4], NAMES[4:8])
    group = lane.next(1)

    lane.replace(group, [[half] for half in group[0].halves()])

    assert names_in(lane.next(1)) == NAMES[:2]
    assert deliver(lane, set(), [])[0] == NAMES[:8]


def test_a_destination_that_fails_at_random_makes_no_event_guilty() -> None:
    chance = random.Random(20261126)  # noqa: S311  a seeded sequence of failures
    for rate in (0.1, 0.5, 0.9):
        lane = lane_of(*([f"{number}"] for number in range(500)))
        failing = [chance.random() < rate for _ in range(20_000)]

        arrived, given_up = deliver(lane, set(), failing, rounds=len(failing), error_rate=rate)

        assert given_up == []
        assert len(arrived) == 500
