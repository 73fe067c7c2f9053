"""What the provider itself said of a model call, in the raw response that LlamaIndex passes on."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, cast

from honeyhive.integration import Usage


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Under which names a provider reports its counts; a dot goes one level down."""

    input: str
    output: str
    total: str = ""
    cache_read: str = ""
    cache_write: str = ""
    reasoning: str = ""
    # Whether the details come on top of the totals; ours are inclusive (design decision 11).
    is_cache_extra: bool = False
    is_reasoning_extra: bool = False
    # A name without which the report is another provider's of the same shape.
    required: str = ""


_OPENAI: Final = _Names(
    input="prompt_tokens",
    output="completion_tokens",
    total="total_tokens",
    cache_read="prompt_tokens_details.cached_tokens",
    reasoning="completion_tokens_details.reasoning_tokens",
)
_OPENAI_RESPONSES: Final = _Names(
    input="input_tokens",
    output="output_tokens",
    total="total_tokens",
    cache_read="input_tokens_details.cached_tokens",
    reasoning="output_tokens_details.reasoning_tokens",
)
_ANTHROPIC: Final = _Names(
    input="input_tokens",
    output="output_tokens",
    cache_read="cache_read_input_tokens",
    cache_write="cache_creation_input_tokens",
    is_cache_extra=True,
    required="cache_read_input_tokens",
)
_BEDROCK: Final = _Names(
    input="inputTokens",
    output="outputTokens",
    total="totalTokens",
    cache_read="cacheReadInputTokens",
    cache_write="cacheWriteInputTokens",
    is_cache_extra=True,
)
_GEMINI: Final = _Names(
    input="prompt_token_count",
    output="candidates_token_count",
    total="total_token_count",
    cache_read="cached_content_token_count",
    reasoning="thoughts_token_count",
    is_reasoning_extra=True,
)
_KNOWN: Final = (_OPENAI, _ANTHROPIC, _OPENAI_RESPONSES, _BEDROCK, _GEMINI)

_FINISH_REASONS: Final = ("choices.0.finish_reason", "stop_reason", "stopReason", "done_reason")


def usage_of(response: object) -> Usage | None:
    """The tokens of a chat or completion *response*; None when the provider did not report them.

    LlamaIndex's own integrations put OpenAI-like counts into ``additional_kwargs`` where the raw response has none.
    """
    raw = _member(response, "raw")
    reports = (_member(raw, "usage"), _member(raw, "usage_metadata"), _member(response, "additional_kwargs"))
    for report in reports:
        for names in _KNOWN:
            usage = _read(report, names)
            if usage is not None:
                return usage
    return None


def response_metadata(response: object) -> dict[str, object]:
    """What else the provider said: finish reason, the model that answered, the id of the response."""
    raw = _member(response, "raw")
    reasons = (_at(raw, path) for path in _FINISH_REASONS)
    found = {
        "finish_reason": next((reason for reason in reasons if isinstance(reason, str)), None),
        "response_model": _member(raw, "model"),
        "response_id": _member(raw, "id"),
    }
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _read(report: object, names: _Names) -> Usage | None:
    tokens_in, tokens_out = _count(report, names.input), _count(report, names.output)
    if tokens_in is None and tokens_out is None:
        return None
    if names.required and _count(report, names.required) is None:
        return None
    read, written = _count(report, names.cache_read), _count(report, names.cache_write)
    reasoning = _count(report, names.reasoning)
    if names.is_cache_extra and tokens_in is not None:
        tokens_in += (read or 0) + (written or 0)
    if names.is_reasoning_extra and tokens_out is not None:
        tokens_out += reasoning or 0
    return Usage(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        total_tokens=_count(report, names.total),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
    )


def _count(report: object, path: str) -> int | None:
    value = _at(report, path) if path else None
    return value if type(value) is int else None


def _at(value: object, path: str) -> object:
    for name in path.split("."):
        value = _member(value, name)
    return value


def _member(value: object, name: str) -> Any:
    """A key of a mapping, an item of a list, or an attribute of a provider's own response object; None without it."""
    if isinstance(value, Mapping):
        return cast("Mapping[Any, Any]", value).get(name)
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return items[int(name)] if name.isdecimal() and int(name) < len(items) else None
    return None if value is None else getattr(value, name, None)
