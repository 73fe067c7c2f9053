"""What a model call costs, by the public price list of ``genai-prices``."""

import dataclasses
import datetime as dt
import re
from functools import lru_cache
from typing import Any, Final, cast

from honeyhive.events.usage import Usage, sound
from honeyhive.lateload import late_imports


@dataclasses.dataclass(frozen=True, slots=True)
class Price:
    """A cost in USD, where the price comes from (the list's name and version), and of which day it is.

    ``date`` is the latest day for which the list vouches for the price, in ISO 8601: the day the list was fetched, where the
    program updates it; else the day the price came into force. It is None where the list names neither: the one that comes with
    the package has no date of its own, and most of its prices have none.
    """

    cost: float
    source: str
    date: str | None = None


# Who serves models on the program's own machines; what that costs is in no list, though others sell the same models.
_OWN_MACHINES: Final = frozenset(
    {"ollama", "vllm", "llamacpp", "llama.cpp", "llamafile", "lmstudio", "lm_studio", "localai"}
)
# Google's APIs take a model's name and the name of its resource.
_RESOURCE: Final = re.compile(r"^(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/)?models/")


def price(usage: Usage, model: str | None, provider: str | None) -> Price | None:
    """The price of *usage*, or None when the model is unknown, its input is, or it runs on the program's own machines.

    *provider* is a hint; a model that the list does not have under it is looked up under any provider.
    """
    usage = sound(usage)
    if model is None or usage.input_tokens is None or (provider or "").lower() in _OWN_MACHINES:
        return None
    model = _RESOURCE.sub("", model) if "models/" in model else model
    counts: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "input_audio_tokens": usage.input_audio_tokens,
        "output_audio_tokens": usage.output_audio_tokens,
    }
    known = tuple(sorted((name, count) for name, count in counts.items() if count is not None))
    # The day is part of the question: lists name prices that begin later.
    return _priced(known, model, provider, dt.datetime.now(dt.UTC).date())


@lru_cache(1024)
def _priced(counts: tuple[tuple[str, int], ...], model: str, provider: str | None, _today: dt.date) -> Price | None:
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
            return Price(float(priced.total_price), _source(), _date_of(priced))
    return None


def _date_of(priced: Any) -> str | None:
    fetched = priced.auto_update_timestamp
    if fetched is not None:
        return fetched.date().isoformat()
    listed = priced.model.prices
    alternatives = cast("list[Any]", listed) if isinstance(listed, list) else []
    applied = next((one for one in alternatives if one.prices is priced.model_price), None)
    start = getattr(getattr(applied, "constraint", None), "start_date", None)
    return start.isoformat() if isinstance(start, dt.date) else None


@lru_cache(1)
def _source() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return f"genai-prices {version('genai-prices')}"
