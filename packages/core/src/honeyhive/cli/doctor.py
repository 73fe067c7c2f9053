"""``honeyhive doctor``: what is configured, where events go, whether they get there, and what to fix."""

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from honeyhive import HoneyHiveTracer
from honeyhive.cli import console, text
from honeyhive.cli.diagnosis import Diagnosis, diagnose
from honeyhive.cli.diagnosis.findings import (
    ARGUMENT,
    DEFAULT,
    AdapterFound,
    DestinationFound,
    InstrumentorFound,
    JournalFound,
    OtherFound,
    Remedy,
    SettingFound,
    Weight,
)
from honeyhive.cli.errors import CommandError
from honeyhive.cli.options import AsJson
from honeyhive.cli.render import picture
from honeyhive.settings import Settings

_STYLES: Final = {Weight.ERROR: "bold red", Weight.WARNING: "yellow", Weight.HINT: "cyan"}
_MARKS: Final = {Weight.ERROR: "✗", Weight.WARNING: "!", Weight.HINT: "·"}
_SVG_WIDTH: Final = 120

Row = tuple[Text, ...]


def doctor(
    *,
    as_json: AsJson = False,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the destination.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Show settings that have their default, too.")] = False,
    tracer: Annotated[
        str | None,
        typer.Option(metavar="MODULE:NAME", help="Look at this tracer of a program, which is imported for it."),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a picture to this file instead.")
    ] = None,
) -> None:
    """Say what is configured, where events go, whether they get there, and what to fix first.

    The destination is asked with a request that carries no events. Exit status 1: events are lost.
    """
    settings = None if tracer is None else _settings_of(tracer)
    found = diagnose(os.environ, settings=settings, is_offline=offline)
    if as_json:
        console.print_json(found)
    elif svg is not None:
        _write_picture(found, svg, shows_defaults=every)
    else:
        _print(console.output(), found, shows_defaults=every)
    if not found.is_well:
        raise typer.Exit(1)


def _settings_of(name: str) -> Settings:
    """The settings of the tracer that *name* (``module:attribute``) means; raises `CommandError` when there is none."""
    module_name, _, attribute = name.partition(":")
    sys.path.insert(0, "")  # as `python -m` does
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what a program prints is no part of the answer
            found = getattr(importlib.import_module(module_name), attribute or "tracer", None)
    except Exception as error:
        message = f"{module_name} cannot be imported ({type(error).__name__}: {error}); name a module of your program"
        raise CommandError(message) from error
    if not isinstance(found, HoneyHiveTracer):
        message = f"{name} is a {type(found).__name__}; name a HoneyHiveTracer, such as app.tracing:tracer"
        raise CommandError(message)
    return found.settings


