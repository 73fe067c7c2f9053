"""What ``honeyhive doctor`` says about Celery."""

from importlib.metadata import PackageNotFoundError, version

from honeyhive.integration import AdapterReport

_PACKAGES = ("celery", "kombu", "billiard")
_RIVALS = ("opentelemetry-instrumentation-celery",)


def report() -> AdapterReport:
    """The versions that decide how messages travel, and what else traces tasks."""
    versions = {name: found for name in _PACKAGES if (found := _version(name)) is not None}
    notes = [
        f"{rival} is installed: with both switched on, each message has two events, and its trace headers are the first's"
        for rival in _RIVALS
        if _version(rival) is not None
    ]
    return AdapterReport(framework="Celery", versions=versions, notes=tuple(notes))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
