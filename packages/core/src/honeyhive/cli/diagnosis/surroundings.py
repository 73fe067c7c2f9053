"""The process and what else is in it: how it forks, and other instrumentations that are installed or switched on."""

import multiprocessing
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opentelemetry import trace

from honeyhive.__about__ import __version__
from honeyhive.cli.diagnosis.findings import OtherFound
from honeyhive.export.redaction.matcher import native_problem

_ISOLATED: Final = "its own provider and its own spans; ours are separate"
_CALLBACKS: Final = "its own callbacks and its own server; each records for itself"
_GLOBAL: Final = "sets OpenTelemetry's global provider; ours is separate, and both keep their own spans"

# Distribution, what it is called, variables that switch it on, and how the two get along.
_OTHERS: Final = (
    ("ddtrace", "Datadog", ("DD_TRACE_OTEL_ENABLED", "DD_TRACE_ENABLED"), _ISOLATED),
    ("sentry-sdk", "Sentry", ("SENTRY_DSN",), _ISOLATED),
    ("newrelic", "New Relic", ("NEW_RELIC_LICENSE_KEY",), _ISOLATED),
    ("elastic-apm", "Elastic APM", ("ELASTIC_APM_SERVER_URL",), _ISOLATED),
    ("langfuse", "Langfuse", ("LANGFUSE_SECRET_KEY", "LANGFUSE_PUBLIC_KEY"), _GLOBAL),
    ("traceloop-sdk", "OpenLLMetry", ("TRACELOOP_API_KEY", "TRACELOOP_BASE_URL"), _GLOBAL),
    ("logfire", "Logfire", ("LOGFIRE_TOKEN",), _GLOBAL),
    ("arize-phoenix-otel", "Phoenix", ("PHOENIX_COLLECTOR_ENDPOINT", "PHOENIX_API_KEY"), _GLOBAL),
    ("opentelemetry-distro", "OpenTelemetry's distro", ("OTEL_TRACES_EXPORTER",), _GLOBAL),
    ("openlit", "OpenLIT", ("OPENLIT_URL",), _GLOBAL),
    ("langsmith", "LangSmith", ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"), _CALLBACKS),
    ("mlflow", "MLflow", ("MLFLOW_TRACKING_URI",), _CALLBACKS),
    ("weave", "Weave", ("WANDB_API_KEY",), _CALLBACKS),
    ("opik", "Opik", ("OPIK_API_KEY",), _CALLBACKS),
    ("agentops", "AgentOps", ("AGENTOPS_API_KEY",), _GLOBAL),
    ("braintrust", "Braintrust", ("BRAINTRUST_API_KEY",), _CALLBACKS),
)
_GREEN: Final = ("gevent", "eventlet")
_DISTRIBUTIONS: Final = ("opentelemetry-api", "opentelemetry-sdk", "opentelemetry-instrumentation")


def others_found(environment: Mapping[str, str]) -> Iterator[OtherFound]:
    """Other instrumentations, and a global provider of somebody else's."""
    for distribution, name, variables, note in _OTHERS:
        number = installed_version(distribution)
        switched = [variable for variable in variables if environment.get(variable)]
        if number is not None or switched:
            evidence = [
                *([f"{distribution} {number}"] if number else []),
                *(f"{variable} is set" for variable in switched),
            ]
            yield OtherFound(name=name, evidence=", ".join(evidence), note=note)
    provider = trace.get_tracer_provider()
    if not isinstance(provider, (trace.ProxyTracerProvider, trace.NoOpTracerProvider)):
        kind = type(provider)
        evidence = f"{kind.__module__}.{kind.__qualname__}"
        is_ours = kind.__module__.startswith("honeyhive.")
        note = "this package's, because set_global was asked for" if is_ours else _ISOLATED
        yield OtherFound(name="global provider", evidence=evidence, note=note)


def process_found(environment: Mapping[str, str]) -> dict[str, str]:
    """How this environment runs programs: how processes begin, and what replaces threads."""
    method = multiprocessing.get_start_method(allow_none=True) or _default_start_method()
    found = {
        "new processes": f"{method} (multiprocessing's method here)",
        "after a fork": "children start clean, with a journal and a worker of their own",
        "redaction": _matcher_found(),
    }
    green = [name for name in _GREEN if installed_version(name) is not None]
    if green:
        found["green threads"] = f"{', '.join(green)} is installed; patch before importing honeyhive"
    if environment.get("AWS_LAMBDA_FUNCTION_NAME"):
        found["platform"] = "AWS Lambda"
    elif environment.get("KUBERNETES_SERVICE_HOST"):
        found["platform"] = "Kubernetes"
    return found


def _matcher_found() -> str:
    """What looks for secrets here, and why it is not the native matcher where it is not."""
    problem = native_problem()
    if problem is None:
        return f"hyperscan {installed_version('hyperscan') or ''}".rstrip()
    return f"the standard library, which finds the same and takes the worker longer: {problem}"


def _default_start_method() -> str:
    # Asking for the default would fix it for the rest of the process.
    return multiprocessing.get_all_start_methods()[0]


def versions_found() -> dict[str, str]:
    """The versions that matter."""
    python = (
        f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()} {platform.machine()})"
    )
    numbers = {name: installed_version(name) for name in _DISTRIBUTIONS}
    return {
        "honeyhive": __version__,
        "python": python,
        "executable": sys.executable,
        "directory": os.getcwd(),  # noqa: PTH109  a text is wanted
        **{name: number for name, number in numbers.items() if number is not None},
    }


def installed_version(distribution: str) -> str | None:
    """The version of *distribution*, if it is installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
