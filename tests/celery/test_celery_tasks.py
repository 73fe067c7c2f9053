"""Tasks on a worker of this process, over kombu's memory broker: what is recorded, and what the tasks notice of it."""

import queue
from collections.abc import Iterator
from typing import Any

import honeyhive_celery._signals
import pytest
from celery import Celery, Task, chain, chord, group, signals
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Ignore, Reject
from honeyhive import enrich_span, session, trace
from honeyhive.integration import CONSUMER, PRODUCER, Context, current_context
from honeyhive.testing import Recorder
from honeyhive_celery import instrument, uninstrument
from opentelemetry import baggage
from opentelemetry import context as otel_context
from opentelemetry import trace as otel_trace

SETTINGS = {
    "broker_url": "memory://",
    "broker_transport_options": {"polling_interval": 0.01},
    "task_default_queue": "tasks",  # the memory broker is one for all tests of the process
    "result_backend": "cache+memory://",
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_enable_remote_control": False,
}
USERS_TRACEPARENT = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01"
DEADLINE_S = 10

app = Celery("tests", set_as_current=False)
app.conf.update(SETTINGS)


class ExpectedError(Exception):
    pass


class UnpicklableError(Exception):
    def __reduce__(self) -> str:
        raise TypeError


@app.task(shared=False, name="add")
def add(first: int, second: int = 1) -> int:
    return trace(event_name="sum")(sum)([first, second])


@app.task(shared=False, name="total")
def total(values: list[int]) -> int:
    return sum(values)


@app.task(shared=False, name="flaky", bind=True, max_retries=5)
def flaky(self: "Task[..., Any]", sizes: list[int]) -> list[int]:
    headers = self.request.headers or {}
    sizes = [*sizes, sum(len(name) + len(value) for name, value in headers.items())]
    if self.request.retries < 5:
        raise self.retry(args=(sizes,), exc=ValueError("not yet"), countdown=0)
    return sizes


@app.task(shared=False, name="fail")
def fail() -> None:
    message = "broken"
    raise ValueError(message)


@app.task(shared=False, name="fail_as_expected", throws=(ExpectedError,))
def fail_as_expected() -> None:
    raise ExpectedError


@app.task(shared=False, name="ignore")
def ignore() -> None:
    raise Ignore


@app.task(shared=False, name="reject")
def reject() -> None:
    raise Reject


@app.task(shared=False, name="fail_unpicklably")
def fail_unpicklably() -> None:
    raise UnpicklableError


@app.task(shared=False, name="replaced", bind=True)
def replaced(self: "Task[..., Any]") -> None:
    self.replace(add.s(1))


@app.task(shared=False, name="litter")
def litter() -> None:
    """Attach and never detach, as a careless library does."""
    span = otel_trace.NonRecordingSpan(otel_trace.SpanContext(1, 2, is_remote=False))
    otel_context.attach(baggage.set_baggage("tenant", "left behind", otel_trace.set_span_in_context(span)))


@app.task(shared=False, name="look_around")
def look_around() -> dict[str, object]:
    enrich_span(metadata={"seen": True})
    return dict(baggage.get_all())


@app.task(shared=False, name="read_headers", bind=True)
def read_headers(self: "Task[..., Any]") -> dict[str, Any]:
    return dict(self.request.headers or {})


class Finished:
    """The states of finished tasks, in order; a task has finished when every receiver before this one was called."""

    def __init__(self) -> None:
        self._states: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.left_current: list[Context] = []

    def note(self, state: str | None = None, **_: object) -> None:
        self.left_current.append(current_context())
        self._states.put(state)

    def next(self, count: int) -> list[str | None]:
        return [self._states.get(timeout=DEADLINE_S) for _ in range(count)]

    def clear(self) -> None:
        self.left_current.clear()
        while not self._states.empty():
            self._states.get()


@pytest.fixture(scope="module")
def worker() -> Iterator[Finished]:
    instrument(app)
    states = Finished()
    signals.task_postrun.connect(states.note, weak=False)
    with start_worker(app, perform_ping_check=False):
        yield states
    signals.task_postrun.disconnect(states.note)
    uninstrument()


