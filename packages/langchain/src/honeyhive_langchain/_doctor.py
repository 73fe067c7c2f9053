"""What ``honeyhive doctor`` says of LangChain and LangGraph."""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from honeyhive.integration import AdapterReport

_DISTRIBUTIONS: Final = ("langchain-core", "langchain", "langgraph")
_OTHERS: Final = ("openinference-instrumentation-langchain", "opentelemetry-instrumentation-langchain")


def report() -> AdapterReport:
    """The versions that decide which callbacks there are, and what else records runs."""
    versions = {name: found for name in _DISTRIBUTIONS if (found := _version(name)) is not None}
    notes = tuple(
        f"{other} is installed: switched on with our provider, it records each run once more, usage included"
        for other in _OTHERS
        if _version(other) is not None
    )
    return AdapterReport(framework="LangChain", versions=versions, notes=notes)


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
