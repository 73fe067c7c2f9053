"""``honeyhive show``: one session, as a tree with a waterfall, as JSON, or as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from honeyhive.cli import console
from honeyhive.cli.errors import CommandError
from honeyhive.cli.journal import find_session, some_sessions
from honeyhive.cli.options import AsJson, DataDir
from honeyhive.cli.render import SessionView, session_svg
from honeyhive.events.sessions import Session
from honeyhive.settings import Settings


def show(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="An id, the beginning of one, or `last`.")],
    *,
    as_json: AsJson = False,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a picture to this file instead.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Show one session: every event of every process, and when it ran."""
    recorded = some_sessions(Settings.from_env(data_dir=data_dir))
    found = find_session(recorded.sessions, session)
    if as_json:
        events = [event.to_dict() for event in (found.root, *found.events)]
        console.print_json({"session_id": found.session_id, "events": events})
    elif svg is not None:
        _write_picture(found, svg)
    else:
        console.output().print(SessionView(found))


def _write_picture(session: Session, path: Path) -> None:
    try:
        path.write_text(session_svg(session), encoding="utf-8")
    except OSError as error:
        message = f"the picture cannot be written to {path} ({error.strerror}); name a file in a directory that exists"
        raise CommandError(message) from error
