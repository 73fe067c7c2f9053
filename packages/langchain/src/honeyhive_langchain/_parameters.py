"""The configuration of a model call: model, provider and request parameters, from an allow-list that holds no secret."""

from collections.abc import Mapping
from typing import Any, Final

# HoneyHive's name of each parameter, by the names that LangChain's integrations give it.
_PARAMETERS: Final = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "n": "n",
    "stop": "stop_sequences",
    "stop_sequences": "stop_sequences",
    "reasoning_effort": "reasoning_effort",
    "reasoning": "reasoning",
    "tools": "tools",
    "tool_choice": "tool_choice",
    "parallel_tool_calls": "parallel_tool_calls",
    "response_format": "response_format",
}
# LangChain's own names, in the metadata of each model run.
_STANDARD: Final = {
    "ls_model_name": "model",
    "ls_provider": "provider",
    "ls_temperature": "temperature",
    "ls_max_tokens": "max_tokens",
    "ls_stop": "stop_sequences",
}


def model_config(metadata: Mapping[str, Any] | None, invocation: Mapping[str, Any] | None) -> dict[str, object]:
    """What is known of a model call; a model or provider that nobody names is left out, not guessed."""
    metadata, invocation = metadata or {}, invocation or {}
    config: dict[str, object] = {parameter: metadata.get(name) for name, parameter in _STANDARD.items()}
    config["model"] = config["model"] or invocation.get("model") or invocation.get("model_name")
    for name, value in invocation.items():
        if value is not None and name in _PARAMETERS:
            config[_PARAMETERS[name]] = value
    return {parameter: value for parameter, value in config.items() if value is not None}
