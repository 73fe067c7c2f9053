"""What a process recorded 200 ms before it was killed arrives, sent by the next one; nothing comes twice that was noted as sent."""

import itertools
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_collector import Collector
from chaos_faults import Fault, answering
from chaos_kills import kill_programs


@pytest.mark.parametrize("forks", [False, True], ids=["alone", "survived by a forked child"])
def test_what_was_recorded_before_a_kill_is_delivered_by_the_next_process(
    collectors: Callable[..., Collector], tmp_path: Path, forks: bool
) -> None:
    collector = collectors(itertools.cycle((*[Fault(wait_s=0.01)] * 6, answering(503))))

    by = [signal.SIGKILL, signal.SIGTERM, signal.SIGKILL]
    killed = kill_programs(collector, tmp_path, by, seed=5, rate=700, most_calls=500, forks=forks)

    assert len(killed.promised) > 100
    assert killed.promised - collector.names() == set()
    assert killed.last is not None
    assert (killed.last.found_pending, killed.last.found_dropped) == (0, {})
    assert killed.last.found == killed.last.found_delivered
    assert collector.taken_twice() <= collector.unacknowledged()
