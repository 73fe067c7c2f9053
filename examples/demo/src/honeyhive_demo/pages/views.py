"""The one view of the pages service: a module's page, cut to the question and summarised by a chat model."""

import asyncio
from functools import cache

from django.http import HttpRequest, JsonResponse
from honeyhive import enrich_span, trace
from honeyhive.models import Usage
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionMessageParam

from honeyhive_demo.documentation import MODULES, module_text
from honeyhive_demo.environment import own_environment
from honeyhive_demo.passages import best_passages, paragraphs

_EXCERPT_PARAGRAPHS = 8
_EXCERPT_LENGTH = 4000
_MODEL_TIMEOUT_S = 60.0
_INSTRUCTIONS = "Summarise in two sentences what this page says about the question."


async def page(request: HttpRequest, module: str) -> JsonResponse:
    """Answer with what the module's documentation says about `?question=`, and an abstract of it."""
    if module not in MODULES:
        return JsonResponse({"error": f"no page for {module!r}"}, status=404)
    question = request.GET.get("question", "")
    text = await asyncio.to_thread(_excerpt, module, question)
    return JsonResponse({"module": module, "text": text, "abstract": await summarise_page(question, text)})


@trace(event_type="model", capture_inputs=False, capture_outputs=False)
async def summarise_page(question: str, text: str) -> str:
    """Ask the chat model for an abstract of `text`; raises openai.OpenAIError when it does not answer."""
    model = own_environment().model_name
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": _INSTRUCTIONS},
        {"role": "user", "content": f"{question}\n\n{text}"},
    ]
    enrich_span(config={"provider": "openai", "model": model}, inputs={"chat_history": messages})
    stream = await _model().chat.completions.create(
        model=model, messages=messages, stream=True, stream_options={"include_usage": True}
    )
    pieces: list[str] = []
    async for chunk in stream:
        pieces.extend(choice.delta.content or "" for choice in chunk.choices)
        if chunk.usage is not None:  # the last chunk carries the usage and no choices
            usage = Usage(input_tokens=chunk.usage.prompt_tokens, output_tokens=chunk.usage.completion_tokens)
            enrich_span(usage=usage)
    abstract = "".join(pieces)
    enrich_span(outputs={"role": "assistant", "content": abstract})
    return abstract


def _excerpt(module: str, question: str) -> str:
    text = module_text(module, own_environment().data_dir)
    chosen = best_passages(paragraphs(text), f"{module} {question}", limit=_EXCERPT_PARAGRAPHS)
    return "\n\n".join(chosen)[:_EXCERPT_LENGTH]


@cache
def _model() -> AsyncOpenAI:
    environment = own_environment()
    return AsyncOpenAI(base_url=environment.model_base_url, api_key=environment.api_key, timeout=_MODEL_TIMEOUT_S)
