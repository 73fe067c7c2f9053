"""The types that users see from `tracer.trace`, `enrich_span` and `enrich_session`; checked by pyright, never run."""

from collections.abc import Iterator
from typing import assert_type

from honeyhive import HoneyHiveTracer, enrich_session, enrich_span
from honeyhive.decorators import enrich_span_context
from opentelemetry.trace import Span

tracer = HoneyHiveTracer.init(project="typing", test_mode=True)


@tracer.trace
def bare(question: str) -> int:
    return len(question)


@tracer.trace(event_type="tool")
async def coroutine(question: str) -> int:
    return len(question)


@tracer.trace("named", event_type="chain", team="search")
def generator() -> Iterator[int]:
    yield 1


async def results() -> None:
    assert_type(bare("q"), int)
    assert_type(await coroutine("q"), int)
    assert_type(generator(), Iterator[int])
    with tracer.trace("block", event_type="model", inputs={"q": "why"}) as span:
        assert_type(span, Span)
    async with tracer.trace("block") as span:
        assert_type(span, Span)
    with enrich_span_context("block", inputs={"q": "why"}) as span:
        assert_type(span, Span)
    with enrich_span(metadata={"a": 1}) as span:
        assert_type(span, Span)
    assert_type(bool(enrich_span({"a": 1}, team="search")), bool)
    assert_type(enrich_session({"a": 1}), bool)
    assert_type(enrich_session("id", {"a": 1}, user_properties={"plan": "pro"}), bool)


def mistakes() -> None:
    bare(1)  # pyright: ignore[reportArgumentType]
    enrich_span(metrics="fast")  # pyright: ignore[reportArgumentType]
    enrich_session(5)  # pyright: ignore[reportArgumentType]
    enrich_span_context()  # pyright: ignore[reportCallIssue]
    enrich_span_context("block", input={})  # pyright: ignore[reportCallIssue]
