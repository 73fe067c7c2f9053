"""``honeyhive export``: events of the journal, or those that a destination refused, one JSON object a line."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from honeyhive.cli import console
from honeyhive.cli.errors import CommandError
from honeyhive.cli.journal import find_session, some_sessions
from honeyhive.cli.options import DataDir
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.export.rejected import read_rejected, rejected_dir
from honeyhive.settings import Settings


def export(
    session: Annotated[
        str | None,
        typer.Argument(metavar="[SESSION]", help="An id, the beginning of one, or `last`; all unless given."),
    ] = None,
    *,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Events that a destination refused, with the reason, instead.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Write events as JSON lines: of one session, of all, or those that were refused."""
    settings = Settings.from_env(data_dir=data_dir)
    if rejected and session is not None:
        message = "refused events are in no session; leave out SESSION or --rejected"
        raise CommandError(message)
    lines = _rejected(settings) if rejected else _recorded(settings, session)
    for line in lines:
        console.print_json_line(line)


def _recorded(settings: Settings, wanted: str | None) -> Iterator[dict[str, Any]]:
    recorded = some_sessions(settings).sessions
    for session in recorded if wanted is None else [find_session(recorded, wanted)]:
        for event in (session.root, *session.events):
            yield event.to_dict()


def _rejected(settings: Settings) -> Iterator[dict[str, Any]]:
    found = False
    for record in read_rejected(settings.data_dir):
        for event in read_records([record.body]):
            found = True
            said = event.to_dict() if isinstance(event, Event) else {"event_id": event.event_id, **event.fields}
            yield {**said, "rejected": record.reason}
    if not found:
        message = f"no refused events in {rejected_dir(settings.data_dir)}: everything that was sent was taken"
        raise CommandError(message)
