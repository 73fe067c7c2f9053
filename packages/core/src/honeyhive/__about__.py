"""The version of this package, the same in all packages of the suite."""

from typing import Final

__version__: Final = "2.0.0.dev0"
