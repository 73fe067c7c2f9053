"""Credentials that are recognised by their form.

Each kind has a *hint*, which the native matcher looks for in everything, and a *pattern*, which decides at the places that it
found. No pattern scans on without bound before it fails: a text made of nothing but anchors must not take quadratic time. A hint has to hold for a secret inside JSON inside protobuf too: it allows escapes wherever JSON would put some.
Sources: the providers' documentation of their keys, and the rules of public secret scanners.
"""

import base64
import binascii
import re
from collections.abc import Callable
from itertools import product
from typing import Final, NamedTuple

from honeyhive.export.redaction.matcher import Needle, Seed

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
    matcher the start of a long pattern costs far more than its end. Hint and anchor begin at the same place, and one of the
    seeds is there too: that is all that a matcher without native code can look for.
    """

    name: str
    hint: bytes
    anchor: bytes
    find: Find
    seeds: tuple[Seed, ...]

    @property
    def needle(self) -> Needle:
        """What the matcher looks for."""
        return Needle(self.hint, self.anchor, self.seeds)


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


_LITERAL: Final = re.compile(rb"(?:\\(\W)|\[([A-Za-z]+)\]|\(\?:([a-z|-]+)\)|([A-Za-z0-9_:-]))(?![{?*+])")


def _seeds(pattern: bytes) -> tuple[Seed, ...]:
    """The texts that the beginning of *pattern* stands for: letters, classes and alternatives, up to anything else."""
    parts: list[list[bytes]] = []
    position = 0
    while (part := _LITERAL.match(pattern, position)) is not None:
        escaped, letters, words, plain = part.groups()
        one_of = (
            [bytes((letter,)) for letter in letters] if letters else words.split(b"|") if words else [escaped or plain]
        )
        parts.append(one_of)
        position = part.end()
    return tuple((b"".join(text).lower(), 0) for text in product(*parts))


def _token(name: str, prefix: bytes, body: bytes, least: int, *, look: bytes = b"", starts: bool = False) -> Kind:
    """A secret of a *prefix* and at least *least* characters of the class *body*.

    *starts* where the prefix is weak; *look* has to match after it where ordinary names begin so too.
    """
    pattern = (_START if starts else b"") + prefix + look + body + b"{%d,}" % least
    hint = prefix + body + b"{%d}" % min(least, _ENOUGH)
    return Kind(name, hint, prefix, _by(pattern), _seeds(prefix))


def _is_basic(secret: bytes) -> bool:
    """Whether *secret* is ``user:password`` in base64, and not an ordinary word after "basic"."""
    try:
        return b":" in base64.b64decode(secret + b"=" * (-len(secret) % 4), validate=True)
    except binascii.Error:
        return False


def _is_credential(secret: bytes) -> bool:
    """Whether what stands before the ``@`` of a URL is more than a user's name."""
    _, colon, password = secret.partition(b":")
    if password == b"REDACTED":  # by an instrumentation, as OpenTelemetry's conventions want it
        return False
    return bool(colon and password) or len(secret) >= _LONG_USER


def _is_user_and_password(secret: bytes) -> bool:
    user, _, password = secret.partition(b":")
    return password != user and not (user.isdigit() and password.isdigit())


def _azure_key(text: bytes, start: int) -> Bounds | None:
    """A key of 84 characters, known by the signature inside it, which was seen at *start*."""
    match = _AZURE_KEY.match(text, max(0, start - _BEFORE_SIGNATURE))
    return None if match is None else match.span()


_BEFORE_SIGNATURE: Final = 52
_AZURE_KEY: Final = re.compile(rb"[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{10,}")
_LONG_USER: Final = 20
# A digit, or letters in one piece: `sk-estimators-with-defaults` is the name of something.
_RANDOM: Final = rb"(?=[A-Za-z_-]{0,64}[0-9]|[A-Za-z]{16})"
_WORD: Final = rb"[A-Za-z0-9]"
_WIDE: Final = rb"[A-Za-z0-9_-]"

_SIGNED: Final = rb"[?&;](?i:x-(?:amz|goog)-signature|signature|sig)="

