"""Hostile values in every place where a program may put one: nothing hangs, nothing raises, the event and the rest are there."""

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest
from honeyhive import enrich_session, enrich_span, session, trace
from honeyhive.integration import EventType, start_event
from honeyhive.testing import Recorder

# A guard against hangs, not a figure: `benchmarks/hostile.py` has those.
GENEROUS_S = 30.0
Place = Callable[[Any], object]


class Raising:
    """Whatever it is asked, it raises."""

    def _raise(self, *_arguments: object) -> Any:
        raise RuntimeError("asked")

    __repr__ = __str__ = __eq__ = __bool__ = __len__ = __iter__ = __getattr__ = _raise

    def __hash__(self) -> int:
        return 1


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("asked")

    __repr__ = __str__


class Client:
    """Whoever asks it for an attribute waits for a lock that somebody else holds."""

    lock = threading.Lock()

    def __getattribute__(self, name: str) -> object:
        with Client.lock:
            return object.__getattribute__(self, name)


def cyclic_list() -> object:
    items: list[Any] = [1]
    items.extend([items] * 8)
    return items


def cyclic_dict() -> object:
    items: dict[str, Any] = {"a": 1}
    items["itself"] = items
    return items


def deep_list() -> object:
    outer: list[Any] = []
    for _ in range(10_000):
        outer = [outer]
    return outer


def deep_dict() -> object:
    outer: dict[str, Any] = {}
    for _ in range(10_000):
        outer = {"a": outer}
    return outer


def strange_keys() -> object:
    return {Raising(): 1, (1, 2): Client(), "text": {Client: 2}}


VALUES = [cyclic_list, cyclic_dict, deep_list, deep_dict, Raising, UnspeakableError, Client, strange_keys]


def identity(value: Any) -> Any:
    return value


def by_name(**named: Any) -> Any:
    return named["value"]


def argument(value: Any) -> None:
    assert trace(event_name="place")(identity)(value) is value


def keyword(value: Any) -> None:
    assert trace(event_name="place")(by_name)(value=value) is value


def field_of_the_decorator(value: Any) -> None:
    trace(event_name="place", metadata={"value": value}, inputs={"value": value})(identity)(1)


def stream_item(value: Any) -> None:
    @trace(event_name="place")
    def stream() -> Generator[Any]:
        yield value

    assert [item is value for item in stream()] == [True]


def enrichment(value: Any) -> None:
    @trace(event_name="place")
    def enriched() -> None:
        fields: Any = dict.fromkeys(("inputs", "outputs", "config", "metrics", "feedback", "user_properties"), value)
        enrich_span(metadata={"value": value}, error=value, more=value, **fields)

    enriched()


def session_fields(value: Any) -> None:
    fields = {"value": value}
    with session("of a place", inputs=fields, metadata=fields, user_properties=fields):
        trace(event_name="place")(identity)(1)
        enrich_session(outputs=fields, feedback=fields, metrics=fields, error=value)


def integration(value: Any) -> None:
    event = start_event(EventType.tool, "place", inputs={"value": value}, attributes={"value": value})
    assert event is not None
    event.set_attribute("attribute", value)
    event.set_attribute("attributes", [value, {"value": value}])
    event.add_event("happened", {"value": value})
    event.finish(outputs={"value": value}, config={"model": value}, metadata={"value": value})


def exception(value: Any) -> None:
    @trace(event_name="place")
    def failing() -> None:
        raise ValueError(value) from KeyError(value)

    with pytest.raises(ValueError) as raised:  # noqa: PT011  the message is what cannot be had
        failing()
    assert raised.value.args[0] is value


PLACES = [argument, keyword, field_of_the_decorator, stream_item, enrichment, session_fields, integration, exception]


def finishes(put: Place, value: object) -> bool:
    """Whether *put* returns although somebody else holds the lock of every client; what it raises is raised here."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            put(value)
        except BaseException as error:  # noqa: BLE001  raised below
            raised.append(error)

    worker = threading.Thread(target=run, daemon=True)
    with Client.lock:
        worker.start()
        worker.join(GENEROUS_S)
        has_ended = not worker.is_alive()
    if raised:
        raise raised[0]
    return has_ended


@pytest.mark.parametrize("put", PLACES)
@pytest.mark.parametrize("make", VALUES)
def test_a_hostile_value_costs_nothing_but_itself_wherever_it_is_put(
    put: Place, make: Callable[[], object], recorder: Recorder
) -> None:
    began = time.monotonic()

    assert finishes(put, make())
    assert time.monotonic() - began < GENEROUS_S
    (event,) = [event for event in recorder.events() if event.event_name == "place"]
    told = {**event.inputs, **event.outputs, **event.metadata, **event.config}
    assert told or event.error


def test_an_attribute_that_contains_itself_or_has_no_bottom_is_kept_as_far_as_it_goes(recorder: Recorder) -> None:
    integration(cyclic_list())
    integration(deep_dict())

    for event in recorder.events():
        assert event.metadata["attribute"]
        assert event.metadata["attributes"]


def test_what_is_said_beside_a_hostile_error_is_kept(recorder: Recorder) -> None:
    @trace(event_name="place")
    def enriched(error: Any) -> None:
        enrich_span(metadata={"kept": 1}, error=error)

    for error in (Raising(), deep_list(), {"code": 5}):
        enriched(error)

    raising, deep, mapping = recorder.events()
    assert [event.metadata["kept"] for event in (raising, deep, mapping)] == [1, 1, 1]
    assert raising.error == f"<{__name__}.Raising>"
    assert deep.error
    assert mapping.error == '{"code":5}'
