"""The event record: what it takes, what it refuses and how it says so, and its JSON form."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

import orjson
import pytest
from honeyhive.errors import EventError
from honeyhive.events.event import MAPPING_FIELDS, Event, EventType
from hypothesis import given
from hypothesis import strategies as st

START_MS = 1_767_225_600_000.0

Json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=4)
    ),
    max_leaves=10,
)
Texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
Mappings = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), Json, max_size=4)


def record(**changes: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.UUID(int=1)),
        "session_id": str(uuid.UUID(int=2)),
        "event_type": "model",
        "event_name": "call",
        "start_time": START_MS,
        "end_time": START_MS + 5,
        **changes,
    }


@given(
    texts=st.tuples(Texts, Texts, Texts),
    optional=st.tuples(*[st.none() | st.text(st.characters(exclude_categories=["Cs"]))] * 4),
    event_type=st.sampled_from(EventType),
    times=st.tuples(st.floats(1e12, 2e12), st.floats(0, 1e9)),
    mappings=st.tuples(*[Mappings] * len(MAPPING_FIELDS)),
    children=st.lists(Texts, max_size=3),
)
def test_json_gives_back_the_same_event(
    texts: tuple[str, str, str],
    optional: tuple[str | None, ...],
    event_type: EventType,
    times: tuple[float, float],
    mappings: tuple[dict[str, Any], ...],
    children: list[str],
) -> None:
    event = Event(
        event_id=texts[0],
        session_id=texts[1],
        event_name=texts[2],
        event_type=event_type,
        start_time=times[0],
        end_time=times[0] + times[1],
        children_ids=tuple(children),
        **dict(zip(("parent_id", "project", "source", "error"), optional, strict=True)),
        **dict(zip(MAPPING_FIELDS, mappings, strict=True)),
    )

    written = event.to_json()

    assert Event.from_json(written) == event
    assert Event.from_dict(event.to_dict()) == event
    assert Event.from_json(written).to_json() == written


def test_the_json_form_has_every_field_in_its_order_and_the_duration() -> None:
    written = orjson.loads(Event.from_dict(record()).to_json())

    assert list(written) == [*[field.name for field in dataclasses.fields(Event)], "duration"]
    assert written["duration"] == 5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": uuid.UUID(int=1)}, "event_id is UUID"),
        ({"session_id": None}, "session_id is NoneType"),
        ({"event_name": 3}, "event_name is int"),
        ({"event_type": "Model"}, "event_type is 'Model'"),
        ({"event_type": None}, "event_type is None"),
        ({"parent_id": 3}, "parent_id is int"),
        ({"project": 3}, "project is int"),
        ({"source": []}, "source is list"),
        ({"error": ValueError("no")}, "error is ValueError"),
        ({"inputs": "hello"}, "inputs is str"),
        ({"outputs": "hello"}, "outputs is str"),
        ({"metadata": [1]}, "metadata is list"),
        ({"metrics": {1: 2}}, "metrics is dict"),
        ({"children_ids": "abc"}, "children_ids is str"),
        ({"children_ids": [1]}, "children_ids is tuple"),
        ({"start_time": "2026-01-01"}, "start_time is str"),
        ({"start_time": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "start_time is datetime"),
        ({"start_time": True}, "start_time is bool"),
        ({"end_time": None}, "end_time is NoneType"),
        ({"end_time": float("nan")}, "end_time is float"),
        ({"end_time": 10**400}, "end_time"),
        ({"start_time": -1}, "start_time is -1"),
        ({"start_time": START_MS / 1000}, "start_time is 1767225600.0, which are seconds"),
        ({"end_time": START_MS * 1_000_000}, "end_time is 1.7672256e+18; it must be in Unix milliseconds"),
        ({"end_time": START_MS - 1}, "before start_time"),
        ({"duration": 0.005}, "duration is 0.005, and end_time - start_time is 5"),
        ({"duration": "5"}, "duration is str"),
        ({"started": 1}, "unknown fields ['started']"),
    ],
)
def test_a_field_that_is_wrong_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EventError) as caught:
        Event.from_dict(record(**changes))

    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["event_id", "session_id", "event_type", "event_name", "start_time", "end_time"])
def test_a_required_field_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(EventError, match=name):
        Event.from_dict({key: value for key, value in record().items() if key != name})


@pytest.mark.parametrize("text", [b"", b"[]", b'"x"', b"{", b"\xff", "null"])
def test_a_text_that_is_no_json_object_is_refused(text: bytes | str) -> None:
    with pytest.raises(EventError, match="not an event record"):
        Event.from_json(text)


@pytest.mark.parametrize("record", [[], None, "x"])
def test_what_is_no_record_at_all_is_refused_as_one(record: Any) -> None:
    with pytest.raises(EventError, match="a mapping is wanted"):
        Event.from_dict(record)


def test_the_constructor_takes_no_plain_text_for_a_type() -> None:
    with pytest.raises(EventError, match="event_type is str; it must be an EventType: model, tool"):
        Event(**record())


def test_an_array_as_outputs_is_a_value_and_null_is_nothing() -> None:
    event = Event.from_dict(record(outputs=[1, {"a": 2}], inputs=None, feedback=None, children_ids=None))

    assert event.outputs == {"value": [1, {"a": 2}]}
    assert (event.inputs, event.feedback, event.children_ids) == ({}, {}, ())


def test_ids_of_other_programs_need_not_be_uuids() -> None:
    event = Event.from_dict(record(event_id="step-1", session_id="chat 7", parent_id="root"))

    assert (event.event_id, event.session_id, event.parent_id) == ("step-1", "chat 7", "root")


def test_values_without_json_form_are_described() -> None:
    event = Event.from_dict(record(inputs={"data": b"x", "set": {1}, "object": object()}))

    written = orjson.loads(event.to_json())["inputs"]
    assert written["data"].items() >= {"type": "bytes", "size": 1}.items()
    assert (written["set"], written["object"]) == ([1], "<object>")
