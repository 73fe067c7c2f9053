"""Print the public names of the installed package ``honeyhive`` as JSON.

Runs in any environment, with nothing but the standard library: ``python inventory.py > names.json``. A name is public when no
part of its path starts with an underscore, and a module's ``__all__``, where it has one, lists it. A class is told with its
members, a function with its parameters.
"""

import ast
import contextlib
import enum
import importlib
import inspect
import io
import json
import pkgutil
import re
import sys
import typing
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "honeyhive"
VARIABLE = re.compile(r"\b(?:HH|HONEYHIVE)_[A-Z][A-Z0-9_]+[A-Z0-9]\b")
# What a class has from Python or pydantic is not the package's own.
IGNORED_MEMBERS = frozenset({"model_config", "model_fields", "model_computed_fields"})


def modules() -> Iterator[ModuleType]:
    """Every public module that can be imported, short paths first."""
    package = importlib.import_module(PACKAGE)
    walked = pkgutil.walk_packages(package.__path__, f"{PACKAGE}.", onerror=lambda _name: None)
    names = [PACKAGE, *(found.name for found in walked)]
    for name in sorted(names, key=lambda name: (name.count("."), name)):
        if not any(part.startswith("_") for part in name.split(".")):
            with contextlib.suppress(ImportError):
                yield importlib.import_module(name)


def exported(module: ModuleType) -> tuple[list[str], bool]:
    """The public names of *module*, and whether it lists them itself."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(set(listed)), True
    source = Path(module.__file__ or "").read_text("utf-8")
    names = {name for node in ast.parse(source).body for name in _assigned(node)}
    return sorted(name for name in names if not name.startswith("_")), False


def _assigned(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def parameters(thing: Any) -> list[dict[str, Any]] | None:
    """The parameters of *thing*; None when it does not tell them."""
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    except KeyError:  # 1.x's evaluator looks every attribute of its class up among the evaluators
        found = list(inspect.signature(type.__getattribute__(thing, "__init__")).parameters.values())[1:]
    told: list[dict[str, Any]] = []
    for one in found:
        options = typing.get_args(one.annotation)
        if one.kind is one.VAR_KEYWORD and options and typing.is_typeddict(options[0]):
            names = sorted(options[0].__required_keys__ | options[0].__optional_keys__)
            told += [{"name": name, "kind": "KEYWORD_ONLY", "required": False} for name in names]
        else:
            told.append({"name": one.name, "kind": one.kind.name, "required": one.default is one.empty})
    return told


def describe(thing: Any) -> dict[str, Any]:
    """What *thing* is, with parameters and members."""
    if inspect.isclass(thing):
        return {"kind": "class", "parameters": parameters(thing), "members": members(thing)}
    if inspect.ismodule(thing):
        return {"kind": "module"}
    if callable(thing):
        return {"kind": "function", "parameters": parameters(thing)}
    return {"kind": "value"}


def members(owner: Any) -> dict[str, dict[str, Any]]:
    """The public members that *owner* has from classes of the package."""
    if issubclass(owner, enum.Enum):
        return {name: {"kind": "value"} for name in owner.__members__}
    found: dict[str, dict[str, Any]] = {}
    is_model = any(base.__module__.split(".")[0] == "pydantic" for base in owner.__mro__)
    fields: dict[str, Any] = owner.__dict__.get("__pydantic_fields__", {}) if is_model else {}
    for name, field in fields.items():
        found[name] = {"kind": "field", "required": field.is_required()}
    for base in reversed(owner.__mro__):
        if base.__module__.split(".")[0] != PACKAGE:
            continue
        for name in [*base.__dict__, *inspect.get_annotations(base), *_set_by_methods(base)]:
            if not name.startswith("_") and name not in IGNORED_MEMBERS and name not in found:
                found[name] = _member(base, name)
    return dict(sorted(found.items()))


def _set_by_methods(owner: type) -> list[str]:
    """The attributes that methods of *owner* set on ``self``."""
    source = Path(sys.modules[owner.__module__].__file__ or "").read_text("utf-8")
    classes = [
        node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == owner.__name__
    ]
    return [
        node.attr
        for tree in classes
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ]


def _member(base: Any, name: str) -> dict[str, Any]:
    value: Any = base.__dict__.get(name)
    if isinstance(value, staticmethod):
        return {"kind": "method", "parameters": parameters(getattr(base, name))}
    function = getattr(value, "__func__", value)  # of a class method
    if inspect.isfunction(function):
        return {"kind": "method", "parameters": (parameters(function) or [])[1:]}  # the first is the instance or class
    return {"kind": "attribute"}


def inventory() -> dict[str, Any]:
    """Everything: per module its names, and the environment variables that the source speaks of.

    A class or function that several modules export is told at the first, the shortest path; others say ``same_as``.
    """
    found: dict[str, Any] = {}
    variables: set[str] = set()
    told: dict[int, str] = {}
    for module in modules():
        names, is_listed = exported(module)
        described: dict[str, Any] = {}
        for name in names:
            with contextlib.suppress(AttributeError):
                thing = getattr(module, name)
                first = told.setdefault(id(thing), f"{module.__name__}.{name}") if callable(thing) else ""
                is_first = first in {"", f"{module.__name__}.{name}"}
                described[name] = describe(thing) if is_first else {"same_as": first}
        if described:
            found[module.__name__] = {"listed": is_listed, "names": described}
    for path in Path(importlib.import_module(PACKAGE).__file__ or "").parent.rglob("*.py"):
        variables.update(VARIABLE.findall(path.read_text("utf-8")))
    version = importlib.import_module("importlib.metadata").version(PACKAGE)
    return {"version": version, "modules": found, "variables": sorted(variables)}


def as_text(result: dict[str, Any]) -> str:
    """*result* as JSON with a line a module."""
    lines = [f" {json.dumps(name)}: {json.dumps(module)}" for name, module in result["modules"].items()]
    head = {key: value for key, value in result.items() if key != "modules"}
    return json.dumps(head)[:-1] + ', "modules": {\n' + ",\n".join(lines) + "\n}}\n"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        result = inventory()
    sys.stdout.write(as_text(result))
