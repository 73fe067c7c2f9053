"""How the arguments of a traced function become inputs: planned once, so that a call only fills the plan."""

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from honeyhive import semconv
from honeyhive.errors import ConfigurationError
from honeyhive.events import otlp

_INPUT_KEY: Final = f"{semconv.FIELD_PREFIX}inputs."
_EMPTY: Final = inspect.Parameter.empty

# Arguments that are not the caller's data; 1.x leaves out the same.
_RECEIVERS: Final = frozenset({"self", "cls"})
_NOT_DATA: Final = frozenset({"tracer"})


class Arguments:
    """The parameters of one function: which are recorded, under what names, and how a call's arguments fill them.

    ``recorded`` has the place of each in `values`, its encoded key and its name; ``names`` are the names alone. A call with
    ``exact`` arguments and no keywords fills all parameters; -1 where no such call does. ``is_of_another`` says that they are
    those of a function that this one wraps: a call of this one may lack some, which it gives itself.
    """

    def __init__(self, function: Callable[..., object], ignored: frozenset[str] = frozenset()) -> None:
        parameters = list(_signature_of(function).parameters.values())
        positional = [one for one in parameters if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
        self._positional = [(one.name, one.default) for one in positional]
        self._positional_only = sum(one.kind is one.POSITIONAL_ONLY for one in positional)
        self._keyword_only = [(one.name, one.default) for one in parameters if one.kind is one.KEYWORD_ONLY]
        self._has_more = any(one.kind is one.VAR_POSITIONAL for one in parameters)
        self._has_named = any(one.kind is one.VAR_KEYWORD for one in parameters)
        self._ignored = ignored
        self.is_of_another = hasattr(function, "__wrapped__") and not ignored  # which of them are ignored is not known
        self._all_names = [one.name for one in parameters]
        self.exact = len(parameters) if len(positional) == len(parameters) else -1
        self.recorded = [
            (index, otlp.encode_key(f"{_INPUT_KEY}{name}"), f"inputs.{name}")
            for index, name in enumerate(self._all_names)
            if self._is_recorded(index, name)
        ]
        self.names = tuple(name for _, _, name in self.recorded)

    def _is_recorded(self, index: int, name: str) -> bool:
        is_receiver = index == 0 and name in _RECEIVERS
        return not (is_receiver or name in _NOT_DATA or name in self._ignored)

    def check_ignored(self) -> None:
        """Raise `ConfigurationError` when an argument to be ignored does not exist: a misspelt one would be recorded."""
        if self._has_named:
            return
        for name in sorted(self._ignored - set(self._all_names)):
            nearest = difflib.get_close_matches(name, self._all_names, n=1, cutoff=0.5)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"it has {', '.join(self._all_names) or 'none'}"
            message = f"ignore_arguments names {name!r}, which the function does not have; {hint}"
            raise ConfigurationError(message)

    def values(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Sequence[object] | None:
        """The value of every parameter, defaults included, in their order; None when the call is wrong."""
        count = len(self._positional)
        if len(args) > count and not self._has_more:
            return None
        rest = dict(kwargs)
        values: list[object] = list(args[:count])
        for index in range(len(values), count):
            name, default = self._positional[index]
            values.append(rest.pop(name, default) if index >= self._positional_only else default)
        if self._has_more:
            values.append(args[count:])
        values.extend(rest.pop(name, default) for name, default in self._keyword_only)
        if any(value is _EMPTY for value in values) or (rest and not self._has_named):
            return None
        if self._has_named:
            if any(name in rest for name, _ in self._positional[self._positional_only : len(args)]):
                return None  # given twice
            values.append({name: value for name, value in rest.items() if name not in self._ignored})
        return values


def _signature_of(function: Callable[..., object]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # a builtin that does not tell its parameters, an object that lies about its own
        return inspect.signature(_any_call)


def _any_call(*args: object, **kwargs: object) -> None:
    """The parameters of a function that does not tell its own."""


def name_of(function: Callable[..., object]) -> str:
    """The qualified name of *function*; of a partial that of what it calls, of a callable object that of its type."""
    while isinstance(function, functools.partial):
        function = cast("Callable[..., object]", function.func)
    return getattr(function, "__qualname__", type(function).__qualname__)
