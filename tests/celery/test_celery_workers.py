"""Workers as programs of their own: sessions come through brokers, and what a process recorded survives its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from honeyhive import session
from honeyhive.events.event import Event
from honeyhive.events.reader import Update, read_records
from honeyhive.events.sessions import Session, assemble
from honeyhive.export.journal import read_journal
from honeyhive.testing import Recorder, wait_until
from honeyhive_celery import instrument, uninstrument
from kombu import Exchange, Queue

DEADLINE_S = 20
PROGRAM = Path(__file__).with_name("worker_program.py")
BROKERS = {
    "redis": ("redis://127.0.0.1:6379/0", 6379, "docker run --rm -p 6379:6379 redis"),
    "rabbitmq": ("amqp://guest:guest@127.0.0.1:5672//", 5672, "docker run --rm -p 5672:5672 rabbitmq"),
}


@pytest.fixture
def file_broker(tmp_path: Path) -> dict[str, Any]:
    """Settings of a broker of files. Its worker starts after the publishing: kombu may take a half-written message."""
    folders = {name: tmp_path / name for name in ("messages", "exchanges", "processed")}
    for folder in folders.values():
        folder.mkdir()
    options = {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "control_folder": str(folders["exchanges"]),
        "store_processed": True,
        "processed_folder": str(folders["processed"]),
        "polling_interval": 0.02,
    }
    return {"broker_url": "filesystem://", "broker_transport_options": options}


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """Settings of a broker that runs already, with a queue of our own that is removed again."""
    url, port, start = BROKERS[request.param]
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        pytest.skip(f"nothing listens on 127.0.0.1:{port}; start it with: {start}")
    name = f"honeyhive-tests-{uuid.uuid4()}"
    yield {"broker_url": url, "task_default_queue": name}
    with Celery(broker=url, set_as_current=False).connection_for_write() as connection:
        queue = Queue(name, Exchange(name), routing_key=name)(connection.default_channel)
        queue.declare()  # over redis kombu deletes only what the connection has declared
        queue.delete()
        queue.exchange.delete()


def publisher(settings: dict[str, Any]) -> Celery:
    app = Celery("publisher", set_as_current=False)
    app.conf.update(settings)
    instrument(app)
    return app


@pytest.fixture(autouse=True)
def let_go() -> Iterator[None]:
    yield
    uninstrument()


@contextmanager
def worker(settings: dict[str, Any], data_dir: Path, *options: str) -> Generator[subprocess.Popen[bytes]]:
    """A worker while the block runs, as its process; its log is in *data_dir*. It is ended for certain, with all its processes."""
    settings = {**settings, "worker_enable_remote_control": False}
    environment = {**os.environ, "HH_DATA_DIR": str(data_dir), "CELERY_SETTINGS": json.dumps(settings)}
    command = [sys.executable, "-P", str(PROGRAM), *options]
    with (data_dir / "worker.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            yield process
            process.terminate()
            with suppress(
                subprocess.TimeoutExpired
            ):  # billiard sometimes waits for ever for a process that ended early
                process.wait(timeout=5)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for_events(data_dir: Path, name: str, count: int) -> None:
    """Wait until the worker's journal has so many events of that name."""

    def is_there() -> bool:
        return sum(isinstance(item, Event) and item.event_name == name for item in journal(data_dir)) >= count

    try:
        wait_until(is_there, timeout_s=DEADLINE_S)
    except TimeoutError:
        pytest.fail((data_dir / "worker.log").read_text())


def journal(data_dir: Path) -> list[Event | Update]:
    return list(read_records(read_journal(data_dir / "journal").bodies))


def sessions(recorder: Recorder, data_dir: Path) -> dict[str, Session]:
    """What the publisher recorded and what the worker's journal holds, as one: by the name of the session."""
    return {one.root.event_name: one for one in assemble([*recorder.events(with_sessions=True), *journal(data_dir)])}


def lines(one: Session) -> list[str]:
    return [f"{'  ' * depth}{event.event_name}" for depth, event in one.walk()]


