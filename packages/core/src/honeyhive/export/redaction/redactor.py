"""The redactor of one tracer: spans in, spans out, without what its settings take out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from honeyhive.export.redaction.marking import Marker, is_marker
from honeyhive.export.redaction.names import Names
from honeyhive.export.redaction.pii import pii_stage
from honeyhive.export.redaction.secrets import Secrets
from honeyhive.export.redaction.spans import SpanRewriter
from honeyhive.export.redaction.texts import Stage, Texts, pattern_stage
from honeyhive.settings import Settings

T = TypeVar("T")

# A shorter key of the tracer's own is a word that a text may have for other reasons.
_LEAST_LITERAL: Final = 8


class Redactor:
    """Takes secrets out of spans, texts and attributes; threads may share it.

    ``count`` is the number of leaves that changed so far, exact where one thread uses it.
    """

    def __init__(self, settings: Settings) -> None:
        marker = Marker(settings)
        functions: list[Stage] = [*settings.redact_with]
        if settings.redact_pii is not False:
            functions.append(pii_stage(settings.redact_pii, marker))
        self._marker = marker
        self._names = Names(settings.redact_keys, with_own=settings.redact_secrets)
        self._secrets = Secrets(
            names=self._names, literals=_literals(settings), marker=marker, by_form=settings.redact_secrets
        )
        self._texts = Texts(
            self._secrets,
            self._names,
            marker,
            patterns=[pattern_stage(pattern, marker) for pattern in settings.redact_patterns],
            functions=functions,
            max_json=settings.max_event_bytes,
        )
        self.count = 0

    def candidates(self, entries: Sequence[bytes]) -> Iterable[int]:
        """The indices of those *entries* that have to be looked into; one scan finds them."""
        return range(len(entries)) if self._texts.sees_everything else self._secrets.candidates(entries)

    def span(self, entry: bytes) -> bytes:
        """One entry of ``ScopeSpans.spans``, redacted; raises `WireError` on what is none."""
        rewriter = SpanRewriter(self._texts)
        return self._counted(rewriter.span(entry), rewriter.count)

    def scope(self, entry: bytes) -> bytes:
        """``ScopeSpans.scope``, redacted."""
        rewriter = SpanRewriter(self._texts)
        return self._counted(rewriter.scope(entry), rewriter.count)

    def resource(self, entry: bytes) -> bytes:
        """``ResourceSpans.resource``, redacted."""
        rewriter = SpanRewriter(self._texts)
        return self._counted(rewriter.resource(entry), rewriter.count)

    def utf8(self, text: bytes) -> bytes:
        """One text in UTF-8, redacted."""
        after = self._texts.redacted(text)
        return text if after is None else self._counted(after, 1)

    def text(self, text: str) -> str:
        """One text, redacted; as JSON where it is."""
        data = text.encode("utf-8", "replace")
        after = self.utf8(data)
        return text if after is data else after.decode("utf-8", "replace")

    def attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes of OpenTelemetry (texts, numbers, sequences of such), redacted by name and by content."""
        return {key: self._attribute(key, value) for key, value in attributes.items()}

    def _attribute(self, key: str, value: Any) -> Any:
        if self._names.is_denied(key) and not isinstance(value, bool) and value not in (None, "", ()):
            return value if is_marker(value) else self._counted(self._marker("key", str(value).encode()), 1)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (tuple, list)):
            return tuple(self._items(cast("Sequence[Any]", value)))
        return value

    def _items(self, items: Sequence[Any]) -> Iterator[Any]:
        before: Any = None
        for item in items:
            if self._texts.denies_next(before, item):
                yield item if is_marker(item) else self._counted(self._marker("key", item.encode()), 1)
            else:
                yield self.text(item) if isinstance(item, str) else item
            before = item

    def _counted(self, result: T, count: int) -> T:
        self.count += count
        return result


def _literals(settings: Settings) -> list[str]:
    """The tracer's own secrets, which must not appear anywhere whatever they look like."""
    own = [settings.api_key, settings.ingestion_api_key, settings.data_plane_api_key, *settings.propagation_keys]
    headers = [part for value in settings.otlp_headers.values() for part in (value, value.rpartition(" ")[2])]
    return [literal for literal in (*own, *headers) if literal is not None and len(literal) >= _LEAST_LITERAL]
