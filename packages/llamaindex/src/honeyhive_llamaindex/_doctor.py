"""What ``honeyhive doctor`` says of LlamaIndex."""

from importlib.metadata import PackageNotFoundError, version

from honeyhive.integration import AdapterReport

_DISTRIBUTIONS = ("llama-index-core", "llama-index-instrumentation", "llama-index-workflows")


def report() -> AdapterReport:
    """The versions of LlamaIndex's parts that are installed."""
    versions: dict[str, str] = {}
    for distribution in _DISTRIBUTIONS:
        try:
            versions[distribution] = version(distribution)
        except PackageNotFoundError:
            continue
    notes = () if "llama-index-core" in versions else ("llama-index-core is not installed: nothing will be recorded",)
    return AdapterReport(framework="LlamaIndex", versions=versions, notes=notes)
