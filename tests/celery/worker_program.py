"""A worker as a program of its own: ``worker_program.py [option …]``; the settings of its app are in ``CELERY_SETTINGS``."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from celery import Celery, Task
from honeyhive import HoneyHiveTracer, trace
from honeyhive_celery import instrument


@trace(event_type="tool")
def work(number: int) -> int:
    return number


def add_tasks(app: Celery) -> None:
    app.task(name="do_work")(work)

    @app.task(name="wait_for")
    def wait_for(folder: str, number: int) -> None:
        Path(folder, f"started-{number}").touch()
        while not Path(folder, "released").exists():
            time.sleep(0.01)
        work(number)

    @app.task(name="end_process")
    def end_process() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()

    @app.task(name="second")
    def second() -> None: ...

    @app.task(name="first", bind=True)
    def first(self: "Task[..., Any]") -> None:
        if self.request.retries == 0:
            raise self.retry(countdown=0)
        second.delay()


def main(*options: str) -> None:
    """Run the worker; the tracer is made, and used, before it forks."""
    HoneyHiveTracer.init(project="worker", session_name="worker")
    work(0)
    app = Celery("worker")
    app.conf.update(json.loads(os.environ["CELERY_SETTINGS"]))
    instrument(app)
    add_tasks(app)
    app.worker_main(["worker", "--loglevel=INFO", "--without-gossip", "--without-mingle", *options])


if __name__ == "__main__":
    main(*sys.argv[1:])
