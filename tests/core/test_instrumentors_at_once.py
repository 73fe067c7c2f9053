"""Many tracers at once, as an experiment makes them, with one instrumented client between them: one model event a call."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import openai
import pytest
from honeyhive.models import EventType
from honeyhive.testing import MemoryTracer, Recorder
from openinference.instrumentation.openai import OpenAIInstrumentor

COUNT = 8
ANSWER = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "because"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}


@pytest.fixture
def client() -> openai.OpenAI:
    """A real client, whose provider answers from inside the process."""
    provider = httpx2.MockTransport(lambda _request: httpx2.Response(200, json=ANSWER))
    return openai.OpenAI(api_key="none", max_retries=0, http_client=httpx2.Client(transport=provider))


def test_each_call_of_concurrent_datapoints_is_one_model_event_of_its_own_run(
    recorder: Recorder, client: openai.OpenAI
) -> None:
    together = threading.Barrier(COUNT, timeout=60)

    def datapoint(number: int) -> MemoryTracer:
        together.wait()
        tracer = MemoryTracer(
            project="tests", instrument=["openai"], run_id="r", dataset_id="d", datapoint_id=f"p{number}"
        )
        with tracer.session(f"datapoint {number}"):
            together.wait()
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": f"why {number}"}])
            together.wait()
        return tracer

    with ThreadPoolExecutor(COUNT) as pool:
        tracers = list(pool.map(datapoint, range(COUNT)))
    for tracer in tracers:
        tracer.shutdown()

    assert not OpenAIInstrumentor().is_instrumented_by_opentelemetry
    for number, tracer in enumerate(tracers):
        (event,) = tracer.recorder.events()
        assert (event.event_type, event.metadata["datapoint_id"]) == (EventType.model, f"p{number}")
        assert event.inputs["chat_history"] == [{"role": "user", "content": f"why {number}"}]
        (session,) = [one for one in tracer.recorder.sessions() if one.root.event_name == f"datapoint {number}"]
        assert session.root.metadata["total_tokens"] == 9
    assert recorder.events() == []
