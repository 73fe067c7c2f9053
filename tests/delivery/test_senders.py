"""A sender's thread: there while there is something to do."""

import threading
import time
from typing import TYPE_CHECKING

from honeyhive.events import otlp
from honeyhive.export.account import Account
from honeyhive.export.batch import Batch
from honeyhive.export.sender import Sender
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from conftest import Far

GUARD_S = 30


def batch(name: str) -> Batch:
    record = otlp.record(otlp.resource({}), {otlp.scope("s"): [otlp.span([otlp.name_and_kind(name, 1)])]})
    return Batch.of(None, record, 1, due=0.0)


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "honeyhive-sender"]


def test_a_sender_without_work_ends_its_thread_and_starts_it_again(far: "Far") -> None:
    settings, account = Settings(otlp_endpoint=far.url), Account()
    sender = Sender(settings, "f", None, free=lambda _: None, reject=lambda *_: None, idle_s=0.01)
    for name in ("first", "second", "third"):
        account.entered += 1
        sender.add(settings, account, batch(name))
        with account.settled:
            assert account.settled.wait_for(lambda: account.progress().settled == account.entered, GUARD_S)
        for thread in senders():
            thread.join(GUARD_S)
        assert senders() == []
    sender.stop(time.monotonic() + GUARD_S)
    sender.join()

    assert [name for seen in far.seen for name in seen.names] == ["first", "second", "third"]
