"""What stands in JSON for objects that have no JSON form: bounded, and without code of theirs being run.

Objects are asked by their real type: `isinstance` would ask a lazy proxy for its class, which makes it load what it stands for.
Of objects that nobody here knows, only the type is told, never ``str()`` or ``repr()``: both may run user code, hold secrets or
never return (design decision 12). Types of libraries are recognised only where the library is loaded already.
"""

import collections
import dataclasses
import datetime as dt
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from pathlib import PurePath
from typing import Any, Final, cast

from honeyhive.events.media import describe_bytes

MAX_ITEMS: Final = 10_000
_MAX_ROWS: Final = 20
_MAX_COLUMNS: Final = 50
_MASKED: Final = "**********"
_SECRET_TYPES: Final = frozenset({"_SecretBase", "Secret", "SecretStr", "SecretBytes"})

Describe = Callable[[Any], object]


def type_name(value: object) -> str:
    """The full name of *value*'s type, such as ``decimal.Decimal``."""
    return _name_of(type(value))


def describe(value: object) -> object:
    """What stands for *value*, an object without a JSON form of its own: plain data, or its type's name in brackets.

    The plain data may hold such objects again. Never raises. What may run code of the object's own is pydantic's dump and an
    exception's ``__str__``.
    """
    try:
        return _form_of(type(value))(value)
    except Exception:  # noqa: BLE001  code of the value's own failed; the type still says what was there
        return f"<{type_name(value)}>"


def bounded(values: Iterable[object], size: int) -> list[object]:
    """The first 10,000 of *size* values, and how many more there were."""
    kept = list(islice(values, MAX_ITEMS))
    return kept if size <= MAX_ITEMS else [*kept, f"<{size - MAX_ITEMS} more>"]


@lru_cache(1024)
def _form_of(kind: type) -> Describe:
    """How objects of *kind* are described; found out once, since it is asked for each of them in the caller's time."""
    known = _EXACT.get(kind)
    if known is not None:
        return known
    forms = (*_FORMS, *_loaded_forms())
    found = next((form for base, form in forms if issubclass(kind, base)), None)
    if found is not None:
        return found
    if any(base.__module__ == "pydantic.types" and base.__name__ in _SECRET_TYPES for base in kind.__mro__):
        return _masked
    names = _field_names(kind)
    if names is not None:
        return _by_fields(names)
    is_model = any(_class_attribute(kind, name) is not None for name in ("model_fields", "__pydantic_fields__"))
    return _pydantic_dump if is_model else _type_alone


def _masked(_value: object) -> object:
    return _MASKED


def _type_alone(value: object) -> object:
    return f"<{type_name(value)}>"


def _field_names(kind: type) -> list[str] | None:
    """The public fields of a dataclass or of a class of attrs; None for other classes."""
    declared = _class_attribute(kind, "__attrs_attrs__")
    if declared is not None:
        names = [attribute.name for attribute in cast("Iterable[Any]", declared)]
    elif _class_attribute(kind, "__dataclass_fields__") is not None:
        names = [field.name for field in dataclasses.fields(cast("Any", kind))]
    else:
        return None
    return [name for name in names if not name.startswith("_")]


def _by_fields(names: list[str]) -> Describe:
    """The fields that are set, read past a ``__getattr__`` or ``__getattribute__`` of the object's own."""
    read = object.__getattribute__

    def fields(value: object) -> object:
        try:
            return {name: read(value, name) for name in names}
        except AttributeError:  # one has no value
            return {name: read(value, name) for name in names if _is_set(value, name)}

    return fields


def _is_set(value: object, name: str) -> bool:
    try:
        object.__getattribute__(value, name)
    except AttributeError:
        return False
    return True


def _name_of(kind: type) -> str:
    # Past a metaclass, whose properties may be code of its own.
    name: str = _QUALNAME(kind)
    module: object = _MODULE(kind)
    return name if module == "builtins" or not isinstance(module, str) else f"{module}.{name}"


_QUALNAME: Final = type.__dict__["__qualname__"].__get__
_MODULE: Final = type.__dict__["__module__"].__get__


def _class_attribute(kind: type, name: str) -> object:
    """What *kind* or a base of it defines as *name*, without asking a metaclass or an object that answers to every name."""
    return next((base.__dict__[name] for base in kind.__mro__ if name in base.__dict__), None)


def _items_of_tuple(value: Any) -> list[object]:
    base: Any = tuple
    return bounded(base.__iter__(value), base.__len__(value))


def _tuple(value: Any) -> object:
    kind = type(cast("object", value))
    items = _items_of_tuple(value)
    names = _class_attribute(kind, "_fields")
    if isinstance(names, tuple) and len(cast("tuple[str, ...]", names)) == len(items):
        return dict(zip(cast("tuple[str, ...]", names), items, strict=True))
    return items


def _by(base: Any) -> Describe:
    """The items of a container as *base* has them, past what a subclass makes of them."""
    return lambda value: bounded(base.__iter__(value), base.__len__(value))


