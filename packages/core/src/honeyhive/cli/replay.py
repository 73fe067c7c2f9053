"""``honeyhive replay``: what the journal kept on this machine, sent to where the settings say."""

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from honeyhive.cli import console, text
from honeyhive.cli.errors import CommandError
from honeyhive.cli.options import DataDir
from honeyhive.events.decode import count_spans
from honeyhive.export.batch import MAX_REQUEST_BYTES
from honeyhive.export.delivery import Delivery
from honeyhive.export.journal.descriptors import let_go
from honeyhive.export.journal.reading import Record, read_segment, segments_in
from honeyhive.export.journal.segment import DELIVERED_SUFFIX, LOCAL, Segment, delivered_path, locked
from honeyhive.export.outcome import Outcome
from honeyhive.export.outlet import fingerprint_of
from honeyhive.export.rejected import rejected_dir
from honeyhive.settings import Settings

# Somebody sits before it.
_LONGEST_WAIT_S: Final = 5.0
_ATTEMPTS: Final = 3


@dataclasses.dataclass(slots=True)
class _Sent:
    events: int = 0
    segments: int = 0
    in_use: int = 0


def replay(
    *,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Events that a destination refused before, instead.")
    ] = False,
    undelivered: Annotated[
        bool,
        typer.Option(
            "--undelivered",
            help="Also events that were meant for another key, project or address, of ended programs: after a change of key.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Send the events that were kept on this machine to HoneyHive or a collector, each segment once.

    Events that were recorded without a destination are sent by nothing else. HH_API_KEY or HH_OTLP_ENDPOINT says where to.
    """
    settings = Settings.from_env(data_dir=data_dir)
    if rejected and undelivered:
        message = "--rejected and --undelivered are of two kinds; run one after the other"
        raise CommandError(message)
    if settings.destination is None:
        message = "there is nowhere to send to; set HH_API_KEY for HoneyHive, or HH_OTLP_ENDPOINT for a collector"
        raise CommandError(message)
    directory, kind = settings.journal_dir, "" if undelivered else f"{LOCAL}-"
    if rejected:  # of this destination, key and project alone: another tenant's are not for this one to see
        directory, kind = rejected_dir(settings.data_dir), f"{LOCAL}-{fingerprint_of(settings)}-"
    delivery, sent = Delivery(), _Sent()
    try:
        for path in segments_in(directory):
            if path.name.startswith(kind) and not path.name.endswith(DELIVERED_SUFFIX):
                _send_segment(settings, delivery, path, sent)
    finally:
        delivery.close()
    _tell(settings, directory, sent)


def _send_segment(settings: Settings, delivery: Delivery, path: Path, sent: _Sent) -> None:
    descriptor = locked(path)
    if descriptor is None:
        sent.in_use += 1
        return
    try:
        content = read_segment(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
        if content.torn_bytes:  # nothing could be read after it
            os.ftruncate(descriptor, content.whole_bytes)
        segment = Segment(path, descriptor, size=content.whole_bytes)
        for request in _requests(content.unsettled):
            _post(settings, delivery, request, sent)
            start, last = request[0].offset, request[-1]
            segment.settle(start, last.offset + last.length - start)  # should a later one fail
        path.rename(delivered_path(path))
        sent.segments += 1
    finally:
        let_go(descriptor)


def _requests(records: list[Record]) -> Iterator[list[Record]]:
    """*records* in requests of a size that is taken, at least one record each."""
    request: list[Record] = []
    for record in records:
        if request and sum(one.length for one in request) + record.length > MAX_REQUEST_BYTES:
            yield request
            request = []
        request.append(record)
    if request:
        yield request


def _post(settings: Settings, delivery: Delivery, request: list[Record], sent: _Sent) -> None:
    body = b"".join(record.whole for record in request)
    outcome = _outcome_of(settings, delivery, body)
    if not outcome.is_delivered:
        why = outcome.refused or outcome.failure or "it does not answer"
        message = (
            f"{settings.destination} did not take the events ({why}); {text.counted(sent.events, 'event')} arrived before. "
            "Check HH_API_KEY, HH_API_URL or HH_OTLP_ENDPOINT with `honeyhive doctor`, and run this again"
        )
        raise CommandError(message)
    sent.events += sum(count_spans(record.body) for record in request) - sum(outcome.dropped.values())


def _outcome_of(settings: Settings, delivery: Delivery, body: bytes) -> Outcome:
    """What becomes of *body*, tried again where that is asked for: the event that an update is for may be a moment behind."""
    attempt = 0
    while True:
        outcome = delivery.post(settings, body, timeout_s=settings.export_timeout_s, attempt=attempt)
        if outcome.made_progress:
            continue
        wait_s = outcome.retry_after_s
        if not outcome.is_retried or wait_s is None or wait_s > _LONGEST_WAIT_S or attempt == _ATTEMPTS:
            return outcome
        time.sleep(wait_s)
        attempt += 1


def _tell(settings: Settings, directory: Path, sent: _Sent) -> None:
    output = console.output()
    if sent.segments == 0 and sent.in_use == 0:
        output.print(f"nothing to send: every segment in {directory} has been sent or has a destination of its own")
        return
    where = f"from {text.counted(sent.segments, 'segment')} to {settings.destination}"
    output.print(f"{text.counted(sent.events, 'event')} sent, {where}", highlight=False)
    if sent.in_use:
        busy = text.counted(sent.in_use, "segment")
        output.print(f"{busy} left: a program that runs is writing; run this again when it has ended", style="dim")
