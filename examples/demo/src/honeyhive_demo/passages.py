"""Choosing the passages of a text that speak about a question, by its words alone."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`'\"(*])")
_LIST_ITEM = re.compile(r"\n(?=- )")
_CODE = re.compile(r">>> |\.\.\. |\$ ")
_LONGEST_SENTENCE_WORDS = 60
_SAME_WORDS = 0.8
_ENDINGS = ("ations", "ation", "ingly", "ings", "ing", "edly", "ied", "ies", "ed", "es", "s")
_SHORTEST_STEM = 3
_STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "can",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "not",
        "of",
        "on",
        "one",
        "or",
        "should",
        "so",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "use",
        "used",
        "using",
        "want",
        "was",
        "way",
        "we",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "without",
        "would",
        "you",
        "your",
        "python",
    ]
)


def keywords(text: str) -> list[str]:
    """Return the words of `text` that carry meaning, in lower case, each once, in order."""
    return list(dict.fromkeys(word for word in _words(text) if word not in _STOP_WORDS))


def paragraphs(text: str) -> list[str]:
    """Split `text` at its blank lines."""
    return [paragraph for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def sentences(text: str) -> list[str]:
    """Return the whole sentences of `text`, each on one line; code, headings and bare signatures are none."""
    return [
        sentence
        for paragraph in paragraphs(text)
        for item in _LIST_ITEM.split(paragraph.strip())
        for sentence in _SENTENCE_END.split(" ".join(item.removeprefix("- ").split()))
        if sentence.endswith((".", "!", "?"))
        and sentence.count(" ") < _LONGEST_SENTENCE_WORDS
        and not _CODE.match(sentence)
    ]


def best_passages(passages: Sequence[str], question: str, *, limit: int, least: float = 0.0) -> list[str]:
    """Return at most `limit` passages that share words with the question, in the order of the text.

    A shared word weighs more the fewer passages have it, and long passages weigh less. Left out is a passage
    that scores less than `least` of the best one's score, or says what a better one has said.
    """
    wanted = set(_stems(keywords(question)))
    found = [(passage, set(_stems(_words(passage)))) for passage in passages]
    frequency = Counter(stem for _, stems in found for stem in wanted & stems)

    def score(stems: set[str]) -> float:
        rarity = sum(math.log(1 + len(found) / frequency[stem]) for stem in wanted & stems)
        return rarity / (1 + math.log(1 + len(stems) / 8))

    scores = [score(stems) for _, stems in found]
    least_score = least * max(scores, default=0.0)
    chosen: list[int] = []
    for index in sorted(range(len(found)), key=scores.__getitem__, reverse=True):
        stems = found[index][1]
        if len(chosen) == limit or scores[index] <= 0 or scores[index] < least_score:
            break
        if not any(_say_the_same(stems, found[other][1]) for other in chosen):
            chosen.append(index)
    return [found[index][0] for index in sorted(chosen)]


def _say_the_same(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= _SAME_WORDS * min(len(one), len(other))


def _words(text: str) -> Iterator[str]:
    return (word.lower() for word in _WORD.findall(text))


def _stems(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield from (_stem(part) for part in word.split("_") if len(part) > 1)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending).rstrip("e")
    return word.rstrip("e")
