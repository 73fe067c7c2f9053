"""The exceptions that reach a user of this package; each message names the input and the remedy."""


class HoneyHiveError(Exception):
    """Anything this package raises on purpose."""


class ConfigurationError(HoneyHiveError, ValueError):
    """A setting, argument or environment variable that cannot be used as given."""


class EventError(HoneyHiveError, ValueError):
    """A field of an event record that has the wrong type or is missing."""
