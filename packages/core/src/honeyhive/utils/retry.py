"""How often and after how long the API client tries again."""

import dataclasses
import os
from collections.abc import Collection
from typing import Any, Self

from honeyhive.chance import chance
from honeyhive.errors import ConfigurationError

_DEFAULT_MAX_RETRIES = 3
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})


@dataclasses.dataclass(slots=True)
class BackoffStrategy:
    """Growing waits, in seconds: *multiplier* times longer each time, up to *max_delay*, give or take *jitter* of it."""

    initial_delay: float = 1.0
    max_delay: float = 60.0
    multiplier: float = 2.0
    jitter: float = 0.1

    def get_delay(self, attempt: int) -> float:
        """Seconds before attempt number *attempt*, the first repetition being 1; none before the first attempt, 0."""
        if attempt <= 0:
            return 0.0
        delay = min(self.initial_delay * self.multiplier ** (attempt - 1), self.max_delay)
        return max(0.0, delay * (1 + chance.uniform(-self.jitter, self.jitter)))


@dataclasses.dataclass(slots=True)
class RetryConfig:
    """When a request of the API client is repeated: at most *max_retries* times, for the status codes named.

    A request that might be carried out twice is repeated only when the server certainly did nothing. Raises
    `ConfigurationError` for a negative number.
    """

    strategy: str = "exponential"
    backoff_strategy: BackoffStrategy = dataclasses.field(default_factory=BackoffStrategy)
    max_retries: int = _DEFAULT_MAX_RETRIES
    retry_on_status_codes: Collection[int] = _RETRIED

    def __post_init__(self) -> None:
        if self.max_retries < 0:
            message = f"max_retries is {self.max_retries!r}; it must be 0 or more"
            raise ConfigurationError(message)

    @classmethod
    def default(cls) -> Self:
        """Three further attempts with growing waits."""
        return cls()

    @classmethod
    def from_env(cls) -> Self:
        """The default, with the number of ``HH_MAX_RETRIES`` where it is set; raises `ConfigurationError` for another text."""
        text = os.environ.get("HH_MAX_RETRIES", "").strip()
        if not text:
            return cls()
        if not text.isdecimal():
            message = f"HH_MAX_RETRIES is {text!r}; write a whole number, 0 for none"
            raise ConfigurationError(message)
        return cls(max_retries=int(text))

    @classmethod
    def from_optional(cls, value: Any = None) -> Self:
        """*value* itself, or one with its ``max_retries``; without a value, `from_env`."""
        if value is None or isinstance(value, cls):
            return cls.from_env() if value is None else value
        number = getattr(value, "max_retries", None)
        if not isinstance(number, int):
            message = "retry_config has no max_retries; give a honeyhive.utils.RetryConfig"
            raise ConfigurationError(message)
        return cls(max_retries=number)

    @classmethod
    def exponential(
        cls,
        initial_delay: float = 1.0,
        max_delay: float = 60.0,
        multiplier: float = 2.0,
        max_retries: int = _DEFAULT_MAX_RETRIES,
    ) -> Self:
        """Waits that grow."""
        return cls("exponential", BackoffStrategy(initial_delay, max_delay, multiplier), max_retries)

    @classmethod
    def linear(cls, delay: float = 1.0, max_retries: int = _DEFAULT_MAX_RETRIES) -> Self:
        """Waits of *delay*, as 1.x understood the name."""
        return cls("linear", BackoffStrategy(delay, delay, 1.0), max_retries)

    @classmethod
    def constant(cls, delay: float = 1.0, max_retries: int = _DEFAULT_MAX_RETRIES) -> Self:
        """Waits of *delay*."""
        return cls("constant", BackoffStrategy(delay, delay, 1.0), max_retries)
