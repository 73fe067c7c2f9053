"""What is recorded at all, what is taken out before anything leaves the process, and how large an event may be."""

import dataclasses
import re
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any, Final, Literal, Protocol, cast, get_args

import orjson

from honeyhive.errors import ConfigurationError
from honeyhive.settings.checks import check_choice, check_positive

Capture = Literal["all", "metadata", "none"]
RedactMode = Literal["mask", "hash"]
RedactText = Callable[[str], str]

CAPTURE_FIELDS: Final = ("inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties")


class PIIFinding(Protocol):
    """A piece of text that is personal: characters ``start`` to ``end``, of the kind ``entity_type``."""

    entity_type: str
    start: int
    end: int


class PIIAnalyzer(Protocol):
    """Finds personal data in a text; Presidio's ``AnalyzerEngine`` is one."""

    def analyze(self, text: str, language: str) -> Sequence[PIIFinding]:
        """The findings in *text*; *language* is an ISO 639-1 code."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrivacySettings:
    """The part of `Settings` that is about privacy and size."""

    capture: Capture = "all"
    """``HH_CAPTURE``: ``all``, ``metadata`` (no inputs, outputs, config or content of spans) or ``none`` (names and times)."""
    capture_exclude: tuple[str, ...] = ()
    """``HH_CAPTURE_EXCLUDE`` (comma-separated): keys that are not read, such as ``inputs.prompt`` or ``outputs.*``."""
    redact_secrets: bool = True
    """``HH_REDACT_SECRETS``: whether credentials are recognised by their form and taken out."""
    redact_keys: tuple[str, ...] = ()
    """``HH_REDACT_KEYS`` (comma-separated): names whose values are taken out, besides ``password`` and its like."""
    redact_patterns: tuple[re.Pattern[str], ...] = ()
    """``HH_REDACT_PATTERNS`` (a JSON array of regular expressions): what they match is taken out of every text."""
    redact_with: tuple[RedactText, ...] = dataclasses.field(default=(), repr=False)
    """Functions from text to text that every text goes through, in the worker."""
    redact_pii: bool | PIIAnalyzer = False
    """``HH_REDACT_PII``: whether Presidio (``honeyhive[pii]``), or the analyzer given, takes personal data out."""
    redact_mode: RedactMode = "mask"
    """``HH_REDACT_MODE``: ``mask``, or ``hash`` to mark equal secrets by equal keyed hashes."""
    max_event_bytes: int = 4 << 20
    """``HH_MAX_EVENT_BYTES`` or ``HH_MAX_SPAN_SIZE``: size that the texts of an event are cut to."""
    max_session_bytes: int | None = None
    """``HH_MAX_SESSION_BYTES``: bytes of one session in one process, after which events keep only the ends of texts."""
    max_attributes: int = 1024
    """``HH_MAX_ATTRIBUTES``: keys and attributes of one event; identity is kept besides."""
    max_events: int = 1024
    """``HH_MAX_EVENTS``: OpenTelemetry span events of one event."""
    max_links: int = 128
    """``HH_MAX_LINKS``: links of one event."""
    preserve_core_attributes: bool = True
    """``HH_PRESERVE_CORE_ATTRIBUTES``: accepted for 1.x; limits never touch identity here, whatever it says."""

    def check_privacy(self) -> None:
        """Raise `ConfigurationError` for a value that cannot be used."""
        check_choice("capture", self.capture, get_args(Capture))
        check_choice("redact_mode", self.redact_mode, get_args(RedactMode))
        for name in ("max_session_bytes", "max_attributes", "max_events", "max_links"):
            check_positive(name, getattr(self, name))
        if self.max_event_bytes < _LEAST_EVENT_BYTES:
            message = f"max_event_bytes is {self.max_event_bytes!r}; it must be at least {_LEAST_EVENT_BYTES}"
            raise ConfigurationError(message)
        if not isinstance(self.redact_pii, bool) and not callable(getattr(self.redact_pii, "analyze", None)):
            kind = type(self.redact_pii).__name__
            message = f"redact_pii is of type {kind}; it is True, False, or an object with analyze(text, language)"
            raise ConfigurationError(message)
        if self.redact_pii is True:
            _check_presidio()
        for key in self.capture_exclude:
            if key.partition(".")[0] not in CAPTURE_FIELDS:
                message = f"capture_exclude has {key!r}; a key begins with one of {', '.join(CAPTURE_FIELDS)}"
                raise ConfigurationError(message)


def _check_presidio() -> None:
    """Raise `ConfigurationError` unless Presidio and the model that it uses are installed; neither is imported here."""
    if find_spec("presidio_analyzer") is None:
        message = "redact_pii needs Presidio; run: pip install 'honeyhive[pii]', or give an analyzer of your own"
        raise ConfigurationError(message)
    if find_spec(_PRESIDIO_MODEL) is None:
        message = (
            f"redact_pii: Presidio needs the language model {_PRESIDIO_MODEL}; run: python -m spacy download {_PRESIDIO_MODEL}, "
            "or give an AnalyzerEngine with another one"
        )
        raise ConfigurationError(message)


# What Presidio loads unless it is told otherwise; it would download it by itself, which no tracer may.
_PRESIDIO_MODEL: Final = "en_core_web_lg"

# Below this, what an event is (ids, name, times, status) would not fit.
_LEAST_EVENT_BYTES: Final = 4096


def normalize_privacy(values: dict[str, Any]) -> None:
    """Bring what a user gave for these settings into the types of the record; raises `ConfigurationError`."""
    for name in ("capture_exclude", "redact_keys"):
        if name in values:
            given = values[name]
            values[name] = parse_names(given) if isinstance(given, str) else tuple(given)
    if "redact_patterns" in values:
        given = values["redact_patterns"]
        is_one = isinstance(given, (str, re.Pattern))
        values["redact_patterns"] = (_pattern(cast("object", given)),) if is_one else tuple(map(_pattern, given))
    if "redact_with" in values:
        values["redact_with"] = _functions(values["redact_with"])


def _pattern(given: object) -> re.Pattern[str]:
    if isinstance(given, re.Pattern):
        pattern = cast("re.Pattern[Any]", given)
        if isinstance(pattern.pattern, str):
            return pattern
        message = f"redact_patterns has {pattern.pattern!r}; patterns are of text, not of bytes"
        raise ConfigurationError(message)
    try:
        return re.compile(cast("str", given))
    except (re.error, TypeError) as error:
        message = f"redact_patterns has {given!r}, which is no regular expression ({error})"
        raise ConfigurationError(message) from None


def _functions(given: object) -> tuple[RedactText, ...]:
    functions = tuple(cast("Iterable[object]", given)) if isinstance(given, (tuple, list)) else (given,)
    if not all(map(callable, functions)):
        message = "redact_with is a function from text to text, or a sequence of such"
        raise ConfigurationError(message)
    return cast("tuple[RedactText, ...]", functions)


def parse_names(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def parse_patterns(text: str) -> tuple[re.Pattern[str], ...]:
    """A JSON array of regular expressions; raises ``ValueError`` for anything else."""
    try:
        given = orjson.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, list):
        message = 'write a JSON array of regular expressions, such as ["\\\\bEMP-[0-9]{6}\\\\b"]'
        raise ValueError(message)  # noqa: TRY004  parsers say ValueError
    try:
        return tuple(re.compile(pattern) for pattern in cast("list[str]", given))
    except (re.error, TypeError) as error:
        message = f"write regular expressions ({error})"
        raise ValueError(message) from None
