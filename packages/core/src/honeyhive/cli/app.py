"""The application: its commands in the order of its help."""

import sys
from typing import Annotated

import typer

from honeyhive.__about__ import __version__
from honeyhive.cli import console
from honeyhive.cli.doctor import doctor
from honeyhive.cli.export import export
from honeyhive.cli.group import CommandGroup
from honeyhive.cli.replay import replay
from honeyhive.cli.sessions import sessions
from honeyhive.cli.show import show

app = typer.Typer(
    name="honeyhive",
    cls=CommandGroup,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    # Its tracebacks show local variables: keys and prompts.
    pretty_exceptions_enable=False,
)
for command in (sessions, show, export, replay, doctor):
    app.command()(command)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        console.output().print(f"honeyhive {__version__}")
        raise typer.Exit


@app.callback()
def honeyhive(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """See what your application did: sessions, and every event in them."""


def run() -> None:
    """Run the command line on the arguments of the process, and exit."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # where a terminal has no box characters, the answer still appears
    app(prog_name="honeyhive")