def test_a_process_that_ends_at_once_has_delivered_before(tmp_path: Path) -> None:
    program = """
import os
from celery import Celery, signals
from honeyhive_celery import instrument

app = Celery(set_as_current=False)
instrument(app)


@app.task(name="work")
def work(): ...


work.apply()
signals.worker_process_shutdown.send(None, pid=os.getpid(), exitcode=0)
os._exit(0)  # as billiard's processes end
"""
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "HH_DATA_DIR": str(tmp_path)}, check=True)

    assert "process work" in {item.event_name for item in journal(tmp_path) if isinstance(item, Event)}


def test_processes_that_end_after_each_task_lose_nothing(
    recorder: Recorder, file_broker: dict[str, Any], tmp_path: Path
) -> None:
    app = publisher(file_broker)
    with session(name="user"):
        for number in range(10):
            app.send_task("do_work", (number,))
    with worker(file_broker, tmp_path, "--concurrency=2", "--max-tasks-per-child=1"):
        wait_for_events(tmp_path, "process do_work", 10)

    found = sessions(recorder, tmp_path)
    assert lines(found["user"]) == ["user", *["  send do_work", "    process do_work", "      work"] * 10]
    assert lines(found["worker"]) == ["worker", "  work"]
    processes = {event.metadata["process.pid"] for event in found["user"].events if event.event_name == "work"}
    assert len(processes) == 10


def test_a_worker_that_is_told_to_end_in_the_middle_of_its_tasks_loses_nothing(
    recorder: Recorder, file_broker: dict[str, Any], tmp_path: Path
) -> None:
    app = publisher(file_broker)
    with session(name="user"):
        for number in range(4):
            app.send_task("wait_for", (str(tmp_path), number))
    with worker(file_broker, tmp_path, "--concurrency=4") as process:
        wait_until(lambda: len(list(tmp_path.glob("started-*"))) == 4, timeout_s=DEADLINE_S)
        process.terminate()
        wait_until(lambda: "Warm shutdown" in (tmp_path / "worker.log").read_text(), timeout_s=DEADLINE_S)
        (tmp_path / "released").touch()
        wait_for_events(tmp_path, "process wait_for", 4)

    found = sessions(recorder, tmp_path)["user"]
    assert lines(found) == ["user", *["  send wait_for", "    process wait_for", "      work"] * 4]
    assert all(event.error is None for event in found.events)


def test_a_task_whose_process_is_told_to_end_is_recorded_as_terminated(
    recorder: Recorder, file_broker: dict[str, Any], tmp_path: Path
) -> None:
    publisher(file_broker).send_task("end_process")
    with worker(file_broker, tmp_path, "--concurrency=1"):
        wait_for_events(tmp_path, "process end_process", 1)

    ended = sessions(recorder, tmp_path)["end_process"]
    assert lines(ended) == ["end_process", "  process end_process"]
    assert [event.error for event in (ended.root, *ended.events)] == ["worker_terminated"] * 2
    assert ended.events[0].metadata["error.type"] == "worker_terminated"


def test_a_session_comes_through_a_broker_with_its_retries_and_what_it_starts(
    recorder: Recorder, broker: dict[str, Any], tmp_path: Path
) -> None:
    with session(name="user"):
        publisher(broker).send_task("first")
    with worker(broker, tmp_path, "--concurrency=2"):
        wait_for_events(tmp_path, "process first", 2)
        wait_for_events(tmp_path, "process second", 1)

    found = sessions(recorder, tmp_path)["user"]
    assert lines(found) == [
        "user",
        "  send first",
        "    process first",
        "      send first",
        "    process first",
        "      send second",
        "        process second",
    ]
    queues = {(one.metadata["messaging.system"], one.metadata["messaging.destination.name"]) for one in found.events}
    assert queues == {("redis" if "redis" in broker["broker_url"] else "rabbitmq", broker["task_default_queue"])}
    assert all("queue_wait_ms" in one.metrics for one in found.events if one.event_name.startswith("process"))
