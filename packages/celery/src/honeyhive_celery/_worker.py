"""The life of a worker process: it ends by ``os._exit``, so what is recorded has to leave before."""

from typing import Final

from honeyhive.integration import flush, guard

FLUSH_TIMEOUT_S: Final = 2.0
"""The longest that an unreachable destination keeps a process from ending; the journal has the events anyway."""


def on_process_shutdown(**_: object) -> None:
    """Deliver what this process recorded: ``max_tasks_per_child=1`` ends one process after each task."""
    with guard("deliver the events of a worker process"):
        flush(FLUSH_TIMEOUT_S)
