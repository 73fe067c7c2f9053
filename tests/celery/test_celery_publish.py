"""Publishing, eager tasks and the life of the instrumentation, without a worker."""

from collections.abc import Iterator
from typing import Any

import celery
import pytest
from celery import Celery, Task, signals
from celery.exceptions import Retry
from honeyhive import session, trace
from honeyhive.integration import current_context, suppress
from honeyhive.testing import Recorder
from honeyhive_celery import instrument, uninstrument
from honeyhive_celery._doctor import report


@pytest.fixture
def app() -> Iterator[Celery]:
    own = Celery("own", set_as_current=False, broker="memory://")
    instrument(own)
    yield own
    uninstrument()


@pytest.mark.parametrize("argument", [1, object()], ids=["broker is down", "argument cannot be serialized"])
def test_a_failed_publish_ends_its_event_and_leaves_nothing_current(
    recorder: Recorder, app: Celery, argument: object
) -> None:
    app.conf.update(broker_url="amqp://127.0.0.1:1", broker_transport_options={"max_retries": 1, "interval_start": 0})

    with session(name="user"):
        before = current_context()
        with pytest.raises(Exception) as raised:  # noqa: PT011  kombu's own, of two kinds
            app.send_task("total", (argument,))
        assert current_context() is before

    assert recorder.tree() == "session user\n  chain send total [error]"
    event = recorder.event("send total")
    assert event.error == f"{type(raised.value).__name__}: {raised.value}"
    assert event.metadata["messaging.system"] == "rabbitmq"


def test_what_fails_before_there_is_a_message_is_a_failed_publish_too(recorder: Recorder, app: Celery) -> None:
    app.conf.update(task_create_missing_queues=False)

    with session(name="user"), pytest.raises(Exception, match="nowhere"):
        app.send_task("total", queue="nowhere")

    assert recorder.tree() == "session user\n  chain send total [error]"


def test_a_message_that_a_receiver_publishes_meanwhile_has_an_event_of_its_own(recorder: Recorder, app: Celery) -> None:
    other = Celery("other", set_as_current=False, broker="memory://")

    @signals.before_task_publish.connect(sender="total")
    def audit(**_: object) -> None:
        other.send_task("audit")

    with session(name="user"):
        app.send_task("total")
    signals.before_task_publish.disconnect(audit, sender="total")

    assert recorder.tree() == "session user\n  chain send total\n  chain send audit"
    assert [event.metadata["celery.task.name"] for event in recorder.events()] == ["total", "audit"]


def test_nothing_is_recorded_or_carried_where_the_user_suppressed_it(recorder: Recorder, app: Celery) -> None:
    with session(name="user"), suppress():
        app.send_task("total", queue="suppressed")

    assert recorder.events() == []
    with app.connection_for_read() as connection, connection.SimpleQueue("suppressed") as messages:
        headers = messages.get_nowait().headers
    assert {"traceparent", "baggage", "honeyhive-enqueued-at"} & headers.keys() == set()


def test_an_app_is_instrumented_once_and_let_go_whole(recorder: Recorder, app: Celery) -> None:
    @app.task(shared=False, name="task")
    def task() -> None: ...

    instrument(app)
    with session(name="user"):
        app.send_task("task")
        task.apply()
    recorded = recorder.tree()
    uninstrument()
    uninstrument()
    with session(name="let go"):
        app.send_task("task")
        task.apply()

    assert recorded == "session user\n  chain send task\n  chain process task"
    assert recorder.tree() == recorded + "\nsession let go"
    assert app.send_task == Celery.send_task.__get__(app)


def test_a_task_that_runs_while_its_app_is_let_go_still_ends(recorder: Recorder, app: Celery) -> None:
    task = app.task(shared=False, name="task")(uninstrument)

    with session(name="user"):
        before = current_context()
        task.apply()
        assert current_context() is before

    assert recorder.tree() == "session user\n  chain process task"


def test_an_app_may_be_configured_after_it_was_instrumented(recorder: Recorder, app: Celery) -> None:
    app.config_from_object({"task_default_queue": "late", "broker_url": "memory://"})

    app.send_task("total")

    assert recorder.event("send total").metadata["messaging.destination.name"] == "late"


def test_a_message_of_the_first_protocol_carries_the_session(recorder: Recorder, app: Celery) -> None:
    app.conf.update(task_protocol=1)
    with session(name="user"):
        result = app.send_task("total", queue="protocol 1")

    assert recorder.event("send total").metadata["celery.task.id"] == result.id
    with app.connection_for_read() as connection, connection.SimpleQueue("protocol 1") as messages:
        assert "honeyhive-session=" in messages.get_nowait().headers["baggage"]


def test_an_eager_task_is_a_step_of_its_caller(recorder: Recorder, app: Celery) -> None:
    @app.task(shared=False, name="add")
    def add(first: int, second: int) -> int:
        return trace(event_name="sum")(sum)([first, second])

    @trace(event_name="request", event_type="chain")
    def request() -> None:
        before = current_context()
        assert add.apply((1, 2)).get() == 3
        app.conf.update(task_always_eager=True)
        assert add.delay(1, 2).get() == 3
        assert current_context() is before

    with session(name="user"):
        request()

    step = "    chain process add\n      tool sum\n"
    assert recorder.tree() + "\n" == "session user\n  chain request\n" + 2 * step


def test_an_eager_task_that_raises_into_its_caller_is_an_error_and_a_retry_is_none(
    recorder: Recorder, app: Celery
) -> None:
    @app.task(shared=False, name="fail")
    def fail() -> None:
        message = "broken"
        raise ValueError(message)

    @app.task(shared=False, name="retry", bind=True)
    def retry(self: "Task[..., Any]") -> None:
        raise self.retry()

    with session(name="user"):
        for task, error in ((fail, ValueError), (retry, Retry)):
            with pytest.raises(error):
                task.apply(throw=True)

    assert recorder.tree() == "session user\n  chain process fail [error]\n  chain process retry"
    assert recorder.event("process fail").error == "ValueError: broken"


def test_the_doctor_names_the_versions_that_matter() -> None:
    assert report().versions["celery"] == celery.__version__
