"""Places in streams, in sessions, and in later words on both."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Generator

from honeyhive import enrich_session, session, trace
from honeyhive.integration import EventType, start_event, wrap_stream
from places import HERE, nothing, place


@place
def stream_item(secret: str) -> None:
    @trace(event_name="stream")
    def stream() -> Generator[str]:
        yield from ("the key is ", secret)

    list(stream())


@place
def split_stream_item(secret: str) -> None:
    @trace(event_name="stream")
    def stream() -> Generator[str]:
        yield from secret

    list(stream())


@place
def async_stream_item(secret: str) -> None:
    @trace(event_name="stream")
    async def stream() -> AsyncGenerator[dict[str, str]]:
        yield {"delta": secret}

    async def consume() -> None:
        async for _ in stream():
            pass

    asyncio.run(consume())


@place
def wrapped_stream_item(secret: str) -> None:
    event = start_event(EventType.model, "wrapped")
    assert event is not None
    list(wrap_stream(iter([secret]), event))


@place
def session_name(secret: str) -> None:
    with session(name=f"chat {secret}"):
        nothing()


@place
def session_inputs(secret: str) -> None:
    with session(name="chat", inputs={"question": secret}):
        nothing()


@place
def session_outputs(secret: str) -> None:
    with session(name="chat", outputs={"answer": secret}):
        nothing()


@place
def session_properties(secret: str) -> None:
    with session(name="chat", user_properties={"user_id": secret}):
        nothing()


@place
def session_metadata(secret: str) -> None:
    with session(name="chat"):
        enrich_session(metadata={"note": secret})


@place
def session_feedback(secret: str) -> None:
    with session(name="chat", feedback={"comment": secret}):
        nothing()


@place
def session_error(secret: str) -> None:
    with contextlib.suppress(ValueError), session(name="chat"):
        raise ValueError(f"failed with {secret}")


@place
def update_of_finished_event(secret: str) -> None:
    HERE.tracer.enrich_span(event_id="0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d", feedback={"comment": secret})


@place
def update_of_finished_session(secret: str) -> None:
    with session(name="chat") as block:
        session_id = block.session_id
    HERE.tracer.enrich_session(session_id=session_id, metadata={"note": secret})


@place
def update_error(secret: str) -> None:
    HERE.tracer.enrich_span(event_id="0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d", error=f"failed with {secret}")


@place
def update_of_user_properties(secret: str) -> None:
    HERE.tracer.enrich_span(event_id="0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d", user_properties={"user_id": secret})


@place
def session_metric_key(secret: str) -> None:
    with session(name="chat"):
        enrich_session(metrics={secret: 1})


@place
def stream_that_fails(secret: str) -> None:
    @trace(event_name="stream")
    def stream() -> Generator[str]:
        yield "first"
        raise ValueError(f"failed with {secret}")

    with contextlib.suppress(ValueError):
        list(stream())
