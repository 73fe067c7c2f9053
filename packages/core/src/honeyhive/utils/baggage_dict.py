"""OpenTelemetry's baggage as a dictionary that is never changed, only made anew."""

from collections.abc import Generator, ItemsView, Iterator, KeysView, Mapping, ValuesView
from contextlib import contextmanager
from typing import Any

from opentelemetry import baggage, context
from opentelemetry.context import Context


class BaggageDict:
    """The baggage of a context, the current one unless given: ``BaggageDict().set("tier", "gold").as_context()``.

    `set`, `delete`, `update` and `clear` return a new one, whose ``context`` holds the change.
    """

    def __init__(self, ctx: Context | None = None) -> None:
        self._context = context.get_current() if ctx is None else ctx

    @property
    def context(self) -> Context:
        """The context that has this baggage."""
        return self._context

    def get(self, key: str, default: Any = None) -> Any:
        """The value under *key*, or *default*."""
        value = baggage.get_baggage(key, self._context)
        return default if value is None else value

    def set(self, key: str, value: Any) -> "BaggageDict":
        """With *value*, as text, under *key*."""
        return BaggageDict(baggage.set_baggage(key, str(value), self._context))

    def delete(self, key: str) -> "BaggageDict":
        """Without *key*."""
        return BaggageDict(baggage.remove_baggage(key, self._context))

    def update(self, **values: Any) -> "BaggageDict":
        """With all *values*, as texts."""
        updated = self
        for key, value in values.items():
            updated = updated.set(key, value)
        return updated

    def clear(self) -> "BaggageDict":
        """Without any."""
        return BaggageDict(baggage.clear(self._context))

    def items(self) -> ItemsView[str, str]:
        """Keys and values."""
        return self._values().items()

    def keys(self) -> KeysView[str]:
        """Keys."""
        return self._values().keys()

    def values(self) -> ValuesView[str]:
        """Values."""
        return self._values().values()

    @contextmanager
    def as_context(self) -> Generator[None]:
        """A block in which this baggage is current."""
        token = context.attach(self._context)
        try:
            yield
        finally:
            context.detach(token)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], ctx: Context | None = None) -> "BaggageDict":
        """The baggage of *ctx* and *data*."""
        return cls(ctx).update(**data)

    def _values(self) -> dict[str, str]:
        return {key: str(value) for key, value in baggage.get_all(self._context).items()}

    def __getitem__(self, key: str) -> str:
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return str(value)

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __repr__(self) -> str:
        return f"BaggageDict({sorted(self._values())})"  # the values are the user's
