"""Names whose values are secret whatever they look like: ``password``, ``authorization``, ``api_key`` and the user's own."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from honeyhive.export.redaction.kinds import SPACE, Bounds, Kind

# In words, because `apiKey`, `API_KEY`, `api-key` and `x-api-key` are one name. `token` alone is not among them: in this trade
# it is mostly a piece of text.
_NAMES: Final = (
    "access key",
    "access token",
    "account key",
    "api key",
    "api secret",
    "api token",
    "auth token",
    "authorization",
    "bearer token",
    "client secret",
    "connection string",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "csrf token",
    "encryption key",
    "id token",
    "jwt",
    "master key",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "private key",
    "refresh token",
    "secret",
    "secret access key",
    "secret key",
    "secret token",
    "secrets",
    "session token",
    "shared access key",
    "signing key",
    "storage key",
    "subscription key",
    "xsrf token",
)
_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+|[^\x00-\x7f]+")
_SEPARATOR: Final = re.compile(r"[./\[\]]")

# Between a name and its value: `=`, `:`, `:=`, `=>`, after quotes and space of any level of JSON; `\x12` is protobuf's.
_AFTER: Final = rb"(?:\x12|[\"'\]\s\\nrt]*[:=,])"
_ASSIGNS: Final = rb"\\*[\"'\]]?" + SPACE + rb"{0,8}(?::=|=>|[:=](?!=))" + SPACE + rb"{0,8}"
_HEADER: Final = re.compile(rb"(?i:authorization|cookies?)")
# What follows `Cookie:` and `Authorization:` in a dump of headers.
_COOKIE_VALUE: Final = re.compile(rb"[^\s=;,\"'\\]{1,256}=[^\r\n\"'\\]*")
_AUTHORIZATION_VALUE: Final = re.compile(
    rb"(?i:(?:digest|aws4-hmac-sha256|oauth)[ \t]+[^\r\n\"'\\]+|(?:[a-z][a-z0-9-]{1,20}[ \t]+)?[^\s\"'<>\\,]+)"
)
_QUOTE: Final = re.compile(rb"(\\*)[\"']")
_BRACKET: Final = re.compile(rb"[\[\](){}]")
_PLAIN: Final = re.compile(rb"[^\s,;&\"'<>\\\[\](){}]+")
# Code speaks of secrets without having one: annotations, and expressions that fetch it at run time.
_NO_SECRET: Final = re.compile(
    rb"(?i:none|null|nil|undefined|true|false|str|string|bytes|int|bool|boolean|any|object|optional|secretstr)"
    rb"(?![A-Za-z0-9_-])|(?:os|process|self|this|settings|config|env|secrets|getenv|Field)[.(]"
)


def _value_at(text: bytes, start: int) -> Bounds | None:
    """From where to where the value goes that begins at *start*; None where there is none, or no secret."""
    if start >= len(text) or _NO_SECRET.match(text, start):
        return None
    quote = _QUOTE.match(text, start)
    if quote is not None:
        end = _closing_quote(text, quote)
        return (quote.end(), end) if end > quote.end() else None
    if text[start] in b"[{(":
        return start, _closing_bracket(text, start)
    plain = _PLAIN.match(text, start)
    return None if plain is None else plain.span()


def _closing_quote(text: bytes, quote: re.Match[bytes]) -> int:
    """Where the value in *quote* ends: before the next one that is escaped as often; at the end of all without one."""
    depth = len(quote[1])
    position = quote.end()
    mark = quote[0][-1:]
    while (position := text.find(mark, position)) >= 0:
        slashes = 0
        while slashes <= _MOST_SLASHES and text[position - slashes - 1] == _BACKSLASH:
            slashes += 1
        if slashes == depth or (depth == 0 and slashes % 2 == 0):
            return max(quote.end(), position - depth)
        position += 1
    return len(text)


def _closing_bracket(text: bytes, start: int) -> int:
    level = 0
    for bracket in _BRACKET.finditer(text, start):
        level += 1 if bracket[0] in b"[({" else -1
        if level == 0:
            return bracket.end()
    return len(text)


_BACKSLASH: Final = 0x5C
_MOST_SLASHES: Final = 64


class Names:
    """The names of one tracer: asked for a key, and made into a `Kind` that finds them in running text."""

    def __init__(self, more: Iterable[str] = (), *, with_own: bool = True) -> None:
        given = [" ".join(_words(name)) for name in more]
        self._spoken = (*(_NAMES if with_own else ()), *filter(None, given))
        self._joined = frozenset(name.replace(" ", "") for name in self._spoken)
        self._most_words = max((name.count(" ") + 1 for name in self._spoken), default=0)
        self.is_denied = lru_cache(4096)(self._is_denied)

    def _is_denied(self, key: str) -> bool:
        """Whether the value of *key* is taken out: the last words of its last segment are one of the names."""
        segments = [segment for segment in _SEPARATOR.split(key) if segment]
        if not segments:
            return False
        words = _words(segments[-1])
        return any("".join(words[-count:]) in self._joined for count in range(1, min(len(words), self._most_words) + 1))

    def kind(self) -> Kind | None:
        """``name=value`` and ``"name": "value"`` in running text, in whichever case; None without names."""
        if not self._spoken:
            return None
        names = b"|".join(_spellings(name) for name in self._spoken)
        assigns = re.compile(rb"(?i:" + names + rb")" + _ASSIGNS)

        def find(text: bytes, start: int) -> Bounds | None:
            match = assigns.match(text, start)
            if match is None:
                return None
            header = _HEADER.match(text, start)
            if header is None or _QUOTE.match(text, match.end()) or text[match.end() : match.end() + 1] in _OPENING:
                return _value_at(text, match.end())
            form = _AUTHORIZATION_VALUE if header[0][:1] in b"aA" else _COOKIE_VALUE
            value = form.match(text, match.end())
            return None if value is None else value.span()

        return Kind("key", rb"(?i:" + names + rb")" + _AFTER, rb"(?i:" + names + rb")", find)


_OPENING: Final = (b"[", b"{", b"(", b"")


def _spellings(name: str) -> bytes:
    """*name* as a pattern: its words may be apart or together; in each case where the matcher cannot fold it."""
    cases = {name} if name.isascii() else {name, name.upper(), name.title()}
    return b"|".join(rb"[\s_.-]?".join(re.escape(word.encode()) for word in case.split()) for case in sorted(cases))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]
