"""What carries trace and session: headers in any of the forms that frameworks hand over."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Final, cast

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"
BAGGAGE: Final = "baggage"
CARRIED: Final = (TRACEPARENT, TRACESTATE, BAGGAGE)

_PAIR: Final = 2


def read_carrier(carrier: object) -> dict[str, str]:
    """The three headers in *carrier*, by their lower-case names.

    Taken are mappings with names in any case, lists of pairs, and what has ``multi_items()`` or ``items()``; names and values
    may be text or Latin-1 bytes, as in ASGI, and values lists of those. Values that are neither are absent. Repeated
    ``tracestate`` and ``baggage`` are joined; a repeated ``traceparent`` is malformed and therefore absent.
    """
    found: dict[str, list[str]] = {}
    for name, value in _pairs(carrier):
        key = _text(name)
        if key is not None and (key := key.lower()) in CARRIED:
            found.setdefault(key, []).extend(_texts(value))
    if len(found.get(TRACEPARENT, ())) > 1:
        del found[TRACEPARENT]
    return {name: ",".join(values) for name, values in found.items() if values}


def _pairs(carrier: object) -> Iterable[tuple[object, object]]:
    for method in (
        "multi_items",
        "items",
    ):  # Starlette's and httpx's headers name repeated ones twice in the former only
        items = getattr(carrier, method, None)
        if callable(items):
            return cast("Iterable[tuple[object, object]]", items())
    if not isinstance(carrier, Iterable) or isinstance(carrier, str | bytes):
        return ()
    pairs = [
        cast("Sequence[object]", item) for item in cast("Iterable[object]", carrier) if isinstance(item, list | tuple)
    ]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == _PAIR]


def _texts(value: object) -> list[str]:
    values = cast("Iterable[object]", value) if isinstance(value, list | tuple) else (value,)
    return [text for text in map(_text, values) if text is not None]


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) else None


def read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The three headers in the environment of a process, where their names are in capitals."""
    return {name: environment[name.upper()] for name in CARRIED if environment.get(name.upper())}


def write_carrier(carrier: object, fields: Mapping[str, str]) -> None:
    """Put *fields* into *carrier*, a mutable mapping or a list of pairs, in place of what it has under those names.

    A name that is there in another case is written in that case, and a list of pairs of bytes gets bytes, so that a
    framework does not find two of one header. Any other carrier is left as it is.
    """
    if isinstance(carrier, MutableMapping):
        mapping = cast("MutableMapping[object, object]", carrier)
        present = {text.lower(): name for name in mapping if (text := _text(name)) is not None}
        for key, value in fields.items():
            name = present.get(key, key)
            mapping[name] = value.encode("latin-1") if isinstance(name, bytes) else value
    elif isinstance(carrier, list):
        pairs = cast("list[object]", carrier)
        is_bytes = any(isinstance(_first(pair), bytes) for pair in pairs)
        pairs[:] = [pair for pair in pairs if _name_of(pair) not in fields]
        pairs += [
            (key.encode(), value.encode("latin-1")) if is_bytes else (key, value) for key, value in fields.items()
        ]


def _name_of(pair: object) -> str | None:
    name = _text(_first(pair))
    return None if name is None else name.lower()


def _first(pair: object) -> object:
    return cast("Sequence[object]", pair)[0] if isinstance(pair, list | tuple) and pair else None
