"""LlamaIndex, instrumented, with a model that answers by a script and three small documents."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import honeyhive
import pytest
from honeyhive.testing import Recorder
from honeyhive_llamaindex import instrument, uninstrument
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata, callbacks
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import TextNode
from llama_index.retrievers import bm25  # pyright: ignore[reportMissingTypeStubs]  it has no types
from llama_index_instrumentation import root_dispatcher

F = TypeVar("F", bound=Callable[..., Any])

# Parts of LlamaIndex without types.
_callbacks: Any = callbacks
_bm25: Any = bm25

_USAGE = {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15}


@honeyhive.trace(event_name="tokenize")
def tokenize(text: str) -> list[str]:
    return text.split()


def completion(function: F) -> F:
    """LlamaIndex's decorator of completions."""
    decorated: F = _callbacks.llm_completion_callback()(function)
    return decorated


class ScriptedLLM(CustomLLM):
    """Answers the same words each time, and fails after them if it is told to; its tokenizer is traced user code."""

    words: Sequence[str] = ("a", "black", "cat")
    error: Any = None
    temperature: float = 0.5

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="scripted-1")

    @completion
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        tokenize(prompt)
        if self.error is not None:
            raise self.error
        raw = {"id": "r-1", "model": "scripted-1-2026", "usage": _USAGE, "choices": [{"finish_reason": "stop"}]}
        return CompletionResponse(text=" ".join(self.words), raw=raw)

    @completion
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Iterator[CompletionResponse]:  # pyright: ignore[reportIncompatibleMethodOverride]  a generator is what the framework expects
        def stream() -> Iterator[CompletionResponse]:
            tokenize(prompt)
            text = ""
            for word in self.words:
                text += word
                yield CompletionResponse(text=text, delta=word, raw={"usage": _USAGE})
            if self.error is not None:
                raise self.error

        return stream()


@pytest.fixture
def handlers() -> Callable[[], list[str]]:
    """The names of the handlers that are attached to LlamaIndex."""
    root: Any = root_dispatcher  # its annotations name a generic handler without the parameter
    return lambda: [type(handler).__name__ for handler in (*root.span_handlers, *root.event_handlers)]


@pytest.fixture(autouse=True)
def instrumented(handlers: Callable[[], list[str]]) -> Iterator[None]:
    """LlamaIndex is instrumented in the test, and after it no event is open, or else the handlers would still be there."""
    instrument()
    yield
    uninstrument()
    assert handlers() == ["NullSpanHandler", "NullEventHandler"]


@pytest.fixture
def tree(recorder: Recorder) -> Callable[[], str]:
    """The recorded tree below the process's session, which is named after the program that runs the tests."""
    return lambda: textwrap.dedent(recorder.tree().partition("\n")[2])


@pytest.fixture
def llm() -> CustomLLM:
    return ScriptedLLM()


@pytest.fixture
def failing_llm() -> Callable[[BaseException], CustomLLM]:
    return lambda error: ScriptedLLM(error=error)


@pytest.fixture(scope="session")
def retriever() -> BaseRetriever:
    nodes = [
        TextNode(id_="cats", text="The black cat sleeps.", metadata={"file": "cats.md"}),
        TextNode(id_="dogs", text="A dog barks at night."),
        TextNode(id_="birds", text="Birds fly south in winter."),
    ]
    found: BaseRetriever = _bm25.BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=1)
    return found
