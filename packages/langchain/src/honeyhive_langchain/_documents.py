"""Retrieved documents as plain records."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Final

from langchain_core.documents import Document

# A document has no score of its own; retrievers and rerankers leave it in the metadata, under these names.
_SCORES: Final = ("score", "relevance_score", "similarity_score", "_score", "@search.score")


def document_records(documents: Sequence[Document]) -> list[dict[str, object]]:
    """The documents in their order, each with what it has of id and score."""
    return [_record(document) for document in documents]


def _record(document: Document) -> dict[str, object]:
    record: dict[str, object] = {"content": document.page_content, "metadata": document.metadata}
    if document.id is not None:
        record["id"] = document.id
    score = _score(document.metadata)
    if score is not None:
        record["score"] = score
    return record


def _score(metadata: Mapping[str, Any]) -> float | None:
    for name in _SCORES:
        value = metadata.get(name)
        if isinstance(value, Real):  # numpy's floats too
            return float(value)
    return None
