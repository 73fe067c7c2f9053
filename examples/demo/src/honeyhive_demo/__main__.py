"""`python -m honeyhive_demo`: the command without the rest of `honeyhive`."""

import typer

from honeyhive_demo.command import demo

typer.run(demo)
