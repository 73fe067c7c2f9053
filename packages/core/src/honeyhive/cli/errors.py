"""What stops a command."""

from honeyhive.errors import HoneyHiveError


class CommandError(HoneyHiveError):
    """A command that cannot do what was asked (exit status 1); the message says what to do instead."""
