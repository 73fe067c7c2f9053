"""A dictionary whose items are attributes too."""

import copy
from collections.abc import Mapping
from typing import Any, Self, cast


class DotDict(dict[str, Any]):
    """A dictionary that is read and written as ``d["a"]["b"]``, ``d["a.b"]`` and ``d.a.b``; nested ones are such, too.

    A name that is missing raises ``AttributeError`` as an attribute and ``KeyError`` as an item.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.update(dict(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message) from None

    def __getitem__(self, key: str) -> Any:
        if _is_path(key):
            first, _, rest = key.partition(".")
            inner = super().__getitem__(first)
            if not isinstance(inner, DotDict):
                raise KeyError(key)
            return inner[rest]
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if _is_path(key):
            first, _, rest = key.partition(".")
            inner = super().get(first)
            if not isinstance(inner, DotDict):
                inner = DotDict()
                super().__setitem__(first, inner)
            inner[rest] = value
        else:
            super().__setitem__(key, _dotted(value))

    def __delitem__(self, key: str) -> None:
        if _is_path(key):
            parent, _, last = key.rpartition(".")
            del self[parent][last]
        else:
            super().__delitem__(key)

    def __contains__(self, key: object) -> bool:
        try:
            self[cast("str", key)]
        except KeyError:
            return False
        return True

    def __or__(self, other: Any) -> Any:
        if not isinstance(other, Mapping):
            return NotImplemented
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Any) -> Any:
        return type(self)(other) | self if isinstance(other, Mapping) else NotImplemented

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def get(self, key: str, default: Any = None) -> Any:
        """The value at *key*, which may be a path ``a.b``; *default* where there is none."""
        try:
            return self[key]
        except KeyError:
            return default

    def pop(self, key: str, *default: Any) -> Any:
        """The value at *key*, which may be a path and is gone then; *default* where there is none, else ``KeyError``."""
        if key not in self and default:
            return default[0]
        value = self[key]
        del self[key]
        return value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value at *key*, which may be a path; *default*, put there, where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other: Any = None, /, **kwargs: Any) -> None:
        """Set every item of *other* (a mapping or pairs) and of *kwargs*; keys may be paths."""
        for key, value in dict(other or {}, **kwargs).items():
            self[key] = value

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dictionaries, nested ones too."""
        return {key: value.to_dict() if isinstance(value, DotDict) else value for key, value in self.items()}

    def copy(self) -> Self:
        """A shallow copy."""
        return copy.copy(self)

    def deepcopy(self) -> Self:
        """A deep copy."""
        return copy.deepcopy(self)

    def __copy__(self) -> Self:
        return type(self)(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)({key: copy.deepcopy(value, memo) for key, value in self.items()})

    def __reduce__(self) -> tuple[type[Self], tuple[dict[str, Any]]]:
        return type(self), (dict(self),)


def _is_path(key: object) -> bool:
    return isinstance(key, str) and "." in key


def _dotted(value: Any) -> Any:
    if isinstance(value, Mapping) and not isinstance(value, DotDict):
        return DotDict(cast("Mapping[str, Any]", value))
    return value
