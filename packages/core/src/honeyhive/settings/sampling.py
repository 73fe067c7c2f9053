"""Which sessions are recorded: rules and rates, checked when they are given."""

import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from honeyhive.errors import ConfigurationError

_RATIO_SAMPLERS: Final = frozenset({"traceidratio", "parentbased_traceidratio"})
_FIXED_SAMPLERS: Final = {
    "always_on": 1.0,
    "parentbased_always_on": 1.0,
    "always_off": 0.0,
    "parentbased_always_off": 0.0,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRule:
    """How much of what it matches is recorded: *rate* from 0 (nothing) to 1 (all); the first rule that matches decides.

    *session_name* and *event_name* are patterns with ``*`` and ``?``. *attributes* are what was said of the session at its
    start, by field and key (``{"user_properties.plan": "free"}``). A rule with an event name decides about events of that
    name instead of sessions. Raises `ConfigurationError` for a rate outside of 0 to 1.
    """

    rate: float
    session_name: str | None = None
    event_name: str | None = None
    attributes: Mapping[str, object] = dataclasses.field(default_factory=dict[str, object])

    def __post_init__(self) -> None:
        check_rate("rate of a sampling rule", self.rate)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """What is known of a session when it starts, for a sampler of the user's own."""

    session_id: str
    name: str
    fields: Mapping[str, Mapping[str, object]]
    """What was said of it so far: ``inputs``, ``metadata``, ``user_properties``, … where given."""


Sampler = Callable[[SessionStart], "bool | float | None"]
"""Decides about one session: True, False, a rate, or None to leave it to rules and rate."""


def check_rate(name: str, rate: Any) -> None:
    """Raise `ConfigurationError` unless *rate* is a number from 0 to 1."""
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1 or math.isnan(rate):
        message = f"{name} is {rate!r}; it must be a number from 0 (nothing) to 1 (everything)"
        raise ConfigurationError(message)


def rules_of(given: Iterable[SamplingRule | Mapping[str, Any]]) -> tuple[SamplingRule, ...]:
    """*given* as rules; a mapping has a rule's fields. Raises `ConfigurationError` for an unknown or missing one."""
    return tuple(rule if isinstance(rule, SamplingRule) else _rule_of(rule) for rule in given)


def _rule_of(given: Mapping[str, Any]) -> SamplingRule:
    known = [field.name for field in dataclasses.fields(SamplingRule)]
    for name in given:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(known)}"
            message = f"unknown field {name!r} of a sampling rule; {hint}"
            raise ConfigurationError(message)
    if "rate" not in given:
        message = f"a sampling rule has no rate: {dict(given)!r}; add one from 0 to 1"
        raise ConfigurationError(message)
    return SamplingRule(**given)


def rate_of_opentelemetry(environment: Mapping[str, str]) -> float | None:
    """The rate that ``OTEL_TRACES_SAMPLER`` and its ``_ARG`` stand for; None where they say nothing we know.

    1.x thinned out by them, because its provider was OpenTelemetry's. What decides here is the session, not the trace.
    """
    name = environment.get("OTEL_TRACES_SAMPLER", "").strip().lower()
    if name in _FIXED_SAMPLERS:
        return _FIXED_SAMPLERS[name]
    if name not in _RATIO_SAMPLERS:
        return None
    text = environment.get("OTEL_TRACES_SAMPLER_ARG", "").strip()
    try:
        rate = float(text) if text else 1.0
    except ValueError:
        return 1.0  # OpenTelemetry's specification: an argument that cannot be read counts as not given
    return rate if 0 <= rate <= 1 else 1.0
