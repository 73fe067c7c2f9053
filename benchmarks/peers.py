"""The pipelines that are compared, each set up as its documentation says, sending to the same loopback collector."""

import functools
import json
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

Function = Callable[..., Any]


class Peer(NamedTuple):
    """A pipeline under measurement: how to decorate a function, and how to wait until everything arrived."""

    decorate: Callable[[Function], Function]
    flush: Callable[[], object]


def untraced(_url: str) -> Peer:
    """The plain function: what the loop itself costs."""

    def decorate(function: Function) -> Function:
        return function

    return Peer(decorate, lambda: None)


def opentelemetry(url: str) -> Peer:
    """A bare OpenTelemetry pipeline: SDK span, JSON of arguments and result, BatchSpanProcessor, OTLP/HTTP exporter."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  a peer's own
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    start = provider.get_tracer("benchmark").start_as_current_span

    def decorate(function: Function) -> Function:
        name = function.__qualname__

        @functools.wraps(function)
        def traced(*args: Any, **kwargs: Any) -> Any:
            with start(name) as span:
                span.set_attribute("span.kind", "function")
                span.set_attribute("inputs", json.dumps({"args": args, "kwargs": kwargs}))
                result = function(*args, **kwargs)
                span.set_attribute("outputs", json.dumps(result))
                return result

        return traced

    return Peer(decorate, provider.force_flush)


def honeyhive(url: str) -> Peer:
    """`honeyhive.trace` with its defaults: session, journal on disk, delivery to the collector."""
    from honeyhive import HoneyHiveTracer, trace  # noqa: PLC0415  a peer's own

    tracer = HoneyHiveTracer.init(project="benchmark", otlp_endpoint=url, data_dir=tempfile.mkdtemp())
    return Peer(trace, tracer.flush)


PEERS: dict[str, Callable[[str], Peer]] = {"none": untraced, "opentelemetry": opentelemetry, "honeyhive": honeyhive}
