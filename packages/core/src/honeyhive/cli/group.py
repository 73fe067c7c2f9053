"""The group of commands: those of core, those that other packages join, and what happens when one cannot go on."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from honeyhive.cli import console
from honeyhive.cli.errors import CommandError
from honeyhive.errors import HoneyHiveError

ENTRY_POINTS: Final = "honeyhive.commands"


class CommandGroup(TyperGroup):
    """Commands of core first, then the joined ones by name; an error of ours ends in a message and exit status 1."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for entry_point in sorted(entry_points(group=ENTRY_POINTS), key=lambda found: found.name):
            self.commands.setdefault(entry_point.name, JoinedCommand(entry_point))

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except HoneyHiveError as error:
            console.print_error(str(error))
            raise typer.Exit(1) from None


class JoinedCommand(TyperCommand):
    """A command of another package, which is imported when it is invoked and not before.

    It stands in the list of commands with the summary of its distribution, so that ``honeyhive --help`` imports nobody's
    frameworks and a package that cannot be imported breaks no other command.
    """

    def __init__(self, entry_point: EntryPoint) -> None:
        summary = entry_point.dist.metadata["Summary"] if entry_point.dist is not None else None
        super().__init__(entry_point.name, short_help=summary)
        self._entry_point = entry_point

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """The context of the real command, which takes over from here."""
        return self._load().make_context(*arguments, **options)

    def _load(self) -> Any:
        try:
            function = self._entry_point.load()
        except (ImportError, AttributeError) as error:
            package = self._entry_point.dist.name if self._entry_point.dist is not None else self._entry_point.value
            message = (
                f"the command {self._entry_point.name!r} of {package} cannot be imported "
                f"({type(error).__name__}: {error}); install {package} again with its dependencies"
            )
            raise CommandError(message) from error
        alone = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
        alone.command(self._entry_point.name)(function)
        return get_command(alone)
