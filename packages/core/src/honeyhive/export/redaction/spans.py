"""The leaves of one encoded span: which bytes of OTLP are text, and how they are written again.

Field numbers are those of ``trace.proto``, ``common.proto`` and ``resource.proto``. What is not text is copied as it is, fields
of a later version included.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from honeyhive import semconv
from honeyhive.export.redaction.marking import is_marker
from honeyhive.export.redaction.texts import PLAIN_KEY, Texts
from honeyhive.export.rewriting import Rewrite, delimited_field, fields_of, rewritten

_MAX_DEPTH: Final = 64
_TOO_DEEP: Final = "[redacted:depth]"
# Identity goes through the patterns for secrets alone, so that no function of the user's can take an event out of its session.
_IDENTITY: Final = frozenset(
    (
        semconv.SESSION_ID,
        semconv.PROJECT,
        semconv.SOURCE,
        semconv.EVENT_TYPE,
        semconv.EVENT_ID,
        semconv.PARENT_ID,
        semconv.UPDATE_TARGET,
        semconv.TEXT_KEYS,
        f"{semconv.FIELD_PREFIX}metadata.{semconv.STATUS}",
    )
)
# `string_value` and `bool_value` of an AnyValue.
_STRING: Final = 1
_BOOL: Final = 2


class SpanRewriter:
    """Redacts one span, scope or resource; ``count`` says how many leaves changed."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.count = 0

    def span(self, entry: bytes) -> bytes:
        """*entry* of ``ScopeSpans.spans`` with its leaves redacted."""
        fixed, content, pair = self._fixed, self._content, self._key_value
        fields: Mapping[int, Rewrite] = {
            3: fixed,
            5: content,
            9: pair,
            11: partial(rewritten, handlers={2: content, 3: pair}),
            13: partial(rewritten, handlers={3: fixed, 4: pair}),
            15: partial(rewritten, handlers={2: content}),
        }
        return self._inside(entry, 2, fields)

    def scope(self, entry: bytes) -> bytes:
        """``ScopeSpans.scope``, and what follows it there, with its leaves redacted."""
        return self._inside(entry, 1, {1: self._fixed, 2: self._fixed, 3: self._key_value})

    def resource(self, entry: bytes) -> bytes:
        """``ResourceSpans.resource``, and what follows it there, with its leaves redacted."""
        return self._inside(entry, 1, {1: self._key_value})

    def _inside(self, entry: bytes, number: int, handlers: Mapping[int, Rewrite]) -> bytes:
        # Field 3 of ScopeSpans and of ResourceSpans is a schema's URL.
        outer: Mapping[int, Rewrite] = {number: partial(rewritten, handlers=handlers), 3: self._fixed}
        after = rewritten(memoryview(entry), outer)
        return entry if after is None else after

    def _fixed(self, text: memoryview) -> bytes | None:
        return self._counted(self._texts.without_secrets(bytes(text)))

    def _key(self, text: memoryview) -> bytes | None:
        return self._counted(self._texts.without_matches(bytes(text)))

    def _content(self, text: memoryview) -> bytes | None:
        return self._counted(self._texts.redacted(bytes(text)))

    def _counted(self, after: bytes | None) -> bytes | None:
        self.count += after is not None
        return after

    def _key_value(self, body: memoryview) -> bytes | None:
        return self._pair(body, depth=_MAX_DEPTH)

    def _pair(self, body: memoryview, *, depth: int) -> bytes | None:
        keys = [payload for number, payload, _, _ in fields_of(body) if number == 1 and payload is not None]
        key = bytes(keys[-1]).decode("utf-8", "replace") if keys else ""
        if key in _IDENTITY:
            leaf = self._key if key == semconv.TEXT_KEYS else self._fixed
            return rewritten(body, {2: partial(self._value, depth=depth, leaf=leaf)})
        handlers: dict[int, Rewrite] = {2: partial(self._value, depth=depth, leaf=self._content)}
        if self._texts.denies(key):
            handlers[2] = self._denied
        if self._texts.sees_everything or PLAIN_KEY.fullmatch(key) is None:
            handlers[1] = self._key
        return rewritten(body, handlers)

    def _denied(self, value: memoryview) -> bytes | None:
        """A marker for any AnyValue but none, an empty one, and true or false."""
        fields = fields_of(value)
        if not fields or fields[-1].number == _BOOL:
            return None
        number, payload, _, _ = fields[-1]
        secret = bytes(value if payload is None else payload)
        if payload is not None and (not secret or (number == _STRING and is_marker(secret.decode("utf-8", "replace")))):
            return None
        return self._counted(delimited_field(_STRING, self._texts.denied(secret)))

    def _items(self, items: memoryview, *, nested: Rewrite) -> bytes | None:
        """The values of an ArrayValue, of which one may name the next."""
        before: str | None = None

        def item(value: memoryview) -> bytes | None:
            nonlocal before
            argument, before = before, _string_of(value)
            return self._denied(value) if self._texts.denies_next(argument, before) else nested(value)

        return rewritten(items, {1: item})

    def _value(self, value: memoryview, *, depth: int, leaf: Rewrite) -> bytes | None:
        if depth == 0:
            return self._counted(delimited_field(_STRING, _TOO_DEEP.encode()))
        nested = partial(self._value, depth=depth - 1, leaf=leaf)
        return rewritten(
            value,
            {
                _STRING: leaf,
                5: partial(self._items, nested=nested),
                6: partial(rewritten, handlers={1: partial(self._pair, depth=depth - 1)}),
                7: self._fixed,  # bytes are nothing for a function from text to text
            },
        )


def _string_of(value: memoryview) -> str | None:
    """The text that an AnyValue is, if it is one."""
    for number, payload, _, _ in fields_of(value):
        if number == _STRING and payload is not None:
            return bytes(payload).decode("utf-8", "replace")
    return None
