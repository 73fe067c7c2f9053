"""Sampling: a session is recorded whole, not at all, or is marked as partial; what is left out is counted."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Unpack

import pytest
from honeyhive import enrich_session, enrich_span, session, trace
from honeyhive.errors import ConfigurationError
from honeyhive.events.sessions import Session
from honeyhive.integration import attached, extract, inject, session_scope, start_event
from honeyhive.models import EventType
from honeyhive.settings import Settings, TracerOptions
from honeyhive.settings.sampling import SamplingRule, SessionStart
from honeyhive.testing import MemoryTracer, Recorder, recording
from honeyhive.tracing.blocks import create_session
from honeyhive.tracing.sampling import is_within
from honeyhive.tracing.updates import write_update
from hypothesis import given
from hypothesis import strategies as st


@trace
def work(name: str) -> str:
    return name


@trace
def broken(name: str) -> None:
    raise ValueError(name)


@contextmanager
def fresh(**options: Unpack[TracerOptions]) -> Generator[Recorder]:
    """A tracer with random session ids."""
    with recording(fixed=False, **options) as recorder:
        yield recorder


def accounted(recorder: Recorder) -> dict[str, int]:
    stats = recorder.tracer.stats()
    assert stats.accepted == stats.delivered + stats.pending + sum(stats.dropped.values())
    return dict(stats.dropped)


def only(recorder: Recorder) -> Session:
    (found,) = recorder.sessions()
    return found


@given(st.uuids(), st.floats(0, 1), st.floats(0, 1))
def test_a_session_of_a_lower_rate_is_one_of_a_higher(session_id: uuid.UUID, one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert is_within(str(session_id), high) or not is_within(str(session_id), low)
    assert is_within(str(session_id), 1.0)
    assert not is_within(str(session_id), 0.0)


def test_the_rate_is_the_part_of_sessions_that_is_recorded_whole() -> None:
    with fresh(sample_rate=0.25) as recorder:
        for _ in range(2000):
            with session("s"):
                work("a")
                work("b")
        found = recorder.sessions()

        assert 400 < len(found) < 600
        assert all(len(one.events) == 2 and "partial" not in one.root.metadata for one in found)
        assert accounted(recorder) == {"sampled_out": 3 * (2000 - len(found))}


def test_every_process_with_the_same_rate_decides_the_same() -> None:
    program = """
import json, sys
from honeyhive.testing import recording
from honeyhive import session
with recording(sample_rate=0.5) as recorder:
    for session_id in json.load(sys.stdin):
        with session(session_id=session_id): pass
    print(json.dumps(sorted(found.session_id for found in recorder.sessions())))
