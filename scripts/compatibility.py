"""Write docs/compatibility.md: every public name of honeyhive 1.x with its state in this package.

``uv run python scripts/compatibility.py`` compares the inventory kept in ``scripts/honeyhive-1.7.0.json`` with the package that
is installed here. ``--inspect`` makes the inventory anew first, from the wheel on the registry, in a virtual environment of
its own; ``--check`` writes nothing and fails where the document or the inventory is not what would be written. A name that
is not here and has no reason in ``scripts/compatibility_reasons.py`` is an error, so that none is missing.
"""

import argparse
import ast
import dataclasses
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from compatibility_reasons import reason_of

ROOT = Path(__file__).resolve().parent.parent
INVENTORY = ROOT / "scripts" / "inventory.py"
RELEASE = "1.7.0"
KEPT = ROOT / "scripts" / f"honeyhive-{RELEASE}.json"
DOCUMENT = ROOT / "docs" / "compatibility.md"
SOURCE = ROOT / "packages" / "core" / "src"

SAME, DEPRECATED, CHANGED, GONE = "as in 1.x", "deprecated", "changed", "gone"


@dataclasses.dataclass(frozen=True)
class Row:
    """One public name of 1.x: where it is found, its state here, and what there is to say of it."""

    module: str
    name: str
    kind: str
    state: str
    note: str = ""


class Names:
    """An inventory that can be asked for a name on any path it is exported under."""

    def __init__(self, inventory: Mapping[str, Any]) -> None:
        self.modules: Mapping[str, Any] = inventory["modules"]
        self.variables = frozenset[str](inventory["variables"])

    def find(self, module: str, name: str) -> Mapping[str, Any] | None:
        """What *name* of *module* is; None when there is no such name."""
        found: Mapping[str, Any] | None = self.modules.get(module, {"names": {}})["names"].get(name)
        if found is not None and "same_as" in found:
            path, _, last = found["same_as"].rpartition(".")
            return self.find(path, last)
        return found


def rows(theirs: Names, ours: Names, deprecated: frozenset[str]) -> Iterator[Row]:
    """A row a name, and one a member of each class at the first path it is exported under."""
    for module, described in theirs.modules.items():
        for name, told in described["names"].items():
            wanted = theirs.find(module, name) or {}
            here = ours.find(module, name)
            path = f"{module}.{name}"
            yield _row(module, name, wanted, here, is_deprecated=path in deprecated)
            if "members" in told and here is not None:
                for member, its in told["members"].items():
                    its_here = here.get("members", {}).get(member)
                    is_deprecated = f"{path}.{member}" in deprecated
                    yield _row(module, f"{name}.{member}", its, its_here, is_deprecated=is_deprecated)


def _row(
    module: str, name: str, theirs: Mapping[str, Any], ours: Mapping[str, Any] | None, *, is_deprecated: bool
) -> Row:
    kind = str(theirs.get("kind", ""))
    if ours is None:
        return Row(module, name, kind, GONE, reason_of(f"{module}.{name}"))
    differences = list(_differences(theirs.get("parameters"), ours.get("parameters")))
    if differences:
        reason = reason_of(f"{module}.{name}")
        return Row(module, name, kind, CHANGED, "; ".join([*differences, *([reason] if reason else [])]))
    return Row(module, name, kind, DEPRECATED if is_deprecated else SAME)


def _differences(theirs: list[Any] | None, ours: list[Any] | None) -> Iterator[str]:
    """What a call that 1.x takes would meet here."""
    if theirs is None or ours is None:
        return
    here = {one["name"]: one for one in ours}
    kinds = {one["kind"] for one in ours}
    positions = [one["name"] for one in ours if one["kind"] in {"POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD"}]
    known = {one["name"] for one in theirs}
    for place, one in enumerate(theirs):
        name, kind = one["name"], one["kind"]
        if kind.startswith("VAR_"):
            continue
        mine = here.get(name)
        if mine is None and "VAR_KEYWORD" not in kinds:
            yield f"no parameter `{name}`"
        elif mine is not None and mine["required"] and not one["required"]:
            yield f"`{name}` is required"
        is_placed = kind == "POSITIONAL_OR_KEYWORD" and "VAR_POSITIONAL" not in kinds
        if mine is not None and is_placed and positions[place : place + 1] != [name]:
            yield f"`{name}` is not at position {place + 1}"
    if not any(one["kind"].startswith("VAR_") for one in theirs):
        new = [one["name"] for one in ours if one["required"] and not one["kind"].startswith("VAR_")]
        yield from (f"requires `{name}`" for name in new if name not in known)


