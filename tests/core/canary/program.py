"""Puts a secret of its own into each place where a program can put one; run by test_privacy_canary.

Each function of PLACES gets a secret that names its place. The argument ``off`` records everything as it is.
"""

import json
import logging
import sys
from typing import Any

import in_errors
import in_events
import in_sessions
import in_spans
from honeyhive import HoneyHiveTracer
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from places import HERE, PLACES, UNREAD, secret_of

MODULES = (in_errors, in_events, in_sessions, in_spans)


class Printing(SpanProcessor):
    """A user's own processor that tells on its output what it is given."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        print("start", span.name, dict(span.attributes or {}), span.resource.attributes)  # noqa: T201  what it is for

    def on_end(self, span: ReadableSpan) -> None:
        print("end", span.to_json())  # noqa: T201  what it is for


def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    is_off = sys.argv[1:] == ["off"]
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader], shutdown_on_exit=False)
    HERE.tracer = HoneyHiveTracer.init(
        project="canaries", redact_secrets=not is_off, verbose=True, meter_provider=meters
    )
    if not is_off:
        HERE.tracer.provider.add_span_processor(Printing())
    for name, put in {**PLACES, **UNREAD}.items():
        put(secret_of(name))
    flushed = HERE.tracer.flush()
    stats = HERE.tracer.stats()
    report = {
        "flushed": flushed,
        "redacted": stats.redacted,
        "dropped": dict(stats.dropped),
        "places": sorted(PLACES | UNREAD),
    }
    measured = reader.get_metrics_data()
    assert measured is not None
    # Without the meter provider's own resource, which is the program's and none of ours.
    scopes = [scope.to_json(indent=None) for resource in measured.resource_metrics for scope in resource.scope_metrics]
    print("metrics", scopes)  # noqa: T201  what it is for
    print("report", json.dumps(report))  # noqa: T201  what it is for


if __name__ == "__main__":
    main()
