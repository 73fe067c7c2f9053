"""The processes of one run: started together, watched, and stopped together, whatever happens."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from honeyhive_demo.environment import DemoEnvironment, child_variables

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 8.0
_POLL_INTERVAL_S = 0.05
_TAIL_LINES = 15

_Result = TypeVar("_Result")


class ServiceError(Exception):
    """A process of the demo ended or never became ready; the message carries the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A chat model on the internet, in place of the stand-in."""

    base_url: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What the user chose for one run; without a provider the stand-in plays the model."""

    broker_url: str
    model_name: str
    provider: Provider | None
    export: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One started process, and what shows that it is ready: a port that takes connections or a file that exists."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    ready: int | Path

    def failure(self, what: str) -> ServiceError:
        """Return the error that tells what happened to this process, with the end of its log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
        except OSError as error:
            lines = [f"(its log cannot be read: {error.strerror})"]
        tail = "\n".join(f"  {line}" for line in lines) or "  (its log is empty)"
        return ServiceError(f"{self.name} {what}. The end of its log:\n{tail}")

    def check(self) -> None:
        """Raise ServiceError when the process has ended."""
        status = self.process.poll()
        if status is not None:
            raise self.failure(f"ended with status {status}")


class Supervisor:
    """Owns the child processes of one run; each leads a process group of its own, so that Ctrl-C reaches only the command."""

    def __init__(self, data_dir: Path, variables: Mapping[str, str]) -> None:
        """Take where the logs belong, and the whole environment of its processes."""
        self._data_dir = data_dir
        self._variables = variables
        self._services: list[Service] = []

    def start(self, name: str, role: str, *, ready: int | Path, listener: socket.socket | None = None) -> None:
        """Start one role of `honeyhive_demo.child`; a listener is handed over, bound but not yet listening."""
        log = self._data_dir / f"{role}.log"
        # -P: the working directory is the data directory, and nothing in it is to be imported.
        command = [sys.executable, "-P", "-m", "honeyhive_demo.child", role, "--parent", str(os.getpid())]
        descriptors: tuple[int, ...] = ()
        if listener is not None:
            descriptors = (listener.fileno(),)
            command += ["--socket", str(listener.fileno())]
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  our own module
                command,
                cwd=self._data_dir,
                env={**self._variables, "OTEL_SERVICE_NAME": role},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=descriptors,
                start_new_session=True,
            )
        self._services.append(Service(name=name, process=process, log=log, ready=ready))

    async def wait_ready(self, on_ready: Callable[[str], None]) -> None:
        """Return when every process is ready, naming each as it gets there; raises ServiceError when one does not."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        waiting = list(self._services)
        while waiting:
            for service in list(waiting):
                service.check()
                if await _is_ready(service):
                    waiting.remove(service)
                    on_ready(service.name)
            if waiting and time.monotonic() > deadline:
                raise waiting[0].failure(f"was not ready after {READY_TIMEOUT_S:.0f} s")
            await asyncio.sleep(_POLL_INTERVAL_S)

    async def while_running(self, work: Coroutine[None, None, _Result]) -> _Result:
        """Return what `work` returns; raises ServiceError when a process ends before that."""
        working = asyncio.create_task(work)
        try:
            while not working.done():
                for service in self._services:
                    service.check()
                await asyncio.wait({working}, timeout=_POLL_INTERVAL_S)
            return working.result()
        finally:
            working.cancel()

    def stop(self) -> None:
        """End every process and everything it started: asked first, in the order of their start, and killed in the end."""
        deadline = time.monotonic() + STOP_TIMEOUT_S
        try:
            for service in self._services:
                service.process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    service.process.wait(max(0.0, deadline - time.monotonic()))
        finally:
            # Also when a second Ctrl-C cuts the waiting short.
            for service in self._services:
                with suppress(ProcessLookupError):
                    os.killpg(service.process.pid, signal.SIGKILL)
                service.process.wait()


@asynccontextmanager
async def running_services(
    data_dir: Path, run: Run, *, caller: Mapping[str, str], on_ready: Callable[[str], None]
) -> AsyncGenerator[tuple[Supervisor, str]]:
    """Start every process of a run and give their supervisor and the web process's address once all are ready.

    Raises ServiceError when a process ends or is not ready in time. On the way out, whichever way it is, no process,
    port or queue of the run is left.
    """
    with _listener() as model, _listener() as pages, _listener() as web:
        web_url = _url(web)
        environment = DemoEnvironment(
            data_dir=data_dir,
            broker_url=run.broker_url,
            queue_name=data_dir.name,
            pages_url=_url(pages),
            model_base_url=run.provider.base_url if run.provider else f"{_url(model)}/v1",
            model_name=run.model_name,
            api_key=run.provider.api_key if run.provider else "none-needed",
        )
        variables = child_variables(environment, caller, live=run.provider is not None, export=run.export)
        supervisor = Supervisor(data_dir, variables)
        try:
            # Who asks comes before who answers, so that at the end nobody waits for a process that has gone.
            supervisor.start("web", "web", ready=_port(web), listener=web)
            supervisor.start("worker", "worker", ready=environment.worker_ready_file)
            supervisor.start("pages", "pages", ready=_port(pages), listener=pages)
            if run.provider is None:
                supervisor.start("model server", "model", ready=_port(model), listener=model)
            await supervisor.wait_ready(on_ready)
            yield supervisor, web_url
        finally:
            supervisor.stop()
            _clean_broker(environment)


async def _is_ready(service: Service) -> bool:
    if isinstance(service.ready, Path):
        return service.ready.exists()
    # Its socket listens once the application has started; asking it something would be one more session.
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", service.ready)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


def _listener() -> socket.socket:
    # Bound here and handed over, so that nobody can take the port in between.
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{_port(listener)}"


def _clean_broker(environment: DemoEnvironment) -> None:
    if environment.broker_url.startswith("filesystem:"):
        return
    # Only a broker that outlives the run is worth the import.
    from honeyhive_demo.broker import delete_queue

    delete_queue(environment)
