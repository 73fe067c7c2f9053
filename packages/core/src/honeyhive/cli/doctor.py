"""``honeyhive doctor``: what is configured, where events go, and whether that works."""

import os
from collections.abc import Iterable, Iterator

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from honeyhive.cli import console, text
from honeyhive.cli.diagnosis import DEFAULT, AdapterFound, Diagnosis, JournalFound, SettingFound, diagnose
from honeyhive.cli.options import AsJson


def doctor(*, as_json: AsJson = False) -> None:
    """Say what is configured, where events go, and what each adapter sees."""
    found = diagnose(os.environ)
    if as_json:
        console.print_json(found)
        return
    output = console.output()
    for title, rows in _sections(found):
        output.print(Text(title, style="bold"))
        output.print(Padding(_grid(rows), (0, 0, 1, 2), expand=False))


def _sections(found: Diagnosis) -> Iterator[tuple[str, Iterable[tuple[Text, ...]]]]:
    yield "Events go to", [(Text(text.plain(found.destination), style="cyan"),)]
    yield "Journal", _journal_rows(found.journal)
    yield "Adapters", _adapter_rows(found.adapters)
    yield "Versions", [(Text(name), Text(value)) for name, value in found.versions.items()]
    yield "Settings", [_setting_row(setting) for setting in found.settings]


def _grid(rows: Iterable[tuple[Text, ...]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for row in rows:
        grid.add_row(*row)
    return grid


def _setting_row(setting: SettingFound) -> tuple[Text, ...]:
    is_default = setting.origin == DEFAULT
    style = "dim" if is_default else ""
    hint = f"{DEFAULT} ({setting.variable})" if is_default and setting.variable else setting.origin
    return Text(setting.name, style=style), Text(text.plain(setting.value), style=style), Text(hint, style=style)


def _journal_rows(journal: JournalFound) -> Iterator[tuple[Text, ...]]:
    yield Text("directory"), Text(text.plain(journal.directory))
    yield Text("writable"), Text("yes") if journal.is_writable else Text("no", style="bold red")
    yield Text("size"), Text(f"{text.size(journal.bytes)} in {text.counted(journal.segments, 'segment')}")
    yield Text("sessions"), Text(f"{journal.sessions:,}")
    yield Text("unreadable"), _unreadable(journal)


def _unreadable(journal: JournalFound) -> Text:
    if not journal.torn_bytes and not journal.damaged_records:
        return Text("nothing")
    damaged, torn = text.counted(journal.damaged_records, "damaged record"), text.size(journal.torn_bytes)
    return Text(f"{damaged}, {torn} of torn records", style="yellow")


def _adapter_rows(adapters: Iterable[AdapterFound]) -> Iterator[tuple[Text, ...]]:
    is_empty = True
    for adapter in adapters:
        is_empty = False
        yield Text(text.plain(adapter.name)), _adapter_state(adapter)
        for note in adapter.notes:
            yield Text(), Text(text.plain(note), style="dim")
    if is_empty:
        yield (Text("none installed", style="dim"),)


def _adapter_state(adapter: AdapterFound) -> Text:
    if adapter.failure is not None:
        return Text(text.plain(adapter.failure), style="red")
    versions = ", ".join(f"{name} {number}" for name, number in adapter.versions.items())
    return Text(text.plain(f"{adapter.framework}: {versions}" if versions else str(adapter.framework)))
