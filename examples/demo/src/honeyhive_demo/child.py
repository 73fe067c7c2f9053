"""How every process of the demo starts: tied to its parent's life, then in the role it was given."""

import argparse
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

_PR_SET_PDEATHSIG = 1
_PARENT_POLL_S = 0.5
_GRACE_S = 3


def main() -> None:
    """Run one role: `python -m honeyhive_demo.child ROLE --parent PID [--socket FD]`."""
    parser = argparse.ArgumentParser(prog="honeyhive_demo.child")
    parser.add_argument("role", choices=sorted(_ROLES))
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--socket", type=int, default=-1)
    arguments = parser.parse_args()
    die_with(arguments.parent)
    _ROLES[arguments.role](arguments.socket)


def die_with(parent: int) -> None:
    """Make the end of `parent`, however it comes, the end of this process: nothing of the demo outlives the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    # The parent may have gone before the request was made.
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_POLL_S)
    os._exit(1)


def _run_model(listener: int) -> None:
    from honeyhive_demo.model_server import create_app

    _serve(create_app(), listener)


def _run_pages(listener: int) -> None:
    from honeyhive_demo.pages.application import create_app

    _serve(create_app(), listener)


def _run_web(listener: int) -> None:
    from honeyhive_demo.web import create_app

    _serve(create_app(), listener)


def _run_worker(_: int) -> None:
    from celery.signals import worker_process_init

    from honeyhive_demo.tasks import app

    main_process = os.getpid()

    def tie_pool_process(**_: object) -> None:
        die_with(main_process)

    # A parent-death signal is not inherited across a fork.
    worker_process_init.connect(tie_pool_process, weak=False)
    options = ("--pool=prefork", "--concurrency=2", "--without-gossip", "--without-mingle", "--without-heartbeat")
    app.worker_main(["worker", *options, f"--hostname={app.conf.task_default_queue}@%h", "--loglevel=INFO"])


def _serve(application: Callable[..., Any], listener: int) -> None:
    import uvicorn

    # uvicorn's own `--fd` takes any descriptor for a Unix socket, and the client's address is lost.
    config = uvicorn.Config(application, timeout_graceful_shutdown=_GRACE_S)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


_ROLES: dict[str, Callable[[int], None]] = {
    "model": _run_model,
    "pages": _run_pages,
    "web": _run_web,
    "worker": _run_worker,
}

if __name__ == "__main__":
    main()
