"""Sessions as the journal tells them, found by id, prefix or ``last``."""

import dataclasses
import itertools
import os
from collections.abc import Sequence
from typing import Final

from honeyhive.cli.errors import CommandError
from honeyhive.events.reader import read_records
from honeyhive.events.sessions import Session, assemble
from honeyhive.events.wire import WireError
from honeyhive.export.journal import read_journal
from honeyhive.settings import Settings

LAST: Final = "last"
_SHORT_ID: Final = 8
_NAMED_MATCHES: Final = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """What a journal holds: its sessions, oldest first, and what could not be read."""

    sessions: Sequence[Session]
    torn_bytes: int
    damaged_records: int


def read_sessions(settings: Settings) -> Recorded:
    """The sessions in the journal directory of *settings*; raises `CommandError` when it cannot be read."""
    try:
        content = read_journal(settings.journal_dir)
    except OSError as error:
        message = (
            f"the journal in {settings.journal_dir} cannot be read ({error.strerror}); run as the user who owns it"
        )
        raise CommandError(message) from error
    unreadable: list[WireError] = []
    sessions = assemble(read_records(content.bodies, unreadable=unreadable.append))
    return Recorded(sessions, content.torn_bytes, content.damaged_records + len(unreadable))


def some_sessions(settings: Settings) -> Recorded:
    """What `read_sessions` returns; raises `CommandError`, saying what to do, when there is no session in it."""
    recorded = read_sessions(settings)
    if recorded.sessions:
        return recorded
    why = "HH_JOURNAL is off" if not settings.journal else "run a program that is traced with honeyhive"
    message = f"no sessions in {settings.journal_dir}: {why}, or name another directory with --data-dir or HH_DATA_DIR"
    raise CommandError(message)


def find_session(sessions: Sequence[Session], wanted: str) -> Session:
    """The session whose id is *wanted* or begins with it, or the newest for ``last``; raises `CommandError` otherwise."""
    if wanted == LAST:
        return sessions[-1]
    prefix = wanted.lower()
    found = [session for session in sessions if session.session_id.lower().startswith(prefix)]
    exact = [session for session in found if session.session_id.lower() == prefix]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    if not found:
        message = f"no session has an id that begins with {wanted!r}; `honeyhive sessions` lists them"
        raise CommandError(message)
    named = ", ".join(session.session_id for session in found[:_NAMED_MATCHES])
    more = f" and {len(found) - _NAMED_MATCHES} more" if len(found) > _NAMED_MATCHES else ""
    message = (
        f"{len(found)} sessions have an id that begins with {wanted!r}: {named}{more}; write more of the one you mean"
    )
    raise CommandError(message)


def short_ids(sessions: Sequence[Session]) -> dict[str, str]:
    """For each session id the shortest beginning, of at least eight characters, that no other session shares."""
    ordered = sorted(session.session_id for session in sessions)
    # Character by character, which `commonprefix` is blamed for with paths, is what ids need.
    shared = [len(os.path.commonprefix(pair)) for pair in itertools.pairwise(ordered)]  # noqa: RUF071
    needed = [max(pair) + 1 for pair in zip([0, *shared], [*shared, 0], strict=True)]
    return {name: name[: max(_SHORT_ID, length)] for name, length in zip(ordered, needed, strict=True)}
