"""The tables that bind promises to tests: every row is there, and every test that a row names exists.

A row is ``| id | … | tests |``. Its last column holds tests as `tests/path.py::test_name`, each in backticks, separated by
``<br>``; the phrase of `LATER` stands where, or for the part of which, there is nothing to test yet.
"""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
LATER = "with the experiments engine"
REQUIRED = {
    "docs/defects.md": [*map(str, range(1, 36)), *(f"R{number}" for number in range(1, 28))],
    "docs/claims.md": [*map(str, (6, 7, 8, 13, 15, 16, 17, 18, 19, 20, 23, 26, 27, 35, 39, 40))],
}

_ROW = re.compile(r"^\|\s*(R?\d+)\s*\|(.*)\|([^|]*)\|\s*$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


class Row(NamedTuple):
    """One promise: its id, its tests as (path, name), and its last column as it stands."""

    id: str
    tests: list[tuple[str, str]]
    told: str


def rows_of(document: str) -> list[Row]:
    """The rows of every table of *document* whose first column is a number, with R before it or not."""
    return [Row(number, _TEST.findall(told), told.strip()) for number, _, told in _ROW.findall(document)]


@functools.cache
def names_in(path: str) -> frozenset[str]:
    """The names of the test functions of the file at *path*, without importing it; none where there is no file."""
    file = ROOT / path
    tree = ast.parse(file.read_text()) if file.is_file() else ast.Module([], [])
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")
    )


def faults_of(document: str, required: list[str]) -> Iterator[str]:
    """What is wrong with *document*: rows missing or twice, tests that do not exist, rows that show nothing."""
    rows = rows_of(document)
    ids = [row.id for row in rows]
    yield from (f"{one} is missing" for one in required if one not in ids)
    yield from (f"{one} is there {ids.count(one)} times" for one in sorted({*ids}) if ids.count(one) > 1)
    for row in rows:
        if not row.tests and LATER not in row.told:
            yield f"{row.id} names no test"
        yield from (f"{row.id}: {path} has no {name}" for path, name in row.tests if name not in names_in(path))
        rest = _TEST.sub("", row.told).replace(LATER, "").replace("<br>", "")
        if rest.strip():
            yield f"{row.id}: {rest.strip()!r} is neither a test nor {LATER!r}"


@pytest.mark.parametrize("path", REQUIRED)
def test_every_promise_names_tests_that_exist(path: str) -> None:
    assert list(faults_of((ROOT / path).read_text(), REQUIRED[path])) == []


HERE = f"`tests/docs/{Path(__file__).name}::test_what_is_wrong_with_a_table_is_found`"


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (f"| 1 | one | {HERE} |\n| R2 | two \\| more | {LATER} |", None),
        (f"| 1 | one | {HERE}<br>{HERE} |\n| R2 | two | {HERE}<br>{LATER} |", None),
        (f"| 1 | one | {HERE} |", "R2 is missing"),
        (f"| 1 | one | {HERE} |\n| R2 | two | |", "R2 names no test"),
        (f"| 1 | one | {HERE} |\n| R2 | two | soon |", "R2 names no test"),
        (f"| 1 | one | {HERE} |\n| R2 | two | {LATER} |\n| 1 | one | {HERE} |", "1 is there 2 times"),
        (f"| 1 | one | {HERE} soon |\n| R2 | two | {HERE} |", "1: 'soon' is neither"),
        (
            f"| 1 | one | `tests/docs/test_promises.py::test_none` |\n| R2 | two | {HERE} |",
            "1: tests/docs/test_promises.py has no test_none",
        ),
        (
            f"| 1 | one | `tests/no_such_file.py::test_a` |\n| R2 | two | {HERE} |",
            "1: tests/no_such_file.py has no test_a",
        ),
        (f"| 1 | one | {HERE.replace('`', '')} |\n| R2 | two | {HERE} |", "1 names no test"),
    ],
)
def test_what_is_wrong_with_a_table_is_found(table: str, fault: str | None) -> None:
    found = list(faults_of(f"# Title\n\n| # | said | tests |\n|---|---|---|\n{table}\n", ["1", "R2"]))

    assert (found == []) if fault is None else found[0].startswith(fault)
