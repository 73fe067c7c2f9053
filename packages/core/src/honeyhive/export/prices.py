"""What a model call costs, by the public price list of ``genai-prices``."""

import dataclasses
from functools import lru_cache
from typing import Any

from honeyhive.events.event import Usage
from honeyhive.lateload import late_imports


@dataclasses.dataclass(frozen=True, slots=True)
class Price:
    """A cost in USD and where the price comes from: the list's name and version."""

    cost: float
    source: str


def price(usage: Usage, model: str | None, provider: str | None) -> Price | None:
    """The price of *usage*, or None when the model is unknown.

    *provider* is a hint; a model that the list does not have under it is looked up under any provider.
    """
    if model is None:
        return None
    counts: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    total = _total(tuple(sorted((name, count) for name, count in counts.items() if count is not None)), model, provider)
    return None if total is None else Price(total, _source())


@lru_cache(1024)
def _total(counts: tuple[tuple[str, int], ...], model: str, provider: str | None) -> float | None:
    # The list itself is imported by the first look-up.
    with late_imports():
        from genai_prices import Usage as PricedUsage  # noqa: PLC0415  half a second of imports, on first use only
        from genai_prices import calc_price  # noqa: PLC0415

        for provider_id in dict.fromkeys((provider, None)):
            try:
                priced = calc_price(PricedUsage(**dict(counts)), model_ref=model, provider_id=provider_id)
            except LookupError:
                continue
            except ValueError:  # counts that contradict each other, such as more cached than input tokens
                return None
            return float(priced.total_price)
    return None


@lru_cache(1)
def _source() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return f"genai-prices {version('genai-prices')}"
