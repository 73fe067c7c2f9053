"""The recorder of the test kit shows what a destination would get: redacted, cut to size, and counted."""

import pytest
from honeyhive import trace
from honeyhive.guard import guard
from honeyhive.testing import recording

SECRET = "sk-proj-AbCdEfGhIjKlMnOp0123456789"  # noqa: S105  made up


@trace(event_name="answer")
def answer(value: object) -> object:
    return value


def test_the_recorder_sees_no_secret() -> None:
    with recording() as recorder:
        answer({"text": f"use {SECRET}", "password": "hunter2"})
        tracer = recorder.tracer.provider.get_tracer(f"library {SECRET}")
        tracer.start_span("foreign", attributes={"note": SECRET}).end()

    assert SECRET.encode() not in recorder.request()
    assert recorder.event("answer").outputs == {
        "result": {"text": "use [redacted:openai-key]", "password": "[redacted:key]"}
    }
    assert recorder.stats().redacted >= 3


def test_the_recorder_sees_all_where_nothing_is_to_be_taken_out() -> None:
    with recording(redact_secrets=False) as recorder:
        answer(SECRET)

    assert recorder.event("answer").outputs == {"result": SECRET}


def test_the_recorder_cuts_as_a_destination_would_get_it() -> None:
    with recording(max_event_bytes=8192) as recorder:
        answer("x" * 100_000)

    assert len(recorder.request()) < 10_000
    assert "truncated" in recorder.event("answer").metadata


@pytest.mark.swallows
def test_the_recorder_counts_what_a_function_of_the_users_own_hides() -> None:
    def failing(_text: str) -> str:
        raise ValueError

    with recording(redact_with=failing) as recorder:
        answer("text")

    assert recorder.event("[redacted:error]").outputs == {"result": "[redacted:error]"}
    assert guard.swallowed
