"""The command line, ``honeyhive``; typer and rich come with the extra ``honeyhive[cli]`` and are imported here only."""

import sys
from typing import Final

__all__ = ["main"]

_INTERRUPTED: Final = 130
_EXTRA: Final = frozenset({"rich", "typer"})


def main() -> None:
    """Run the command line; without its extra, say how to get it and exit with status 2."""
    try:
        from honeyhive.cli import app  # noqa: PLC0415  the extra may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write("The command line needs: pip install 'honeyhive[cli]'\n")
        sys.exit(2)
    except KeyboardInterrupt:  # before there is anything that could be stopped
        sys.exit(_INTERRUPTED)
    app.run()
