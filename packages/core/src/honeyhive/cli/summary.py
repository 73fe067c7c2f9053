"""What a session comes to, in one line of figures."""

import dataclasses
from typing import Final, Self

from honeyhive import semconv
from honeyhive.cli import text
from honeyhive.cli.processes import Process, processes_of
from honeyhive.events.event import Event, Status
from honeyhive.events.sessions import Session


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of one session.

    Times are Unix milliseconds, ``duration`` is milliseconds. ``cost`` is None when no model event has a price, and a lower
    bound while ``unpriced_model_events`` is not zero. ``status`` is ``unfinished`` until the session's own event is written.
    """

    session_id: str
    name: str
    project: str | None
    source: str | None
    start_time: float
    end_time: float
    duration: float
    status: str
    error: str | None
    num_events: int
    num_errors: int
    num_model_events: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost: float | None
    unpriced_model_events: int
    processes: tuple[Process, ...]

    @classmethod
    def of(cls, session: Session) -> Self:
        """The figures of *session*."""
        root, figures = session.root, session.root.metadata
        status = status_of(root)
        is_unfinished = "synthesized" in figures and status == Status.OK
        return cls(
            session_id=session.session_id,
            name=root.event_name,
            project=root.project,
            source=root.source,
            start_time=root.start_time,
            end_time=root.end_time,
            duration=root.duration,
            status=text.UNFINISHED if is_unfinished else status,
            error=root.error,
            num_errors=sum(event.error is not None for event in session.events),
            processes=processes_of(session),
            **{name: figures[name] for name in _TOTALS},
        )

    @property
    def has_all_prices(self) -> bool:
        """Whether ``cost`` is the whole cost."""
        return self.unpriced_model_events == 0


_TOTALS: Final = (
    "num_events",
    "num_model_events",
    semconv.PROMPT_TOKENS,
    semconv.COMPLETION_TOKENS,
    semconv.TOTAL_TOKENS,
    semconv.COST,
    "unpriced_model_events",
)


def status_of(event: Event) -> str:
    """The status that *event* ended with; an event of others may not say."""
    status = event.metadata.get(semconv.STATUS)
    if isinstance(status, str) and status:
        return status
    return Status.OK if event.error is None else Status.ERROR
