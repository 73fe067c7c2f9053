"""Tokens and cost as the conventions report them, made inclusive (design decision 11).

Totals contain their details, and nothing is ever subtracted. Where a report is exclusive by its own definition (langfuse) or
by its own arithmetic, the details are added to the totals.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final

from honeyhive import semconv
from honeyhive.events.conventions.reading import Reading, mapping
from honeyhive.events.usage import Usage, count, inclusive, money

_INPUT: Final = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
    "decision.token_count.input",
)
_OUTPUT: Final = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
    "decision.token_count.output",
)
_TOTAL: Final = ("gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens")
_CACHE_READ: Final = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
    "llm.token_count.prompt_details.cache_input",
)
_CACHE_WRITE: Final = (
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write",
)
_REASONING: Final = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)
_INPUT_AUDIO: Final = ("gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio")
_OUTPUT_AUDIO: Final = ("gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio")
# Modalities without a price of their own, by their names in the metadata.
_MODALITIES: Final = {
    f"{direction}_{modality}_tokens": f"gen_ai.usage.{modality}.{direction}_tokens"
    for modality in ("text", "image", "video", "document")
    for direction in ("input", "output")
}
_COST: Final = ("gen_ai.usage.cost", "llm.cost.total", "operation.cost")
_COST_PARTS: Final = ("llm.cost.prompt", "llm.cost.completion")

_LANGFUSE_USAGE: Final = "langfuse.observation.usage_details"
_LANGFUSE_COST: Final = "langfuse.observation.cost_details"
_LANGFUSE_CACHE_READ: Final = ("input_cache_read", "input_cached_tokens", "cache_read_input_tokens", "cached_tokens")
_LANGFUSE_CACHE_WRITE: Final = ("input_cache_creation", "input_cache_write", "cache_creation_input_tokens")
_LANGFUSE_REASONING: Final = ("output_reasoning", "output_reasoning_tokens", "reasoning_tokens")


def read_usage(reading: Reading) -> Usage:
    """What the span reports, put into its metadata too: tokens, and a cost in USD where there is one."""
    theirs, other = _langfuse_usage(reading), inclusive(_reported(reading))
    usage = dataclasses.replace(theirs if theirs is not None else other, cost=_cost(reading))
    reading.put_all("metadata", usage.to_metadata())
    for name, attribute in _MODALITIES.items():
        reading.put("metadata", name, count(reading.take(attribute)))
    if usage.cost is not None:
        reading.put("metadata", semconv.COST_SOURCE, semconv.REPORTED)
    return usage


_PLAIN: Final = (
    ("input_tokens", _INPUT),
    ("output_tokens", _OUTPUT),
    ("total_tokens", _TOTAL),
    ("cache_read_tokens", _CACHE_READ),
    ("cache_write_tokens", _CACHE_WRITE),
    ("reasoning_tokens", _REASONING),
    ("input_audio_tokens", _INPUT_AUDIO),
    ("output_audio_tokens", _OUTPUT_AUDIO),
)
_NOT_PLAIN: Final = frozenset(
    {
        _LANGFUSE_USAGE,
        _LANGFUSE_COST,
        "gen_ai.usage.input_token_details",
        "gen_ai.usage.output_token_details",
        *_COST,
        *_COST_PARTS,
    }
)


def plain_usage(attributes: Mapping[str, object]) -> Usage | None:
    """What `read_usage` says of a span that reports one attribute a number, at a tenth of its cost.

    None where the report has another form, or a cost in it.
    """
    if not _NOT_PLAIN.isdisjoint(attributes):
        return None
    found: dict[str, int] = {}
    for field, names in _PLAIN:
        for name in names:
            number = count(attributes[name]) if name in attributes else None
            if number is not None:
                found[field] = number
                break
    return inclusive(Usage(**found))


def _reported(reading: Reading) -> Usage:
    # langsmith writes the details of langchain's `UsageMetadata` as one mapping each.
    inputs = mapping(_literal(reading.take("gen_ai.usage.input_token_details")))
    outputs = mapping(_literal(reading.take("gen_ai.usage.output_token_details")))

    def found(names: Iterable[str], other: object = None) -> int | None:
        values = [reading.take(name) for name in names if name in reading.attributes]
        numbers = [count(value) for value in (*values, other)]
        return next((number for number in numbers if number is not None), None)

    return Usage(
        input_tokens=found(_INPUT),
        output_tokens=found(_OUTPUT),
        total_tokens=found(_TOTAL),
        cache_read_tokens=found(_CACHE_READ, inputs.get("cache_read")),
        cache_write_tokens=found(_CACHE_WRITE, inputs.get("cache_creation")),
        reasoning_tokens=found(_REASONING, outputs.get("reasoning")),
        input_audio_tokens=found(_INPUT_AUDIO, inputs.get("audio")),
        output_audio_tokens=found(_OUTPUT_AUDIO, outputs.get("audio")),
    )


def _literal(value: object) -> object:
    """The details of langsmith, which it writes as Python writes a dict of numbers, as JSON."""
    return value.replace("'", '"') if isinstance(value, str) else value


def _langfuse_usage(reading: Reading) -> Usage | None:
    """The usage details of langfuse: totals exclude what has a key of its own, unless a provider reported them so."""
    details = {key: count(value) for key, value in mapping(reading.take(_LANGFUSE_USAGE)).items()}
    known = {key: value for key, value in details.items() if value is not None}
    if not known:
        return None
    if "prompt_tokens" in known or "input_tokens" in known:
        return inclusive(_provider_usage(reading, known))
    reads, writes = _sum(known, _LANGFUSE_CACHE_READ), _sum(known, _LANGFUSE_CACHE_WRITE)
    reasoning = _sum(known, _LANGFUSE_REASONING)
    total, tokens_in, tokens_out = known.get("total"), known.get("input"), known.get("output")
    # A total that is the sum of input and output alone proves that the details are in them.
    if total is None or tokens_in is None or tokens_out is None or total != tokens_in + tokens_out:
        extra_in = [key for key in known if key.startswith("input_")]
        extra_in += [key for key in (*_LANGFUSE_CACHE_READ, *_LANGFUSE_CACHE_WRITE) if key in known]
        extra_out = [key for key in known if key.startswith("output_")]
        extra_out += [key for key in _LANGFUSE_REASONING if key in known]
        tokens_in = _sum(known, {"input", *extra_in})
        tokens_out = _sum(known, {"output", *extra_out})
    usage = Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        total_tokens=total,
        cache_read_tokens=reads,
        cache_write_tokens=writes,
        reasoning_tokens=reasoning,
        input_audio_tokens=known.get("input_audio", known.get("input_audio_tokens")),
        output_audio_tokens=known.get("output_audio", known.get("output_audio_tokens")),
    )
    return inclusive(usage)


def _provider_usage(reading: Reading, known: Mapping[str, int]) -> Usage:
    """A provider's own report that was handed to langfuse as it is: OpenAI's completions or responses."""
    report = mapping(reading.attributes.get(_LANGFUSE_USAGE))
    inputs = mapping(report.get("prompt_tokens_details", report.get("input_tokens_details")))
    outputs = mapping(report.get("completion_tokens_details", report.get("output_tokens_details")))
    return Usage(
        input_tokens=known.get("prompt_tokens", known.get("input_tokens")),
        output_tokens=known.get("completion_tokens", known.get("output_tokens")),
        total_tokens=known.get("total_tokens", known.get("total")),
        cache_read_tokens=count(inputs.get("cached_tokens", known.get("cache_read_input_tokens"))),
        cache_write_tokens=known.get("cache_creation_input_tokens"),
        reasoning_tokens=count(outputs.get("reasoning_tokens")),
        input_audio_tokens=count(inputs.get("audio_tokens")),
        output_audio_tokens=count(outputs.get("audio_tokens")),
    )


def _sum(known: Mapping[str, int], names: Iterable[str]) -> int | None:
    found = [known[name] for name in names if name in known]
    return sum(found) if found else None


def _cost(reading: Reading) -> float | None:
    """The cost that the span reports in USD: the whole, or the sum of its parts."""
    details = mapping(reading.take(_LANGFUSE_COST))
    wholes = [details.get("total"), *(reading.take(name) for name in _COST)]
    whole = next((amount for amount in map(money, wholes) if amount is not None), None)
    parts = [money(value) for key, value in details.items() if key != "total"]
    parts = parts or [money(reading.take(name)) for name in _COST_PARTS]
    known = [part for part in parts if part is not None]
    if whole is not None:
        return whole
    return sum(known) if known else None
