"""A fork at any moment: the child holds no segment, or those of a parent that dies would have no heir while the child lives."""

import os
import subprocess
import sys
from pathlib import Path

# The parent adopts (or makes) segments in a thread, and forks again and again meanwhile; each child looks for descriptors of
# segments that are not closed in it.
PROGRAM = """
import os, sys, threading, warnings
from pathlib import Path
from honeyhive.events import otlp
from honeyhive.export.journal import Adoption, Journal
warnings.simplefilter("ignore", DeprecationWarning)  # the fork beside a thread, which is the matter here
directory, way = Path(sys.argv[1]), sys.argv[2]
span = otlp.span([otlp.name_and_kind("left", 1)])
record = otlp.record(otlp.resource({}), {otlp.scope("s"): [span] * 20_000})
def left_behind(number):
    journal = Journal(directory, max_bytes=1 << 40)
    journal.append(f"{number}", record)
    journal.close()
if way == "adopt":
    for number in range(30): left_behind("a")
journal = Journal(directory, max_bytes=1 << 40)
def adopt():
    adoption = Adoption(journal, "a")
    while adoption.next(): pass
def make():
    for number in range(300): journal.append(f"{number}", record)
thread = threading.Thread(target=adopt if way == "adopt" else make)
os.register_at_fork(after_in_child=journal.reset_after_fork)
def held():
    inodes = {path.stat().st_ino for path in directory.iterdir()}
    found = 0
    for descriptor in range(3, 4096):
        try: found += os.fstat(descriptor).st_ino in inodes
        except OSError: pass
    return found
thread.start()
failed = forked = 0
while thread.is_alive() or forked == 0:
    child = os.fork()
    if child == 0: os._exit(min(held(), 100))
    forked += 1
    failed += os.waitpid(child, 0)[1] != 0
thread.join()
print(failed)
"""


def forks_that_hold_segments(directory: Path, way: str) -> int:
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(directory), way],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert finished.stderr == ""
    return int(finished.stdout)


def test_while_segments_are_taken_over_no_child_holds_one(tmp_path: Path) -> None:
    assert forks_that_hold_segments(tmp_path, "adopt") == 0


def test_while_segments_are_made_no_child_holds_one(tmp_path: Path) -> None:
    assert forks_that_hold_segments(tmp_path, "make") == 0
