"""One peer in a process of its own; runs a round for each line of standard input and answers with a line of JSON."""

import gc
import json
import resource
import sys
import time
from typing import Any

import workload
from peers import PEERS


def cpu_s() -> float:
    """CPU seconds of the whole process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    name, url, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
    peer = PEERS[name](url)
    function = workload.traced_function(peer.decorate)
    inputs: list[Any] = workload.texts(size) if size else workload.INPUTS
    count = len(inputs)
    for line in sys.stdin:
        calls = int(line)
        gc.collect()
        cpu_before, thread_before, wall_before = cpu_s(), time.thread_time(), time.perf_counter()
        for number in range(calls):
            function(number, inputs[number % count])
        wall, thread = time.perf_counter() - wall_before, time.thread_time() - thread_before
        peer.flush()
        result = {
            "wall_us": wall / calls * 1e6,
            "thread_us": thread / calls * 1e6,
            "cpu_us": (cpu_s() - cpu_before) / calls * 1e6,
        }
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
