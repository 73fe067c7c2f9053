"""The broker and the results between the web process and the worker, and Celery's file transports made safe for them."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from celery.backends.filesystem import FilesystemBackend
from kombu import Connection, Exchange, Queue
from kombu.exceptions import OperationalError
from kombu.transport import filesystem
from kombu.utils.encoding import ensure_bytes
from kombu.utils.json import dumps

from honeyhive_demo.environment import DemoEnvironment

_POLLING_INTERVAL_S = 0.02
_LONGEST_WAIT_S = 0.2
_QUEUE_LIFE_S = 600.0


class WholeFileChannel(filesystem.Channel):
    """The filesystem channel, with messages that appear in the folder only when they are complete.

    kombu 5.7 opens the message file and then writes it; a consumer that polls in between takes an empty file
    away and fails on it.
    """

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:
        folder = Path(self.data_folder_out)
        partial = folder / f"{uuid4()}.partial"
        partial.write_text(dumps(payload), encoding="utf-8")
        # Consumers take messages in the order of their names.
        partial.replace(folder / f"{time.time_ns()}_{uuid4()}.{queue}.msg")


class WholeFileTransport(filesystem.Transport):
    """The filesystem transport over `WholeFileChannel`, with waits short enough for a worker to stop at once."""

    Channel = WholeFileChannel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message, or raise TimeoutError after `timeout` seconds, shortened."""
        # A worker looks at its stop signal only between waits, and Celery asks for waits of two seconds.
        super().drain_events(connection, timeout=timeout and min(timeout, _LONGEST_WAIT_S))


class WholeFileBackend(FilesystemBackend):
    """The file result backend, with results that are replaced as a whole: the web process reads while the task writes."""

    def set(self, key: Any, value: Any) -> None:
        """Store one result; the key is bytes by now, whatever the base class declares."""
        # The stubs lack `_filename`.
        path = Path(os.fsdecode(cast("Any", self)._filename(key)))  # noqa: SLF001  see above
        partial = path.with_name(f"{uuid4()}.partial")
        partial.write_bytes(ensure_bytes(value))
        partial.replace(path)


def celery_settings(environment: DemoEnvironment) -> dict[str, Any]:
    """Return the Celery settings of one run: a queue of its own on the chosen broker, results in the data directory."""
    results = _folder(environment, "results")
    settings: dict[str, Any] = {
        "broker_url": environment.broker_url,
        "broker_connection_retry_on_startup": False,
        "result_backend": f"{__name__}:{WholeFileBackend.__name__}+file://{results}",
        "task_queues": [_queue(environment)],
        "task_default_queue": environment.queue_name,
        "task_time_limit": 120,
        "worker_prefetch_multiplier": 1,
        # Remote control would leave its own queues on a broker that belongs to somebody else.
        "worker_enable_remote_control": False,
    }
    if environment.broker_url.startswith("filesystem:"):
        messages = str(_folder(environment, "messages"))
        settings["broker_transport"] = f"{__name__}:{WholeFileTransport.__name__}"
        settings["broker_transport_options"] = {
            "data_folder_in": messages,
            "data_folder_out": messages,
            "control_folder": str(_folder(environment, "exchanges")),
            # Without a folder of its own kombu moves each message through the system's temporary directory.
            "store_processed": True,
            "processed_folder": str(_folder(environment, "processed")),
            "polling_interval": _POLLING_INTERVAL_S,
        }
    return settings


def delete_queue(environment: DemoEnvironment) -> None:
    """Remove the run's queue and exchange from a broker that outlives the run, if it can be reached."""
    queue = _queue(environment)
    with suppress(OperationalError), Connection(environment.broker_url, connect_timeout=3) as connection:
        connection.ensure_connection(max_retries=1)
        bound = queue(connection.default_channel)
        # Over redis kombu deletes only what this connection has declared.
        bound.declare()
        bound.delete()
        bound.exchange.delete()


def _queue(environment: DemoEnvironment) -> Queue:
    name = environment.queue_name
    # RabbitMQ then removes the queue of a run that was killed before it could; elsewhere it only leaves more behind.
    expires = _QUEUE_LIFE_S if environment.broker_url.startswith("amqp") else None
    return Queue(name, Exchange(name), routing_key=name, expires=expires)


def _folder(environment: DemoEnvironment, name: str) -> Path:
    path = environment.data_dir / "broker" / name
    path.mkdir(parents=True, exist_ok=True)
    return path
