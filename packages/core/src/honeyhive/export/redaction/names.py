"""Names whose values are secret whatever they look like: ``password``, ``authorization``, ``api_key`` and the user's own."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from honeyhive.export.redaction.kinds import Kind
from honeyhive.export.redaction.values import AFTER_NAME, ValueFinder

# In words, because `apiKey`, `API_KEY`, `api-key` and `x-api-key` are one name. `token` alone is not among them: in this trade
# it is mostly a piece of text.
_NAMES: Final = (
    "access key",
    "access token",
    "account key",
    "api key",
    "api secret",
    "api token",
    "app key",
    "application key",
    "auth key",
    "auth token",
    "authorization",
    "basic auth",
    "bearer token",
    "bot token",
    "client secret",
    "connection string",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "csrf token",
    "csrfmiddlewaretoken",
    "encryption key",
    "functions key",
    "http auth",
    "id token",
    "jwt",
    "master key",
    "openai key",
    "pass code",
    "pass phrase",
    "pass word",
    "pass word confirmation",
    "pass word hash",
    "passwd",
    "private key",
    "private token",
    "pwd",
    "refresh token",
    "sas token",
    "secret",
    "secret access key",
    "secret key",
    "secret token",
    "secrets",
    "security token",
    "service role key",
    "service token",
    "session token",
    "shared access key",
    "signing key",
    "storage key",
    "subscription key",
    "vault token",
    "xsrf token",
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+|[^\x00-\x7f]+")
_SEPARATOR: Final = re.compile(r"[./\[\]]")

# Shorter names are parts of other words: `validtoken` is no `idtoken`.
_LEAST_GLUED: Final = 6
_SHORT_WORD: Final = re.compile("[a-z]{1,2} ")
# Keys may be as long as texts are, and those that are kept stay in memory.
_LONGEST_KNOWN: Final = 256
# `password2` and `api_key_1` are what they would be without a number.
_NUMBER: Final = re.compile(r"_?[0-9]{1,2}\Z")


class Names:
    """The names of one tracer: asked for a key, and made into a `Kind` that finds them in running text."""

    def __init__(self, more: Iterable[str] = (), *, with_own: bool = True) -> None:
        given = [" ".join(_words(name)) for name in more]
        self._spoken = (*(_NAMES if with_own else ()), *filter(None, given))
        self._joined = frozenset(name.replace(" ", "") for name in self._spoken)
        glued = (name.replace(" ", "") for name in self._spoken if not _SHORT_WORD.match(name))
        self._glued = tuple(name for name in glued if len(name) >= _LEAST_GLUED)
        self._most_words = max((name.count(" ") + 1 for name in self._spoken), default=0)
        self._known = lru_cache(4096)(self._is_denied)

    def is_denied(self, key: str) -> bool:
        """Whether the value of *key* is taken out: the last words of its last segment are one of the names, or some of it."""
        return self._known(key) if len(key) <= _LONGEST_KNOWN else self._is_denied(key)

    def _is_denied(self, key: str) -> bool:
        segments = [segment for segment in _SEPARATOR.split(key) if segment]
        words = _words(_NUMBER.sub("", segments[-1])) if segments else []
        if not words:
            return False
        return self._ends(words) or (words[-1][-1] == "s" and self._ends([*words[:-1], words[-1][:-1]]))

    def _ends(self, words: list[str]) -> bool:
        most = min(len(words), self._most_words)
        if any("".join(words[-count:]) in self._joined for count in range(1, most + 1)):
            return True
        return words[-1].endswith(self._glued)

    def kind(self) -> Kind | None:
        """``name=value`` and ``"name": "value"`` in running text, in whichever case; None without names."""
        if not self._spoken:
            return None
        names = rb"(?i:" + b"|".join(_spellings(name) for name in self._spoken) + rb")"
        apart = rb"(?i:" + b"|".join(_apart(name) + _spellings(name) for name in self._spoken) + rb")"
        return Kind("key", names + AFTER_NAME, names, ValueFinder(apart), _seeds_of(self._spoken))


def _spellings(name: str) -> bytes:
    """*name* as a pattern: its words may be apart or together; in each case where the matcher cannot fold it."""
    return (
        rb"(?:"
        + b"|".join(rb"[\s_.-]?".join(re.escape(word.encode()) for word in case.split()) for case in _cases(name))
        + rb")"
    )


def _cases(name: str) -> list[str]:
    return [name] if name.isascii() else sorted({name, name.upper(), name.title()})


def _apart(name: str) -> bytes:
    """What stands before a *name* whose first word is the end of many others: `invalid token` is no `id token`."""
    return rb"(?:(?<![A-Za-z])|(?<=\\[nrtbf])|(?-i:(?=[A-Z])))" if _SHORT_WORD.match(name) else b""


def _seeds_of(spoken: Iterable[str]) -> tuple[tuple[bytes, int], ...]:
    """The first words of the names, and of those that begin with others only these."""
    firsts = {case.split()[0].encode().lower() for name in spoken for case in _cases(name)}
    return tuple(
        (first, 0) for first in sorted(firsts) if not any(first[:size] in firsts for size in range(1, len(first)))
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]
