"""The sessions of a run, read from the journal while its processes write it."""

import asyncio
import time
from pathlib import Path
from typing import Final

from honeyhive.cli.journal import read_sessions
from honeyhive.events.sessions import Session
from honeyhive.settings import Settings

from honeyhive_demo.verification import faults

_DEADLINE_S: Final = 8.0
_POLL_INTERVAL_S: Final = 0.05


async def settled_session(session_id: str, data_dir: Path) -> tuple[Session | None, list[str]]:
    """The session once it is whole, or as it is after a while, with what is wrong with it.

    The answer is out before the last events are: each process writes its own within a fraction of a second.
    """
    settings = Settings.from_env({}, data_dir=data_dir)
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        sessions = (await asyncio.to_thread(read_sessions, settings)).sessions
        session = next((found for found in sessions if found.session_id == session_id), None)
        wrong = ["nothing of it was recorded"] if session is None else faults(session)
        if not wrong or time.monotonic() > deadline:
            return session, wrong
        await asyncio.sleep(_POLL_INTERVAL_S)
