"""HoneyHive sessions for Django; add ``"honeyhive_django"`` to ``INSTALLED_APPS``."""

from honeyhive_django._instrument import instrument, uninstrument

__all__ = ["instrument", "uninstrument"]
