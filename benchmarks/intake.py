"""A third party's span taken in beside OpenTelemetry's own processor and exporter: design §5, line 11.

Two spans: what OpenInference makes of a model call with 1 KB in and 1 KB out (19 attributes; we look its price up besides), and
what an HTTP client's instrumentation makes of a request (8 short attributes). Each peer is a process of its own that sends to the
same loopback collector; rounds go to one peer at a time in a new random order and end with its flush. What is compared is the
time *added* to a provider that has no processor at all.
"""

import argparse
import gc
import json
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
RESULT: Final = HERE / "results" / "intake.json"
PEERS: Final = ("no processor", "opentelemetry", "honeyhive")
WARM_UP: Final = 200
MEASURES: Final = {"wall_us": "caller wall", "thread_us": "caller CPU", "cpu_us": "total CPU"}
TEXT: Final = "the quick brown fox jumps over the lazy dog " * 24
MODEL_CALL: Final[dict[str, Any]] = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.provider": "openai",
    "llm.model_name": "gpt-4o-2024-08-06",
    "llm.invocation_parameters": '{"model": "gpt-4o-2024-08-06", "temperature": 0.2, "max_tokens": 256}',
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Answer in one sentence.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.content": TEXT,
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": TEXT,
    "llm.finish_reason": "stop",
    "llm.token_count.prompt": 250,
    "llm.token_count.completion": 230,
    "llm.token_count.total": 480,
    "input.mime_type": "application/json",
    "output.mime_type": "application/json",
    "session.id": "8c6d1a52-7a0c-4f4e-9d60-1f0b6c2f7a11",
    "user.id": "u-17",
}
REQUEST: Final[dict[str, Any]] = {
    "http.request.method": "GET",
    "url.full": "http://orders.internal:8080/v1/orders/17",
    "server.address": "orders.internal",
    "server.port": 8080,
    "network.protocol.version": "1.1",
    "http.response.status_code": 200,
    "http.response.body.size": 5120,
    "user_agent.original": "python-httpx/0.28.1",
}
SPANS: Final = {"model call": ("ChatCompletion", MODEL_CALL), "request": ("GET", REQUEST)}


def tracer_of(peer: str, url: str) -> tuple[Any, Callable[[], object]]:
    """A tracer of *peer*, and how to wait until everything arrived."""
    if peer == "honeyhive":
        from honeyhive import HoneyHiveTracer  # noqa: PLC0415  a peer's own

        tracer = HoneyHiveTracer.init(project="benchmark", otlp_endpoint=url, data_dir=tempfile.mkdtemp())
        return tracer.provider.get_tracer("openinference.instrumentation.openai", "0.1"), tracer.flush
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  a peer's own
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider()
    if peer == "opentelemetry":
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    return provider.get_tracer("openinference.instrumentation.openai", "0.1"), provider.force_flush


def work(peer: str, url: str) -> None:
    """Run a round for each line of standard input, and answer with a line of JSON."""
    tracer, flush = tracer_of(peer, url)
    for line in sys.stdin:
        kind, _, number = line.partition(":")
        (name, attributes), count = SPANS[kind], int(number)
        gc.collect()
        cpu_before, thread_before, wall_before = _cpu_s(), time.thread_time(), time.perf_counter()
        for _ in range(count):
            with tracer.start_as_current_span(name) as span:
                span.set_attributes(attributes)
        wall, thread = time.perf_counter() - wall_before, time.thread_time() - thread_before
        flush()
        told = {"wall_us": wall, "thread_us": thread, "cpu_us": _cpu_s() - cpu_before}
        sys.stdout.write(json.dumps({name: value / count * 1e6 for name, value in told.items()}) + "\n")
        sys.stdout.flush()


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return process.stdout.readline()


def measure(rounds: int, count: int) -> tuple[dict[str, dict[str, dict[str, float]]], int]:
    """The medians of each span and peer, and how many spans arrived in all."""
    sink = _start(str(HERE / "sink.py"))
    assert sink.stdout is not None
    url = f"http://127.0.0.1:{sink.stdout.readline().strip()}"
    workers = {peer: _start(__file__, "--peer", peer, "--url", url) for peer in PEERS}
    turns = [(span, peer) for span in SPANS for peer in PEERS]
    results: dict[tuple[str, str], list[dict[str, float]]] = {turn: [] for turn in turns}
    try:
        for span, peer in turns:
            _ask(workers[peer], f"{span}:{WARM_UP}")
        for _ in range(rounds):
            for span, peer in random.sample(turns, len(turns)):
                results[span, peer].append(json.loads(_ask(workers[peer], f"{span}:{count}")))
        with urllib.request.urlopen(url) as response:
            arrived = int(response.read())
    finally:
        for process in (*workers.values(), sink):
            process.kill()
            process.wait()
    medians = {
        span: {
            peer: {name: statistics.median(one[name] for one in results[span, peer]) for name in MEASURES}
            for peer in PEERS
        }
        for span in SPANS
    }
    return medians, arrived


def compared(medians: dict[str, dict[str, float]]) -> dict[str, float]:
    """What each measure is with us, as a part of what it is with OpenTelemetry; of the time that is added."""
    base, theirs, ours = (medians[peer] for peer in PEERS)
    return {name: (ours[name] - base[name]) / (theirs[name] - base[name]) for name in MEASURES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--spans", type=int, default=2000, help="in a round; OpenTelemetry's queue holds 2,048")
    parser.add_argument("--peer", choices=PEERS)
    parser.add_argument("--url")
    given = parser.parse_args()
    if given.peer:
        work(given.peer, given.url)
        return
    medians, arrived = measure(given.rounds, given.spans)
    ratios = {span: compared(medians[span]) for span in SPANS}
    for span in SPANS:
        print(span)
        for peer, found in medians[span].items():
            print(f"  {peer:14}", "  ".join(f"{MEASURES[name]} {value:6.1f} µs" for name, value in found.items()))
        print("  added, of theirs:", "  ".join(f"{MEASURES[name]} {part:.2f}" for name, part in ratios[span].items()))
    expected = 2 * len(SPANS) * (WARM_UP + given.rounds * given.spans) + 1  # and the session of the process
    print(f"arrived {arrived:,} of {expected:,}")
    document = {
        "machine": platform.platform(),
        "python": platform.python_version(),
        "rounds": given.rounds,
        "spans": given.spans,
        "medians": medians,
        "ratios": ratios,
        "arrived": arrived,
        "expected": expected,
    }
    RESULT.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
