"""The stage between queue and journal: what redaction costs an event, and which native matcher finds candidates cheapest.

Ratios are to what the worker does without the stage: joining a record and appending it to the journal. The events are those
of `workload.py`, 1 KB in and 1 KB out. Matchers that are not installed are left out:
``uv run --no-sync --with google-re2 --with ahocorasick-rs --with pyahocorasick python benchmarks/redaction.py``.
"""

import importlib
import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import workload
from honeyhive.events import otlp
from honeyhive.export.journal import Journal
from honeyhive.export.redaction import Redactor
from honeyhive.export.redaction.kinds import ESCAPE_NEEDLE, KINDS
from honeyhive.export.redaction.names import Names
from honeyhive.export.redaction.plain import PlainMatcher
from honeyhive.export.screening import Screen
from honeyhive.settings import Settings

HERE: Final = Path(__file__).parent
SECRET: Final = "sk-proj-AbCdEfGhIjKlMnOp0123456789"  # noqa: S105  made up
SCOPE, RESOURCE = otlp.scope("honeyhive"), otlp.resource({"service.name": "benchmark"})


def span(number: int, extra: str = "") -> bytes:
    """One event of the workload as the queue has it."""
    parts = [otlp.identity(b"t" * 16, b"s" * 8, b"p" * 8), otlp.name_and_kind("answer", 1), otlp.times(1, 2)]
    request = {**workload.INPUTS[number], "extra": extra} if extra else workload.INPUTS[number]
    values = {"inputs.number": number, "inputs.request": request, "outputs.result": workload.OUTPUTS[number]}
    parts += [otlp.field_attribute(otlp.encode_key(f"honeyhive_{key}"), value) for key, value in values.items()]
    return otlp.span(parts)


def best_us(work: Callable[[], object], per: int, repeats: int = 15) -> float:
    """The best of some runs in microseconds of the process's CPU, divided by *per*."""
    work()
    found: list[float] = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found) / per * 1e6


def stage() -> dict[str, float]:
    """The stage for a batch of 512 events, beside the record and the journal."""
    plain = [span(number) for number in range(workload.PAYLOADS)]
    hits = [span(number, f"the key is {SECRET}") for number in range(workload.PAYLOADS)]
    few = [*hits[:5], *plain[5:]]
    count = len(plain)
    settings = Settings.from_env({})

    def drop(reason: str, _count: int) -> None:
        raise AssertionError(reason)

    screen = Screen(settings, drop)
    everything = Screen(Settings.from_env({}, redact_patterns=[r"EMP-\d{6}"]), drop)
    with tempfile.TemporaryDirectory() as directory:
        journal = Journal(Path(directory), max_bytes=256 << 20)
        base = best_us(lambda: journal.append("benchmark", otlp.record(RESOURCE, {SCOPE: plain})), count)
        journal.close()
    return {
        "record and journal": base,
        "no secret": best_us(lambda: screen.spans(plain), count),
        "a secret in 1 of 100": best_us(lambda: screen.spans(few), count),
        "a secret in each": best_us(lambda: screen.spans(hits), count),
        "a pattern of the user's, in none": best_us(lambda: everything.spans(plain), count, 3),
    }


def large() -> dict[str, float]:
    """Milliseconds for one text of 50 MB."""
    redactor = Redactor(Settings.from_env({}))
    text = ("ordinary words of a long document " * 1_500_000)[:50_000_000].encode()
    hit = text[:25_000_000] + SECRET.encode() + text[25_000_000:]
    screen = Screen(Settings.from_env({}), lambda _reason, _count: None)
    return {
        "50 MB, no secret": best_us(lambda: redactor.utf8(text), 1000, 3),
        "50 MB, a secret": best_us(lambda: redactor.utf8(hit), 1000, 3),
        "50 MB, redacted and cut": best_us(lambda: screen.texts([hit], 4 << 20), 1000, 3),
    }


