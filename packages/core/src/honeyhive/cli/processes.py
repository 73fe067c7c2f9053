"""The processes that a session crossed, as its events name them."""

import dataclasses
from collections import Counter
from collections.abc import Iterable

from honeyhive import semconv
from honeyhive.cli.text import plain
from honeyhive.events.event import Event
from honeyhive.events.sessions import Session

_UNNAMED = "unknown_service:"  # OpenTelemetry's name for a process that nobody named; the program's follows


@dataclasses.dataclass(frozen=True, slots=True)
class Process:
    """One process: its service and its process id, of which at least one is known."""

    service: str | None
    pid: int | None

    @property
    def label(self) -> str:
        """``service·pid``, or the one that is known."""
        return "·".join(str(part) for part in (self.service, self.pid) if part is not None)


def process_of(event: Event) -> Process | None:
    """The process that *event* happened in; None when its resource does not say."""
    service, pid = event.metadata.get(semconv.SERVICE_NAME), event.metadata.get(semconv.PROCESS_PID)
    process = Process(
        plain(service.removeprefix(_UNNAMED)) if isinstance(service, str) and service else None,
        pid if isinstance(pid, int) else None,
    )
    return process if process.label else None


def processes_of(session: Session) -> tuple[Process, ...]:
    """Every process of *session*, in the order in which its events reached them."""
    found = (process_of(event) for event in (session.root, *session.events))
    return tuple(dict.fromkeys(process for process in found if process is not None))


def services_of(processes: Iterable[Process]) -> str:
    """*processes* in few words: each service once, with a number where several processes run it."""
    counted = Counter(process.service or process.label for process in processes)
    return ", ".join(
        service if number == 1 else f"{service} ×{number}"  # noqa: RUF001  a multiplication
        for service, number in counted.items()
    )
