"""What conventions say of one span, collected: the first word on each thing stays."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import orjson

from honeyhive import semconv
from honeyhive.events.conventions.indexed import gather
from honeyhive.events.decode import SpanPoint
from honeyhive.events.event import EventType

Fields = dict[str, dict[str, Any]]

# What free metadata of a user's may not be called: these names say how the event ended and what it cost.
_RESERVED: Final = frozenset(
    {
        semconv.STATUS,
        semconv.PROMPT_TOKENS,
        semconv.COMPLETION_TOKENS,
        semconv.TOTAL_TOKENS,
        semconv.CACHE_READ_TOKENS,
        semconv.CACHE_WRITE_TOKENS,
        semconv.REASONING_TOKENS,
        semconv.COST,
        semconv.COST_SOURCE,
        semconv.COST_PRICE_DATE,
    }
)


class Reading:
    """One span under reading: its attributes and points, what was taken of them, and the fields made of it.

    ``start_ns`` is in Unix nanoseconds. Conventions are read one after the other; what one has said of a field, another does
    not change, so that two conventions' duplicates on one span are one.
    """

    def __init__(
        self,
        attributes: Mapping[str, object],
        points: Sequence[SpanPoint] = (),
        start_ns: int = 0,
        event_type: EventType = EventType.tool,
    ) -> None:
        self.attributes = attributes
        self.points = points
        self.start_ns = start_ns
        self.event_type = event_type
        self.fields: Fields = {field: {} for field in semconv.FIELDS}
        self.error: str | None = None
        self.taken: set[str] = set()
        self.taken_points: set[int] = set()

    def take(self, *names: str) -> object:
        """The first value that one of *names* has; all of them count as read."""
        attributes = self.attributes
        present = [name for name in names if name in attributes]
        if not present:  # most names, of most conventions
            return None
        self.taken.update(present)
        found = (attributes[name] for name in present)
        return next((value for value in found if value is not None and value != ""), None)

    def take_indexed(self, prefix: str) -> object:
        """What is spread over ``prefix.0.…``, as one value; None without any."""
        value, names = gather(self.attributes, prefix)
        self.taken.update(names)
        return value

    def take_under(self, prefix: str) -> dict[str, object]:
        """The attributes whose names begin with *prefix*, by the rest of their names."""
        names = [name for name in self.attributes if name.startswith(prefix) and name not in self.taken]
        self.taken.update(names)
        return {name[len(prefix) :]: self.attributes[name] for name in names}

    def take_points(self, *names: str) -> list[SpanPoint]:
        """The span events called one of *names*, in their order; they count as read."""
        found = [(index, point) for index, point in enumerate(self.points) if point.name in names]
        self.taken_points.update(index for index, _ in found)
        return [point for _, point in found]

    def says(self, field: str, key: str) -> bool:
        """Whether *key* of *field* is known already."""
        return key in self.fields[field]

    def put(self, field: str, key: str, value: object) -> None:
        """Make *value* the one of *key*, unless there is one or *value* is None."""
        if value is not None:
            self.fields[field].setdefault(key, value)

    def put_all(self, field: str, values: Mapping[str, object]) -> None:
        """`put` each of *values*."""
        for key, value in values.items():
            self.put(field, key, value)

    def put_free(self, values: Mapping[str, object]) -> None:
        """`put` a user's own metadata, by its `free_name`."""
        for key, value in values.items():
            self.put("metadata", free_name(key), value)

    def left(self) -> dict[str, object]:
        """The attributes that nobody has read, by their `free_name`."""
        return {free_name(key): value for key, value in self.attributes.items() if key not in self.taken}

    def put_content(self, field: str, value: object) -> None:
        """Make *value* the content of ``inputs`` or ``outputs``: a mapping as it is, another under a name of its own.

        Arrays come under ``value`` as HoneyHive has them; the plain result of a step under ``result``.
        """
        if value is None:
            return
        if isinstance(value, Mapping):
            self.put_all(field, cast("Mapping[str, object]", value))
        elif isinstance(value, list) or field == "inputs":
            self.put(field, "value", cast("object", value))
        else:
            self.put(field, "result", value)


def free_name(key: str) -> str:
    """*key*, a name in a user's own metadata; ``user.`` is in front where it would mean something of ours."""
    return f"user.{key}" if key in _RESERVED else key


def parsed(value: object) -> object:
    """*value*, or what it is the JSON text of; a text that is no JSON stays one."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def mapping(value: object) -> Mapping[str, Any]:
    """*value* as a mapping, from JSON text too; empty when it is none."""
    found = parsed(value)
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def items(value: object) -> list[Any]:
    """*value* as a list, from JSON text too; empty when it is none."""
    found = parsed(value)
    return cast("list[Any]", found) if isinstance(found, list) else []


def text(value: object) -> str | None:
    """*value* where it is a text with something in it."""
    return value if isinstance(value, str) and value else None


def texts(values: Iterable[object]) -> list[str]:
    """The texts among *values*."""
    return [value for value in values if isinstance(value, str)]