"""
    ids = json.dumps([str(uuid.uuid4()) for _ in range(200)])
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=ids,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(seen) == 1
    assert 60 < len(json.loads(seen.pop())) < 140


def test_everything_is_recorded_unless_told_otherwise(recorder: Recorder) -> None:
    with session("s"):
        work("a")

    assert recorder.tracer.channel.sampling is None
    assert len(only(recorder).events) == 1
    assert accounted(recorder) == {}


def test_an_error_in_an_unsampled_session_is_kept_with_its_inputs_and_marks_it() -> None:
    with fresh(sample_rate=0) as recorder:
        with session("s", user_properties={"plan": "pro"}):
            work("fine")
            with pytest.raises(ValueError, match="bad"):
                broken("bad")

        found = only(recorder)
        (event,) = found.events
        assert (event.event_name, event.inputs, event.error) == (
            broken.__qualname__,
            {"name": "bad"},
            "ValueError: bad",
        )
        assert found.root.metadata["partial"] is True
        assert found.root.user_properties == {"plan": "pro"}
        assert accounted(recorder) == {"sampled_out": 1}


def test_an_error_that_ends_an_unsampled_session_keeps_the_sessions_event() -> None:
    with fresh(sample_rate=0) as recorder:
        with pytest.raises(ValueError, match="no"), session("s"):
            raise ValueError("no")

        found = only(recorder)
        assert (found.root.error, found.root.metadata["partial"]) == ("ValueError: no", True)


def test_errors_are_not_kept_when_told_so() -> None:
    with fresh(sample_rate=0, keep_errors=False) as recorder:
        with pytest.raises(ValueError, match="bad"), session("s"):
            broken("bad")

        assert recorder.spans() == []
        assert accounted(recorder) == {"sampled_out": 2}


def test_a_slow_event_of_an_unsampled_session_is_kept() -> None:
    # The fixed clock goes on by a millisecond each time it is read: the event around three others is the slow one.
    with recording(sample_rate=0, keep_slower_than_ms=4) as recorder:

        @trace
        def slow(query: str) -> str:
            for name in "abc":
                work(name)
            return "answer"

        with session("s"):
            slow("question")

        found = only(recorder)
        (event,) = found.events
        assert (event.inputs, event.outputs) == ({"query": "question"}, {"result": "answer"})
        assert found.root.metadata["partial"] is True
        assert accounted(recorder) == {"sampled_out": 3}


def test_a_rule_decides_by_the_name_of_the_session() -> None:
    rules = [{"session_name": "GET /health*", "rate": 0}, SamplingRule(session_name="chat-?", rate=1)]
    with fresh(sample_rate=0, sample_rules=rules) as recorder:
        for name in ("GET /healthz", "chat-1", "other"):
            with session(name):
                work(name)

        assert [found.root.event_name for found in recorder.sessions()] == ["chat-1"]


def test_a_rule_decides_by_what_is_known_of_the_session_at_its_start() -> None:
    rules = [{"attributes": {"user_properties.plan": "free", "metadata.beta": True}, "rate": 0}]
    with fresh(sample_rules=rules) as recorder:
        with session("free beta", user_properties={"plan": "free"}, metadata={"beta": True}):
            work("a")
        with session("free", user_properties={"plan": "free"}):
            work("b")

        assert [found.root.event_name for found in recorder.sessions()] == ["free"]


def test_a_rule_for_an_event_leaves_it_out_everywhere_and_says_so() -> None:
    rules = [{"event_name": "*noisy", "rate": 0}]
    with fresh(sample_rules=rules) as recorder:

        @trace(event_name="very noisy")
        def noisy() -> None:
            pass

        with session("with"):
            noisy()
            work("a")
        with session("without"):
            work("b")

        found = {one.root.event_name: one for one in recorder.sessions()}
        assert [event.event_name for event in found["with"].events] == [work.__qualname__]
        assert found["with"].root.metadata["partial"] is True
        assert "partial" not in found["without"].root.metadata
        assert accounted(recorder) == {"sampled_out": 1}


def test_a_rule_for_an_event_keeps_it_in_every_session() -> None:
    with fresh(sample_rate=0, sample_rules=[{"event_name": work.__qualname__, "rate": 1}]) as recorder:
        with session("s"):
            work("a")

        assert [event.inputs for event in only(recorder).events] == [{"name": "a"}]
        assert only(recorder).root.metadata["partial"] is True


def test_a_sampler_of_the_users_own_decides_first_and_may_leave_it_to_the_rate() -> None:
    seen: list[SessionStart] = []

    def sampler(start: SessionStart) -> bool | float | None:
        seen.append(start)
        return {"yes": True, "no": False, "none": 0.0}.get(start.name)

    with fresh(sample_rate=1, sampler=sampler, sample_rules=[{"session_name": "no", "rate": 1}]) as recorder:
        for name in ("yes", "no", "none", "unknown"):
            with session(name, metadata={"n": name}):
                pass

        assert [found.root.event_name for found in recorder.sessions()] == ["yes", "unknown"]
        assert {start.name: start.fields for start in seen}["no"] == {"metadata": {"n": "no"}}


@pytest.mark.swallows
def test_a_sampler_that_fails_leaves_it_to_the_rate() -> None:
    def sampler(_start: SessionStart) -> bool:
        raise RuntimeError

    with fresh(sampler=sampler) as recorder:
        with session("s"):
            work("a")

        assert len(only(recorder).events) == 1


@pytest.mark.swallows
@pytest.mark.parametrize("answer", ["half", object(), -1, 7, float("nan")])
def test_a_sampler_that_returns_no_rate_leaves_it_to_the_rate(answer: Any) -> None:
    with fresh(sampler=lambda _start: answer) as recorder:
        with session("s"):
            work("a")

        assert len(only(recorder).events) == 1


@pytest.mark.swallows
def test_a_rule_does_not_match_what_cannot_be_compared() -> None:
    class Array:
        def __eq__(self, other: object) -> bool:
            raise ValueError

        __hash__ = None  # pyright: ignore[reportAssignmentType]  as arrays have it

    with fresh(sample_rules=[{"attributes": {"metadata.rows": 1}, "rate": 0}]) as recorder:
        with session("s", metadata={"rows": Array()}):
            work("a")

        assert len(only(recorder).events) == 1


def test_what_the_program_says_of_one_session_wins() -> None:
    with fresh(sample_rate=0) as recorder:
        with session("wanted", sampled=True):
            work("a")
        with session("unwanted"):
            work("b")
        assert [found.root.event_name for found in recorder.sessions()] == ["wanted"]
        assert "partial" not in only(recorder).root.metadata

    with fresh() as recorder:
        with session("unwanted", sampled=False):
            work("a")
        assert recorder.spans() == []
        assert accounted(recorder) == {"sampled_out": 2}


@pytest.mark.parametrize("sampled", [True, False])
def test_the_decision_travels_with_the_session(sampled: bool) -> None:
    carrier: dict[str, str] = {}
    with fresh(sample_rate=0.5) as recorder, session("caller", sampled=sampled) as caller:
        event = start_event(EventType.chain, "call")
        assert event is not None
        inject(carrier, context=event.context)
        event.finish()
        assert carrier["traceparent"].endswith("-01" if sampled else "-00")
        assert recorder.tracer.channel.sampling is not None

    # The other side has another rate, and would decide otherwise.
    with fresh(sample_rate=0 if sampled else 1) as there:
        scope, context = session_scope("request", extract(carrier))
        with attached(context):
            work("there")
        scope.finish()

        assert [event.session_id for event in there.events()] == ([caller.session_id] if sampled else [])


def test_the_trace_header_of_others_never_decides() -> None:
    for flags in ("00", "01"):
        carrier = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-{flags}"}
        for rate, count in ((0, 0), (1, 1)):
            with fresh(sample_rate=rate) as recorder:
                scope, context = session_scope("request", extract(carrier))
                with attached(context):
                    work("a")
                scope.finish()
                assert len(recorder.events()) == count


def test_an_error_kept_where_a_session_was_carried_to_marks_the_session_there_too() -> None:
    carrier: dict[str, str] = {}
    with fresh(sample_rate=0) as recorder:
        with session("caller") as caller:
            inject(carrier)
        assert recorder.spans() == []

        scope, context = session_scope("request", extract(carrier))
        with attached(context), pytest.raises(ValueError, match="bad"):
            broken("bad")
        scope.finish()

        found = only(recorder)
        assert found.session_id == caller.session_id
        assert found.root.metadata["partial"] is True


def test_an_event_left_out_where_a_session_was_carried_to_marks_it_by_an_update() -> None:
    carrier: dict[str, str] = {}
    with fresh(sample_rules=[{"event_name": work.__qualname__, "rate": 0}]) as recorder:
        with session("caller"):
            inject(carrier)
        scope, context = session_scope("request", extract(carrier))
        with attached(context):
            work("a")
        scope.finish()

        assert only(recorder).root.metadata["partial"] is True


def test_spans_of_third_parties_follow_their_session() -> None:
    with fresh(sample_rate=0) as recorder:
        tracer = recorder.tracer.provider.get_tracer("theirs")
        with session("unsampled"):
            with tracer.start_as_current_span("fine") as span:
                assert not span.get_span_context().trace_flags.sampled
                work("ours")
            with pytest.raises(ValueError, match="bad"), tracer.start_as_current_span("failing"):
                raise ValueError("bad")
        with session("sampled", sampled=True), tracer.start_as_current_span("whole") as span:
            assert span.get_span_context().trace_flags.sampled

        found = {one.root.event_name: one for one in recorder.sessions()}
        assert [event.event_name for event in found["unsampled"].events] == ["failing"]
        assert found["unsampled"].root.metadata["partial"] is True
        assert [event.event_name for event in found["sampled"].events] == ["whole"]
        assert accounted(recorder) == {"sampled_out": 2}


def test_opentelemetrys_own_sampler_variable_thins_sessions_and_not_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with fresh(sample_rate=1) as recorder, session("s"):
        with recorder.tracer.provider.get_tracer("theirs").start_as_current_span("span"):
            pass
        assert [event.event_name for event in recorder.events()] == ["span"]


@pytest.mark.parametrize(
    ("environment", "rate"),
    [
        ({}, 1.0),
        ({"HH_SAMPLE_RATE": "0.25"}, 0.25),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, 0.1),
        ({"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, 0.1),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, 0.0),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_on"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "much"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "7"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "somebodys_own"}, 1.0),
        ({"OTEL_TRACES_SAMPLER": "always_off", "HH_SAMPLE_RATE": "0.5"}, 0.5),
    ],
)
def test_the_rate_comes_from_the_environment(environment: dict[str, str], rate: float) -> None:
    assert Settings.from_env(environment).sample_rate == rate


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 1.5}, "sample_rate is 1.5; it must be a number from 0"),
        ({"sample_rate": float("nan")}, "sample_rate is nan"),
        ({"sample_rules": [{"rate": -1}]}, "rate of a sampling rule is -1"),
        ({"sample_rules": [{"session": "x", "rate": 1}]}, "unknown field 'session' .* did you mean 'session_name'"),
        ({"sample_rules": [{"session_name": "x"}]}, "has no rate"),
        ({"keep_slower_than_ms": -1}, "keep_slower_than_ms is -1"),
    ],
)
def test_a_bad_sampling_setting_is_told_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MemoryTracer(**options)


def test_a_session_that_is_not_recorded_still_takes_what_is_said_of_it() -> None:
    with fresh(sample_rate=0) as recorder:
        with session("s") as block:
            work("a")
            assert enrich_session(metadata={"tier": "gold"})
            assert block.session_id
        enrich_session(metadata={"of": "the process"})
        block.enrich(feedback={"rating": 1})

        assert recorder.spans() == []
        assert accounted(recorder) == {"sampled_out": 4}


def test_feedback_by_id_is_sent_whatever_was_sampled() -> None:
    with fresh(sample_rate=0) as recorder:
        assert write_update(recorder.tracer.channel, str(uuid.uuid4()), None, {"feedback": {"rating": 1}})

        assert len(recorder.spans()) == 1


def test_a_session_made_current_by_a_call_is_sampled_like_any() -> None:
    with fresh(sample_rate=0) as recorder, session("around", sampled=True):
        create_session(recorder.tracer.channel, "inner")
        work("a")
        assert recorder.spans() == []


def test_an_unsampled_event_reads_nothing_of_its_arguments() -> None:
    class Untouchable:
        touched = False

        def __str__(self) -> str:
            type(self).touched = True
            return "read"

        __repr__ = __str__

        def __iter__(self) -> Iterator[str]:
            type(self).touched = True
            return iter(())

    @trace
    def take(value: object, items: dict[str, object]) -> object:
        enrich_span(metadata={"seen": value})
        return value

    with fresh(sample_rate=0) as recorder, session("s"):
        take(Untouchable(), {"a": Untouchable()})
        assert not Untouchable.touched
        assert recorder.spans() == []
