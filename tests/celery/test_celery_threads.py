"""A worker with a pool of threads: a module of its own, because ending one worker ends every other of the process."""

import threading

from celery import Celery, signals
from celery.contrib.testing.worker import start_worker
from honeyhive import session, trace
from honeyhive.testing import Recorder
from honeyhive_celery import instrument, uninstrument

DEADLINE_S = 10
TASKS = 4


def test_tasks_that_run_at_once_do_not_see_each_other(recorder: Recorder) -> None:
    together = threading.Barrier(TASKS + 1)
    app = Celery("threads", set_as_current=False, broker="memory://")
    app.conf.update(worker_hijack_root_logger=False, worker_redirect_stdouts=False, worker_enable_remote_control=False)

    @app.task(shared=False, name="meet")
    def meet() -> None:
        together.wait(DEADLINE_S)
        trace(event_name="inside")(sum)([])

    instrument(app)
    finished = threading.Semaphore(0)

    @signals.task_postrun.connect
    def note(**_: object) -> None:
        finished.release()

    for number in range(TASKS):
        with session(name=f"user {number}"):
            meet.apply_async(queue="threads")
    with start_worker(app, pool="threads", concurrency=TASKS, queues=["threads"], perform_ping_check=False):
        together.wait(DEADLINE_S)
        assert all(finished.acquire(timeout=DEADLINE_S) for _ in range(TASKS))
    signals.task_postrun.disconnect(note)
    uninstrument()

    assert recorder.tree().splitlines() == [
        line
        for number in range(TASKS)
        for line in (f"session user {number}", "  chain send meet", "    chain process meet", "      tool inside")
    ]
