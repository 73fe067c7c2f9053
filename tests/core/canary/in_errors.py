"""Places in what goes wrong: messages, causes, notes, groups, source lines."""

import contextlib
import linecache
from typing import Any

from honeyhive import enrich_span, trace
from honeyhive.integration import EventType, start_event
from opentelemetry.trace import Status, StatusCode
from places import place


@place
def exception_message(secret: str) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        raise ValueError(f"401 for key {secret}")

    with contextlib.suppress(ValueError):
        failing()


@place
def exception_cause(secret: str) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        try:
            {}[secret]
        except KeyError as error:
            raise RuntimeError("lookup failed") from error

    with contextlib.suppress(RuntimeError):
        failing()


@place
def exception_note(secret: str) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        error = ValueError("no")
        error.add_note(f"tried {secret}")
        raise error

    with contextlib.suppress(ValueError):
        failing()


@place
def exception_group(secret: str) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        raise ExceptionGroup("several", [ValueError("one"), ExceptionGroup("more", [KeyError(secret)])])

    with contextlib.suppress(ExceptionGroup):
        failing()


@place
def exception_source_line(secret: str) -> None:
    # Its traceback quotes this line of the program.
    source = f"def failing(): raise ValueError('no')  # {secret}"
    name = f"<{len(secret)} canary>"
    linecache.cache[name] = (len(source), None, [source], name)
    scope: dict[str, Any] = {}
    exec(compile(source, name, "exec"), scope)  # noqa: S102  a line of source that only this place has

    with contextlib.suppress(ValueError):
        trace(event_name="failing")(scope["failing"])()


@place
def status_message(secret: str) -> None:
    event = start_event(EventType.tool, "failing")
    assert event is not None
    event.set_status(Status(StatusCode.ERROR, f"failed with {secret}"))
    event.end()


@place
def error_text(secret: str) -> None:
    @trace(event_name="enriched")
    def enriched() -> None:
        enrich_span(error=f"failed with {secret}")

    enriched()
