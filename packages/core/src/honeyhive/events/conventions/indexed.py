"""Lists and mappings that a convention spreads over attributes, such as ``llm.input_messages.0.message.role``."""

from collections.abc import Mapping
from typing import Any, Final

# Deeper names and longer numbers are no convention's; what is beyond stays one name.
_MAX_SEGMENTS: Final = 24
_MAX_DIGITS: Final = 6


class _Branch(dict[str, Any]):
    """A mapping made of names, unlike one that is a value."""


def gather(attributes: Mapping[str, object], prefix: str) -> tuple[object, list[str]]:
    """The list that is spread under *prefix*, and the attributes it was made of; None and none without any.

    Inside, names that are all numbers make a list too, in their order and with no holes; others a mapping.
    """
    head = f"{prefix}."
    names = [name for name in attributes if name.startswith(head) and _is_index(name[len(head) :].partition(".")[0])]
    if not names:
        return None, []
    tree = _Branch()
    for name in names:
        _insert(tree, name[len(head) :].split(".", _MAX_SEGMENTS), attributes[name])
    return _lists(tree), names


def rebuilt(flat: Mapping[str, object]) -> dict[str, object]:
    """*flat* with mappings and lists where its names have dots: ``{"a.0.b": 1}`` is ``{"a": [{"b": 1}]}``."""
    tree = _Branch()
    for name, value in flat.items():
        _insert(tree, name.split(".", _MAX_SEGMENTS), value)
    return {name: _lists(value) for name, value in tree.items()}


def _insert(tree: _Branch, path: list[str], value: object) -> None:
    for segment in path[:-1]:
        below = tree.get(segment)
        if not isinstance(below, _Branch):
            # A value beside its own members (``a`` and ``a.b``) is kept among them, without a name.
            branch = _Branch() if below is None else _Branch({"": below})
            tree[segment] = below = branch
        tree = below
    known = tree.get(path[-1])
    if isinstance(known, _Branch):
        known[""] = value
    else:
        tree[path[-1]] = value


def _lists(value: object) -> object:
    """*value* with lists for the branches whose names are all numbers."""
    if not isinstance(value, _Branch):
        return value
    members = {name: _lists(item) for name, item in value.items()}
    if all(map(_is_index, members)):
        return [members[name] for name in sorted(members, key=int)]
    return members


def _is_index(name: str) -> bool:
    return name.isdecimal() and len(name) <= _MAX_DIGITS
