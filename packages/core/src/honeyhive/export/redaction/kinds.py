"""Credentials that are recognised by their form.

Each kind has a *hint*, which the native matcher looks for in everything, and a *pattern*, which decides at the places that it
found. No pattern scans on without bound before it fails: a text made of nothing but anchors must not take quadratic time. A hint has to hold for a secret inside JSON inside protobuf too: it allows escapes wherever JSON would put some.
Sources: the providers' documentation of their keys, and the rules of public secret scanners.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, NamedTuple

# A secret begins after anything but a letter or a digit, or after an escape that ends in one.
_START: Final = (
    rb"(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"
)
# Stricter, where a run of nothing but prefixes would be read again at each of them.
_APART: Final = _START.replace(rb"(?<![A-Za-z0-9])", rb"(?<![A-Za-z0-9_-])")
# What JSON may write for white space; and a quote with the escapes of however many levels of JSON.
SPACE: Final = rb"(?:\s|\\+[nrt])"


Bounds = tuple[int, int]
Find = Callable[[bytes, int], Bounds | None]


class Kind(NamedTuple):
    """One form of secret: ``find(text, start)`` says from where to where one goes whose ``anchor`` was seen at *start*.

    The hint is what makes an event a candidate, so it is narrow; the anchor is how a secret begins, and short: to the native
    matcher the start of a long pattern costs far more than its end.
    """

    name: str
    hint: bytes
    anchor: bytes
    find: Find


def _by(pattern: bytes, is_one: Callable[[bytes], bool] | None = None) -> Find:
    """Finds what *pattern* matches (its group ``secret``, if it has one) and *is_one* confirms."""
    compiled = re.compile(pattern)
    group = "secret" if "secret" in compiled.groupindex else 0

    def find(text: bytes, start: int) -> Bounds | None:
        match = compiled.match(text, start)
        if match is None or (is_one is not None and not is_one(match[group])):
            return None
        return match.span(group)

    return find


# So many characters after a prefix make a candidate; longer hints take the matcher longer to compile, and find no less.
_ENOUGH: Final = 8


def _token(name: str, prefix: bytes, body: bytes, least: int, *, starts: bool = False) -> Kind:
    """A secret of a *prefix* and at least *least* characters of the class *body*; *starts* where the prefix is weak."""
    pattern = (_START if starts else b"") + prefix + body + b"{%d,}" % least
    return Kind(name, prefix + body + b"{%d}" % min(least, _ENOUGH), prefix, _by(pattern))


def _is_basic(secret: bytes) -> bool:
    """Whether *secret* is ``user:password`` in base64, and not an ordinary word after "basic"."""
    try:
        return b":" in base64.b64decode(secret + b"=" * (-len(secret) % 4), validate=True)
    except binascii.Error:
        return False


def _is_credential(secret: bytes) -> bool:
    """Whether what stands before the ``@`` of a URL is more than a user's name."""
    _, colon, password = secret.partition(b":")
    return bool(colon and password) or len(secret) >= _LONG_USER


def _azure_key(text: bytes, start: int) -> Bounds | None:
    """A key of 84 characters, known by the signature inside it, which was seen at *start*."""
    match = _AZURE_KEY.match(text, max(0, start - _BEFORE_SIGNATURE))
    return None if match is None else match.span()


_BEFORE_SIGNATURE: Final = 52
_AZURE_KEY: Final = re.compile(rb"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{10,}")
_LONG_USER: Final = 20
_WORD: Final = rb"[A-Za-z0-9]"
_WIDE: Final = rb"[A-Za-z0-9_-]"

