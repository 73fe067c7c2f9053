"""The keywords of `trace`: each does what its documentation says."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from honeyhive import atrace, trace
from honeyhive.deprecation import forget_warnings
from honeyhive.errors import ConfigurationError
from honeyhive.models import EventType
from honeyhive.testing import MemoryTracer, Recorder, recording

SESSION_ID = "6f1c1a9e-97a6-4a4d-9d0e-0f8a3a8f0b11"


@pytest.fixture(autouse=True)
def fresh_warnings() -> None:
    forget_warnings()


@pytest.mark.parametrize(
    "decorator",
    [
        trace("model", "asked"),
        trace(EventType.model, event_name="asked"),
        trace(event_type="model", event_name="asked"),
    ],
)
def test_type_and_name_are_given_by_place_or_by_name(
    recorder: Recorder, decorator: Callable[[Callable[[], int]], Callable[[], int]]
) -> None:
    assert decorator(lambda: 1)() == 1

    assert (recorder.event("asked").event_type, recorder.event("asked").outputs) == ("model", {"result": 1})


@pytest.mark.parametrize("decorator", [trace, trace(), trace(None)])
def test_an_event_is_a_tool_called_like_its_function_unless_told_otherwise(recorder: Recorder, decorator: Any) -> None:
    decorator(_named)()

    assert recorder.event("_named").event_type == "tool"


def _named() -> None:
    pass


def test_an_event_type_of_the_users_own_is_kept_with_a_warning(recorder: Recorder) -> None:
    with pytest.warns(
        DeprecationWarning, match=r"event_type='demo' is deprecated; use one of model, tool, chain"
    ) as told:
        decorated = trace(event_type="demo")(_named)
    decorated()

    assert told[0].filename == __file__
    assert recorder.event("_named").event_type == "tool"
    assert recorder.event("_named").metadata["event_type"] == "demo"


def test_a_block_warns_of_an_event_type_of_the_users_own_where_it_was_written(recorder: Recorder) -> None:
    with pytest.warns(DeprecationWarning, match="event_type='demo of a block' is deprecated") as told:
        recorder.tracer.trace("answer", event_type="demo of a block")

    assert told[0].filename == __file__


def test_atrace_is_trace_and_warns_once(recorder: Recorder) -> None:
    with pytest.warns(DeprecationWarning, match=r"honeyhive.atrace is deprecated; use honeyhive.trace") as told:
        bare = atrace(_named)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        atrace(event_type="chain", event_name="second")(_named)()
    bare()

    assert told[0].filename == __file__
    assert [event.event_name for event in recorder.events()] == ["second", "_named"]


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("metdata", "metadata"), ("even_name", "event_name"), ("capture_input", "capture_inputs")]
)
def test_an_unknown_keyword_is_refused_with_the_nearest_one(wrong: str, nearest: str) -> None:
    unknown: dict[str, Any] = {wrong: None}
    with pytest.raises(ConfigurationError, match=f"unknown option {wrong!r}; did you mean {nearest!r}"):
        trace(**unknown)


def test_values_of_the_users_own_have_a_place_named_in_the_error() -> None:
    own: dict[str, Any] = {"team": "search"}
    with pytest.raises(ConfigurationError, match="values of your own go into metadata"):
        trace(**own)


def test_fields_are_there_from_the_start(recorder: Recorder) -> None:
    @trace(
        metadata={"a": 1},
        config={"model": "m"},
        span_config={"model": "other", "temperature": 0},
        inputs={"system": "be kind"},
        outputs={"more": True},
        metrics={"score": 0.5},
        feedback={"rating": 5},
        user_properties={"plan": "pro"},
        user_id="u1",
    )
    def answer(question: str) -> str:
        return question

    answer("why")

    (event,) = recorder.events()
    assert event.metadata["a"] == 1
    assert event.config == {"model": "m", "temperature": 0}
    assert event.inputs == {"question": "why", "system": "be kind"}
    assert event.outputs == {"result": "why", "more": True}
    assert (event.metrics, event.feedback) == ({"score": 0.5}, {"rating": 5})
    assert event.user_properties == {"plan": "pro", "user_id": "u1"}


@pytest.mark.parametrize(("given", "said"), [(ValueError("no"), "ValueError: no"), ("broken", "broken")])
def test_an_error_that_is_given_makes_the_event_an_error(recorder: Recorder, given: Any, said: str) -> None:
    trace(error=given, event_name="answer")(_named)()

    event = recorder.event("answer")
    assert (event.error, event.metadata["status"]) == (said, "error")


def test_an_id_that_is_given_is_the_events_and_its_childrens_parent(recorder: Recorder) -> None:
    child = trace(event_name="child")(_named)
    trace(event_name="parent", event_id="my-own-id")(child)()

    assert recorder.event("parent").event_id == "my-own-id"
    assert recorder.event("child").parent_id == "my-own-id"
    (child_span,) = [span for span in recorder.spans() if span.name == "child"]
    assert child_span.attributes["honeyhive_parent_id"] == "my-own-id"  # for readers that know nothing of the parent


def test_spans_of_third_parties_find_a_parent_with_an_id_of_its_own(recorder: Recorder) -> None:
    def body() -> None:
        with recorder.tracer.provider.get_tracer("lib").start_as_current_span("request"):
            pass

    trace(event_name="parent", event_id="my-own-id")(body)()

    assert recorder.event("request").parent_id == "my-own-id"
    assert all(session.orphans() == () for session in recorder.sessions())


def test_a_session_that_is_named_by_its_id_holds_the_call_and_all_inside(recorder: Recorder) -> None:
    child = trace(event_name="child")(_named)
    trace(event_name="parent", session_id=SESSION_ID.upper())(child)()
    child()

    inside, outside = (session for session in recorder.sessions() if session.events)
    assert {inside.session_id, outside.session_id} >= {SESSION_ID}
    named = inside if inside.session_id == SESSION_ID else outside
    assert [event.event_name for event in named.events] == ["parent", "child"]


def test_a_session_id_that_is_none_is_refused_when_it_is_given() -> None:
    with pytest.raises(ConfigurationError, match="session_id is 'chat-1'; it must be a UUID"):
        trace(session_id="chat-1")


def test_a_session_name_names_the_session_of_the_call(recorder: Recorder) -> None:
    with recorder.tracer.session() as session:
        trace(session_name="checkout")(_named)()

    (named,) = [one for one in recorder.sessions() if one.session_id == session.session_id]
    assert named.root.event_name == "checkout"


def test_the_name_of_a_session_that_is_not_ours_stays_with_the_event(recorder: Recorder) -> None:
    trace(session_id=SESSION_ID, session_name="checkout")(_named)()

    assert recorder.event("_named").metadata["session_name"] == "checkout"


def test_project_and_source_are_those_of_the_event_alone(recorder: Recorder) -> None:
    child = trace(event_name="child")(_named)
    trace(event_name="parent", project="other", source="staging")(child)()

    assert (recorder.event("parent").project, recorder.event("parent").source) == ("other", "staging")
    assert (recorder.event("child").project, recorder.event("child").source) == ("tests", "dev")
    keys = [list(span.attributes) for span in recorder.spans()]
    assert all(len(set(names)) == len(names) for names in keys)


@pytest.mark.parametrize("keyword", ["tracer", "tracer_instance"])
def test_a_tracer_that_is_given_gets_the_events(recorder: Recorder, keyword: str) -> None:
    mine = MemoryTracer(project="mine")
    given: dict[str, Any] = {keyword: mine}

    trace(**given)(_named)()

    assert [event.project for event in mine.recorder.events()] == ["mine"]
    assert recorder.events() == []


def test_a_tracer_may_be_found_at_the_call(recorder: Recorder) -> None:
    mine = MemoryTracer()

    class Service:
        tracer = mine

        @trace(tracer=lambda self: self.tracer)
        def work(self) -> None:
            pass

        @trace(tracer=lambda: mine)
        def more(self) -> None:
            pass

    Service().work()
    Service().more()

    assert len(mine.recorder.events()) == 2
    assert recorder.events() == []


@pytest.mark.swallows
def test_a_tracer_that_cannot_be_found_does_not_stop_the_call(recorder: Recorder) -> None:
    def missing() -> MemoryTracer:
        message = "no application context"
        raise RuntimeError(message)

    assert trace(tracer=missing)(lambda: 3)() == 3
    assert recorder.events() == []


def test_capture_is_off_by_the_names_of_1x_too(recorder: Recorder) -> None:
    @trace(include_inputs=False, include_outputs=False)
    def quiet(secret: str) -> str:
        return secret

    quiet("canary")

    assert b"canary" not in recorder.request()
    assert len(recorder.events()) == 1


def test_before_there_is_a_tracer_nothing_is_recorded_and_everything_runs() -> None:
    with recording() as recorder:
        tracer = recorder.tracer
        tracer.shutdown()
        assert trace(lambda: 1)() == 1
    assert recorder.events() == []