@pytest.fixture
def finished(worker: Finished, recorder: Recorder) -> Finished:
    """A running worker that has finished no task yet, and a recorder that has recorded nothing."""
    del recorder
    worker.clear()
    return worker


def test_a_task_runs_in_the_session_of_its_publisher_below_its_message(recorder: Recorder, finished: Finished) -> None:
    with session(name="user") as user:
        result = add.delay(1)
    finished.next(1)

    assert recorder.tree() == "session user\n  chain send add\n    chain process add\n      tool sum"
    sent, processed = recorder.event("send add"), recorder.event("process add")
    assert {event.session_id for event in recorder.events()} == {user.session_id}
    assert [span.kind for span in recorder.spans() if span.name.endswith(" add")] == [PRODUCER, CONSUMER]
    assert {**sent.metadata, "trace_id": "", "span_id": ""} == {
        "status": "ok",
        "celery.task.name": "add",
        "celery.task.id": result.id,
        "celery.task.root_id": result.id,
        "celery.retries": 0,
        "messaging.system": "memory",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "tasks",
        "messaging.message.id": result.id,
        "trace_id": "",
        "span_id": "",
        "span_kind": "PRODUCER",
    }
    assert processed.metadata == {
        **sent.metadata,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "celery.worker.hostname": processed.metadata["celery.worker.hostname"],
        "celery.state": "SUCCESS",
        "span_id": processed.metadata["span_id"],
        "span_kind": "CONSUMER",
    }
    assert processed.metrics == {"queue_wait_ms": pytest.approx(processed.start_time - sent.start_time, abs=0.01)}
    assert (sent.inputs, processed.inputs, processed.outputs) == ({}, {}, {})


def test_every_canvas_form_stays_in_one_session(recorder: Recorder, finished: Finished) -> None:
    with session(name="user"):
        chain(total.s([1]), total.si([2])).apply_async()
        group(total.si([3]), total.si([4])).apply_async()
        chord([total.si([5]), total.si([6])])(total.s())
        total.apply_async(([7],), link=total.si([8]))
        app.send_task("total", ([9],))
    finished.next(10)

    pair = "  chain send total\n    chain process total\n"
    nested = pair + "      chain send total\n        chain process total\n"
    assert recorder.tree() + "\n" == "session user\n" + nested + 3 * pair + nested + nested + pair


def test_a_message_without_a_session_starts_one_named_after_its_task(recorder: Recorder, finished: Finished) -> None:
    total.delay([1])
    fail.delay()
    finished.next(2)

    _, succeeded, failed = recorder.sessions()
    assert [(one.root.event_name, one.root.error) for one in (succeeded, failed)] == [
        ("total", None),
        ("fail", "ValueError: broken"),
    ]
    assert [[event.event_name for event in one.events] for one in (succeeded, failed)] == [
        ["process total"],
        ["process fail"],
    ]
    assert not any(one.orphans() for one in recorder.sessions())
    assert recorder.event("process total").metadata["trace_id"] == recorder.event("send total").metadata["trace_id"]


def test_attempts_are_siblings_and_their_headers_do_not_grow(recorder: Recorder, finished: Finished) -> None:
    with session(name="user"):
        result = flaky.delay([])
    assert finished.next(6) == [*["RETRY"] * 5, "SUCCESS"]

    attempt = "    chain process flaky\n"
    retried = attempt + "      chain send flaky\n"
    assert recorder.tree() + "\n" == "session user\n  chain send flaky\n" + 5 * retried + attempt
    attempts = [event for event in recorder.events() if event.event_name == "process flaky"]
    assert [event.metadata.get("links") for event in attempts] == [None, *([one.event_id] for one in attempts[:-1])]
    assert [event.metadata.get("celery.retry.error.type") for event in attempts] == [*["ValueError"] * 5, None]
    first, *others = result.get()
    assert len(set(others)) == 1
    assert first < others[0] < 1024


