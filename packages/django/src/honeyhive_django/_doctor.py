"""What ``honeyhive doctor`` says of Django."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from honeyhive.integration import AdapterReport

_DISTRIBUTIONS: Final = ("django", "asgiref", "djangorestframework", "django-ninja", "channels")
_OTHERS: Final = ("opentelemetry-instrumentation-django",)


def report() -> AdapterReport:
    """The versions that decide what a request looks like, and what else traces requests."""
    versions = {name: found for name in _DISTRIBUTIONS if (found := _version(name)) is not None}
    notes = tuple(
        f"{other} is installed: switched on, it answers hosts outside ALLOWED_HOSTS with 400 before a view is asked"
        for other in _OTHERS
        if _version(other) is not None
    )
    return AdapterReport(framework="Django", versions=versions, notes=notes)


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
