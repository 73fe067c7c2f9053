"""The documents of the demo: what pydoc says about the standard library of this very interpreter."""

import importlib
import pydoc
import re
from pathlib import Path
from tempfile import NamedTemporaryFile

MODULES = (
    *("argparse", "array", "asyncio", "base64", "bisect", "calendar", "collections", "configparser"),
    *("contextlib", "contextvars", "copy", "csv", "dataclasses", "datetime", "decimal", "difflib"),
    *("enum", "fnmatch", "fractions", "functools", "getpass", "glob", "graphlib", "gzip", "hashlib"),
    *("heapq", "hmac", "html", "io", "ipaddress", "itertools", "json", "logging", "math", "mimetypes"),
    *("operator", "os", "os.path", "pathlib", "pickle", "pprint", "queue", "random", "re", "sched"),
    *("secrets", "shelve", "shlex", "shutil", "signal", "sqlite3", "statistics", "string", "struct"),
    *("subprocess", "tempfile", "textwrap", "threading", "time", "timeit", "traceback", "types"),
    *("typing", "uuid", "warnings", "weakref", "zipfile", "zlib", "zoneinfo"),
)

# pydoc has it, its stubs lack it.
_PLAIN_TEXT: pydoc.Doc = pydoc.plaintext  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportAttributeAccessIssue]
_KEPT_SECTIONS = frozenset({"NAME", "DESCRIPTION", "CLASSES", "FUNCTIONS"})
_SECTION = re.compile(r"^[A-Z][A-Z ]+$")
_MARGIN = re.compile(r"^(?: *\| {0,2})+")
_RULE = re.compile(r"^\s*-{20,}$")
_INHERITED = re.compile(r"^\s*\S.* inherited from .*:$")


def module_text(module: str, data_dir: Path) -> str:
    """Return the plain text of one module's documentation, rendered once per run and kept in `data_dir`.

    Raises KeyError for a module that is not in `MODULES`: nothing a request names is ever imported.
    """
    if module not in MODULES:
        raise KeyError(module)
    path = data_dir / "documentation" / f"{module}.txt"
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = render(module)
        _write_whole(path, text)
        return text


def render_all(data_dir: Path) -> None:
    """Render every module that is not yet in `data_dir`."""
    for module in MODULES:
        module_text(module, data_dir)


def render(module: str) -> str:
    """Render one module with pydoc and keep what a reader would: description, classes and functions."""
    raw = pydoc.render_doc(importlib.import_module(module), renderer=_PLAIN_TEXT)
    kept: list[str] = []
    section = ""
    is_inherited = False
    for line in raw.splitlines():
        if _SECTION.match(line):
            section = line
            is_inherited = False
            continue
        if section not in _KEPT_SECTIONS:
            continue
        text, margins = _MARGIN.subn("", line.removeprefix("    "))
        if _RULE.match(text) or not margins:
            is_inherited = False
        if _INHERITED.match(text):
            is_inherited = True
        if not is_inherited and not _RULE.match(text):
            kept.append(text.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


def _write_whole(path: Path, text: str) -> None:
    # Two processes render at the same time at start-up: a reader must find a whole file or none.
    path.parent.mkdir(exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as partial:
        partial.write(text)
    Path(partial.name).replace(path)
