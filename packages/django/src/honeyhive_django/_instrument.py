"""Putting the middleware into the project's settings, and taking it out again."""

from typing import Final

from django.conf import settings

from honeyhive_django._settings import configured_tracer

MIDDLEWARE: Final = "honeyhive_django.middleware.HoneyHiveMiddleware"


def instrument() -> None:
    """Record the requests of handlers that are made from now on; the application in ``INSTALLED_APPS`` does this.

    Raises ``ConfigurationError`` for a ``HONEYHIVE`` setting that cannot be used, naming the remedy.
    """
    configured_tracer()
    if MIDDLEWARE not in settings.MIDDLEWARE:
        # Whatever stands above it is not recorded, so it is put first; a tuple stays one.
        settings.MIDDLEWARE = type(settings.MIDDLEWARE)((MIDDLEWARE, *settings.MIDDLEWARE))


def uninstrument() -> None:
    """Undo `instrument` for handlers that are made from now on."""
    settings.MIDDLEWARE = type(settings.MIDDLEWARE)(path for path in settings.MIDDLEWARE if path != MIDDLEWARE)
