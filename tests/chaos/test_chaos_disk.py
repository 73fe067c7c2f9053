"""A data directory that cannot be written for a while: memory keeps what the journal cannot, and nothing is lost in between."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chaos_collector import Collector
from chaos_process import Program, run

# How each program breaks its journal, and how it mends it again.
WAYS: dict[str, tuple[str, str]] = {
    "deleted": ("shutil.rmtree(journal())", ""),
    "replaced by a file": (
        "journal().rename(moved); journal().touch()",
        "journal().unlink(); moved.rename(journal())",
    ),
    "not one byte more": (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))",
        "resource.setrlimit(resource.RLIMIT_FSIZE, limits)",
    ),
    "a full disk": ("fill(ballast)", "ballast.unlink()"),
}

PROGRAM = """
import logging, resource
class Shown(logging.Handler):
    def emit(self, record): show(said=record.getMessage())
logging.getLogger("honeyhive").addHandler(Shown())
data_dir = pathlib.Path(os.environ["HH_DATA_DIR"])
moved, ballast = data_dir / "moved", data_dir / "ballast"
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
def fill(path):
    with path.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True: file.write(bytes(size))
            except OSError: pass
def record(prefix):
    for number in range(40): call(f"{prefix} {number}")
    tracer.flush(200)
tracer = start(flush_interval_s=0.01, max_export_batch_size=10)
record("before")
until(lambda: is_written("before 39"))
BREAK
record("during")
show(broken=True)
sys.stdin.readline()
MEND
record("after")
until(lambda: is_written("after 39"))
show(mended=True)
sys.stdin.readline()
tracer.flush(60_000)
"""
NAMES = {f"{when} {number}" for when in ("before", "during", "after") for number in range(40)}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB where one may be mounted, else a directory."""
    place = tmp_path / "disk"
    place.mkdir()
    is_mounted = _mount(place)
    yield place
    if is_mounted:
        subprocess.run(["umount", "--lazy", place], check=True)


def _mount(place: Path) -> bool:
    asked = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", place]
    return os.geteuid() == 0 and subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost_while_the_journal_cannot_be_written(collector: Collector, small_disk: Path, way: str) -> None:
    if way == "a full disk" and not small_disk.is_mount():
        way = "not one byte more"
    collector.shut()
    breaks, mends = WAYS[way]
    body = PROGRAM.replace("BREAK", breaks).replace("MEND", mends)
    program = Program(body, small_disk, HH_OTLP_ENDPOINT=collector.url)
    while way != "deleted" and "cannot write its journal" not in program.read().get("said", ""):
        pass
    program.read_until(broken=True)
    program.go_on()
    program.read_until(mended=True)
    collector.open()
    program.go_on()
    shown = program.end()

    assert collector.names() >= NAMES
    assert collector.taken_twice() == set()
    account = shown.account
    assert (account.delivered, account.pending, account.dropped) == (account.accepted, 0, {})
    warnings = [line["said"] for line in shown.lines if "said" in line]
    assert len(warnings) == (0 if way == "deleted" else 1)


def test_what_only_memory_held_at_the_end_is_counted_as_lost(collector: Collector, tmp_path: Path) -> None:
    collector.shut()
    (tmp_path / "journal").touch()
    body = "tracer = start()\nfor number in range(40): call(f'work {number}')\ntracer.flush(200)"
    account = run(body, tmp_path, HH_OTLP_ENDPOINT=collector.url).account

    assert (account.delivered, account.pending) == (0, 0)
    assert account.dropped == {"undelivered": account.accepted}


# What becomes of the middle of a segment: one byte of it, or a stretch of zeros as a power loss leaves it.
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "one byte": (lambda whole: whole.replace(b"work 42", b"work \xff2"), 10),
    "zeros": (lambda whole: whole[:10_000] + bytes(4096) + whole[14_096:], 30),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_on_the_disk_is_counted_and_told_and_everything_else_arrives(
    collector: Collector, tmp_path: Path, damage: str
) -> None:
    collector.shut()
    body = """
tracer = start(flush_interval_s=0.01, max_export_batch_size=10)
for number in range(100): call(f"work {number}")
until(lambda: is_written("work 99"))
"""
    left = run(body, tmp_path, HH_OTLP_ENDPOINT=collector.url)
    (segment,) = (tmp_path / "journal").glob("*.otlp")
    change, most_lost = DAMAGES[damage]
    segment.write_bytes(change(segment.read_bytes()))
    collector.open()
    found = run("start(); call('later')", tmp_path, HH_OTLP_ENDPOINT=collector.url)

    lost = left.called.keys() - collector.names()
    assert 0 < len(lost) <= most_lost
    assert found.account.found_dropped == {"journal_damaged": 1}
    assert found.account.found == found.account.found_delivered + 1
    assert found.said.count(f"damaged records that cannot be delivered in {segment}: 1") == 1
