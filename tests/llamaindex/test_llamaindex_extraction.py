"""Pure extraction: usage of the providers' reports, messages that are more than text."""

from typing import Any

import pytest
from honeyhive.integration import Usage
from honeyhive_llamaindex._messages import config_of_model, message_of
from honeyhive_llamaindex._usage import usage_of
from llama_index.core.base.llms.types import ThinkingBlock
from llama_index.core.llms import (
    ChatMessage,
    CompletionResponse,
    ImageBlock,
    TextBlock,
)


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        pytest.param(
            {
                "usage": {
                    "prompt_tokens": 100,
                    "completion_tokens": 20,
                    "total_tokens": 120,
                    "prompt_tokens_details": {"cached_tokens": 80},
                    "completion_tokens_details": {"reasoning_tokens": 12},
                }
            },
            Usage(input_tokens=100, output_tokens=20, total_tokens=120, cache_read_tokens=80, reasoning_tokens=12),
            id="openai",
        ),
        pytest.param(
            {"usage": {"input_tokens": 100, "output_tokens": 20, "input_tokens_details": {"cached_tokens": 80}}},
            Usage(input_tokens=100, output_tokens=20, cache_read_tokens=80),
            id="openai-responses",
        ),
        pytest.param(
            {
                "usage": {
                    "input_tokens": 5,
                    "output_tokens": 20,
                    "cache_read_input_tokens": 80,
                    "cache_creation_input_tokens": 15,
                }
            },
            Usage(input_tokens=100, output_tokens=20, cache_read_tokens=80, cache_write_tokens=15),
            id="anthropic-counts-cached-tokens-apart",
        ),
        pytest.param(
            {"usage": {"inputTokens": 20, "outputTokens": 20, "totalTokens": 120, "cacheReadInputTokens": 80}},
            Usage(input_tokens=100, output_tokens=20, total_tokens=120, cache_read_tokens=80),
            id="bedrock-counts-cached-tokens-apart",
        ),
        pytest.param(
            {
                "usage_metadata": {
                    "prompt_token_count": 100,
                    "candidates_token_count": 8,
                    "thoughts_token_count": 12,
                    "total_token_count": 120,
                }
            },
            Usage(input_tokens=100, output_tokens=20, total_tokens=120, reasoning_tokens=12),
            id="gemini-counts-thoughts-apart",
        ),
        pytest.param({"usage": {"prompt_tokens": "many"}}, None, id="not-a-number"),
        pytest.param(None, None, id="no-raw-response"),
    ],
)
def test_usage_is_inclusive_whatever_the_provider_calls_it(raw: Any, usage: Usage | None) -> None:
    assert usage_of(CompletionResponse(text="", raw=raw)) == usage


def test_usage_that_only_llamaindex_reports_is_read() -> None:
    response = CompletionResponse(text="", additional_kwargs={"prompt_tokens": 7, "completion_tokens": 2})

    assert usage_of(response) == Usage(input_tokens=7, output_tokens=2)


def test_media_in_a_message_is_described_and_not_copied() -> None:
    blocks = [TextBlock(text="Look:"), ImageBlock(image=b"\x89PNG", image_mimetype="image/png")]

    assert message_of(ChatMessage(role="user", blocks=blocks)) == {
        "role": "user",
        "content": [{"type": "text", "text": "Look:"}, {"type": "image", "mime_type": "image/png"}],
    }


def test_thoughts_are_a_part_of_their_own() -> None:
    message = ChatMessage(role="assistant", blocks=[ThinkingBlock(content="Hm."), TextBlock(text="Yes.")])

    assert message_of(message)["content"] == [{"type": "thinking", "text": "Hm."}, {"type": "text", "text": "Yes."}]


def test_the_provider_is_the_integration_that_a_model_derives_from() -> None:
    integration = type("OpenAI", (), {"__module__": "llama_index.llms.openai.base"})
    own = type("Mine", (integration,), {"__module__": "app.models"})

    assert config_of_model(own()) == {"provider": "openai"}
