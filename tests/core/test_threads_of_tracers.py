"""A program that makes a tracer for each of many things, as an experiment for each datapoint, keeps one thread."""

import gc
import threading
from pathlib import Path

from honeyhive import HoneyHiveTracer, session, trace
from honeyhive.events.event import Event
from honeyhive.events.reader import read_records
from honeyhive.export.journal import read_journal

COUNT = 20


def record_one(tmp_path: Path, number: int) -> HoneyHiveTracer:
    """A tracer for one datapoint, which records our events and a third party's."""
    tracer = HoneyHiveTracer(data_dir=tmp_path, run_id="r", dataset_id="d", datapoint_id=f"p{number}")

    @trace(tracer=tracer, event_name="step")
    def step() -> None:
        pass

    with session("datapoint", tracer=tracer):
        step()
        tracer.provider.get_tracer("lib").start_span("theirs").end()
    assert tracer.flush()
    return tracer


def test_many_tracers_have_one_thread_between_them_and_none_is_left_of_those_shut_down(tmp_path: Path) -> None:
    record_one(tmp_path, 0).shutdown()
    before = set(threading.enumerate())

    tracers = [record_one(tmp_path, number) for number in range(1, COUNT)]
    assert set(threading.enumerate()) <= before
    for tracer in tracers:
        tracer.shutdown()
    del tracers
    gc.collect()

    assert set(threading.enumerate()) <= before
    found = [one for one in read_records(read_journal(tmp_path / "journal").bodies) if isinstance(one, Event)]
    for name in ("step", "theirs"):
        points = [event.metadata["datapoint_id"] for event in found if event.event_name == name]
        assert sorted(points) == sorted(f"p{number}" for number in range(COUNT))
