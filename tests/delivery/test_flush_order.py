"""`flush` means the events that were accepted before it, also when later ones arrive first."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Far

PROGRAM = """
import json, sys, threading
from honeyhive import HoneyHiveTracer, trace
@trace
def work(text): return text
tracer = HoneyHiveTracer.init(otlp_endpoint=sys.argv[1])
work("poison")
said = []
waiting = threading.Thread(target=lambda: said.append(tracer.flush(60_000)))
waiting.start()
while waiting.is_alive():
    work("later")
    waiting.join(0.02)
tracer.flush(60_000)
stats = tracer.stats()
print(json.dumps([said, stats.pending, dict(stats.dropped)]))
"""


def test_it_waits_for_an_event_that_others_overtake(far: "Far", tmp_path: Path) -> None:
    far.poison = b"poison"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, far.url],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert json.loads(finished.stdout) == [[False], 0, {"http_500": 1}]
