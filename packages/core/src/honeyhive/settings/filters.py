"""Which events and spans are recorded, by the beginning of their names."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from honeyhive.errors import ConfigurationError
from honeyhive.settings.checks import unknown_option

_LISTS: Final = {"include", "exclude"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NameFilters:
    """Prefixes of names: with *include*, only names that begin with one of them; never one that begins with an *exclude*."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def keeps(self, name: str) -> bool:
        """Whether what is called *name* is recorded."""
        return (not self.include or name.startswith(self.include)) and not name.startswith(self.exclude)


def name_filters(given: Any) -> NameFilters | None:
    """1.x's ``{"include": [{"type": "prefix", "value": …}], "exclude": […]}``, or its config model; None for nothing to do.

    Raises `ConfigurationError` for any other shape.
    """
    if given is None or isinstance(given, NameFilters):
        return given
    lists = _mapping(given)
    for name in lists:
        if name not in _LISTS:
            message = f"span_name_filters: {unknown_option(name, _LISTS)}"
            raise ConfigurationError(message)
    include, exclude = (_prefixes(lists.get(name)) for name in ("include", "exclude"))
    return NameFilters(include=include, exclude=exclude) if include or exclude else None


def _prefixes(entries: Iterable[Any] | None) -> tuple[str, ...]:
    return tuple(_prefix(_mapping(entry)) for entry in entries or ())


def _prefix(entry: Mapping[str, Any]) -> str:
    value = entry.get("value")
    if set(entry) != {"type", "value"} or entry["type"] != "prefix" or not isinstance(value, str):
        message = 'an entry of span_name_filters is {"type": "prefix", "value": "name…"}; "prefix" is the only type'
        raise ConfigurationError(message)
    return value


def _mapping(given: Any) -> Mapping[str, Any]:
    dump = getattr(given, "model_dump", None)
    mapping = dump() if callable(dump) else given
    if not isinstance(mapping, Mapping):
        message = (
            'span_name_filters is {"include": […], "exclude": […]}, each a list of {"type": "prefix", "value": "name…"}'
        )
        raise ConfigurationError(message)
    return cast("Mapping[str, Any]", mapping)