class Locked:
    """An object that must not be asked for anything."""

    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__


def hostile() -> dict[str, float]:
    """Milliseconds to make the bytes of values that are hard to write down."""
    cyclic: list[Any] = [1]
    cyclic.append(cyclic)
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    key = otlp.encode_key("honeyhive_inputs.value")
    values: dict[str, object] = {
        "a cycle": cyclic,
        "a list 10,000 levels deep": deep,
        "an object whose repr raises": Locked(),
        "such an object, deep inside": {"a": [{"b": Locked()}] * 100},
    }
    return {
        name: best_us(lambda value=value: otlp.field_attribute(key, value), 1000, 5) for name, value in values.items()
    }


def matchers() -> dict[str, float]:
    """Each matcher with the hints that are in use, on the same batch: microseconds an event."""
    batch = b"".join(span(number) for number in range(workload.PAYLOADS))
    kinds = [*KINDS, Names().kind()]
    hints = [kind.hint for kind in kinds if kind is not None]
    united = b"|".join(b"(?:" + hint + b")" for hint in hints)
    # What these two can look for: the fixed beginnings of the same hints, in lower case, and none of their classes and ends.
    plain = [kind.anchor.lower() for kind in KINDS if re.fullmatch(rb"[A-Za-z0-9_-]+", kind.anchor)]
    names = [
        b"password",
        b"passwd",
        b"secret",
        b"credential",
        b"authorization",
        b"cookie",
        b"api_key",
        b"apikey",
        b"api-key",
    ]
    literals = sorted(
        {*plain, *names, b"bearer", b"basic", b"://", b"-----begin", b"\\u00", b"ghp_", b"xoxb-", b"sk_live_"}
    )
    count = workload.PAYLOADS
    found = {"re (standard library)": best_us(lambda: re.search(united, batch), count, 3)}
    plain_matcher = PlainMatcher([ESCAPE_NEEDLE, *(kind.needle for kind in kinds if kind is not None)])
    found["ours without native code"] = best_us(lambda: plain_matcher.ends(batch), count, 3)
    hyperscan = _optional("hyperscan")
    if hyperscan is not None:
        database = hyperscan.Database()
        number = len(hints)
        database.compile(expressions=hints, ids=list(range(number)), elements=number, flags=[0] * number)
        scratch = hyperscan.Scratch(database)
        found["hyperscan"] = best_us(lambda: database.scan(batch, match_event_handler=_ignore, scratch=scratch), count)
    re2 = _optional("re2")
    if re2 is not None:
        pattern = re2.compile(united)
        found["google-re2"] = best_us(lambda: pattern.search(batch), count)
    ahocorasick_rs = _optional("ahocorasick_rs")
    if ahocorasick_rs is not None:
        rust = ahocorasick_rs.BytesAhoCorasick(literals)
        found["ahocorasick-rs (literals only)"] = best_us(lambda: rust.find_matches_as_indexes(batch.lower()), count)
    ahocorasick = _optional("ahocorasick")
    if ahocorasick is not None:
        automaton = ahocorasick.Automaton()
        for literal in literals:
            automaton.add_word(literal.decode(), 1)
        automaton.make_automaton()
        text = batch.decode("latin-1")
        found["pyahocorasick (literals only)"] = best_us(lambda: sum(1 for _ in automaton.iter(text.lower())), count, 3)
    return found


def _ignore(*_match: object) -> None:
    """What is found is not looked at."""


def _optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def main() -> None:
    results = {"stage, µs an event": stage(), "matcher, µs an event": matchers(), "ms": {**large(), **hostile()}}
    base = results["stage, µs an event"]["record and journal"]
    for title, rows in results.items():
        print(title)
        for name, value in rows.items():
            ratio = "" if title == "ms" else f"{value / base:8.2f} x"
            print(f"  {name:<36}{value:>11.2f}{ratio}")
    (HERE / "results" / "redaction.json").write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
