"""The command `honeyhive demo`: one run of every process, and what came of it."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Annotated

import typer
from honeyhive.cli.console import print_json
from rich.console import Console

from honeyhive_demo.client import Outcome, ask_all
from honeyhive_demo.questions import DEFAULT_QUESTIONS
from honeyhive_demo.recording import settled_session
from honeyhive_demo.report import Report, Result
from honeyhive_demo.supervisor import Provider, Run, ServiceError, running_services

_BROKERS = ("filesystem:", "redis:", "rediss:", "amqp:", "amqps:")
_OPENAI_URL = "https://api.openai.com/v1"
_INTERRUPTED = 130


def demo(
    question: Annotated[
        list[str] | None,
        typer.Option("--question", "-q", help="A question about the standard library; may be repeated."),
    ] = None,
    broker: Annotated[
        str, typer.Option(metavar="URL", help="Celery's broker: filesystem://, redis://… or amqp://…")
    ] = "filesystem://",
    live: Annotated[
        bool,
        typer.Option("--live", help="Ask the provider at OPENAI_BASE_URL with OPENAI_API_KEY instead of the stand-in."),
    ] = False,
    export: Annotated[
        bool,
        typer.Option(
            "--export",
            help="Let this shell's HH_* settings reach the processes, so that events leave this machine too.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the sessions as one JSON document.")] = False,
    model: Annotated[str, typer.Option(metavar="NAME", help="The chat model's name.")] = "gpt-4o-mini",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the run's data directory, with the log of every process.")
    ] = False,
) -> None:
    """Ask questions of a real application of four processes: web, worker, pages and a stand-in for a chat model."""
    run = Run(
        broker_url=_checked_broker(broker),
        model_name=model,
        provider=_provider() if live else None,
        export=export,
    )
    progress = Console(stderr=True)
    report = Report(Console(markup=False, highlight=False, emoji=False), as_json=as_json)
    try:
        with _data_directory(keep=keep) as data_dir:
            asyncio.run(
                _ask_everything(question or DEFAULT_QUESTIONS, run, data_dir=data_dir, progress=progress, report=report)
            )
            if as_json:
                print_json(report.document())
            progress.print(report.closing_line(model, is_live=live))
            if keep:
                shown = f"honeyhive sessions --data-dir {data_dir}"
                progress.print(f"Kept, with the log of every process: {shown}", style="dim", highlight=False)
    except ServiceError as error:
        progress.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(_INTERRUPTED) from None
    for result in report.results:
        for fault in result.faults if as_json else ():
            progress.print(f"broken: {fault}", style="red", markup=False, highlight=False)
    if any(result.is_broken for result in report.results):
        raise typer.Exit(1)


async def _ask_everything(
    questions: Sequence[str], run: Run, *, data_dir: Path, progress: Console, report: Report
) -> None:
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

        async def show_session(outcome: Outcome) -> None:
            session, wrong = await settled_session(outcome.session_id, data_dir)
            # A live display and another console on the same terminal would overwrite each other.
            status.stop()
            report.add(Result(outcome, session, wrong))
            status.start()

        async with running_services(data_dir, run, caller=os.environ, on_ready=show_ready) as (supervisor, web_url):
            progress.print(f"{'  '.join(ready)}  [dim]{time.monotonic() - started:.1f} s[/dim]", highlight=False)
            status.update("answering")
            await supervisor.while_running(ask_all(web_url, questions, on_text=show_piece, on_end=show_session))
            status.update("stopping")


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


def _checked_broker(url: str) -> str:
    if not url.startswith(_BROKERS):
        raise typer.BadParameter(f"the broker's address must start with one of {', '.join(_BROKERS)}")
    return url


def _provider() -> Provider:
    api_key = os.environ.get("OPENAI_API_KEY")
    if not api_key:
        raise typer.BadParameter("--live needs OPENAI_API_KEY; without --live a stand-in plays the model")
    return Provider(base_url=os.environ.get("OPENAI_BASE_URL") or _OPENAI_URL, api_key=api_key)
