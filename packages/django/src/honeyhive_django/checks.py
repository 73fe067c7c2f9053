"""System checks: what ``manage.py check`` says about the place of the middleware."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004  Django's name

from honeyhive_django._instrument import MIDDLEWARE

_HINT = f"Remove {MIDDLEWARE} from MIDDLEWARE: honeyhive_django in INSTALLED_APPS puts it first."


def check_middleware(
    app_configs: Sequence[AppConfig] | None = None,  # noqa: ARG001  Django's signature
    **_options: Any,
) -> list[CheckMessage]:
    """Warnings when the middleware is listed twice, or below others."""
    places = [place for place, path in enumerate(settings.MIDDLEWARE) if path == MIDDLEWARE]
    found: list[CheckMessage] = []
    if len(places) > 1:
        found.append(Warning("HoneyHiveMiddleware is in MIDDLEWARE more than once.", hint=_HINT, id="honeyhive.W001"))
    if places and places[0] != 0:
        message = "HoneyHiveMiddleware is not first in MIDDLEWARE; what middleware above it does is not recorded."
        found.append(Warning(message, hint=_HINT, id="honeyhive.W002"))
    return found
