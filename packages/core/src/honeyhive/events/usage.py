"""Tokens and cost of one provider call, and what makes a report of them inclusive (design decision 11)."""

import dataclasses
import math
from operator import attrgetter
from typing import Any, Final, TypeGuard

from honeyhive import semconv

# A count of more digits is no count of tokens, and soon no number that JSON's readers agree on.
_MAX_DIGITS: Final = 15
_TOO_MANY: Final = 10**_MAX_DIGITS


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one provider call.

    Totals are inclusive: ``input_tokens`` contains the cached ones and ``output_tokens`` the reasoning ones; details are
    subsets and are never subtracted (design decision 11). ``cost`` is in USD. None means that the provider did not say.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    cost: float | None = None

    @property
    def total(self) -> int | None:
        """The provider's total, or the sum of input and output when it gave both."""
        if self.total_tokens is not None:
            return self.total_tokens
        if self.input_tokens is None or self.output_tokens is None:
            return None
        return self.input_tokens + self.output_tokens

    def to_metadata(self) -> dict[str, Any]:
        """The names that an event's metadata has for it; what the provider did not say is left out."""
        values = {
            semconv.PROMPT_TOKENS: self.input_tokens,
            semconv.COMPLETION_TOKENS: self.output_tokens,
            semconv.TOTAL_TOKENS: self.total,
            semconv.CACHE_READ_TOKENS: self.cache_read_tokens,
            semconv.CACHE_WRITE_TOKENS: self.cache_write_tokens,
            semconv.REASONING_TOKENS: self.reasoning_tokens,
            semconv.INPUT_AUDIO_TOKENS: self.input_audio_tokens,
            semconv.OUTPUT_AUDIO_TOKENS: self.output_audio_tokens,
            semconv.COST: self.cost,
        }
        return {name: value for name, value in values.items() if value is not None}


_COUNTS: Final = tuple(field.name for field in dataclasses.fields(Usage) if field.name != "cost")
_counts_of: Final = attrgetter(*_COUNTS)


def sound(usage: Usage) -> Usage:
    """*usage* of whatever a provider or a program reported: what is no count or no amount is not known, totals inclusive."""
    if usage.cost is None and all(value is None or _is_count(value) for value in _counts_of(usage)):
        return inclusive(usage)
    counts: dict[str, Any] = dict(zip(_COUNTS, map(count, _counts_of(usage)), strict=True))
    return inclusive(Usage(**counts, cost=money(usage.cost)))


def inclusive(usage: Usage) -> Usage:
    """*usage* with totals that contain their details.

    Two things prove a report exclusive: details that are more than what would contain them (Anthropic's own counts), and a
    total that is the sum of everything (Gemini's, for reasoning). All other reports stay as they are.
    """
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    reasoning = usage.reasoning_tokens or 0
    tokens_in, tokens_out, total = usage.input_tokens, usage.output_tokens, usage.total_tokens
    if tokens_in is not None and cached > tokens_in:
        tokens_in, cached = tokens_in + cached, 0
    if tokens_out is not None and reasoning > tokens_out:
        tokens_out, reasoning = tokens_out + reasoning, 0
    if total is not None and tokens_in is not None and tokens_out is not None:
        missing = total - tokens_in - tokens_out
        if missing > 0 and missing in (cached, cached + reasoning):
            tokens_in += cached
            missing -= cached
        if missing > 0 and missing == reasoning:
            tokens_out += reasoning
        # A total that leaves out what its parts contain would make the sums of a session contradict each other.
        total = max(total, tokens_in + tokens_out)
    elif total is None and tokens_in is not None and tokens_out is not None:
        total = tokens_in + tokens_out
    if (tokens_in, tokens_out, total) == (usage.input_tokens, usage.output_tokens, usage.total_tokens):
        return usage
    return dataclasses.replace(usage, input_tokens=tokens_in, output_tokens=tokens_out, total_tokens=total)


def count(value: object) -> int | None:
    """*value* as a number of tokens: whole, not negative, as a text of digits too; None when it is none."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) <= _MAX_DIGITS else None
    if isinstance(value, float):
        value = int(value) if math.isfinite(value) and value.is_integer() else None
    return value if _is_count(value) else None


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < _TOO_MANY


def money(value: object) -> float | None:
    """*value* as an amount in USD, which is finite and not negative; None when it is none."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None
