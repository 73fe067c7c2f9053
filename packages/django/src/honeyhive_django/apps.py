"""The Django application: what ``INSTALLED_APPS`` starts."""

from django.apps import AppConfig
from django.core import checks

from honeyhive_django._instrument import instrument
from honeyhive_django.checks import check_middleware


class HoneyHiveConfig(AppConfig):
    """HoneyHive in a Django project."""

    name = "honeyhive_django"
    verbose_name = "HoneyHive"

    def ready(self) -> None:
        """Put the middleware first, before any handler reads the settings."""
        instrument()
        checks.register(check_middleware, "honeyhive")
