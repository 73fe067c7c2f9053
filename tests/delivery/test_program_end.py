"""The end of a program takes no longer than it may, whatever the destination does."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from honeyhive.events.decode import decode_resource_spans
from honeyhive.export.journal import read_journal


class Dripping:
    """A server whose answer never ends: the next byte of its headers comes just in time, again and again."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._answer, args=(connection,)))
                self._threads[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
            while not self._ends.wait(0.2):
                connection.sendall(b"a")

    def close(self) -> None:
        self._ends.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def dripping() -> Iterator[Dripping]:
    server = Dripping()
    yield server
    server.close()


def run(program: str, directory: Path, **environment: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env={**clean, "HH_DATA_DIR": str(directory), **environment},
        capture_output=True,
        text=True,
        timeout=60,  # where it does not end by itself, it never does
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")


def events_in(directory: Path) -> int:
    return sum(len(list(decode_resource_spans(body))) for body in read_journal(directory / "journal").bodies)


# From Python 3.12 on no thread can be started once the program ends; 3.11 is made to be like that.
ENDING = """
import threading
start = threading.Thread.start
def start_unless_ending(thread):
    if thread.name == "honeyhive-sender": raise RuntimeError("can't create new thread at interpreter shutdown")
    start(thread)
threading.Thread.start = start_unless_ending
"""
CALL = """
from honeyhive import HoneyHiveTracer, trace
@trace
def work(number): return number
HoneyHiveTracer.init()
work(1)
"""


def test_an_answer_that_never_ends_does_not_keep_a_program_alive(dripping: Dripping, tmp_path: Path) -> None:
    run(ENDING + CALL, tmp_path, HH_OTLP_ENDPOINT=dripping.url)

    assert events_in(tmp_path) == 3  # the call, and the session with its end