def _write_picture(found: Diagnosis, path: Path, *, shows_defaults: bool) -> None:
    drawn = Console(record=True, width=_SVG_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    _print(drawn, found, shows_defaults=shows_defaults)
    try:
        path.write_text(picture(drawn, "honeyhive doctor"), encoding="utf-8")
    except OSError as error:
        message = f"the picture cannot be written to {path} ({error.strerror}); name a file in a directory that exists"
        raise CommandError(message) from error


def _print(output: Console, found: Diagnosis, *, shows_defaults: bool) -> None:
    for title, rows in _sections(found, shows_defaults=shows_defaults):
        output.print(Text(title, style="bold"))
        output.print(Padding(_grid(rows), (0, 0, 1, 2), expand=False))


def _sections(found: Diagnosis, *, shows_defaults: bool) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "To fix", _remedy_rows(found.remedies)
    yield "Events go to", _destination_rows(found.destination)
    yield "Journal", _journal_rows(found.journal)
    yield "Instrumentors", _instrumentor_rows(found.instrumentors)
    yield "Adapters", _adapter_rows(found.adapters)
    if found.others:
        yield "Also here", _other_rows(found.others)
    yield "Process", _plain_rows(found.process)
    yield "Versions", _plain_rows(found.versions)
    yield "Settings", _setting_rows(found.settings, shows_defaults=shows_defaults)


def _grid(rows: Iterable[Row]) -> Table:
    grid = Table.grid(padding=(0, 2))
    for row in rows:
        grid.add_row(*row)
    return grid


def _remedy_rows(remedies: tuple[Remedy, ...]) -> Iterator[Row]:
    if not remedies:
        yield (Text("✓ nothing", style="green"),)
    for remedy in remedies:
        style = _STYLES[remedy.weight]
        mark = Text(_MARKS[remedy.weight], style=style)
        yield mark, Text.assemble((text.plain(remedy.problem), style), "\n", text.plain(remedy.action))


def _destination_rows(found: DestinationFound) -> Iterator[Row]:
    yield (Text(text.plain(found.shown), style="cyan"),)
    for step in found.steps:
        mark = Text("✓ ", style="green") if step.is_well else Text("✗ ", style="bold red")
        yield (
            Text.assemble(mark, f"{step.step}: {text.plain(step.detail)}", (f"  {text.duration(step.took_ms)}", "dim")),
        )
    if found.is_remote and not found.is_tried:
        yield (Text("not asked: --offline", style="dim"),)
    if found.clock_offset_s is not None:
        offset = abs(found.clock_offset_s)
        said = f"{offset:.1f} s {'ahead' if found.clock_offset_s > 0 else 'behind'}" if offset else "within a second"
        yield (Text(f"  clock: {said}", style="dim" if offset < 1 else "yellow"),)


def _setting_rows(settings: Iterable[SettingFound], *, shows_defaults: bool) -> Iterator[Row]:
    hidden = 0
    for setting in settings:
        is_default = setting.origin == DEFAULT
        if is_default and not shows_defaults:
            hidden += 1
            continue
        style = "dim" if is_default else ""
        hint = f"{DEFAULT} ({setting.variable})" if is_default and setting.variable else setting.origin
        if setting.origin == ARGUMENT and setting.variable:
            hint = f"{ARGUMENT} (over {setting.variable})"
        yield Text(setting.name, style=style), Text(text.plain(setting.value), style=style), Text(hint, style=style)
    if hidden:
        yield (Text(f"{hidden} more: --all", style="dim"), Text("at their defaults", style="dim"))


def _journal_rows(journal: JournalFound) -> Iterator[Row]:
    yield Text("directory"), Text(text.plain(journal.directory))
    yield Text("writable"), Text("yes") if journal.is_writable else Text("no", style="bold red")
    used = (
        f"{text.size(journal.bytes)} of {text.size(journal.max_bytes)} in {text.counted(journal.segments, 'segment')}"
    )
    yield Text("size"), Text(used)
    yield Text("sessions"), Text(f"{journal.sessions:,}")
    yield Text("unreadable"), _unreadable(journal)


def _unreadable(journal: JournalFound) -> Text:
    if not journal.torn_bytes and not journal.damaged_records:
        return Text("nothing")
    damaged, torn = text.counted(journal.damaged_records, "damaged record"), text.size(journal.torn_bytes)
    return Text(f"{damaged}, {torn} of torn records", style="yellow")


def _instrumentor_rows(instrumentors: tuple[InstrumentorFound, ...]) -> Iterator[Row]:
    if not instrumentors:
        yield (Text("none installed; pip install 'honeyhive[openai]', for example", style="dim"),)
    for each in instrumentors:
        said = ('activated by instrument="auto"', "green") if each.is_chosen else (f"not by auto: {each.reason}", "dim")
        named = text.plain(f"{each.distribution} {each.version}")
        yield Text(text.plain(each.library)), Text.assemble(named, "\n", (text.plain(said[0]), said[1]))


def _adapter_rows(adapters: tuple[AdapterFound, ...]) -> Iterator[Row]:
    if not adapters:
        yield (Text("none installed", style="dim"),)
    for adapter in adapters:
        yield Text(text.plain(adapter.name)), _adapter_state(adapter)
        for note in adapter.notes:
            yield Text(), Text(text.plain(note), style="dim")


def _adapter_state(adapter: AdapterFound) -> Text:
    if adapter.failure is not None:
        return Text(text.plain(adapter.failure), style="red")
    versions = ", ".join(f"{name} {number}" for name, number in adapter.versions.items())
    return Text(text.plain(f"{adapter.framework}: {versions}" if versions else str(adapter.framework)))


def _other_rows(others: Iterable[OtherFound]) -> Iterator[Row]:
    for other in others:
        yield Text(other.name), Text.assemble(text.plain(other.evidence), "\n", (other.note, "dim"))


def _plain_rows(values: Mapping[str, str]) -> Iterator[Row]:
    for name, value in values.items():
        yield Text(name), Text(text.plain(value))
