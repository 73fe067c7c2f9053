"""``honeyhive sessions``: the sessions of the journal, newest first."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer
from rich.text import Text

from honeyhive.cli import console, text
from honeyhive.cli.columns import Column, Grid
from honeyhive.cli.errors import CommandError
from honeyhive.cli.journal import Recorded, short_ids, some_sessions
from honeyhive.cli.options import AsJson, DataDir
from honeyhive.cli.processes import services_of
from honeyhive.cli.summary import Summary
from honeyhive.events.sessions import Session
from honeyhive.settings import Settings

_LIMIT: Final = 20


def sessions(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = _LIMIT,
    project: Annotated[str | None, typer.Option(help="Only sessions of this project.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the sessions of the journal, newest first."""
    recorded = some_sessions(Settings.from_env(data_dir=data_dir))
    found = recorded.sessions if project is None else _of_project(recorded.sessions, project)
    shown = [Summary.of(session) for session in reversed(found[-limit:])]
    if as_json:
        console.print_json({"sessions": shown})
        return
    output = console.output()
    grid = Grid(_columns(shown, short_ids(recorded.sessions)), output.width)
    output.print(grid.titles())
    for row in range(len(shown)):
        output.print(grid.line(row))
    notes = list(_notes(recorded, left_out=len(found) - len(shown)))
    if notes:
        output.print("\n" + "\n".join(notes), style="dim")


def _of_project(sessions: Sequence[Session], project: str) -> Sequence[Session]:
    found = [session for session in sessions if session.root.project == project]
    if found:
        return found
    known = sorted({session.root.project for session in sessions if session.root.project is not None})
    message = f"no session belongs to project {project!r}; the projects of this journal: {', '.join(known) or 'none'}"
    raise CommandError(message)


def _columns(summaries: Sequence[Summary], ids: dict[str, str]) -> list[Column]:
    decimals = text.cost_decimals(summary.cost for summary in summaries)
    return [
        Column("session", [Text(text.plain(ids[one.session_id]), style="cyan") for one in summaries]),
        Column("name", [Text(text.plain(one.name), style="bold") for one in summaries], narrowest=10),
        Column("start", [Text(text.short_time(one.start_time), style="dim") for one in summaries]),
        Column("duration", [Text(text.duration(one.duration)) for one in summaries], "right"),
        Column("events", [Text(text.count(one.num_events)) for one in summaries], "right"),
        Column("status", [_status_cell(one) for one in summaries], narrowest=10),
        Column("tokens", [Text(text.count(one.total_tokens or None)) for one in summaries], "right"),
        Column("cost", [_cost_cell(one, decimals) for one in summaries], "right"),
        Column("processes", [Text(services_of(one.processes), style="dim") for one in summaries], narrowest=9),
    ]


def _status_cell(summary: Summary) -> Text:
    return Text(text.plain(summary.status), style=text.status_style(summary.status))


def _cost_cell(summary: Summary, decimals: int) -> Text:
    return Text(text.cost(summary.cost, decimals=decimals, is_partial=not summary.has_all_prices))


def _notes(recorded: Recorded, *, left_out: int) -> Iterator[str]:
    if left_out:
        yield f"{left_out:,} older not shown; --limit shows more"
    if recorded.damaged_records:
        yield f"{text.counted(recorded.damaged_records, 'damaged record')} left out; `honeyhive doctor` has the details"