def variable_rows(theirs: Names, ours: Names) -> Iterator[Row]:
    """A row an environment variable that the source of 1.x speaks of."""
    for variable in sorted(theirs.variables):
        is_here = variable in ours.variables
        note = "" if is_here else reason_of(variable)
        yield Row("environment", variable, "variable", SAME if is_here else GONE, note)


def deprecated_names() -> frozenset[str]:
    """The first arguments of every call of ``warn_deprecated`` in our source."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "warn_deprecated":
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return frozenset(found)


def document(found: list[Row]) -> str:
    """The whole document; raises ``SystemExit`` naming what is gone without a reason."""
    unexplained = [f"{row.module}.{row.name}" for row in found if row.state == GONE and not row.note]
    if unexplained:
        names = "\n  ".join(unexplained)
        raise SystemExit(f"gone without a reason in compatibility_reasons.py:\n  {names}")
    counts = Counter(row.state for row in found)
    lines = [
        f"# Compatibility with honeyhive {RELEASE}",
        "",
        "Written by `uv run python scripts/compatibility.py`, which inspects the 1.x wheel and this package; not by hand.",
        "A name is listed for each public module that has it. *As in 1.x*: it exists and takes every call that 1.x takes.",
        "*Deprecated*: the same, and it says once what replaces it. *Changed*: some calls differ, as told. *Gone*: not here,",
        "and why. What a name *does* is the matter of the tests.",
        "",
        "| state | names |",
        "|---|---|",
        *(f"| {state} | {counts[state]} |" for state in (SAME, DEPRECATED, CHANGED, GONE)),
        "",
    ]
    for module in dict.fromkeys(row.module for row in found):
        lines += ["## Environment variables" if module == "environment" else f"## `{module}`", ""]
        lines += ["| name | kind | state | |", "|---|---|---|---|"]
        lines += [f"| `{row.name}` | {row.kind} | {row.state} | {row.note} |" for row in found if row.module == module]
        lines.append("")
    return "\n".join(lines)


def inspected() -> str:
    """The inventory of the wheel on the registry, installed into a virtual environment that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        run("uv", "venv", "-q", folder)
        run("uv", "pip", "install", "-q", "--python", str(python), f"honeyhive=={RELEASE}")
        return run(str(python), "-I", str(INVENTORY))


def run(*command: str) -> str:
    """What *command* prints; its errors go through."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout


def main() -> None:
    """Write, or check, the inventory and the document."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inspect", action="store_true", help="make the inventory of 1.x anew")
    options.add_argument("--check", action="store_true", help="write nothing; fail where something would change")
    given = options.parse_args()
    kept = inspected() if given.inspect else KEPT.read_text("utf-8")
    theirs, ours = Names(json.loads(kept)), Names(json.loads(run(sys.executable, "-I", str(INVENTORY))))
    found = [*rows(theirs, ours, deprecated_names()), *variable_rows(theirs, ours)]
    written = document(found)
    for path, text in ((KEPT, kept), (DOCUMENT, written)):
        if given.check and path.read_text("utf-8") != text:
            raise SystemExit(f"{path.relative_to(ROOT)} is out of date: run uv run python scripts/compatibility.py")
        if not given.check:
            path.write_text(text, "utf-8")
    print(*(f"{state}: {count}" for state, count in Counter(row.state for row in found).items()), sep=", ")


if __name__ == "__main__":
    main()