@pytest.mark.parametrize(
    ("task", "state", "error"),
    [
        (fail, "FAILURE", "ValueError: broken"),
        (fail_unpicklably, "FAILURE", "UnpicklableError"),
        (fail_as_expected, "FAILURE", None),
        (ignore, "IGNORED", None),
        (reject, "REJECTED", None),
    ],
)
def test_only_what_a_task_does_not_expect_is_an_error(
    recorder: Recorder, finished: Finished, task: "Task[..., Any]", state: str, error: str | None
) -> None:
    task.delay()
    finished.next(1)

    event = recorder.event(f"process {task.name}")
    assert (event.metadata["celery.state"], event.error) == (state, error)
    span = next(span for span in recorder.spans() if span.name == event.event_name)
    assert span.attributes.get("error.type") == (error and error.partition(":")[0])
    assert [point.name for point in span.points] == ([] if error is None else ["exception"])


def test_a_replaced_task_and_its_replacement_are_both_recorded(recorder: Recorder, finished: Finished) -> None:
    with session(name="user"):
        result = replaced.delay()
    finished.next(2)

    assert recorder.tree().splitlines() == [
        "session user",
        "  chain send replaced",
        "    chain process replaced",
        "      chain send add",
        "        chain process add",
        "          tool sum",
    ]
    ids = {event.metadata["messaging.message.id"] for event in recorder.events() if "process" in event.event_name}
    assert ids == {result.id}


def test_what_a_task_leaves_current_is_gone_in_the_next(recorder: Recorder, finished: Finished) -> None:
    with session(name="first"):
        litter.delay()
    with session(name="second"):
        result = look_around.delay()
    finished.next(2)

    assert result.get() == {}
    assert finished.left_current == [{}, {}]
    assert recorder.tree().splitlines() == [
        "session first",
        "  chain send litter",
        "    chain process litter",
        "session second",
        "  chain send look_around",
        "    chain process look_around",
    ]
    assert recorder.event("process look_around").metadata["seen"] is True


def test_headers_of_the_user_arrive_as_they_were_sent(finished: Finished) -> None:
    with session(name="user"):
        plain = read_headers.apply_async(headers={"tenant": "acme", "baggage": "color=blue"})
        headers: Any = {"headers": {"tenant": "acme"}}  # not declared, but in use: Celery knows the form
        nested = read_headers.apply_async(headers=headers)
    finished.next(2)

    assert plain.get()["tenant"] == "acme"
    assert plain.get()["baggage"].startswith("color=blue,honeyhive-session=")
    assert nested.get() == {"tenant": "acme"}


def test_a_trace_of_the_users_own_is_kept_and_linked(recorder: Recorder, finished: Finished) -> None:
    with session(name="user") as user:
        result = read_headers.apply_async(headers={"traceparent": USERS_TRACEPARENT})
        finished.next(1)
        read_headers.apply_async(headers=result.get())  # passed on, as middlewares do: now it is ours, from before
        finished.next(1)

    (first, second), (processed, passed_on) = (
        [span for span in recorder.spans() if span.name == f"{verb} read_headers"] for verb in ("send", "process")
    )
    assert [link.span_id.hex() for link in first.links] == ["bbbbbbbbbbbbbbbb"]
    assert (processed.trace_id.hex(), processed.parent_span_id.hex()) == ("a" * 32, "b" * 16)
    assert second.links == []
    assert passed_on.parent_span_id == second.span_id
    assert {event.session_id for event in recorder.events()} == {user.session_id}


def test_an_app_that_was_not_instrumented_publishes_into_the_same_trace(recorder: Recorder, finished: Finished) -> None:
    other = Celery("other", set_as_current=False)
    other.conf.update(SETTINGS)

    with session(name="user"):
        other.send_task("total", ([1],))
    finished.next(1)

    assert recorder.tree() == "session user\n  chain send total\n    chain process total"


@pytest.mark.swallows
@pytest.mark.parametrize("broken", ["_start_from_message", "_finish"])
def test_an_error_of_ours_is_not_the_tasks(
    recorder: Recorder, finished: Finished, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.delattr(honeyhive_celery._signals, broken)

    result = look_around.delay()
    failed = fail.delay()

    assert finished.next(2) == ["SUCCESS", "FAILURE"]
    assert result.get() == {}
    with pytest.raises(ValueError, match="broken"):
        failed.get()
    assert [event.event_name for event in recorder.events()] == ["send look_around", "send fail"]
