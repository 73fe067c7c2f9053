"""Size: requests are bounded in bytes, and what the destination finds too large comes to it in smaller pieces."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.events.decode import DecodedSpan, decode_request, decode_resource_spans
from honeyhive.export.batch import MAX_REQUEST_BYTES, Batch, part_of
from honeyhive.export.journal import read_journal
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from conftest import Far, Seen

PROGRAM = """
import json, sys
from honeyhive import HoneyHiveTracer, session, trace
tracer = HoneyHiveTracer.init(project="p")
@trace(event_name="work")
def work(n, text): return n
with session("chat"):
    for n in range(1000): work(n, "x" * 2_000)
    work(-1, "x" * 300_000)
    for n in range(1000, 2000): work(n, "x" * 2_000)
tracer.enrich_span(event_id="0b7c3f0e-6f0a-4d5e-9a52-0c1f6f7d8a11", feedback={"rating": 5})
flushed = tracer.flush(60_000)
stats = tracer.stats()
print(json.dumps([flushed, stats.accepted, stats.delivered, stats.pending, dict(stats.dropped)]))
"""
ACCEPTED = 2003  # the session, its events and the update


def run(directory: Path, **environment: str) -> list[object]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**clean, "HH_DATA_DIR": str(directory), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def spans(requests: "list[Seen]") -> list[DecodedSpan]:
    return [span for request in requests if request.method == "POST" for span in decode_request(request.body)]


def works(requests: "list[Seen]") -> Counter[object]:
    return Counter(span.attributes["honeyhive_inputs.n"] for span in spans(requests) if span.name == "work")


EVERY_WAY = pytest.mark.parametrize("journal", ["on", "off"])
EVERY_DESTINATION = pytest.mark.parametrize("variable", ["HH_API_URL", "HH_OTLP_ENDPOINT"])


@EVERY_WAY
@EVERY_DESTINATION
def test_a_body_that_is_too_large_comes_in_pieces_and_only_what_is_too_large_alone_is_lost(
    far: "Far", tmp_path: Path, variable: str, journal: str
) -> None:
    far.max_body = 100_000

    account = run(tmp_path, HH_API_KEY="hh_key", HH_JOURNAL=journal, **{variable: far.url})

    assert account == [False, ACCEPTED, ACCEPTED - 1, 0, {"http_413": 1}]
    assert works(far.seen) == Counter(range(2000))
    assert len({span.resource["process.pid"] for span in spans(far.seen)}) == 1
    # The size is learned: of some fifty bodies that arrive, few are sent in vain.
    assert len(far.too_large) < 15
    updates = [span for span in spans(far.seen) if span.name == semconv.UPDATE_SPAN]
    assert len(updates) + sum(request.method == "PUT" for request in far.seen) == 1


def test_requests_are_bounded_in_bytes(far: "Far", tmp_path: Path) -> None:
    assert run(tmp_path, HH_OTLP_ENDPOINT=far.url) == [True, ACCEPTED, ACCEPTED, 0, {}]

    sizes = [len(request.body) for request in far.seen]
    assert sum(sizes) > 4_300_000
    assert max(sizes) <= MAX_REQUEST_BYTES
    assert works(far.seen) == Counter(range(-1, 2000))


def test_the_journal_keeps_the_records_whole(far: "Far", tmp_path: Path) -> None:
    far.max_body = 100_000
    run(tmp_path, HH_OTLP_ENDPOINT=far.url)

    content = read_journal(tmp_path / "journal")
    assert (content.torn_bytes, content.damaged_records) == (0, 0)
    assert sum(len(list(decode_resource_spans(body))) for body in content.bodies) == ACCEPTED


def span(number: int) -> bytes:
    return otlp.span([otlp.identity(b"t" * 16, number.to_bytes(8, "big"), b""), otlp.name_and_kind(f"{number}", 1)])


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any), st.data())
def test_the_parts_of_a_record_are_the_record(counts: list[int], data: st.DataObject) -> None:
    scopes: dict[bytes, list[bytes]] = {}
    for index, count in enumerate(counts):
        first = sum(counts[:index])
        scopes[otlp.scope(f"scope {index}")] = [span(first + number) for number in range(count)]
    record = otlp.record(otlp.resource({"service.name": "s"}), scopes)
    total = sum(counts)
    middle = data.draw(st.integers(0, total))

    parts = [part_of(record, 0, middle), part_of(record, middle, total)]

    assert list(decode_request(b"".join(parts))) == list(decode_request(record))
    assert [len(list(decode_request(part))) for part in parts] == [middle, total - middle]


@given(st.integers(2, 40))
def test_a_batch_may_be_taken_apart_down_to_its_single_events(count: int) -> None:
    record = otlp.record(otlp.resource({}), {otlp.scope("s"): [span(number) for number in range(count)]})
    waiting, single = [Batch.of(None, record, count, due=0.0)], list[Batch]()
    while waiting:
        batch = waiting.pop(0)
        if batch.count == 1:
            single.append(batch)
        else:
            waiting[:0] = batch.halves()

    assert [found.name for batch in single for found in decode_request(batch.read())] == [*map(str, range(count))]
    assert all(batch.size == len(batch.read()) for batch in single)
