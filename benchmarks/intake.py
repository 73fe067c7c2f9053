"""A third party's span taken in beside OpenTelemetry's own processor and exporter: design §5, line 11.

The span is what OpenInference makes of a model call with 1 KB in and 1 KB out: 19 attributes, a third of them texts. Each peer is
a process of its own that sends to the same loopback collector; rounds go to one peer at a time in a new random order and end
with its flush. What is compared is the time *added* to a provider that has no processor at all.
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
MEASURES: Final = {"wall_us": "caller wall", "thread_us": "caller CPU", "cpu_us": "total CPU"}
TEXT: Final = "the quick brown fox jumps over the lazy dog " * 24
ATTRIBUTES: Final[dict[str, Any]] = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.provider": "openai",
    "llm.model_name": "a-model-without-a-price",
    "llm.invocation_parameters": '{"model": "a-model-without-a-price", "temperature": 0.2, "max_tokens": 256}',
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
        count = int(line)
        gc.collect()
        cpu_before, thread_before, wall_before = _cpu_s(), time.thread_time(), time.perf_counter()
        for _ in range(count):
            with tracer.start_as_current_span("ChatCompletion") as span:
                span.set_attributes(ATTRIBUTES)
        wall, thread = time.perf_counter() - wall_before, time.thread_time() - thread_before
        flush()
        told = {"wall_us": wall, "thread_us": thread, "cpu_us": _cpu_s() - cpu_before}
        sys.stdout.write(json.dumps({name: value / count * 1e6 for name, value in told.items()}) + "\n")
        sys.stdout.flush()


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _ask(process: subprocess.Popen[str], line: str) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return process.stdout.readline()


def measure(rounds: int, count: int) -> tuple[dict[str, dict[str, float]], int]:
    """The medians of each peer, and how many spans arrived in all."""
    sink = _start(str(HERE / "sink.py"))
    assert sink.stdout is not None
    url = f"http://127.0.0.1:{sink.stdout.readline().strip()}"
    workers = {peer: _start(__file__, "--peer", peer, "--url", url) for peer in PEERS}
    results: dict[str, list[dict[str, float]]] = {peer: [] for peer in PEERS}
    try:
        for worker in workers.values():
            _ask(worker, "200")
        for _ in range(rounds):
            for peer in random.sample(PEERS, len(PEERS)):
                results[peer].append(json.loads(_ask(workers[peer], str(count))))
        with urllib.request.urlopen(url) as response:
            arrived = int(response.read())
    finally:
        for process in (*workers.values(), sink):
            process.kill()
            process.wait()
    medians = {
        peer: {name: statistics.median(one[name] for one in found) for name in MEASURES}
        for peer, found in results.items()
    }
    return medians, arrived


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
    base = medians["no processor"]
    added = {peer: {name: medians[peer][name] - base[name] for name in MEASURES} for peer in PEERS[1:]}
    ratios = {name: added["honeyhive"][name] / added["opentelemetry"][name] for name in MEASURES}
    for peer, found in medians.items():
        print(f"{peer:14}", "  ".join(f"{MEASURES[name]} {value:6.1f} µs" for name, value in found.items()))
    print("added, of OpenTelemetry's:", "  ".join(f"{MEASURES[name]} {ratio:.2f}" for name, ratio in ratios.items()))
    expected = 2 * (200 + given.rounds * given.spans) + 1  # and the session of the process
    print(f"arrived {arrived:,} of {expected:,}")
    document = {
        "machine": platform.platform(),
        "python": platform.python_version(),
        "rounds": given.rounds,
        "spans": given.spans,
        "medians": medians,
        "added": added,
        "ratios": ratios,
        "arrived": arrived,
        "expected": expected,
    }
    RESULT.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
