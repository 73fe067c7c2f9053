"""Where commands write: standard output for answers, standard error for what stops a command."""

import json

from rich.console import Console
from rich.text import Text

from honeyhive.cli.text import UNSAFE, plain
from honeyhive.events.values import to_json


def output() -> Console:
    """A console on standard output as it is now; strings are printed as they are, never read as markup."""
    return Console(markup=False, highlight=False, emoji=False)


def print_json(document: object) -> None:
    """Print *document* as JSON, and nothing else; what a terminal could obey is escaped, other text stays readable."""
    _print_json(document, indent=2)


def print_json_line(document: object) -> None:
    """Print *document* as one line of JSON, in the same way."""
    _print_json(document, indent=None)


def _print_json(document: object, *, indent: int | None) -> None:
    text = json.dumps(json.loads(to_json(document)), indent=indent, ensure_ascii=False)
    escaped = UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], text)
    output().out(escaped, highlight=False)


def print_error(message: str) -> None:
    """Print *message* to standard error; it may quote what somebody else wrote."""
    text = Text.assemble(("Error: ", "bold red"), plain(message))
    Console(stderr=True, highlight=False).print(text, soft_wrap=True)
