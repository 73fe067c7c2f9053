"""Attaching, letting go, and what happens when our own code fails inside LlamaIndex."""

from collections.abc import Callable

import pytest
from honeyhive.integration import guard, suppress
from honeyhive.testing import MemoryTracer, Recorder
from honeyhive_llamaindex import instrument, uninstrument
from honeyhive_llamaindex._doctor import report
from llama_index.core.llms import CustomLLM
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle
from llama_index.core.tools import AsyncBaseTool, ToolMetadata, ToolOutput


class Nothing(BaseRetriever):
    """A retriever that does not keep to its contract, so that reading its documents fails."""

    def retrieve(self, str_or_query_bundle: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  on purpose
        return None

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return []


class Nameless(AsyncBaseTool):
    """A tool that cannot say its name, so that opening its event fails."""

    @property
    def metadata(self) -> ToolMetadata:
        raise LookupError

    def call(self, input: str) -> ToolOutput:  # noqa: A002  the framework's signature
        return ToolOutput(tool_name="nameless", content=input, raw_input={})

    async def acall(self, input: str) -> ToolOutput:  # noqa: A002  the framework's signature
        return self.call(input)


def test_instrumenting_twice_records_once(tree: Callable[[], str], retriever: BaseRetriever) -> None:
    instrument()
    retriever.retrieve("cat")

    assert tree() == "tool BM25Retriever.retrieve"


def test_after_uninstrument_nothing_of_ours_is_left(
    recorder: Recorder, retriever: BaseRetriever, handlers: Callable[[], list[str]]
) -> None:
    uninstrument()
    retriever.retrieve("cat")

    assert recorder.events() == []
    assert handlers() == ["NullSpanHandler", "NullEventHandler"]


def test_what_is_open_at_uninstrument_still_ends(
    tree: Callable[[], str], llm: CustomLLM, retriever: BaseRetriever, handlers: Callable[[], list[str]]
) -> None:
    stream = llm.stream_complete("What sleeps?")
    uninstrument()
    retriever.retrieve("cat")
    assert len(list(stream)) == 3

    assert tree() == "model ScriptedLLM.stream_complete\n  tool tokenize"
    assert handlers() == ["NullSpanHandler", "NullEventHandler"]


def test_a_tracer_of_its_own_gets_the_events(recorder: Recorder, retriever: BaseRetriever) -> None:
    tracer = MemoryTracer(project="other")
    instrument(tracer=tracer)
    retriever.retrieve("cat")

    assert recorder.events() == []
    assert [event.event_name for event in tracer.recorder.events()] == ["BM25Retriever.retrieve"]


def test_suppressed_work_is_not_recorded(recorder: Recorder, retriever: BaseRetriever) -> None:
    with suppress():
        retriever.retrieve("cat")

    assert recorder.events() == []


@pytest.mark.swallows
def test_an_error_of_ours_is_counted_and_the_event_still_ends(recorder: Recorder) -> None:
    assert Nothing().retrieve("cat") is None

    assert guard.swallowed == {"read a LlamaIndex result: TypeError": 1}
    assert recorder.event("Nothing.retrieve").inputs == {"query": "cat"}


@pytest.mark.swallows
def test_an_event_that_cannot_be_opened_leaves_the_host_alone(recorder: Recorder) -> None:
    assert Nameless().call("cat").content == "cat"

    assert guard.swallowed == {"open a LlamaIndex event: LookupError": 1}
    assert recorder.events() == []


def test_the_doctor_sees_the_versions() -> None:
    assert {"llama-index-core", "llama-index-instrumentation"} <= report().versions.keys()
    assert report().notes == ()
