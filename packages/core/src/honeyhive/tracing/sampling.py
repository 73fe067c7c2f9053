"""Which sessions are recorded, and what is kept of those that are not.

A decision is made once a session, at its start, and is a pure function of the session id wherever only a rate decides: every
process with the same rate comes to the same one. Where names, attributes or a callable decide, it travels with the session.
"""

import hashlib
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from honeyhive.events.wire import read_fields
from honeyhive.guard import guard
from honeyhive.settings import Settings
from honeyhive.settings.sampling import SamplingRule, SessionStart, check_rate

if TYPE_CHECKING:
    from honeyhive.tracing.session import SessionScope

_HASH_BYTES: Final = 8
_NAME_FIELD: Final = 5  # `name` of opentelemetry/proto/trace/v1/trace.proto's Span
_NS_PER_MS: Final = 1_000_000


class Sampling:
    """What one tracer samples by; there is none (None) where everything is recorded."""

    def __init__(self, settings: Settings) -> None:
        self._rate = settings.sample_rate
        self._sampler = settings.sampler
        self._session_rules = [rule for rule in settings.sample_rules if rule.event_name is None]
        self._event_rules = [rule for rule in settings.sample_rules if rule.event_name is not None]
        self._keep_errors = settings.keep_errors
        slower = settings.keep_slower_than_ms
        self._keep_slower_ns = None if slower is None else int(slower * _NS_PER_MS)
        self.has_event_rules = bool(self._event_rules)

    def is_sampled(self, session: "SessionScope", *, is_start: bool) -> bool:
        """Whether *session* is recorded; rules and the user's callable see only sessions that start here."""
        rate: bool | float | None = self._rate_at_start(session) if is_start else None
        if isinstance(rate, bool):
            return rate
        return is_within(session.session_id, self._rate if rate is None else rate)

    def _rate_at_start(self, session: "SessionScope") -> bool | float | None:
        if self._sampler is not None:
            with guard("ask the sampler"):
                start = SessionStart(session_id=session.session_id, name=session.name, fields=session.fields)
                answer = self._sampler(start)
                if answer is not None:
                    return _checked(answer)
        return next((rule.rate for rule in self._session_rules if _matches(rule, session)), None)

    def keeps(self, session: "SessionScope", name: str, *, is_error: bool, duration_ns: int) -> bool:
        """Whether an event called *name* that ended in *session* is recorded: by rule, as the session, or for its end."""
        for rule in self._event_rules:
            if fnmatchcase(name, rule.event_name or "*") and _matches(rule, session):
                is_kept = is_within(session.session_id, rule.rate)
                break
        else:
            is_kept = session.is_sampled
        if is_kept or (is_error and self._keep_errors):
            return True
        return self._keep_slower_ns is not None and duration_ns > self._keep_slower_ns

    @property
    def keeps_errors(self) -> bool:
        """Whether what ended with an error is kept in any case."""
        return self._keep_errors


def sampling_of(settings: Settings) -> Sampling | None:
    """How *settings* want sessions sampled; None where everything is recorded, so that it costs nothing."""
    if settings.sample_rate >= 1 and settings.sampler is None and not settings.sample_rules:
        return None
    return Sampling(settings)


def is_within(session_id: str, rate: float) -> bool:
    """Whether *session_id* is among the *rate* of sessions that are recorded; those of a lower rate are among them."""
    if rate >= 1:
        return True
    if rate <= 0:
        return False
    digest = hashlib.blake2b(session_id.encode(), digest_size=_HASH_BYTES).digest()
    return int.from_bytes(digest, "big") < rate * (1 << 8 * _HASH_BYTES)


def _checked(answer: bool | float) -> bool | float:
    """*answer* of the user's callable, which may be of a type of its own; raises for what is no rate."""
    if isinstance(answer, bool):
        return answer
    rate = float(answer)
    check_rate("what the sampler returned", rate)
    return rate


def _matches(rule: SamplingRule, session: "SessionScope") -> bool:
    if rule.session_name is not None and not fnmatchcase(session.name, rule.session_name):
        return False
    for path, wanted in rule.attributes.items():
        field, _, key = path.partition(".")
        if not _is_same(session.fields.get(field, {}).get(key), wanted):
            return False
    return True


def _is_same(said: object, wanted: object) -> bool:
    with guard("apply a sampling rule"):  # arrays, for one, are neither equal nor unequal
        return bool(said == wanted)
    return False


@lru_cache(2048)
def name_in(static: bytes) -> str:
    """The span name that the static part of an event's bytes begins with."""
    for number, value in read_fields(static):
        if number == _NAME_FIELD and isinstance(value, bytes):
            return value.decode("utf-8", "replace")
    return ""
