"""The command `honeyhive demo`: one run of every process, and what came of it."""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from shutil import rmtree
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from honeyhive_demo.client import Outcome, ask_all
from honeyhive_demo.questions import DEFAULT_QUESTIONS
from honeyhive_demo.supervisor import Provider, Run, ServiceError, running_services

_BROKERS = ("filesystem:", "redis:", "rediss:", "amqp:", "amqps:")
_OPENAI_URL = "https://api.openai.com/v1"
_INTERRUPTED = 130


def demo(
    question: Annotated[
        list[str] | None, typer.Option("--question", "-q", help="A question about the standard library; may be repeated.")
    ] = None,
    broker: Annotated[
        str, typer.Option(metavar="URL", help="Celery's broker: filesystem://, redis://… or amqp://…")
    ] = "filesystem://",
    live: Annotated[
        bool, typer.Option("--live", help="Ask the provider at OPENAI_BASE_URL with OPENAI_API_KEY instead of the stand-in.")
    ] = False,
    export: Annotated[
        bool,
        typer.Option("--export", help="Let this shell's HH_* settings reach the processes, so that spans leave this machine."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    model: Annotated[str, typer.Option(metavar="NAME", help="The chat model's name.")] = "gpt-4o-mini",
    keep: Annotated[bool, typer.Option("--keep", help="Keep the run's data directory, with the log of every process.")] = False,
) -> None:
    """Ask questions of a real application of four processes: web, worker, pages and a stand-in for a chat model."""
    run = Run(
        broker_url=_checked_broker(broker),
        model_name=model,
        provider=_provider() if live else None,
        export=export,
    )
    progress = Console(stderr=True)
    output = Console()
    try:
        with _data_directory(keep=keep) as data_dir:
            if keep:
                progress.print(f"Logs and data: {data_dir}", style="dim", highlight=False)
            outcomes = asyncio.run(
                _ask_everything(
                    question or DEFAULT_QUESTIONS,
                    run,
                    data_dir=data_dir,
                    progress=progress,
                    report=lambda outcomes: _report(outcomes, output, as_json=as_json),
                )
            )
    except ServiceError as error:
        progress.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)


async def _ask_everything(
    questions: Sequence[str], run: Run, *, data_dir: Path, progress: Console, report: Callable[[list[Outcome]], None]
) -> list[Outcome]:
    started = time.monotonic()
    ready: list[str] = []
    pieces = [0] * len(questions)
    with _cancelled_by_signals(), progress.status("starting") as status:

        def show_ready(name: str) -> None:
            ready.append(f"{name} ✓")
            status.update(f"starting  {'  '.join(ready)}")

        def show_piece(index: int, _: str) -> None:
            pieces[index] += 1
            status.update(f"answering  {'  '.join(str(count) for count in pieces)}")

        async with running_services(data_dir, run, caller=os.environ, on_ready=show_ready) as (supervisor, web_url):
            progress.print(f"{'  '.join(ready)}  [dim]{time.monotonic() - started:.1f} s[/dim]", highlight=False)
            status.update("answering")
            outcomes = await supervisor.while_running(ask_all(web_url, questions, on_text=show_piece))
            # A live display and another console on the same terminal would overwrite each other.
            status.stop()
            report(outcomes)
            status.update("stopping")
            status.start()
    return outcomes


@contextmanager
def _cancelled_by_signals() -> Generator[None]:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does: with everything stopped, then with the signal's exit status."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    received: list[signal.Signals] = []

    def cancel(number: signal.Signals) -> None:
        received.append(number)
        if task:
            task.cancel()

    signals = (signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, cancel, number)
    try:
        yield
    except asyncio.CancelledError:
        if received:
            raise typer.Exit(128 + received[0]) from None
        raise
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextmanager
def _data_directory(*, keep: bool) -> Generator[Path]:
    path = Path(tempfile.mkdtemp(prefix="honeyhive-demo-"))
    try:
        yield path
    finally:
        if not keep:
            rmtree(path, ignore_errors=True)


def _report(outcomes: list[Outcome], console: Console, *, as_json: bool) -> None:
    if as_json:
        console.print_json(json.dumps([asdict(outcome) for outcome in outcomes]))
        return
    for outcome in outcomes:
        console.print(Text(outcome.question, style="bold"))
        console.print(Padding(Text(outcome.answer) if outcome.answer else Text(outcome.error, style="red"), (0, 0, 0, 2)))
        footer = f"{', '.join(outcome.modules)}  {outcome.pieces} pieces in {outcome.duration_s:.1f} s"
        console.print(Padding(Text(footer, style="dim"), (0, 0, 1, 2)))


def _checked_broker(url: str) -> str:
    if not url.startswith(_BROKERS):
        raise typer.BadParameter(f"the broker's address must start with one of {', '.join(_BROKERS)}")
    return url


def _provider() -> Provider:
    api_key = os.environ.get("OPENAI_API_KEY")
    if not api_key:
        raise typer.BadParameter("--live needs OPENAI_API_KEY; without --live a stand-in plays the model")
    return Provider(base_url=os.environ.get("OPENAI_BASE_URL") or _OPENAI_URL, api_key=api_key)
