"""However a process ends, and however it makes others: it delivers what it recorded, or the next one does."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_collector import Collector
from chaos_faults import OK, RESET, SILENCE, Fault, answering
from chaos_process import GUARD_S, Program, run

ENDS = {
    "a plain end": "",
    "os._exit": "os._exit(0)",
    "sys.exit at SIGTERM": "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); os.kill(os.getpid(), signal.SIGTERM)",
}
LAST = 'start(flush_interval_s=0.01); call("the last one")'


@pytest.mark.parametrize("way", ENDS)
def test_what_a_process_could_not_deliver_is_delivered_by_the_next(
    collector: Collector, tmp_path: Path, way: str
) -> None:
    collector.shut()
    body = f"""
tracer = start(flush_interval_s=0.01)
for number in range(300): call(f"work {{number}}")
until(lambda: is_written("work 299"))
{ENDS[way]}
"""
    ended = run(body, tmp_path, HH_OTLP_ENDPOINT=collector.url)
    collector.open()
    account = run(LAST, tmp_path, HH_OTLP_ENDPOINT=collector.url).account

    assert collector.names() >= {*ended.called, "the last one"}
    assert collector.taken_twice() == set()
    assert (account.found_pending, account.found_dropped, account.pending) == (0, {}, 0)
    assert account.found == len(collector.taken()) - account.delivered
    if way != "os._exit":  # which lets nothing be said
        assert (ended.account.delivered, ended.account.pending) == (0, account.found)


FORKS = {
    "os.fork": """
for number in range(3):
    child = os.fork()
    if child == 0:
        work(f"child {number}")
        tracer.flush()
        os._exit(0)
    children.append(child)
work("parent")
for child in children: os.waitpid(child, 0)
""",
    "multiprocessing fork": """
children = [multiprocessing.get_context("fork").Process(target=work, args=(f"child {number}",)) for number in range(3)]
for child in children: child.start()
work("parent")
for child in children: child.join()
""",
    "multiprocessing spawn": """
children = [multiprocessing.get_context("spawn").Process(target=spawned, args=(f"child {number}",)) for number in range(2)]
for child in children: child.start()
work("parent")
for child in children: child.join()
""",
    "a pool that recycles after each task": """
with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
    pool.map(work, [f"task {number}" for number in range(6)], chunksize=1)
    pool.close()
    pool.join()
work("parent")
""",
}
FAULTS: list[Fault] = [OK, answering(503), OK, RESET, OK, OK, SILENCE, OK, answering(429)]


@pytest.mark.parametrize("way", FORKS)
def test_what_processes_and_their_children_record_arrives_through_faults(
    collectors: Callable[..., Collector], tmp_path: Path, way: str
) -> None:
    collector = collectors(itertools.cycle(FAULTS))
    block = FORKS[way].replace("\n", "\n    ")
    body = f"""
def work(name):
    for number in range(40): call(f"{{name}} {{number}}")
def spawned(name):
    start(flush_interval_s=0.01, max_export_batch_size=10)
    work(name)
if __name__ == "__main__":
    tracer, children = start(flush_interval_s=0.01, max_export_batch_size=10), []
    work("before")
    {block}
"""
    settings = {"HH_OTLP_ENDPOINT": collector.url}
    shown = run(body, tmp_path, **settings)
    collector.script([])
    run(LAST, tmp_path, **settings)

    assert len(shown.called) >= 4 * 40
    assert shown.called.keys() - collector.names() == set()
    assert collector.taken_twice() <= collector.doubtful()


def test_an_outage_is_made_up_for_by_the_process_itself(collector: Collector, tmp_path: Path) -> None:
    collector.shut()
    body = """
tracer = start(flush_interval_s=0.01)
for number in range(5000): call(f"work {number}")
until(lambda: is_written("work 4999"))
show(recorded=True)
sys.stdin.readline()
tracer.flush(60_000)
"""
    program = Program(body, tmp_path, HH_OTLP_ENDPOINT=collector.url)
    program.read_until(recorded=True)
    collector.open()
    program.go_on()
    account = program.end().account

    assert (account.delivered, account.pending, account.dropped) == (account.accepted, 0, {})
    assert len(collector.taken()) == account.delivered
    assert collector.taken_twice() == set()


def test_each_segment_that_was_left_is_taken_over_by_one_of_those_that_start_at_once(
    collector: Collector, tmp_path: Path
) -> None:
    collector.shut()
    left_body = """
tracer = start(flush_interval_s=0.01)
for number in range(1500): call(f"work {number}", "x" * 16000)
until(lambda: is_written("work 1499"))
"""
    settings = {"HH_OTLP_ENDPOINT": collector.url}
    left = run(left_body, tmp_path, **settings)
    assert len(list((tmp_path / "journal").glob("*.otlp"))) >= 3

    collector.open()
    heirs = [Program(f"{LAST}\nsys.stdin.readline()", tmp_path, **settings) for _ in range(3)]
    assert collector.await_names(set(left.called), GUARD_S)
    for heir in heirs:
        heir.go_on()
    accounts = [heir.end().account for heir in heirs]

    assert sum(account.found_delivered for account in accounts) == left.account.pending
    assert sum(account.found for account in accounts) == left.account.pending
    assert collector.taken_twice() == set()
