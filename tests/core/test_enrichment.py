"""`enrich_span` and `enrich_session`: what is said arrives, with its type, at the right event, once."""

import threading
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import honeyhive
import pytest
from honeyhive import enrich_session, enrich_span, session, trace
from honeyhive.events import otlp
from honeyhive.models import Usage
from honeyhive.testing import MemoryTracer, Recorder, recording
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry import trace as otel_trace

SAID: dict[str, Any] = {
    "inputs": {"a": 1},
    "outputs": {"b": [1, {"c": 2}]},
    "config": {"model": "m"},
    "metadata": {"d": True},
    "metrics": {"e": 0.25},
    "feedback": {"f": "good"},
    "user_properties": {"g": None},
}


def _enriched(recorder: Recorder, *args: Any, **said: Any) -> Any:
    """The event of a traced function that enriches itself."""
    with recorder.tracer.trace("answer"):
        assert enrich_span(*args, **said)
    return recorder.event("answer")


def test_every_field_arrives(recorder: Recorder) -> None:
    event = _enriched(recorder, **SAID)

    for name, values in SAID.items():
        assert values.items() <= getattr(event, name).items()


def test_a_mapping_alone_is_metadata(recorder: Recorder) -> None:
    assert _enriched(recorder, {"tier": "gold"}).metadata["tier"] == "gold"


def test_fields_may_be_given_by_place_as_in_1x(recorder: Recorder) -> None:
    event = _enriched(recorder, {"a": 1}, {"m": 2}, {"n": 3}, {"f": 4}, {"i": 5}, {"o": 6}, {"c": 7}, "broken")

    assert (event.metadata["a"], event.metadata["m"], event.metrics, event.feedback) == (1, 2, {"n": 3}, {"f": 4})
    assert (event.inputs, event.outputs, event.config, event.error) == ({"i": 5}, {"o": 6}, {"c": 7}, "broken")


def test_of_equal_keys_keywords_win_over_attributes_and_those_over_metadata(recorder: Recorder) -> None:
    event = _enriched(recorder, {"b": "attribute", "c": "attribute"}, metadata={"a": 1, "b": 1, "c": 1}, c="keyword")

    assert (event.metadata["a"], event.metadata["b"], event.metadata["c"]) == (1, "attribute", "keyword")


@pytest.mark.parametrize("name", ["channel", "session_id", "name", "self_", "fields"])
def test_keywords_of_any_name_are_metadata(recorder: Recorder, name: str) -> None:
    assert _enriched(recorder, **{name: "x"}).metadata[name] == "x"


@pytest.mark.parametrize("value", [None, True, 3, 0.5, "text", "null", "None", [1, None], {"k": None}, [], {}, ""])
def test_values_keep_their_types(recorder: Recorder, value: object) -> None:
    event = _enriched(recorder, metadata={"value": value})

    assert event.metadata["value"] == value
    assert type(event.metadata["value"]) is type(value)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values=st.dictionaries(st.text(min_size=1).filter(lambda key: key != "status"), _JSON, max_size=4))
@example(values={"SASTOKEN": []})
def test_whatever_json_can_say_is_read_back_as_it_was_said(values: dict[str, Any]) -> None:
    with recording(redact_secrets=False) as recorder:
        event = _enriched(recorder, feedback=values)

    assert event.feedback == values


