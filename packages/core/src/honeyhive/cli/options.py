"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIRECTORY", help="Where the journal is kept; HH_DATA_DIR unless given."),
]
