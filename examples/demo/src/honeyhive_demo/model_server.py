"""A stand-in for the far side: the API of a chat model, with no model behind it.

Everything on the near side of the network is real in this demo; only the provider is played, so that it runs
offline and without a key. The stand-in speaks the chat completions protocol, streaming or not, and understands
nothing: offered a tool it asks for a search of the question's key words, and given text it answers with the
sentences of that text which share most words with the question. It neither checks nor records keys. Tokens are
counted by a rule of its own: one for each piece of up to four word characters, one for each other visible
character, over everything sent or answered, and four for each message.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from honeyhive_demo.passages import best_passages, keywords, sentences

_CHUNK_DELAY_S = 0.004
_ARGUMENTS_CHUNK_LENGTH = 12
_ANSWER_SENTENCES = 4
_LEAST_SCORE = 0.4
_TOKENS_PER_MESSAGE = 4
_TOKEN = re.compile(r"\w{1,4}|[^\w\s]")


class TextPart(BaseModel):
    """One part of a message whose content is a list."""

    text: str = ""


class Message(BaseModel):
    """A message of the conversation, as far as this server reads it."""

    role: str
    content: str | list[TextPart] | None = None
    tool_calls: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])

    @property
    def text(self) -> str:
        """The message's text, whichever way it was sent."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class Function(BaseModel):
    """The function a tool offers."""

    name: str


class Tool(BaseModel, extra="allow"):
    """A tool on offer."""

    function: Function


class StreamOptions(BaseModel):
    """What the client wants of a stream."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of `POST /v1/chat/completions`, as far as this server reads it."""

    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    tools: list[Tool] = Field(default_factory=list[Tool])
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()


class Reply(BaseModel):
    """What the stand-in says: text, or the call of a tool with JSON arguments."""

    text: str = ""
    tool: str = ""
    arguments: str = ""

    @property
    def finish_reason(self) -> Literal["stop", "tool_calls"]:
        """Why the reply ends."""
        return "tool_calls" if self.tool else "stop"


def create_app() -> FastAPI:
    """Make the ASGI application."""
    server = FastAPI(title="Stand-in for a chat model")
    server.add_api_route("/v1/models", models, methods=["GET"])
    server.add_api_route("/v1/chat/completions", chat_completions, methods=["POST"], response_model=None)
    return server


async def models() -> dict[str, Any]:
    """List the one model there is; any name is accepted and echoed."""
    return {
        "object": "list",
        "data": [{"id": "stand-in", "object": "model", "created": 0, "owned_by": "honeyhive-demo"}],
    }


async def chat_completions(body: ChatRequest) -> Response:
    """Complete a chat as OpenAI does, in one piece or as a stream of chunks."""
    reply = reply_to(body)
    head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": body.model}
    usage = count_usage(body, reply)
    if body.stream:
        return StreamingResponse(_stream(body, reply, head, usage), media_type="text/event-stream")
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool:
        message["tool_calls"] = [_tool_call(reply)]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reply.finish_reason}
    return JSONResponse(head | {"object": "chat.completion", "choices": [choice], "usage": usage})


def reply_to(body: ChatRequest) -> Reply:
    """Decide what to say: a search while there is a tool and no result of one yet, otherwise sentences of the given text.

    The question is the first paragraph of the last user message; its other paragraphs and the results of tools
    are the text.
    """
    asked = max((index for index, message in enumerate(body.messages) if message.role == "user"), default=0)
    question, _, given = body.messages[asked].text.partition("\n\n")
    results = [message.text for message in body.messages[asked + 1 :] if message.role == "tool"]
    if body.tools and not results:
        query = " ".join(keywords(question)) or question
        return Reply(tool=body.tools[0].function.name, arguments=json.dumps({"query": query}))
    found = best_passages(
        sentences("\n\n".join([given, *results])), question, limit=_ANSWER_SENTENCES, least=_LEAST_SCORE
    )
    return Reply(text="\n".join(f"- {sentence}" for sentence in found) or "The given text does not say.")


def count_usage(body: ChatRequest, reply: Reply) -> dict[str, int]:
    """Count tokens by the rule in this module's docstring."""
    offered = [tool.model_dump_json() for tool in body.tools]
    called = [json.dumps(call) for message in body.messages for call in message.tool_calls]
    prompt = _tokens([message.text for message in body.messages] + called + offered)
    prompt += _TOKENS_PER_MESSAGE * len(body.messages)
    completion = _tokens([reply.text, reply.tool, reply.arguments])
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _stream(body: ChatRequest, reply: Reply, head: dict[str, Any], usage: dict[str, int]) -> AsyncIterator[str]:
    head = head | {"object": "chat.completion.chunk"}
    # With include_usage every chunk has the field, and only the last one, without choices, has the value.
    without_usage = {"usage": None} if body.stream_options.include_usage else {}
    deltas = [
        ({"role": "assistant", "content": "" if reply.text else None}, None),
        *((delta, None) for delta in _deltas(reply)),
    ]
    for delta, finish_reason in [*deltas, ({}, reply.finish_reason)]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        yield _event(json.dumps(head | {"choices": [choice]} | without_usage))
        await asyncio.sleep(_CHUNK_DELAY_S)
    if body.stream_options.include_usage:
        yield _event(json.dumps(head | {"choices": [], "usage": usage}))
    yield _event("[DONE]")


def _deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    if reply.tool:
        yield {"tool_calls": [{"index": 0} | _tool_call(reply.model_copy(update={"arguments": ""}))]}
        for start in range(0, len(reply.arguments), _ARGUMENTS_CHUNK_LENGTH):
            piece = reply.arguments[start : start + _ARGUMENTS_CHUNK_LENGTH]
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
    for word in re.findall(r"\s*\S+", reply.text):
        yield {"content": word}


def _tool_call(reply: Reply) -> dict[str, Any]:
    function = {"name": reply.tool, "arguments": reply.arguments}
    return {"id": f"call_{uuid4().hex[:24]}", "type": "function", "function": function}


def _tokens(texts: Sequence[str]) -> int:
    return sum(len(_TOKEN.findall(text)) for text in texts)


def _event(data: str) -> str:
    return f"data: {data}\n\n"
