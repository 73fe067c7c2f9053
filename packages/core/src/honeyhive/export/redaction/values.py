"""The value of a name in running text: where it begins after the name, and where it ends."""

import re
from typing import Final

from honeyhive.export.redaction.kinds import SPACE, Bounds

# Between a name and its value, for the matcher: `=`, `:`, `:=`, `=>`, `,` after quotes and space of any level of JSON; `>` of
# XML; space on a command line; `\x12` is protobuf's.
AFTER_NAME: Final = rb"s?_?[0-9]{0,2}(?:\x12|[\"'\]\s\\nrt]*[:=,]|>|\s)"

# Bytes and strings of Python may have letters before their quotes.
_LETTERS: Final = rb"(?:(?i:[brfu]|br|rb|fr|rf)(?=\\*[\"']))?"
_AFTER: Final = (
    rb"s?_?[0-9]{0,2}(?:"
    rb"(?P<assigned>\\*[\"'\]]?" + SPACE + rb"{0,8}(?::=|=>|[:=](?!=))" + SPACE + rb"{0,8}" + _LETTERS + rb")"
    rb"|(?P<paired>\\*[\"']" + SPACE + rb"{0,4}," + SPACE + rb"{0,4}" + _LETTERS + rb"(?=\\*[\"']))"
    rb"|(?P<enclosed>>(?=[^\s<>]))"
    rb"|(?P<spaced>" + SPACE + rb"{1,4}(?=[^\s-]))"
    rb")"
)
_HEADER: Final = re.compile(rb"(?i:authorization|cookies?)")
# What follows `Cookie:` and `Authorization:` in a dump of headers.
_COOKIE_VALUE: Final = re.compile(rb"[^\s=;,\"'\\]{1,256}=[^\r\n\"'\\]*")
_AUTHORIZATION_VALUE: Final = re.compile(
    rb"(?i:(?:digest|aws4-hmac-sha256|oauth)[ \t]+[^\r\n\"'\\]+|(?:[a-z][a-z0-9-]{1,20}[ \t]+)?[^\s\"'<>\\,]+)"
)
_QUOTE: Final = re.compile(rb"(\\*)([\"'])(?:\1\2\1\2)?")
# Of YAML: the value is on the next line.
_BLOCK: Final = re.compile(rb"[|>][+-]?[ \t]{0,8}(?:\r?\n|\\+n)" + SPACE + rb"{0,16}(?P<line>[^\s\"'\\][^\r\n\"'\\]*)")
_BRACKET: Final = re.compile(rb"[\[\](){}]")
_PLAIN: Final = re.compile(rb"[^\s,;&\"'<>\\\[\](){}]+")
# `DB_PASSWORD=a(b,c` as the shell and a list of the environment have it.
_VARIABLE: Final = re.compile(rb"[A-Z0-9_]+=")
_VARIABLE_VALUE: Final = re.compile(rb"[^\s;&\"'<>\\]+")
_ENCLOSED_VALUE: Final = re.compile(rb"[^<>]{1,4096}(?=<\\*/)")
# Before the name, in `(b'x-api-key', b'…')` and in `--db-password …`; after the value of such a pair.
_PAIR_OPENS: Final = re.compile(rb"[\[(]\s{0,4}[brfu]{0,2}\\*[\"'][A-Za-z0-9_.-]{0,40}$")
_PAIR_CLOSES: Final = re.compile(rb"\\*[\"']" + SPACE + rb"{0,4},?[)\]]")
_FLAG: Final = re.compile(rb"(?<![A-Za-z0-9-])--?(?:[A-Za-z0-9]{1,20}-){0,4}$")
_BEFORE: Final = 64
_OPENING: Final = (b"[", b"{", b"(", b"")
# Code speaks of secrets without having one: annotations, expressions that fetch it at run time, and what others put in its place.
_NO_SECRET: Final = re.compile(
    rb"(?i:none|null|nil|undefined|true|false|str|string|bytes|int|bool|boolean|any|object|optional|secretstr)"
    rb"(?=[\s,;|)\]}\[(='\"\\]|\.\s|\.?\Z)|(?:os|process|self|this|settings|config|env|secrets|getenv|Field)[.(]"
    rb"|(?:\*{3,}|\[?(?i:redacted|filtered)\]?|\$\{?[A-Z][A-Z0-9_]+\}?|\{\{ ?[A-Za-z0-9_.]+ ?\}\})(?=[\s,;&#)\]}\"'\\]|\Z)"
)
_BACKSLASH: Final = 0x5C
_MOST_SLASHES: Final = 64


class ValueFinder:
    """Says from where to where the value goes of the name that *names*, a pattern, has at a place."""

    def __init__(self, names: bytes) -> None:
        self._name = re.compile(rb"(?P<name>" + names + rb")" + _AFTER)

    def __call__(self, text: bytes, start: int) -> Bounds | None:
        """The bounds of the value, None where there is none."""
        match = self._name.match(text, start)
        if match is None:
            return None
        way, begin = match.lastgroup, match.end()
        if way == "assigned":
            return _assigned(text, match)
        before = text[max(0, start - _BEFORE) : start]
        if way == "enclosed":
            value = _ENCLOSED_VALUE.match(text, begin)
            return None if value is None else value.span()
        if way == "spaced":
            return _value_at(text, begin) if _FLAG.search(before) else None
        bounds = _value_at(text, begin) if _PAIR_OPENS.search(before) else None
        return bounds if bounds is not None and _PAIR_CLOSES.match(text, bounds[1]) else None


def _assigned(text: bytes, match: re.Match[bytes]) -> Bounds | None:
    start, begin = match.span()[0], match.end()
    header = _HEADER.match(text, start)
    if header is not None and not _QUOTE.match(text, begin) and text[begin : begin + 1] not in _OPENING:
        form = _AUTHORIZATION_VALUE if header[0][:1] in b"aA" else _COOKIE_VALUE
        value = form.match(text, begin)
        return None if value is None or _NO_SECRET.match(text, begin) else value.span()
    bounds = _value_at(text, begin, is_variable=_VARIABLE.fullmatch(text, start, begin) is not None)
    if bounds is not None and bounds[1] - bounds[0] >= len(match["name"]):
        end = match.end("name")
        if text.endswith(text[bounds[0] : bounds[1]], 0, end):  # `db_password=db_password` says nothing
            return None
    return bounds


def _value_at(text: bytes, start: int, *, is_variable: bool = False) -> Bounds | None:
    """From where to where the value goes that begins at *start*; None where there is none, or no secret."""
    if start >= len(text) or _NO_SECRET.match(text, start):
        return None
    block = _BLOCK.match(text, start)
    if block is not None:
        return block.span("line")
    quote = _QUOTE.match(text, start)
    if quote is not None:
        end = _closing_quote(text, quote)
        return (quote.end(), end) if end > quote.end() else None
    if text[start] in b"[{(":
        return start, _closing_bracket(text, start)
    plain = (_VARIABLE_VALUE if is_variable else _PLAIN).match(text, start)
    return None if plain is None else plain.span()


def _closing_quote(text: bytes, quote: re.Match[bytes]) -> int:
    """Where the value in *quote* ends: before the next one that is escaped as often; at the end of all without one."""
    depth = len(quote[1])
    position = quote.end()
    mark = quote[2]
    if len(quote[0]) > depth + 1:  # three of them
        end = text.find(quote[0], position)
        return end if end >= 0 else len(text)
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
