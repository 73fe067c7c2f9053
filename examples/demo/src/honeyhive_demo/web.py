"""The web process: takes a question, hands it to the worker and streams the answer while it is being made."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from celery.states import FAILURE, SUCCESS
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from honeyhive.integration import SessionScope
from honeyhive_fastapi import SessionDep, instrument
from pydantic import BaseModel, StringConstraints

from honeyhive_demo.tasks import PROGRESS, answer_question, app

_POLL_INTERVAL_S = 0.03
_ANSWER_TIMEOUT_S = 150.0


class Question(BaseModel):
    """The body of `POST /ask`."""

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


def create_app() -> FastAPI:
    """Make the ASGI application."""
    web = FastAPI(title="HoneyHive demo")
    web.add_api_route("/ask", ask, methods=["POST"])
    instrument(web)
    return web


async def ask(body: Question, session: SessionDep) -> StreamingResponse:
    """Answer as server-sent events: `token` with each new piece of text, then one `done` or one `error`."""
    session.enrich(inputs={"question": body.question})
    published = await asyncio.to_thread(answer_question.delay, body.question)
    return StreamingResponse(
        _events(published.id, session), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _events(task_id: str, session: SessionScope) -> AsyncIterator[str]:
    deadline = time.monotonic() + _ANSWER_TIMEOUT_S
    sent_length = 0
    is_ended = False
    try:
        while not is_ended:
            state, result = await asyncio.to_thread(_read_state, task_id)
            if state in (PROGRESS, SUCCESS) and len(result["said"]) > sent_length:
                yield _event("token", {"text": result["said"][sent_length:]})
                sent_length = len(result["said"])
            if state == SUCCESS:
                is_ended = True
                session.enrich(outputs={"answer": result["answer"]})
                done = {"answer": result["answer"], "modules": result["modules"]}
                yield _event("done", {"session_id": session.session_id, **done})
            elif state == FAILURE:
                is_ended = True
                yield _event("error", {"session_id": session.session_id, "error": f"{type(result).__name__}: {result}"})
            elif time.monotonic() > deadline:
                error = f"no answer within {_ANSWER_TIMEOUT_S:.0f} s"
                yield _event("error", {"session_id": session.session_id, "error": error})
                break
            else:
                await asyncio.sleep(_POLL_INTERVAL_S)
    finally:
        if not is_ended:
            # The client is gone and this coroutine is being cancelled: nothing can be awaited here any more.
            asyncio.get_running_loop().run_in_executor(None, _abandon, task_id)


def _read_state(task_id: str) -> tuple[str, Any]:
    # One read, because `AsyncResult.state` and `.info` could tell of two different moments.
    meta = app.backend.get_task_meta(task_id)
    return meta["status"], meta["result"]


def _abandon(task_id: str) -> None:
    answer_question.AsyncResult(task_id).abort()


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
