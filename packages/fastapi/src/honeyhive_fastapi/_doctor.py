"""What ``honeyhive doctor`` says of FastAPI."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from honeyhive.integration import AdapterReport

_DISTRIBUTIONS: Final = ("fastapi", "starlette", "uvicorn", "hypercorn")
_OTHERS: Final = ("opentelemetry-instrumentation-fastapi", "opentelemetry-instrumentation-asgi")


def report() -> AdapterReport:
    """The versions that decide what a request looks like, and what else traces requests."""
    versions = {name: found for name in _DISTRIBUTIONS if (found := _version(name)) is not None}
    notes = tuple(
        f"{other} is installed: switched on, its spans go to its own provider, and contexts of requests may leak into others"
        for other in _OTHERS
        if _version(other) is not None
    )
    return AdapterReport(framework="FastAPI", versions=versions, notes=notes)


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