KINDS: Final = (
    _token("anthropic-key", rb"sk-ant-", _WIDE, 8),
    _token("openai-key", rb"sk-(?:proj|svcacct|admin|or-v1)-", _WIDE, 8),
    _token("openai-key", rb"sk-", _WIDE, 16, starts=True),
    _token("langfuse-key", rb"sk-lf-", _WIDE, 8),
    _token("google-key", rb"AIza", _WIDE, 20),
    _token("google-token", rb"ya29\.", _WIDE, 16),
    _token("google-secret", rb"GOCSPX-", _WIDE, 16),
    Kind(
        "aws-key",
        rb"A[KSBC][IC]A[0-9A-Z]{8}",
        rb"A[KSBC][IC]A[0-9A-Z]",
        # The secret often follows its id; alone, its forty characters look like any other hash.
        _by(
            _START
            + rb"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}"
            + rb"(?:[\s:,;|/\"'\\]{1,5}[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=]))?"
        ),
    ),
    Kind("azure-key", rb"JQQJ99[A-Za-z0-9]{8}", rb"JQQJ99", _azure_key),
    Kind(
        "azure-signature",
        rb"[?&]sig=[A-Za-z0-9%]{8}",
        rb"[?&]sig=",
        _by(rb"[?&]sig=(?P<secret>[A-Za-z0-9%+/=_-]{20,})"),
    ),
    _token("groq-key", rb"gsk_", _WORD, 16),
    _token("huggingface-token", rb"hf_", _WORD, 16, starts=True),
    _token("github-token", rb"gh[pousr]_", _WORD, 16),
    _token("github-token", rb"github_pat_", rb"[A-Za-z0-9_]", 16),
    _token("gitlab-token", rb"gl(?:pat|ptt|rt|dt|cbt|imt|ft|soat|oas|agent)-", _WIDE, 16),
    _token("slack-token", rb"xox[abeoprs]-", _WIDE, 10),
    _token("slack-token", rb"xapp-", _WIDE, 10),
    _token("slack-webhook", rb"hooks\.slack\.com\\{0,6}/(?:services|workflows)", rb"[A-Za-z0-9_/\\]", 20),
    _token("stripe-key", rb"[sr]k_(?:live|test)_", _WORD, 10),
    _token("stripe-secret", rb"whsec_", rb"[A-Za-z0-9+/=]", 16),
    _token("langsmith-key", rb"lsv2_(?:pt|sk)_", rb"[A-Za-z0-9_]", 16),
    _token("langsmith-key", rb"ls__", rb"[A-Za-z0-9_]", 16, starts=True),
    Kind(
        "honeyhive-key",
        rb"hh_[A-Za-z0-9_-]{8}",
        rb"hh_",
        _by(_APART + rb"hh_(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{20,}"),
    ),
    _token("pinecone-key", rb"pcsk_", rb"[A-Za-z0-9_]", 16),
    _token("xai-key", rb"xai-", _WORD, 16, starts=True),
    _token("replicate-token", rb"r8_", _WORD, 16, starts=True),
    _token("perplexity-key", rb"pplx-", _WORD, 16),
    _token("nvidia-key", rb"nvapi-", _WIDE, 16),
    _token("tavily-key", rb"tvly-", _WIDE, 16),
    _token("fireworks-key", rb"fw_", _WORD, 20, starts=True),
    _token("jina-key", rb"jina_", _WORD, 16, starts=True),
    _token("databricks-token", rb"dapi", rb"[0-9a-f]", 32),
    _token("digitalocean-token", rb"do[opr]_v1_", rb"[0-9a-f]", 32),
    _token("vault-token", rb"hv[sbr]\.", _WIDE, 16),
    _token("notion-token", rb"ntn_", _WORD, 20),
    _token("linear-key", rb"lin_api_", _WORD, 16),
    _token("npm-token", rb"npm_", _WORD, 30),
    _token("pypi-token", rb"pypi-AgE", _WIDE, 16),
    _token("sendgrid-key", rb"SG\.[A-Za-z0-9_-]{16,32}\.", _WIDE, 16),
    _token("twilio-key", rb"SK", rb"[0-9a-f]", 32, starts=True),
    _token("telegram-token", rb"[0-9]{8}:AA", _WIDE, 30),
    Kind(
        "jwt",
        rb"eyJ[A-Za-z0-9_-]{8}",
        rb"eyJ",
        _by(_APART + rb"eyJ[A-Za-z0-9_-]{8,1024}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_.-]*)?"),
    ),
    Kind(
        "private-key",
        rb"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY",
        rb"-----BEGIN ",
        # Up to its end, or to the end of everything where that was cut off.
        _by(rb"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?:(?!-----END)[\s\S])*(?:-----END[A-Z0-9 ]{0,40}-----)?"),
    ),
    Kind(
        "bearer-token",
        rb"(?i:bearer)(?:[\s:=]|\\+[nrt])",
        rb"(?i:bearer)",
        _by(
            rb"(?i:bearer)(?:[:=]|\s|\\+[nrt])+\\*[\"']?"
            rb"(?P<secret>(?=[^\s\"']{0,64}[0-9._~+/=-]|[A-Za-z]{16})[A-Za-z0-9._~+/=-]{8,})"
        ),
    ),
    Kind(
        "basic-credentials",
        rb"(?i:basic)(?:\s|\\+[nrt])+[A-Za-z0-9+/]{6}",
        rb"(?i:basic)",
        _by(rb"(?i:basic)" + SPACE + rb"+(?P<secret>[A-Za-z0-9+/]{6,}={0,2})", _is_basic),
    ),
    Kind(
        "url-credentials",
        rb":\\*/\\*/[^\s/@]+@",
        rb":\\*/\\*/",
        _by(rb":\\*/\\*/(?P<secret>[^\s/\"'<>]*)@", _is_credential),
    ),
)

# `\u0073k-…` is `sk-…` to whoever parses it: printable ASCII that is written as an escape.
ESCAPE_HINT: Final = rb"\\u00[2-7][0-9A-Fa-f]"
ESCAPE: Final = re.compile(rb"\\+u00([2-7][0-9A-Fa-f])")


def literal_kind(literal: str) -> Kind:
    """A secret that is known as it is: the tracer's own keys and headers."""
    secret = literal.encode()
    # Before what JSON escapes there may be any number of backslashes, so the longest run without such is looked for.
    run = max(re.split(rb"[\"\\\x00-\x1f]", secret), key=len)
    offset = secret.index(run)

    def find(text: bytes, start: int) -> Bounds | None:
        begin = start - offset
        return (begin, begin + len(secret)) if begin >= 0 and text.startswith(secret, begin) else None

    hint = b"".join(b"\\x%02x" % byte for byte in run)
    return Kind("own-key", hint, hint, find)
