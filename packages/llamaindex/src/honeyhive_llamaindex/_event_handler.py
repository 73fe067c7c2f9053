"""LlamaIndex's events: what happens inside a span, and after it in a stream."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from honeyhive.integration import guard
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.event_handlers import BaseEventHandler

from honeyhive_llamaindex._classify import Role
from honeyhive_llamaindex._messages import chat_history, config_of_call
from honeyhive_llamaindex._runs import Run, RunTable


class EventHandler(BaseEventHandler):
    """Fills the open events with what LlamaIndex says of model calls, and ends those whose stream is over.

    LlamaIndex's event classes are told apart by the name they give themselves and read by their attributes. Events that
    are not in the table at the end of this file say nothing that the spans do not say too.
    """

    _runs: RunTable

    def __init__(self, runs: RunTable) -> None:
        super().__init__()
        self._runs = runs

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows the handler by."""
        return "HoneyHiveEventHandler"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:  # noqa: ARG002  the framework's signature
        """An event was dispatched; it says in which span."""
        with guard("read a LlamaIndex event"):
            fill = _FILLS.get(event.class_name())
            run = None if fill is None else self._runs.get(event.span_id)
            if fill is not None and run is not None:
                fill(self._runs, run, event)


def _start_chat(_runs: RunTable, run: Run, event: Any) -> None:
    _announce(run, event, chat_history(event.messages))


def _start_completion(_runs: RunTable, run: Run, event: Any) -> None:
    _announce(run, event, [{"role": "user", "content": event.prompt}])


def _announce(run: Run, event: Any, history: list[dict[str, object]]) -> None:
    # A model that is not instrumented itself announces its calls inside somebody else's span.
    if run.role is not Role.LLM or run.is_announced:
        return
    run.is_announced = True
    if run.event is not None:
        run.event.capture_inputs({"chat_history": history})
        run.event.enrich(config=config_of_call(event.model_dict, event.additional_kwargs))


def _progress(_runs: RunTable, run: Run, event: Any) -> None:
    if run.partial is None and run.event is not None:
        first_ms = (run.event.channel.now_ns() - run.event.start_ns) / 1e6
        run.event.enrich(metadata={"time_to_first_token_ms": first_ms})
    run.partial = event.response


def _end_call(runs: RunTable, run: Run, event: Any) -> None:
    if run.role is not Role.LLM:
        return
    if event.response is not None:  # a stream without items has none
        run.record_answer(event.response)
    if run.has_exited:
        runs.close(run)


def _fail(runs: RunTable, run: Run, event: Any) -> None:
    # Inside its span, an error also drops the span; after it, nothing but this event tells of the error.
    if run.has_exited:
        runs.close(run, event.exception)


def _start_embedding(_runs: RunTable, run: Run, event: Any) -> None:
    if run.role is Role.EMBEDDING and run.event is not None:
        run.event.enrich(config=config_of_call(event.model_dict, {}))


def _end_step(_runs: RunTable, run: Run, event: Any) -> None:
    if run.role is Role.STEP and run.event is not None:
        run.event.enrich(outputs={"event": event.output})


def _cancel(_runs: RunTable, run: Run, _event: Any) -> None:
    # Workflows exit a cancelled span as if it had ended well.
    if run.event is not None:
        run.event.record_error(asyncio.CancelledError())


_FILLS: Final[Mapping[str, Callable[[RunTable, Run, Any], None]]] = {
    "LLMChatStartEvent": _start_chat,
    "LLMChatInProgressEvent": _progress,
    "LLMChatEndEvent": _end_call,
    "LLMCompletionStartEvent": _start_completion,
    "LLMCompletionInProgressEvent": _progress,
    "LLMCompletionEndEvent": _end_call,
    "ExceptionEvent": _fail,
    "EmbeddingStartEvent": _start_embedding,
    "step.output": _end_step,
    "SpanCancelledEvent": _cancel,
}
