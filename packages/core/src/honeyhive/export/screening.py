"""What every span passes between the queue and the journal: the redactor, then the limits of size."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from honeyhive import semconv
from honeyhive.events import otlp
from honeyhive.export.queue import Encodable, Shortenable
from honeyhive.export.redaction import Redactor
from honeyhive.export.truncation import cap_for, cut_span, cut_text
from honeyhive.guard import guard
from honeyhive.settings import Settings

FAILED: Final = "redaction_failed"

_SESSION_KEY: Final = otlp.encode_key(semconv.SESSION_ID)
_ID_SIZE: Final = 36
# Between the key and the id: tags and lengths of `KeyValue.value` and `AnyValue.string_value`.
_ID_OFFSET: Final = 4
_MOST_SESSIONS: Final = 4096
# What an event of a session whose budget is spent may take: what it is, and the ends of its texts.
_SPENT_BYTES: Final = 4096
_MOST_KNOWN: Final = 1024


class Screen:
    """The stage of one tracer; it belongs to the worker. What cannot be redacted is dropped and counted, never sent."""

    def __init__(self, settings: Settings, drop: Callable[[str, int], None]) -> None:
        self.redactor = Redactor(settings)
        self._drop = drop
        self._max_event_bytes = settings.max_event_bytes
        self._max_session_bytes = settings.max_session_bytes
        self._spent: OrderedDict[bytes, int] = OrderedDict()
        self._known: dict[tuple[str, bytes], bytes] = {}

    def encoded(self, span: Encodable, size: int) -> bytes:
        """The bytes of *span*, about *size* before they are made; too long texts are redacted and cut before they are joined."""
        if size > self._max_event_bytes and isinstance(span, Shortenable):
            return span.encode_short(self.texts, self._max_event_bytes)
        return span.encode()

    def spans(self, entries: Sequence[bytes]) -> list[bytes]:
        """*entries* of ``ScopeSpans.spans`` as they may leave the process."""
        screened: list[bytes | None] = list(entries)
        for index in self.redactor.candidates(entries):
            screened[index] = self._redacted(entries[index])
        limit = self._max_event_bytes
        if self._max_session_bytes is not None or any(len(entry) > limit for entry in screened if entry is not None):
            screened = [None if entry is None else self._guarded(self._sized, entry) for entry in screened]
        return [entry for entry in screened if entry is not None]

    def scope(self, field: bytes) -> bytes:
        """``ScopeSpans.scope`` as it may leave the process; there are few, so each is looked into once."""
        return self._once("scope", field, self.redactor.scope)

    def resource(self, field: bytes) -> bytes:
        """``ResourceSpans.resource`` as it may leave the process."""
        return self._once("resource", field, self.redactor.resource)

    def texts(self, texts: Sequence[bytes], room: int) -> list[bytes]:
        """Long *texts* of one event, redacted and then cut so that together they take *room*.

        So a text of 50 MB is not copied as often as an event is put together.
        """
        clean = list(map(self.redactor.utf8, texts))
        cap = cap_for(map(len, clean), room)
        return [cut_text(text, cap) for text in clean]

    def _redacted(self, entry: bytes) -> bytes | None:
        return self._guarded(self.redactor.span, entry)

    def _guarded(self, step: Callable[[bytes], bytes], entry: bytes) -> bytes | None:
        try:
            return step(entry)
        except Exception as error:  # noqa: BLE001  what could not be redacted must not leave, and the rest must
            self._drop(FAILED, 1)
            guard.swallow(error, "redact an event")
            return None

    def _sized(self, entry: bytes) -> bytes:
        limit = self._max_event_bytes
        if self._max_session_bytes is not None and self._is_spent(entry, self._max_session_bytes):
            limit = min(limit, _SPENT_BYTES)
        return entry if len(entry) <= limit else cut_span(entry, limit)

    def _is_spent(self, entry: bytes, budget: int) -> bool:
        """Whether the session of *entry* has had its bytes; *entry* is counted."""
        start = entry.find(_SESSION_KEY)
        if start < 0:
            return False
        start += len(_SESSION_KEY) + _ID_OFFSET
        session = entry[start : start + _ID_SIZE]
        spent = self._spent.pop(session, 0)
        self._spent[session] = spent + len(entry)
        if len(self._spent) > _MOST_SESSIONS:
            self._spent.popitem(last=False)
        return spent + len(entry) > budget

    def _once(self, what: str, field: bytes, step: Callable[[bytes], bytes]) -> bytes:
        known = self._known.get((what, field))
        if known is None:
            known = step(field)
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[what, field] = known
        return known