def _items(value: Any) -> object:
    return bounded(value, len(value))


def _slice(value: slice) -> object:
    parts = cast("tuple[object, ...]", (value.start, value.stop, value.step))
    return str(value) if all(type(part) in (int, types.NoneType) for part in parts) else "<slice>"


def _method(value: types.MethodType) -> object:
    return _function(value.__func__) if type(value.__func__) is types.FunctionType else "<method>"


def _data(value: Any) -> object:
    return value.data


def _exception(value: BaseException) -> object:
    try:
        message = str(value)
    except Exception:  # noqa: BLE001  an exception whose own __str__ raises
        message = ""
    return {"type": type_name(value), "message": message}


def _mapping(value: Mapping[object, object]) -> object:
    return dict(islice(value.items(), MAX_ITEMS))


def _function(value: Any) -> object:
    return f"<function {value.__module__}.{value.__qualname__}>"


def _instant(value: dt.datetime) -> object:
    # pandas has an instant that is none, and a subclass of `datetime` for the others.
    return None if type(value).__name__ == "NaTType" else dt.datetime.isoformat(value)


def _pydantic_dump(value: Any) -> object:
    """A pydantic model's own dump, whatever it leaves out or masks, without warnings on the user's terminal."""
    kind = type(cast("object", value))
    dump = _class_attribute(kind, "model_dump")
    if not isinstance(dump, types.FunctionType):
        return f"<{type_name(value)}>"
    if dump.__module__ == "pydantic.main":
        return dump(value, warnings=False)
    return dump(value)


_EXACT: Final[Mapping[type, Describe]] = {
    types.MappingProxyType: _mapping,
    collections.ChainMap: _mapping,
    collections.UserDict: _data,
    collections.UserList: _data,
    collections.UserString: _data,
    type(cast("dict[str, str]", {}).keys()): _items,
    type(cast("dict[str, str]", {}).values()): _items,
    type(cast("dict[str, str]", {}).items()): _items,
    range: str,
    slice: _slice,
    complex: str,
    types.EllipsisType: str,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _function,
    types.MethodType: _method,
}

_FORMS: Final[tuple[tuple[type | tuple[type, ...], Describe], ...]] = (
    ((bytes, bytearray, memoryview), describe_bytes),
    (tuple, _tuple),
    (set, _by(set)),
    (frozenset, _by(frozenset)),
    (collections.deque, _by(collections.deque)),
    (Decimal, Decimal.__str__),
    (Fraction, Fraction.__str__),
    (PurePath, PurePath.__str__),
    (Enum, lambda value: object.__getattribute__(value, "_value_")),
    (dt.datetime, _instant),
    (dt.date, dt.date.isoformat),
    (dt.time, dt.time.isoformat),
    (dt.timedelta, dt.timedelta.total_seconds),
    (BaseException, _exception),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (type, lambda value: f"<class {_name_of(value)}>"),
)


def _loaded_forms() -> list[tuple[type, Describe]]:
    """The types of numpy and pandas, where the program has loaded these."""
    found: list[tuple[type, Describe]] = []
    for module, name, form in _LIBRARY_FORMS:
        kind = getattr(sys.modules.get(module), name, None)
        if isinstance(kind, type):
            found.append((kind, form))
    return found


def _array(value: Any) -> object:
    numpy = cast("Any", sys.modules["numpy"])
    described = {"type": "numpy.ndarray", "shape": list(value.shape), "dtype": str(value.dtype)}
    return numpy.ndarray.tolist(value) if value.size <= MAX_ITEMS else described


def _number(value: Any) -> object:
    numpy = cast("Any", sys.modules["numpy"])
    plain = numpy.generic.item(value)
    # Some have no form in Python: a long double, a time in units finer than microseconds.
    return numpy.generic.__str__(value) if isinstance(plain, numpy.generic) else plain


def _frame(value: Any) -> object:
    head = value.iloc[:_MAX_ROWS, :_MAX_COLUMNS]
    return {
        "type": "pandas.DataFrame",
        "shape": list(value.shape),
        "columns": [str(name) if isinstance(name, str) else name for name in head.columns],
        "rows": [list(row) for row in head.itertuples(index=False, name=None)],
    }


def _series(value: Any) -> object:
    return {
        "type": "pandas.Series",
        "size": int(value.size),
        "name": value.name,
        "values": value.iloc[:_MAX_ROWS].tolist(),
    }


def _index(value: Any) -> object:
    return {"type": "pandas.Index", "size": int(value.size), "values": value[:_MAX_ROWS].tolist()}


_LIBRARY_FORMS: Final[tuple[tuple[str, str, Describe], ...]] = (
    ("numpy", "ndarray", _array),
    ("numpy", "generic", _number),
    ("pandas", "DataFrame", _frame),
    ("pandas", "Series", _series),
    ("pandas", "Index", _index),
)
