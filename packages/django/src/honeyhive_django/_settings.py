"""The ``HONEYHIVE`` setting."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from honeyhive import HoneyHiveTracer


@cache
def configured_tracer() -> HoneyHiveTracer | None:
    """The tracer that ``settings.HONEYHIVE`` describes, made once; None, for the default one, without that setting.

    Its keys are the options of `honeyhive.HoneyHiveTracer`. Raises ``ConfigurationError`` for an unknown one, naming the
    nearest, and ``ImproperlyConfigured`` when the setting is no mapping.
    """
    options = cast("object", getattr(settings, "HONEYHIVE", None))
    if options is None:
        return None
    if not isinstance(options, Mapping):
        message = f'HONEYHIVE is a {type(options).__name__}; it must be a dict such as {{"project": "support"}}'
        raise ImproperlyConfigured(message)
    return HoneyHiveTracer.init(**cast("Mapping[str, Any]", options))
