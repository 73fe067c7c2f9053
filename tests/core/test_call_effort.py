"""What a traced call does in the caller's thread, counted and not timed: the figures are the benchmarks'."""

import gc
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from honeyhive import HoneyHiveTracer, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

PROMPT, OPTIONS = "x" * 1000, {"stop": ["a", "b"], "seed": 7}


def answer(prompt: str, options: dict[str, Any]) -> str:
    return prompt


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """A call that is recorded with everything on: a session, the redactor, the journal."""
    tracer = HoneyHiveTracer(data_dir=tmp_path)
    function = trace(event_type="model", tracer=tracer)(answer)
    yield lambda: function(PROMPT, OPTIONS)
    tracer.shutdown()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """The same call with OpenTelemetry's SDK by hand."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    tracer: Tracer = provider.get_tracer("by hand")

    def call() -> str:
        with tracer.start_as_current_span("answer") as span:
            span.set_attribute("prompt", PROMPT)
            span.set_attribute("options", json.dumps(OPTIONS))
            result = answer(PROMPT, OPTIONS)
            span.set_attribute("result", json.dumps(result))
            return result

    yield call
    provider.shutdown()


def functions_called(call: Callable[[], Any]) -> list[tuple[str, str]]:
    """Module and name of every Python function that *call* runs in this thread, from its second time on."""
    called: list[tuple[str, str]] = []

    def note(frame: FrameType, what: str, _argument: object) -> None:
        if what == "call":
            called.append((str(frame.f_globals.get("__name__")), frame.f_code.co_name))

    call()
    gc.collect()
    gc.disable()  # finalizers of others' garbage are not the call's
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
        gc.enable()
    return called


def test_a_traced_call_does_less_than_opentelemetry_by_hand(traced: Callable[[], Any], bare: Callable[[], Any]) -> None:
    assert 0 < len(functions_called(traced)) < len(functions_called(bare))


def test_a_traced_call_writes_no_json_text_and_no_log_line_that_nobody_asked_for(traced: Callable[[], Any]) -> None:
    modules = {module.partition(".")[0] for module, _ in functions_called(traced)}

    assert "honeyhive" in modules
    assert not modules & {"json", "logging", "pprint", "httpx"}