def test_metadata_holds_what_was_said_and_no_span_of_ours(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer"), enrich_span(metadata={"tier": "gold"}) as span:
        span.set_attribute("color", "red")

    event = recorder.event("answer")
    said = {key: value for key, value in event.metadata.items() if key not in {"status", "trace_id", "span_id"}}
    assert said == {"tier": "gold", "color": "red"}
    assert b"Enrich" not in recorder.request()


def test_what_is_said_is_said_at_once_and_only_once(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer"):
        enrichment = enrich_span(metrics={"count": 1})
        enrich_span(metrics={"count": 2})
        with enrichment as span:
            assert otel_trace.get_current_span() is span
        assert enrichment

    assert recorder.event("answer").metrics == {"count": 2}
    assert len(recorder.spans()) == 2  # the session's and the event's: no update besides


def test_enrich_span_is_true_and_has_no_state(recorder: Recorder) -> None:
    assert honeyhive.enrich_span
    assert not hasattr(enrich_span, "__dict__")


def test_outside_any_event_it_is_false_and_its_block_takes_everything(recorder: Recorder) -> None:
    assert not enrich_span(metadata={"a": 1})
    with enrich_span(metadata={"a": 1}) as span:
        span.set_attribute("a", 1)
    assert recorder.events() == []


def test_an_error_that_leaves_its_block_passes(recorder: Recorder) -> None:
    with pytest.raises(KeyError), enrich_span(metadata={"a": 1}):
        raise KeyError


def test_threads_that_enrich_at_once_do_not_mix(recorder: Recorder) -> None:
    barrier = threading.Barrier(8, timeout=60)

    @trace(event_name="answer")
    def answer(number: int) -> None:
        for turn in range(50):
            barrier.wait()
            with enrich_span(metadata={f"turn{turn}": number}):
                pass

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    events = [event for event in recorder.events() if event.event_name == "answer"]
    assert len(events) == 8
    for event in events:
        assert {event.metadata[f"turn{turn}"] for turn in range(50)} == {event.inputs["number"]}


def test_an_event_that_ends_while_a_thread_still_says_something_is_recorded(recorder: Recorder) -> None:
    is_saying, goes_on, has_said = threading.Event(), threading.Event(), threading.Event()

    class Slow(Mapping[str, int]):
        def __iter__(self) -> Iterator[str]:
            return iter(("before", "after"))

        def __getitem__(self, key: str) -> int:
            if key == "after":
                is_saying.set()
                goes_on.wait()
            return 1

        def __len__(self) -> int:
            return 2

    class DescribedError(Exception):
        def __str__(self) -> str:
            goes_on.set()
            has_said.wait()
            return "described"

    def say(event: Any) -> None:
        event.enrich(metadata=Slow())
        has_said.set()

    with recorder.tracer.trace("answer", metadata={"first": DescribedError()}) as event:
        thread = threading.Thread(target=say, args=(event,))
        thread.start()
        is_saying.wait()
    thread.join()

    assert recorder.event("answer").metadata["before"] == 1


@pytest.mark.parametrize(("given", "said"), [("broken", "broken"), (ValueError("no"), "ValueError: no")])
def test_an_error_makes_the_event_one(recorder: Recorder, given: Any, said: str) -> None:
    event = _enriched(recorder, error=given)

    assert (event.error, event.metadata["status"]) == (said, "error")


@pytest.mark.parametrize("field", ["outputs", "feedback", "metrics"])
def test_a_value_that_is_no_mapping_is_kept(recorder: Recorder, field: str) -> None:
    assert getattr(_enriched(recorder, **{field: [1, 2]}), field) == {"value": [1, 2]}


def test_usage_is_counted(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer", event_type="model"):
        enrich_span(usage=Usage(input_tokens=3, output_tokens=4))

    assert recorder.event("answer").metadata["total_tokens"] == 7


# Events by their id.


def test_a_finished_event_gets_every_field_by_its_id(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer"):
        pass
    event_id = recorder.event("answer").event_id

    assert enrich_span(event_id=event_id, error="wrong after all", **SAID)

    event = recorder.event("answer")
    for name, values in SAID.items():
        assert values.items() <= getattr(event, name).items()
    assert event.error == "wrong after all"


def test_an_event_elsewhere_is_meant_by_its_id_not_the_current_one(recorder: Recorder) -> None:
    with recorder.tracer.trace("first"):
        pass
    with recorder.tracer.trace("second"):
        enrich_span(event_id=recorder.event("first").event_id, feedback={"rating": 5})

    assert recorder.event("first").feedback == {"rating": 5}
    assert recorder.event("second").feedback == {}


def test_as_a_block_it_is_written_once(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer"):
        pass
    before = len(recorder.spans())
    with enrich_span(event_id=recorder.event("answer").event_id, metrics={"a": 1}):
        pass

    assert len(recorder.spans()) == before + 1


def test_the_current_event_may_be_meant_by_its_id(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer", event_id="mine"):
        assert enrich_span(event_id="mine", feedback={"rating": 5})

    assert recorder.event("answer").feedback == {"rating": 5}
    assert len(recorder.spans()) == 2


def test_update_event_id_renames_the_current_event_and_is_not_event_id(recorder: Recorder) -> None:
    with recorder.tracer.trace("answer"):
        enrich_span(update_event_id="mine", metadata={"a": 1})
        with recorder.tracer.trace("child"):
            pass

    event = recorder.event("answer")
    assert (event.event_id, event.metadata["a"]) == ("mine", 1)
    assert recorder.event("child").parent_id == "mine"


def test_a_tracer_may_be_named_for_an_event_by_id(recorder: Recorder) -> None:
    other = MemoryTracer(project="other")
    with other.trace("answer"):
        pass

    assert enrich_span(event_id=other.recorder.event("answer").event_id, feedback={"rating": 5}, tracer=other)

    assert other.recorder.event("answer").feedback == {"rating": 5}
    assert recorder.spans() == []


# Sessions.


def test_a_session_gets_every_field(recorder: Recorder) -> None:
    with session("chat") as chat:
        assert enrich_session(error="broken", extra="kept", **SAID)

    root = _root(recorder, chat.session_id)
    for name, values in SAID.items():
        assert values.items() <= getattr(root, name).items()
    assert (root.error, root.metadata["extra"]) == ("broken", "kept")


def test_the_forms_of_1x_and_of_its_documents_mean_the_same(recorder: Recorder) -> None:
    with session("chat") as chat:
        enrich_session({"a": 1})
        enrich_session(chat.session_id, {"b": 2})
        enrich_session(chat.session_id, metadata={"c": 3}, tracer=recorder.tracer)
        enrich_session(session_id=str(chat.session_id).upper(), user_properties={"plan": "pro"})

    root = _root(recorder, chat.session_id)
    assert {"a": 1, "b": 2, "c": 3}.items() <= root.metadata.items()
    assert root.user_properties == {"plan": "pro"}
    assert len(recorder.spans()) == 1


def test_saying_nothing_of_a_session_is_no_error_and_writes_nothing(recorder: Recorder) -> None:
    with session("chat") as chat:
        assert enrich_session()
        assert enrich_session({}, metadata=None)
        assert recorder.tracer.enrich_session()
    assert not enrich_session(chat.session_id)  # nothing was said of a session that is over

    (root,) = recorder.events(with_sessions=True)
    assert (root.inputs, root.outputs, root.metrics, root.feedback) == ({}, {}, {}, {})
    assert len(recorder.spans()) == 1


def test_another_session_is_meant_by_its_id(recorder: Recorder) -> None:
    with session("first") as first:
        pass
    with session("second") as second:
        assert enrich_session(first.session_id, {"late": True}, inputs={"q": "why"}, error="found later")

    root = _root(recorder, first.session_id)
    assert (root.metadata["late"], root.inputs, root.error) == (True, {"q": "why"}, "found later")
    assert "late" not in _root(recorder, second.session_id).metadata


def test_the_session_of_the_process_is_meant_outside_any_other(recorder: Recorder) -> None:
    assert enrich_session(feedback={"rating": 5}, error="broken")

    (only,) = recorder.sessions()
    assert (only.root.feedback, only.root.error) == ({"rating": 5}, "broken")


def test_an_id_that_is_no_uuid_is_taken_as_it_is(recorder: Recorder) -> None:
    assert enrich_session("sess_abc123", {"completed": True})
    assert b"sess_abc123" in recorder.request()


def test_without_a_tracer_nothing_is_said_and_nothing_raised() -> None:
    with recording() as recorder:
        recorder.tracer.shutdown()
        assert not enrich_session({"a": 1})
        assert not enrich_span(event_id=str(uuid.uuid4()), metadata={"a": 1})
    assert otlp.encode_key("a") not in recorder.request()


def _root(recorder: Recorder, session_id: str | None) -> Any:
    (found,) = [one.root for one in recorder.sessions() if one.session_id == session_id]
    return found
