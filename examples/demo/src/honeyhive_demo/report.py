"""What a run prints: each session as it completes, and what all of them come to."""

from dataclasses import dataclass, field
from typing import Any

from honeyhive.cli.processes import Process, process_of
from honeyhive.cli.render import SessionView
from honeyhive.cli.text import cost, count, plain
from honeyhive.events.sessions import Session
from rich.console import Console
from rich.text import Text

from honeyhive_demo.client import Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """One question: what came of it, its session if there is one, and what is wrong."""

    outcome: Outcome
    session: Session | None
    faults: list[str]

    @property
    def is_broken(self) -> bool:
        """Whether there is no answer, or not a whole session."""
        return bool(self.outcome.error or self.faults)


@dataclass(slots=True)
class Report:
    """Prints results as they come, and the closing line; in JSON everything comes at the end."""

    console: Console
    as_json: bool
    results: list[Result] = field(default_factory=list[Result])

    def add(self, result: Result) -> None:
        """Take the next result."""
        self.results.append(result)
        if not self.as_json:
            self._print(result)

    def _print(self, result: Result) -> None:
        self.console.rule(Text(plain(result.outcome.question), style="bold"), align="left", style="dim")
        if result.session is not None:
            self.console.print(SessionView(result.session))
        self.console.print()
        for line in (result.outcome.answer or "").splitlines():
            self.console.print(Text(plain(line)))
        for fault in ([result.outcome.error] if result.outcome.error else []) + result.faults:
            self.console.print(Text(f"broken: {plain(fault)}", style="red"))
        self.console.print()

    def closing_line(self, model: str, *, is_live: bool) -> Text:
        """Sessions, events, processes, tokens and cost of the whole run."""
        sessions = [result.session for result in self.results if result.session is not None]
        events = [event for session in sessions for event in (session.root, *session.events)]
        processes: set[Process | None] = {process_of(event) for event in events}
        costs = [session.root.metadata["cost"] for session in sessions if session.root.metadata["cost"] is not None]
        tokens = sum(session.root.metadata["total_tokens"] for session in sessions)
        parts = (
            f"{len(sessions)} session{'' if len(sessions) == 1 else 's'}",
            f"{count(len(events))} events",
            f"{len(processes - {None})} processes",
            f"{count(tokens)} tokens",
            cost(sum(costs) if costs else None),
        )
        note = "" if is_live else f" at the price of {model}; the stand-in charges nothing"
        return Text.assemble((" · ".join(parts), "bold"), (note, "dim"))

    def document(self) -> dict[str, Any]:
        """Every session as JSON, its own event first."""
        sessions = [result.session for result in self.results if result.session is not None]
        return {
            "sessions": [
                {
                    "session_id": session.session_id,
                    "events": [event.to_dict() for event in (session.root, *session.events)],
                }
                for session in sessions
            ]
        }
