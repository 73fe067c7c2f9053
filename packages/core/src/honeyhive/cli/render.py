"""One session drawn: a header, then its events as a tree beside a waterfall."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.text import Text

from honeyhive import semconv
from honeyhive.cli import text
from honeyhive.cli.columns import GAP, Column, Grid, natural_width
from honeyhive.cli.processes import Process, process_of
from honeyhive.cli.summary import Summary, status_of
from honeyhive.cli.tree import Row, bar, rows
from honeyhive.events.event import Event, EventType
from honeyhive.events.sessions import Session

_MIN_EVENT: Final = 24
_MIN_STATUS: Final = 10
_MIN_PROCESS: Final = 14
_ROOMY_EVENT: Final = 40
_MIN_BAR: Final = 12
_ROOMY_BAR: Final = 28
_MAX_BAR: Final = 56
_MAX_ERROR_LINES: Final = 4
_SEPARATOR: Final = " · "
_SVG_WIDTH: Final = 128
_FONT_DOWNLOAD: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)

_TYPE_STYLES: Final[Mapping[str, str]] = {EventType.model: "bold", EventType.session: "bold"}
# One colour a process; red and yellow are kept for what went wrong.
_PROCESS_STYLES: Final = ("cyan", "magenta", "green", "bright_blue", "bright_magenta", "bright_cyan")


class SessionView:
    """A session as something that rich prints, as wide as the terminal allows."""

    def __init__(self, session: Session) -> None:
        self._summary = Summary.of(session)
        self._rows = rows(session)
        self._decimals = text.cost_decimals(row.event.metadata.get(semconv.COST) for row in self._rows)
        self._styles = {
            process: _PROCESS_STYLES[index % len(_PROCESS_STYLES)]
            for index, process in enumerate(self._summary.processes)
        }
        # An error that went up through its callers is told once, where it happened.
        self._told_below = {(event.parent_id, event.error) for event in session.events if event.error is not None}

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        width = options.max_width
        columns = self._columns()
        bar_width = _bar_width(columns, width)
        grid = Grid(columns, width - len(GAP) - bar_width if bar_width else width)
        yield from _header(self._summary, self._decimals, width)
        yield Text()
        yield _rstripped(grid.titles().append(self._axis(bar_width), style="dim"))
        for index, row in enumerate(self._rows):
            yield _rstripped(grid.line(index).append_text(self._bar(row, bar_width)))
            yield from self._error_lines(row, console, width)

    def _columns(self) -> list[Column]:
        events = [row.event for row in self._rows]
        return [
            Column("event", [_event_cell(row) for row in self._rows], narrowest=_MIN_EVENT),
            Column("status", [self._status_cell(event) for event in events], narrowest=_MIN_STATUS),
            Column("duration", [Text(text.duration(event.duration)) for event in events], "right"),
            Column("tokens", [self._tokens_cell(event) for event in events], "right"),
            Column("cost", [self._cost_cell(event) for event in events], "right"),
            Column("process", [self._process_cell(event) for event in events], narrowest=_MIN_PROCESS),
        ]

    def _status_cell(self, event: Event) -> Text:
        status = self._summary.status if event.event_type is EventType.session else status_of(event)
        return Text(text.plain(status), style=text.status_style(status))

    def _tokens_cell(self, event: Event) -> Text:
        if event.event_type is EventType.session:
            return Text(text.count(self._summary.total_tokens), style="bold") if self._summary.total_tokens else Text()
        if event.event_type is not EventType.model:
            return Text()
        return Text(text.count(event.metadata.get(semconv.TOTAL_TOKENS)))

    def _cost_cell(self, event: Event) -> Text:
        is_session = event.event_type is EventType.session
        if event.event_type is not EventType.model and not (is_session and self._summary.num_model_events):
            return Text()
        is_partial = is_session and not self._summary.has_all_prices
        price = text.cost(event.metadata.get(semconv.COST), decimals=self._decimals, is_partial=is_partial)
        return Text(price, style="bold" if is_session else "")

    def _process_cell(self, event: Event) -> Text:
        process = process_of(event)
        return Text() if process is None else Text(process.label, style=self._style_of(process))

    def _style_of(self, process: Process | None) -> str:
        return self._styles.get(process, "") if process is not None else ""

    def _axis(self, width: int) -> str:
        return GAP + "0" + text.duration(self._summary.duration).rjust(width - 1) if width else ""

    def _bar(self, row: Row, width: int) -> Text:
        if not width:
            return Text()
        style = "red" if row.event.error is not None else self._style_of(process_of(row.event))
        return Text(GAP + bar(row.start, row.end, width=width), style=style)

    def _error_lines(self, row: Row, console: Console, width: int) -> Iterator[Text]:
        event = row.event
        if event.error is None or (event.event_id, event.error) in self._told_below:
            return
        room = max(width - len(row.guide_below), _MIN_EVENT)
        lines = list(Text(text.plain(event.error), style="red").wrap(console, room))
        if len(lines) > _MAX_ERROR_LINES:
            lines = lines[:_MAX_ERROR_LINES]
            lines[-1].truncate(room - 1)
            lines[-1].append("…")
        for line in lines:
            yield _rstripped(Text.assemble((row.guide_below, "dim"), line))


def _header(summary: Summary, decimals: int, width: int) -> Iterator[Text]:
    """The lines above the tree: what the session is, where it belongs, what it comes to."""
    status = Text(text.plain(summary.status), style=text.status_style(summary.status))
    yield Text.assemble((text.plain(summary.name), "bold"), GAP, status, GAP, text.duration(summary.duration))
    yield from _listed(_place(summary), width)
    yield from _listed(_figures(summary, decimals), width)


def _listed(items: Iterable[str], width: int) -> Iterator[Text]:
    """*items* in lines that break between them, not inside."""
    line = Text(style="dim")
    for item in items:
        if line and line.cell_len + len(_SEPARATOR) + cell_len(item) > width:
            yield line
            line = Text(style="dim")
        line.append(f"{_SEPARATOR}{item}" if line else item)
    yield line


def _place(summary: Summary) -> Iterator[str]:
    yield text.plain(summary.session_id)
    yield text.local_time(summary.start_time)
    if summary.project:
        yield text.plain(f"project {summary.project}")
    if summary.source:
        yield text.plain(summary.source)


def _figures(summary: Summary, decimals: int) -> Iterator[str]:
    yield text.counted(summary.num_events, "event")
    if summary.num_errors:
        yield f"{summary.num_errors:,} failed"
    if summary.num_model_events:
        yield text.counted(summary.num_model_events, "model call")
    if summary.total_tokens:
        parts = f"{text.count(summary.prompt_tokens)} in, {text.count(summary.completion_tokens)} out"
        yield f"{text.count(summary.total_tokens)} tokens ({parts})"
    if summary.cost is not None:
        yield text.cost(summary.cost, decimals=decimals, is_partial=not summary.has_all_prices)
    if summary.unpriced_model_events:
        yield f"{text.counted(summary.unpriced_model_events, 'model call')} without a price"
    if summary.processes:
        yield text.counted(len(summary.processes), "process", "processes")


def _event_cell(row: Row) -> Text:
    event = row.event
    kind = str(event.event_type)
    cell = Text.assemble(
        (row.guide, "dim"), (f"{kind} ", "dim"), (text.plain(event.event_name), _TYPE_STYLES.get(kind, ""))
    )
    model = event.config.get("model")
    if event.event_type is EventType.model and isinstance(model, str) and model != event.event_name:
        cell.append(f" {text.plain(model)}", style="dim")
    if row.is_orphan:
        cell.append(" (its parent is missing)", style="dim yellow")
    return cell


def _bar_width(columns: Sequence[Column], width: int) -> int:
    """What the columns leave for bars; long events give way to them, as far as 40 cells. 0 when there is no room."""
    natural = natural_width(columns)
    narrower = natural - max(0, columns[0].width - _ROOMY_EVENT)
    room = max(width - natural, min(_ROOMY_BAR, width - narrower)) - len(GAP)
    return min(room, _MAX_BAR) if room >= _MIN_BAR else 0


def _rstripped(line: Text) -> Text:
    line.rstrip()
    return line


def session_svg(session: Session) -> str:
    """A picture of *session* as ``honeyhive show`` prints it; it loads nothing from the network."""
    console = Console(record=True, width=_SVG_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(SessionView(session))
    return picture(console, text.plain(f"honeyhive show {session.session_id[:8]}"))


def picture(console: Console, title: str) -> str:
    """What *console* recorded as an SVG that loads nothing from the network."""
    return _FONT_DOWNLOAD.sub("", console.export_svg(title=title))
