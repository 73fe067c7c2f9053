"""OpenTelemetry metrics on a meter provider of the user's: GenAI usage and durations, and our own account."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PRELUDE = """
import json, os, sys
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from honeyhive import HoneyHiveTracer, enrich_span, session, trace
from honeyhive.models import Usage
reader = InMemoryMetricReader()
meters = MeterProvider([reader], shutdown_on_exit=False)

@trace(event_type="model", event_name="ask", config={"model": "gpt-4o-mini", "provider": "openai"})
def ask(usage, fails=False):
    enrich_span(usage=usage)
    if fails: raise ValueError("no")

@trace
def tool(): pass

def show():
    data = reader.get_metrics_data()
    points = [
        [metric.name, metric.unit, dict(point.attributes), getattr(point, "value", None), getattr(point, "sum", None), getattr(point, "count", None)]
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    ]
    print(json.dumps(points))
"""


class Points:
    """The points that a program's meter provider had."""

    def __init__(self, points: list[list[Any]]) -> None:
        self.points = points

    def of(self, name: str) -> list[tuple[dict[str, str], Any]]:
        """Attributes, and value (or sum and count), of each point of *name*."""
        return [
            (attributes, value if value is not None else (total, count))
            for found, _, attributes, value, total, count in self.points
            if found == name
        ]

    def value(self, name: str, **attributes: str) -> Any:
        """The one point of *name* with *attributes* (dots as double underscores) among its own."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        (found,) = [value for own, value in self.of(name) if wanted.items() <= own.items()]
        return found


def run(program: str, tmp_path: Path, **environment: str) -> Points:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRELUDE + program],
        env={**clean, "HH_DATA_DIR": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return Points(json.loads(finished.stdout.splitlines()[-1]))


def test_model_calls_count_their_tokens_and_durations(tmp_path: Path) -> None:
    found = run(
        """
t = HoneyHiveTracer.init(project="p", source="prod", meter_provider=meters)
ask(Usage(input_tokens=100, output_tokens=20, cache_read_tokens=40, cache_write_tokens=8, reasoning_tokens=5))
ask(Usage(input_tokens=11, output_tokens=2))
try: ask(None, fails=True)
except ValueError: pass
t.flush()
show()
""",
        tmp_path,
    )

    usage = "gen_ai.client.inference.usage."
    assert found.value(f"{usage}input_tokens") == 111
    assert found.value(f"{usage}output_tokens") == 22
    assert found.value(f"{usage}cache_read.input_tokens") == 40
    assert found.value(f"{usage}cache_write.input_tokens") == 8
    assert found.value(f"{usage}reasoning.output_tokens") == 5
    assert found.value("gen_ai.client.token.usage", **{"gen_ai.token.type": "input"}) == (111, 2)
    assert found.value("gen_ai.client.token.usage", **{"gen_ai.token.type": "output"}) == (22, 2)
    durations = found.of("gen_ai.client.inference.duration")
    assert {own.get("error.type"): count for own, (_, count) in durations} == {"ValueError": 1, None: 2}
    assert (
        durations[0][0].items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.provider.name": "openai",
            "honeyhive.project": "p",
            "honeyhive.source": "prod",
        }.items()
    )


def test_events_of_every_type_have_durations_by_type_and_status(tmp_path: Path) -> None:
    found = run(
        """
t = HoneyHiveTracer.init(meter_provider=meters)
with session("s"):
    tool(); tool()
    try: ask(None, fails=True)
    except ValueError: pass
t.create_session("announced")
t.shutdown()
show()
""",
        tmp_path,
    )

    counts = {
        (own["honeyhive.event.type"], own["honeyhive.event.status"]): count
        for own, (_, count) in found.of("honeyhive.event.duration")
    }
    assert counts == {("tool", "ok"): 2, ("model", "error"): 1, ("session", "ok"): 2}


def test_spans_of_third_parties_count_like_our_own(tmp_path: Path) -> None:
    found = run(
        """
t = HoneyHiveTracer.init(meter_provider=meters)
attributes = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e5", "gen_ai.usage.input_tokens": 7}
with session("s"), t.provider.get_tracer("theirs").start_as_current_span("embeddings e5", attributes=attributes): pass
t.flush()
show()
""",
        tmp_path,
    )

    (point,) = found.of("gen_ai.client.inference.duration")
    assert point[0].items() >= {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e5"}.items()
    assert found.value("gen_ai.client.inference.usage.input_tokens") == 7


def test_the_account_is_observed_by_reason_and_tracer(tmp_path: Path) -> None:
    found = run(
        """
t = HoneyHiveTracer.init(project="a", meter_provider=meters)
other = HoneyHiveTracer.init(project="b", meter_provider=meters, sample_rate=0)
with t.session("s"): tool()
for _ in range(3):
    with other.session("left out"): pass
t.flush(), other.flush()
show()
""",
        tmp_path,
    )

    assert found.value("honeyhive.events.accepted", honeyhive__project="a") == 2
    assert found.value("honeyhive.events.delivered", honeyhive__project="a") == 2
    assert found.value("honeyhive.events.pending", honeyhive__project="a") == 0
    assert found.value("honeyhive.events.accepted", honeyhive__project="b") == 3
    assert found.value("honeyhive.events.dropped", honeyhive__project="b", reason="sampled_out") == 3
    assert found.value("honeyhive.queue.size") == 0


def test_what_waits_is_observed_too(tmp_path: Path) -> None:
    found = run(
        """
t = HoneyHiveTracer.init(meter_provider=meters, otlp_endpoint="http://127.0.0.1:1")
tool()
t.flush(200)
show()
""",
        tmp_path,
    )

    assert found.value("honeyhive.events.pending") == found.value("honeyhive.events.accepted") == 2


def test_sessions_that_were_merely_claimed_are_counted_by_reason(tmp_path: Path) -> None:
    found = run(
        """
from honeyhive.integration import extract
t = HoneyHiveTracer.init(meter_provider=meters)
extract({"baggage": "honeyhive-session=junk"}); extract({"baggage": "honeyhive-session=junk"})
show()
""",
        tmp_path,
    )

    assert [value for _, value in found.of("honeyhive.claims")] == [2]
    assert "reason" in found.of("honeyhive.claims")[0][0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it is about forks")
def test_a_forked_child_counts_its_own_claims_only(tmp_path: Path) -> None:
    found = run(
        """
import os, sys
from honeyhive.integration import extract
t = HoneyHiveTracer.init(meter_provider=meters)
extract({"baggage": "honeyhive-session=junk"})
assert dict(t.stats().claims) == {"malformed": 1}
child = os.fork()
if child == 0:
    try:
        assert dict(t.stats().claims) == {}
        extract({"baggage": "session_id=0f0e0d0c-0b0a-4908-8706-050403020100"})
        assert dict(t.stats().claims) == {"unsigned": 1}
    except BaseException:
        os._exit(1)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
show()
""",
        tmp_path,
    )

    assert [value for _, value in found.of("honeyhive.claims")] == [1]


@pytest.mark.parametrize("option", ["", "meter_provider=None"])
def test_without_a_meter_provider_nothing_is_imported(tmp_path: Path, option: str) -> None:
    finished = subprocess.run(
        [
            sys.executable,
            "-c",
            f"""
import sys
from honeyhive import HoneyHiveTracer, trace
t = HoneyHiveTracer.init({option})
trace(len)("abc")
assert t.flush()
assert "honeyhive.export.metrics" not in sys.modules
assert "opentelemetry.sdk.metrics" not in sys.modules
""",
        ],
        env={**os.environ, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (finished.returncode, finished.stderr) == (0, "")