KINDS: Final = (
    _token("anthropic-key", rb"sk-ant-", _WIDE, 8),
    _token("openai-key", rb"sk-(?:proj|svcacct|admin|or-v1)-", _WIDE, 8),
    _token("openai-key", rb"sk-", _WIDE, 16, starts=True, look=_RANDOM),
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
        _seeds(rb"A[KSBC][IC]A"),
    ),
    _token("aws-key", rb"ABSK", rb"[A-Za-z0-9+/=]", 40, starts=True),
    Kind("azure-key", rb"JQQJ99[A-Za-z0-9]{8}", rb"JQQJ99", _azure_key, _seeds(rb"JQQJ99")),
    # Of a URL that is its own permission: Azure, AWS, Google, CloudFront.
    Kind(
        "url-signature",
        _SIGNED + rb"[A-Za-z0-9%_~+/-]{8}",
        _SIGNED,
        _by(_SIGNED + rb"(?P<secret>[A-Za-z0-9%+/=_~.-]{20,})"),
        ((b"x-amz-signature=", 1), (b"x-goog-signature=", 1), (b"signature=", 1), (b"sig=", 1)),
    ),
    Kind(
        "url-token",
        rb"[?&;](?i:token)=[A-Za-z0-9%_~.-]{8}",
        rb"[?&;](?i:token)=",
        _by(rb"[?&;](?i:token)=(?P<secret>(?=[A-Za-z0-9%_~.-]{0,64}[0-9])[A-Za-z0-9%+/=_~.-]{16,})"),
        ((b"token=", 1),),
    ),
    _token("groq-key", rb"gsk_", _WORD, 16),
    _token("huggingface-token", rb"hf_", _WORD, 16, starts=True),
    _token("github-token", rb"gh[pousr]_", _WORD, 16),
    _token("github-token", rb"github_pat_", rb"[A-Za-z0-9_]", 16),
    _token("gitlab-token", rb"gl(?:pat|ptt|rt|dt|cbt|imt|ft|soat|oas|agent)-", _WIDE, 16),
    _token("slack-token", rb"xox[abeoprs]-", _WIDE, 10),
    _token("slack-token", rb"xapp-", _WIDE, 10),
    _token("slack-webhook", rb"hooks\.slack\.com\\{0,6}/(?:services|workflows)", rb"[A-Za-z0-9_/\\]", 20),
    _token("discord-webhook", rb"webhooks\\{0,6}/[0-9]{12,24}\\{0,6}/", _WIDE, 30),
    _token("teams-webhook", rb"IncomingWebhook\\{0,6}/", rb"[A-Za-z0-9/\\-]", 30),
    _token("stripe-key", rb"[sr]k_(?:live|test)_", _WORD, 10),
    _token("stripe-secret", rb"whsec_", rb"[A-Za-z0-9+/=]", 16),
    _token("langsmith-key", rb"lsv2_(?:pt|sk)_", rb"[A-Za-z0-9_]", 16),
    _token("langsmith-key", rb"ls__", rb"[A-Za-z0-9_]", 16, starts=True, look=_RANDOM),
    Kind(
        "honeyhive-key",
        rb"hh_[A-Za-z0-9_-]{8}",
        rb"hh_",
        _by(_APART + rb"hh_(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{20,}"),
        _seeds(rb"hh_"),
    ),
    _token("cerebras-key", rb"csk-", _WORD, 32, starts=True),
    _token("together-key", rb"tgp_v1_", _WIDE, 32),
    _token("elevenlabs-key", rb"sk_", rb"[0-9a-f]", 40, starts=True),
    _token("sandbox-key", rb"e2b_", rb"[0-9a-f]", 32, starts=True),
    _token("firecrawl-key", rb"fc-", rb"[0-9a-f]", 32, starts=True),
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
    _token("grafana-token", rb"gl(?:sa|c)_", rb"[A-Za-z0-9_+/=]", 32, starts=True),
    _token("newrelic-key", rb"NRAK-", rb"[0-9A-Z]", 20),
    _token("supabase-key", rb"sbp_", rb"[0-9a-f]", 32, starts=True),
    _token("supabase-key", rb"sb_secret_", _WIDE, 16, starts=True),
    _token("shopify-token", rb"shp(?:at|ss|ca|pa)_", rb"[0-9a-fA-F]", 32),
    _token("atlassian-token", rb"ATATT3", rb"[A-Za-z0-9_=-]", 40),
    _token("docker-token", rb"dckr_pat_", _WIDE, 16),
    _token("doppler-token", rb"dp\.(?:pt|st|ct|sa|scim|audit)\.", _WIDE, 32, starts=True),
    _token("figma-token", rb"figd_", _WIDE, 20),
    _token("postman-key", rb"PMAK-", rb"[0-9a-f-]", 32),
    _token("age-key", rb"AGE-SECRET-KEY-1", rb"[0-9A-Z]", 40),
    _token("twilio-key", rb"SK", rb"[0-9a-f]", 32, starts=True),
    Kind(
        "telegram-token",
        rb"[0-9]{8}:AA[A-Za-z0-9_-]{8}",
        rb"[0-9]{8}:AA",
        _by(rb"[0-9]{8}:AA[A-Za-z0-9_-]{30,}"),
        ((b":aa", 8),),
    ),
    Kind(
        "jwt",
        rb"eyJ[A-Za-z0-9_-]{8}",
        rb"eyJ",
        # A header may hold certificates; of what is encrypted the second part may be empty.
        _by(_APART + rb"eyJ[A-Za-z0-9_-]{8,16384}\.(?:[A-Za-z0-9_-]{8,}|(?=\.))(?:\.[A-Za-z0-9_.-]*)?"),
        _seeds(rb"eyJ"),
    ),
    Kind(
        "private-key",
        rb"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY",
        rb"-----BEGIN ",
        # Up to its end, or to the end of everything where that was cut off.
        _by(rb"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY(?:(?!-----END)[\s\S])*(?:-----END[A-Z0-9 ]{0,40}-----)?"),
        ((b"-----begin ", 0),),
    ),
    Kind(
        "bearer-token",
        rb"(?i:bearer)(?:[\s:=]|\\+[nrt])",
        rb"(?i:bearer)",
        _by(
            rb"(?i:bearer)(?:[:=]|\s|\\+[nrt])+\\*[\"']?"
            rb"(?P<secret>(?=[^\s\"']{0,64}[0-9._~+/=-]|[A-Za-z]{16})[A-Za-z0-9._~+/=-]{8,})"
        ),
        _seeds(rb"bearer"),
    ),
    Kind(
        "basic-credentials",
        rb"(?i:basic)(?:\s|\\+[nrt])+[A-Za-z0-9+/]{6}",
        rb"(?i:basic)",
        _by(rb"(?i:basic)" + SPACE + rb"+(?P<secret>[A-Za-z0-9+/]{6,}={0,2})", _is_basic),
        _seeds(rb"basic"),
    ),
    # Of curl and its like; `--user 1000:1000` and `--user node:node` are a user and a group.
    Kind(
        "basic-credentials",
        rb"\s(?:-u|--user)[\s=][^\s:/]{1,64}:[^\s:/]",
        rb"\s(?:-u|--user)[\s=]",
        _by(
            rb"\s(?:-u|--user)[\s=][\s\"'\\]{0,4}(?P<secret>[^\s:/\"'\\]{1,64}:[^\s\"'\\]{1,256})",
            _is_user_and_password,
        ),
        ((b"-u", 1), (b"--user", 1)),
    ),
    Kind(
        "url-credentials",
        rb":\\*/\\*/[^\s/@]+@",
        rb":\\*/\\*/",
        _by(rb":\\*/\\*/(?P<secret>[^\s/\"'<>]*)@", _is_credential),
        ((b":/", 0), (b":\\", 0)),
    ),
)

# `\u0073k-…` is `sk-…` to whoever parses it: printable ASCII that is written as an escape. Of those of URLs, which are many,
# only such as may hide what is around a secret: `"…":`, `=` and `://`.
_ESCAPES: Final = rb"\\u00[2-7][0-9A-Fa-f]|%(?i:22(?:%20)?%3a|27(?:%20)?%3a|3d|3a%2f%2f)"
ESCAPE_NEEDLE: Final = Needle(
    _ESCAPES, _ESCAPES, ((rb"\u00", 0), (b"%22%", 0), (b"%27%", 0), (b"%3d", 0), (b"%3a%2f%2f", 0))
)
ESCAPE: Final = re.compile(rb"(?:\\+u00|%)([2-7][0-9A-Fa-f])")


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
    return Kind("own-key", hint, hint, find, ((run.lower(), 0),))
