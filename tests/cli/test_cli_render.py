"""A session drawn, from events with times that the test chose."""

import io
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from honeyhive.cli.render import SessionView, session_svg
from honeyhive.cli.tree import bar
from honeyhive.events.event import Event, EventType
from honeyhive.events.sessions import Session, assemble
from rich.console import Console

SESSION = "5e551011-0000-4000-8000-000000000000"
START_MS = 1_767_225_600_000
WEB = {"service.name": "web", "process.pid": 7}
WORKER = {"service.name": "worker", "process.pid": 8}


def event(name: str, kind: str, start: float, end: float, **fields: Any) -> Event:
    metadata = {"status": "error" if fields.get("error") else "ok", **fields.pop("metadata", {})}
    return Event(
        event_id=fields.pop("event_id", name),
        session_id=SESSION,
        event_type=EventType(kind),
        event_name=name,
        start_time=START_MS + start,
        end_time=START_MS + end,
        parent_id=fields.pop("parent_id", None if kind == "session" else SESSION),
        metadata=metadata,
        **fields,
    )


def priced(tokens: int, cost: float | None, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": tokens - 100, "completion_tokens": 100, "total_tokens": tokens, "cost": cost, **more}


def shop(**session_fields: Any) -> Session:
    refused = "ValueError: the card was refused"
    (assembled,) = assemble(
        [
            event("shop", "session", 0, 100, event_id=SESSION, metadata=WEB, project="store", **session_fields),
            event("checkout", "chain", 0, 2000, metadata=WEB, error=refused),
            event(
                "ask", "model", 10, 510, parent_id="checkout", config={"model": "m-1"}, metadata=priced(1234, 0.00029)
            ),
            event("rank", "model", 510, 1010, parent_id="checkout", metadata=priced(200, None, **WORKER)),
            event("pay", "tool", 1500, 2000, parent_id="checkout", metadata=WORKER, error=refused),
            event("restock", "tool", 1900, 4000, parent_id="gone", metadata=WORKER),
        ]
    )
    return assembled


def drawn(session: Session, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(SessionView(session))
    return console.export_text()


@pytest.mark.usefixtures("in_utc")
def test_a_session_is_a_tree_beside_a_waterfall_with_each_error_told_once_where_it_happened() -> None:
    expected = """\
shop  ok  4.00 s
5e551011-0000-4000-8000-000000000000 · 2026-01-01 00:00:00 · project store
5 events · 2 failed · 2 model calls · 1,434 tokens (1,234 in, 200 out) · ≥$0.00029 · 1 model call without a price
2 processes

event                                   status  duration  tokens       cost  process   0                          4.00 s
session shop                            ok        4.00 s   1,434  ≥$0.00029  web·7     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
├ chain checkout                        error     2.00 s                     web·7     ━━━━━━━━━━━━━━━━╸
│ ├ model ask m-1                       ok        500 ms   1,234   $0.00029            ━━━━
│ ├ model rank                          ok        500 ms     200          -  worker·8      ━━━━╸
│ └ tool pay                            error     500 ms                     worker·8              ━━━━╸
│     ValueError: the card was refused
└ tool restock (its parent is missing)  ok        2.10 s                     worker·8                 ╺━━━━━━━━━━━━━━━━━
"""

    assert drawn(shop(), 120) == expected


def test_a_narrow_terminal_loses_the_waterfall_then_columns_and_never_a_line() -> None:
    narrow, narrowest = drawn(shop(), 80), drawn(shop(), 44)

    assert "━" not in narrow
    assert "process" in narrow
    assert "process\n" not in narrowest
    assert "└ tool restock (its paren…  ok        2.10 s\n" in narrowest
    assert max(map(len, narrow.splitlines())) <= 80
    assert max(map(len, narrowest.splitlines())) <= 44


def test_a_session_whose_own_event_is_not_written_yet_is_unfinished() -> None:
    (session,) = assemble([event("first step", "chain", 0, 5)])

    assert drawn(session, 80).startswith("first step  unfinished  5 ms\n")


def test_events_of_no_duration_and_of_great_depth_are_drawn() -> None:
    chain = [event("0", "chain", 0, 0), *(event(str(i), "chain", 0, 0, parent_id=str(i - 1)) for i in range(1, 500))]
    (session,) = assemble(chain)

    lines = drawn(session, 120).splitlines()

    assert len(lines) == 3 + 2 + 501
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0.0, 1.0, "━━━━"),
        (0.0, 0.0, "╸   "),
        (1.0, 1.0, "   ╺"),
        (0.125, 0.5, "╺━  "),
        (0.5, 0.51, "  ╸ "),
    ],
)
def test_a_bar_is_drawn_to_half_a_cell_and_always_seen(start: float, end: float, expected: str) -> None:
    assert bar(start, end, width=4) == expected


def test_a_picture_is_valid_xml_and_loads_nothing() -> None:
    picture = session_svg(shop())

    assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  made by us
    assert "checkout" in picture
    assert "url(" not in picture.replace("url(#", "")
    assert session_svg(shop()) == picture
