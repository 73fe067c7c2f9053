"""Tokens of a model response, counted once however many candidates it has."""

from collections.abc import Mapping
from typing import Any, cast

from honeyhive.models import Usage
from langchain_core.outputs import LLMResult


def usage_of(response: LLMResult) -> Usage | None:
    """The usage that the provider reported for the whole response; None when it reported none.

    Providers copy it into every candidate, so the first one that has it counts and they are never added up.
    """
    for candidates in response.generations:
        for candidate in candidates:
            reported = _mapping(getattr(getattr(candidate, "message", None), "usage_metadata", None))
            if reported:
                return _standard_usage(reported)
    output = _mapping(response.llm_output)
    return _raw_usage(_mapping(output.get("token_usage") or output.get("usage")))


def _standard_usage(reported: Mapping[str, Any]) -> Usage:
    """LangChain's ``UsageMetadata``, whose totals are inclusive and whose details are subsets already."""
    inputs = _mapping(reported.get("input_token_details"))
    outputs = _mapping(reported.get("output_token_details"))
    return Usage(
        input_tokens=reported.get("input_tokens"),
        output_tokens=reported.get("output_tokens"),
        total_tokens=reported.get("total_tokens"),
        cache_read_tokens=_detail(inputs, "cache_read"),
        cache_write_tokens=_detail(inputs, "cache_creation", prefix="ephemeral_"),
        reasoning_tokens=_detail(outputs, "reasoning"),
        # LangChain's own response cache marks a hit as free of charge.
        cost=reported.get("total_cost"),
    )


def _detail(details: Mapping[str, Any], name: str, *, prefix: str | None = None) -> int | None:
    # A service tier goes in front of the name (langchain-openai: ``flex_cache_read``). langchain-anthropic splits what was
    # written to the cache by its time to live (``ephemeral_5m_input_tokens``) and then reports 0 under the plain name.
    counts = [
        value
        for key, value in details.items()
        if isinstance(value, int)
        and (key == name or key.endswith(f"_{name}") or (prefix is not None and key.startswith(prefix)))
    ]
    return sum(counts) if counts else None


def _raw_usage(reported: Mapping[str, Any]) -> Usage | None:
    """A provider's own usage, under the names of OpenAI's completions API, which the older integrations share."""
    inputs, outputs = reported.get("prompt_tokens"), reported.get("completion_tokens")
    if inputs is None and outputs is None:
        return None
    return Usage(
        input_tokens=inputs,
        output_tokens=outputs,
        total_tokens=reported.get("total_tokens"),
        cache_read_tokens=_mapping(reported.get("prompt_tokens_details")).get("cached_tokens"),
        reasoning_tokens=_mapping(reported.get("completion_tokens_details")).get("reasoning_tokens"),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
