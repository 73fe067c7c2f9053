"""Without the native matcher the standard library finds the same, and says once why it has to."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from honeyhive.export.redaction.kinds import ESCAPE_NEEDLE, KINDS, literal_kind
from honeyhive.export.redaction.marking import is_marker
from honeyhive.export.redaction.matcher import Needle, matcher_of
from honeyhive.export.redaction.names import Names
from honeyhive.export.redaction.native import NativeMatcher
from honeyhive.export.redaction.plain import PlainMatcher
from hypothesis import given
from hypothesis import strategies as st

NAMED = Names(("employeeNumber", "Пароль")).kind()
assert NAMED is not None
OWN = literal_kind('my-"own"-Credential')
NEEDLES: tuple[Needle, ...] = (ESCAPE_NEEDLE, OWN.needle, *(kind.needle for kind in KINDS), NAMED.needle)
NATIVE, PLAIN = NativeMatcher(NEEDLES), PlainMatcher(NEEDLES)
HERE = Path(__file__).parent
_GUARD_S = 120.0

# What texts with secrets are made of, so that chance puts some together.
PIECES = [
    *(seed for needle in NEEDLES for seed, _ in needle.seeds),
    "id token", "Authorization", "PASSWORD", "пароль", "ПАРОЛЬ", "employee_number", "sk-proj-", "ghp_", "AKIA", "gl", "pat-",
    "eyJhbGciOi", ".eyJzdWIi", ":", "//", "@", "user", "=", "'", '"', "\\", "\\n", "\\u0073", "%22", "%3a", "%3A%2F%2F", "-----BEGIN ",
    "RSA PRIVATE KEY-----", "0123456789abcdef", "ABCDEFGHIJ", "a" * 20, " ", "\n", "{", "}", "é", "?sig=", "&Token=", "basic dXNlcjpw",
]  # fmt: skip


def as_bytes(piece: str | bytes) -> bytes:
    return piece if isinstance(piece, bytes) else piece.encode()


@given(data=st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30))
def test_both_matchers_find_the_same_places_in_any_bytes(data: list[str | bytes]) -> None:
    text = b"".join(map(as_bytes, data))

    assert PLAIN.starts(text) == NATIVE.starts(text)
    assert {number for _, number in PLAIN.ends(text)} == {number for _, number in NATIVE.ends(text)}


@pytest.mark.parametrize("needle", NEEDLES, ids=lambda needle: needle.anchor.decode("latin-1")[:24])
def test_each_needle_is_looked_for_by_texts_that_are_in_it(needle: Needle) -> None:
    assert needle.seeds
    assert all(len(seed) > 1 and seed == seed.lower() for seed, _ in needle.seeds)


def test_what_stands_for_each_kind_is_known_in_a_second_pass() -> None:
    assert [kind.name for kind in KINDS if not is_marker(f"[redacted:{kind.name}]")] == []


# The corpus of the other tests, redacted in a process where the native matcher cannot be imported.
PROGRAM = """
import json, logging, sys
if sys.argv[1] == "plain":
    sys.modules["hyperscan"] = None
logging.basicConfig(level=logging.WARNING)
from honeyhive.export.redaction import Redactor
from honeyhive.events import otlp
from honeyhive.settings import Settings
redactors = [Redactor(Settings.from_env({}, **options)) for options in ({}, {"redact_keys": ["employeeNumber", "Пароль"]})]
def entry(text):
    return otlp.span([otlp.field_attribute(otlp.encode_key("honeyhive_inputs.text"), text)])
texts = json.load(sys.stdin)
found = [[redactor.text(text) for text in texts] for redactor in redactors]
entries = [entry(text) for text in texts]
json.dump([found, [list(redactor.candidates(entries)) for redactor in redactors]], sys.stdout)
"""


def corpus() -> list[str]:
    """Every text in the tables of the tests of the redactor, as it is and in JSON."""
    tables: dict[str, Any] = {}
    for name in ("test_privacy_redactor.py", "test_privacy_forms.py"):
        tables |= runpy.run_path(str(HERE / name))
    named = [text for text, _ in tables["NAMED"]]
    plain = [
        *tables["SECRETS"].values(),
        *named,
        *tables["HARMLESS"],
        *tables["SIGNED"],
        *tables["IN_TEXT"],
        "Пароль: x, ПАРОЛЬ=y",
    ]
    around = [f"{before}{text}{after}" for text in plain for before, after in tables["AROUND"]]
    return [*around, *map(json.dumps, plain), *(json.dumps({"a": json.dumps([text])}) for text in plain)]


def redacted(mode: str, texts: list[str]) -> tuple[list[Any], str]:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, mode],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        timeout=_GUARD_S,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("HH_")},
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout), finished.stderr


def test_the_whole_corpus_is_redacted_alike_with_and_without_the_native_matcher() -> None:
    texts = corpus()
    native, quiet = redacted("native", texts)
    plain, said = redacted("plain", texts)

    assert plain == native
    assert quiet == ""
    assert said.count("WARNING") == 1
    assert "hyperscan cannot be imported" in said


def test_the_doctor_says_what_looks_for_secrets() -> None:
    program = """
import sys
if sys.argv[1] == "plain":
    sys.modules["hyperscan"] = None
from honeyhive.cli.diagnosis.surroundings import process_found
print(process_found({})["redaction"])
"""
    native, plain = (
        subprocess.run(
            [sys.executable, "-c", program, mode], capture_output=True, text=True, timeout=_GUARD_S, check=True
        )
        for mode in ("native", "plain")
    )

    assert native.stdout.startswith("hyperscan ")
    assert "the standard library" in plain.stdout
    assert "hyperscan cannot be imported" in plain.stdout


def test_patterns_that_the_native_matcher_cannot_take_are_looked_for_all_the_same() -> None:
    many = Names([f"field number{number}" for number in range(3000)]).kind()
    assert many is not None
    matcher = matcher_of((ESCAPE_NEEDLE, many.needle))

    assert isinstance(matcher, PlainMatcher)
    assert matcher.starts(b"a field_number2999: x, password: y") == [(2, 1), (23, 1)]
