"""HoneyHive sessions through Celery: producer, beat and worker."""

from honeyhive_celery._instrumentor import instrument, uninstrument

__all__ = ["instrument", "uninstrument"]
