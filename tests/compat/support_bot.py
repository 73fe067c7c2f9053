"""A program as the documentation of honeyhive 1.x writes them; nothing in it knows version 2.

Environment: HH_API_KEY, HH_API_URL and HH_PROJECT, as the documentation says.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from honeyhive import (
    HoneyHive,
    HoneyHiveTracer,
    atrace,
    enrich_session,
    enrich_span,
    flush,
    set_default_tracer,
    trace,
    trace_class,
)
from honeyhive.config.models import SessionConfig, TracerConfig
from honeyhive.models import CreateDatapointRequest, CreateDatasetRequest, EventType
from opentelemetry import trace as otel_trace

tracer = HoneyHiveTracer.init(
    api_key=os.getenv("HH_API_KEY"),
    project=os.getenv("HH_PROJECT"),
    source="production",
    session_name="support-bot",
    inputs={"started_by": "cron"},
)


@trace(event_type="demo", event_name="greet")
def greet(name: str) -> str:
    return f"Hello, {name}!"


@trace(event_type=EventType.model)
async def generate_response(prompt: str, *, temperature: float = 0.0) -> dict[str, str]:
    enrich_span(
        config={"model": "gpt-4o", "temperature": temperature},
        metadata={"prompt_tokens": 12, "completion_tokens": 4},
        metrics={"relevance": 0.9},
        user_properties={"tier": "gold"},
    )
    await asyncio.sleep(0)
    return {"role": "assistant", "content": prompt.upper()}


@atrace(event_type="tool")
async def look_up(key: str) -> str:
    await asyncio.sleep(0)
    return f"value of {key}"


@tracer.trace(event_type="tool")
def classify(text: str) -> str:
    tracer.enrich_span(metadata={"length": len(text)}, feedback={"rating": 5})
    return "question" if text.endswith("?") else "statement"


@trace(event_type="chain", tracer=tracer)
async def answer(question: str) -> str:
    classify(question)
    await look_up(question)
    response = await generate_response(question, temperature=0.5)
    return response["content"]


@trace
def failing(value: int) -> float:
    return 1 / value


@trace_class
class Shop:
    def __init__(self) -> None:
        self.stock = {"tea": 3}

    def count(self, item: str) -> int:
        return self.stock.get(item, 0)

    @staticmethod
    def currency() -> str:
        return "EUR"


def spans_by_hand() -> None:
    with tracer.start_span("custom-operation", attributes={"step": 1}) as span:
        span.set_attribute("rows", 7)
        with tracer.trace("nested-operation", event_type="tool") as nested:
            nested.set_attribute("operation.success", True)
            nested.set_status(otel_trace.Status(otel_trace.StatusCode.OK))
    with enrich_span(metadata={"outside": "any span"}):
        pass


def handle_request(user: str) -> str:
    session_id = tracer.create_session(
        session_name=f"request-{user}", inputs={"user": user}, user_properties={"user_id": user}
    )
    result = asyncio.run(answer(f"where is {user}?"))
    tracer.enrich_session(outputs={"answer": result}, metadata={"handled": True})
    return str(session_id)


async def handle_request_async(user: str) -> str:
    session_id = await tracer.acreate_session(session_name=f"async-request-{user}", inputs={"user": user})
    await answer(f"how is {user}?")
    tracer.enrich_session(metadata={"handled": True})
    return str(session_id)


async def concurrent_requests() -> list[str]:
    return await asyncio.gather(*(handle_request_async(user) for user in ("ann", "bob", "cyd")))


def sessions() -> dict[str, str]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        sync = list(pool.map(handle_request, ["dan", "eve"]))
        pool.submit(greet, "nobody").result()
    with tracer.with_session("batch-job", inputs={"batch": 1}) as batch:
        greet("batch")
        tracer.enrich_session(outputs={"processed": 1})
    greet("afterwards")
    return dict(
        zip(("dan", "eve", "ann", "bob", "cyd", "batch"), [*sync, *asyncio.run(concurrent_requests()), str(batch)])
    )


def second_tracer() -> None:
    config = TracerConfig(api_key=os.environ["HH_API_KEY"], project="billing", verbose=False)
    billing = HoneyHiveTracer(
        config=config, session_config=SessionConfig(inputs={"month": "May"}), session_name="billing-run"
    )

    @trace(tracer=billing, event_type="tool")
    def charge(amount: int) -> int:
        return amount

    charge(10)
    set_default_tracer(tracer)
    greet("default again")
    billing.flush()


def api_client() -> None:
    client = HoneyHive(api_key=os.environ["HH_API_KEY"], server_url=os.environ["HH_API_URL"])
    dataset = client.datasets.create(CreateDatasetRequest(name="questions"))
    client.datapoints.create(CreateDatapointRequest(inputs={"question": "why?"}, ground_truth={"answer": "because"}))
    exported = client.events.export(project="support", limit=10)
    print("dataset", dataset.inserted, "events", len(exported.events))


def main() -> None:
    greet("world")
    asyncio.run(answer("who are you?"))
    try:
        failing(0)
    except ZeroDivisionError:
        pass
    shop = Shop()
    shop.count("tea")
    Shop.currency()
    spans_by_hand()
    enrich_session(tracer.session_id, metadata={"finished": True})
    tracer.enrich_session({"plan": "premium"})
    event_id = tracer.create_event(
        "cache-hit", event_type="tool", inputs={"key": "k"}, outputs={"value": 1}, metadata={"ttl": 60}
    )
    print("event", event_id)
    for user, session_id in sessions().items():
        print("session", user, session_id)
    second_tracer()
    api_client()
    print("flushed", tracer.flush(), flush(tracer))
    print("session", "own", tracer.session_id)
    tracer.shutdown()


if __name__ == "__main__":
    main()
