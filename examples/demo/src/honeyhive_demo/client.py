"""Asking the web process and reading its stream of server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one question: an answer, or an error in its place."""

    question: str
    session_id: str = ""
    answer: str = ""
    error: str = ""
    modules: tuple[str, ...] = ()
    pieces: int = 0
    duration_s: float = 0.0


async def ask_all(
    web_url: str,
    questions: Sequence[str],
    *,
    on_text: Callable[[int, str], None],
    on_end: Callable[[Outcome], Awaitable[None]],
) -> None:
    """Ask all questions at once; `on_text` gets a question's index and each piece of its answer, `on_end` what came of it."""

    async def ask_one(client: httpx.AsyncClient, index: int, question: str) -> None:
        await on_end(await _ask(client, question, on_text=lambda text: on_text(index, text)))

    # A proxy in the caller's environment is not for loopback.
    async with httpx.AsyncClient(base_url=web_url, timeout=_TIMEOUT_S, trust_env=False) as client:
        await asyncio.gather(*(ask_one(client, index, question) for index, question in enumerate(questions)))


async def _ask(client: httpx.AsyncClient, question: str, *, on_text: Callable[[str], None]) -> Outcome:
    started = time.monotonic()
    pieces = 0
    try:
        async with client.stream("POST", "/ask", json={"question": question}) as response:
            response.raise_for_status()
            async for event, data in _read_events(response.aiter_lines()):
                if event == "token":
                    pieces += 1
                    on_text(data["text"])
                elif event == "error":
                    return Outcome(
                        question=question,
                        session_id=data["session_id"],
                        error=data["error"],
                        pieces=pieces,
                        duration_s=time.monotonic() - started,
                    )
                elif event == "done":
                    return Outcome(
                        question=question,
                        session_id=data["session_id"],
                        answer=data["answer"],
                        modules=tuple(data["modules"]),
                        pieces=pieces,
                        duration_s=time.monotonic() - started,
                    )
    except httpx.HTTPError as error:
        return Outcome(question=question, error=f"{type(error).__name__}: {error}", pieces=pieces)
    return Outcome(question=question, error="the stream ended before the answer did", pieces=pieces)


async def _read_events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    event = ""
    async for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            event = value
        elif field == "data":
            yield event, json.loads(value)
