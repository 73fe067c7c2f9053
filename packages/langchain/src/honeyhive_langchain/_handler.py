"""The callback handler: LangChain's callbacks, turned into starts and ends of events."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from honeyhive import HoneyHiveTracer
from honeyhive.integration import EventType, OpenEvent, guard, register_parent_resolver, start_event
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.tracers.base import BaseTracer
from opentelemetry.trace import StatusCode

from honeyhive_langchain._classify import (
    CHAIN,
    CHAT_MODEL,
    RETRIEVER,
    TEXT_MODEL,
    TOOL,
    RunKind,
    chain_kind,
    class_name,
    interrupts,
    is_handover,
    is_pause,
    run_metadata,
)
from honeyhive_langchain._documents import document_records
from honeyhive_langchain._messages import (
    as_mapping,
    chain_inputs,
    chat_history,
    model_outputs,
    prompt_history,
    response_facts,
    tool_failure,
    tool_outputs,
    with_records,
)
from honeyhive_langchain._parameters import model_config
from honeyhive_langchain._runs import RUNS, Run, enclosing_event, enter_model, parent_below
from honeyhive_langchain._usage import usage_of

# What is read of a start or an end, by the names that `OpenEvent.finish` has; read late, so that nothing is read for a run
# that is not recorded, and so that an end whose reading fails is still an end.
Fields = dict[str, Any]
ReadFields = Callable[[], Fields]


class HoneyHiveCallbackHandler(BaseTracer):
    """Records runs as events, with *tracer* or the default one: ``config={"callbacks": [HoneyHiveCallbackHandler()]}``.

    `instrument` puts one on every run of the process. However many of them see a run, it is one event.

    It is a tracer by class, because LangGraph hands tracers the payload that a node's ``trace_policy`` cut to size, and
    because copies of a config share it. It uses nothing of that class: no run trees, no list of tokens.
    """

    # In the caller's task or thread: exact times, in order, with the context the run really has.
    run_inline = True
    enabled = True

    def __init__(self, *, tracer: HoneyHiveTracer | None = None) -> None:
        super().__init__()
        self.tracer = tracer
        register_parent_resolver(enclosing_event)

    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        tags: list[str] | None = None,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        run_type: str | None = None,
        name: str | None = None,
        **_more: Any,
    ) -> Any:
        """A chain starts, a graph or one of its nodes among them."""
        self._start(
            CHAIN,
            lambda: {
                "inputs": chain_inputs(inputs),
                "metadata": run_metadata(metadata, tags, span_kind=chain_kind(metadata, tags, run_type)),
            },
            run_id=run_id,
            parent_run_id=parent_run_id,
            serialized=serialized,
            name=name,
        )

    def on_chain_end(
        self, outputs: Any, *, run_id: UUID, parent_run_id: UUID | None = None, inputs: Any = None, **_more: Any
    ) -> Any:
        """A chain ends; *inputs* are there only when they could not be known at its start."""
        self._end(
            CHAIN,
            lambda: {"inputs": chain_inputs(inputs), "outputs": {"result": with_records(outputs)}},
            run_id=run_id,
            parent_run_id=parent_run_id,
        )

    def on_chain_error(
        self,
        error: BaseException,
        *,
        inputs: Any = None,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **_more: Any,
    ) -> Any:
        """A chain ends by an exception: an error, a cancellation, a closed stream, or LangGraph's own control flow."""
        self._end(
            CHAIN,
            lambda: {"inputs": chain_inputs(inputs)},
            run_id=run_id,
            parent_run_id=parent_run_id,
            error=error,
        )

    def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        tags: list[str] | None = None,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        invocation_params: Mapping[str, Any] | None = None,
        **_more: Any,
    ) -> Any:
        """A chat model is called."""
        self._start(
            CHAT_MODEL,
            lambda: {
                "inputs": chat_history(messages),
                "config": model_config(metadata, invocation_params),
                "metadata": run_metadata(metadata, tags),
            },
            run_id=run_id,
            parent_run_id=parent_run_id,
            serialized=serialized,
            name=name,
        )

    def on_llm_start(
        self,
        serialized: dict[str, Any] | None,
        prompts: list[str],
        *,
        run_id: UUID,
        tags: list[str] | None = None,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        invocation_params: Mapping[str, Any] | None = None,
        **_more: Any,
    ) -> Any:
        """A text model is called."""
        self._start(
            TEXT_MODEL,
            lambda: {
                "inputs": prompt_history(prompts),
                "config": model_config(metadata, invocation_params),
                "metadata": run_metadata(metadata, tags),
            },
            run_id=run_id,
            parent_run_id=parent_run_id,
            serialized=serialized,
            name=name,
        )

    # The parameter's name matters: synchronous streaming passes the token by keyword.
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_more: Any) -> Any:  # noqa: ARG002  LangChain's signature
        """A model's stream goes on, in the form that `stream` and `astream` have."""
        with guard("time a first token"):
            _note_stream(run_id)

    def on_stream_event(self, event: Any, *, run_id: UUID, **_more: Any) -> Any:
        """A model's stream goes on, in the form of ``stream_events(version="v3")``."""
        with guard("time a first token"):
            if event.get("event") == "content-block-delta":
                _note_stream(run_id)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, parent_run_id: UUID | None = None, **_more: Any) -> Any:
        """A model of either kind has answered."""
        self._end(TEXT_MODEL, lambda: _response_fields(response), run_id=run_id, parent_run_id=parent_run_id)

    def on_llm_error(
        self,
        error: BaseException,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        response: LLMResult | None = None,
        **_more: Any,
    ) -> Any:
        """A model of either kind failed; *response* is what it had said until then."""
        self._end(
            TEXT_MODEL,
            lambda: {} if response is None else _response_fields(response),
            run_id=run_id,
            parent_run_id=parent_run_id,
            error=error,
        )

    def on_tool_start(  # noqa: PLR0913  LangChain's signature
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        tags: list[str] | None = None,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        inputs: dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **_more: Any,
    ) -> Any:
        """A tool is called, with *inputs* by name where it takes any."""
        self._start(
            TOOL,
            lambda: {
                "inputs": as_mapping(input_str if inputs is None else inputs, "input"),
                "metadata": run_metadata(metadata, tags, tool_call_id=tool_call_id),
            },
            run_id=run_id,
            parent_run_id=parent_run_id,
            serialized=serialized,
            name=name,
        )

    def on_tool_end(self, output: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **_more: Any) -> Any:
        """A tool has answered, perhaps with a message that says it failed."""
        self._end(
            TOOL,
            lambda: {"outputs": tool_outputs(output), "failure": tool_failure(output)},
            run_id=run_id,
            parent_run_id=parent_run_id,
        )

    def on_tool_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **_more: Any
    ) -> Any:
        """A tool failed."""
        self._end(TOOL, dict, run_id=run_id, parent_run_id=parent_run_id, error=error)

    def on_retriever_start(
        self,
        serialized: dict[str, Any] | None,
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **_more: Any,
    ) -> Any:
        """A retriever is asked."""
        self._start(
            RETRIEVER,
            lambda: {"inputs": {"query": query}, "metadata": run_metadata(metadata, tags, span_kind="retriever")},
            run_id=run_id,
            parent_run_id=parent_run_id,
            serialized=serialized,
            name=name,
        )

    def on_retriever_end(
        self, documents: Sequence[Document], *, run_id: UUID, parent_run_id: UUID | None = None, **_more: Any
    ) -> Any:
        """A retriever has found documents."""
        self._end(
            RETRIEVER,
            lambda: {"outputs": {"documents": document_records(documents)}},
            run_id=run_id,
            parent_run_id=parent_run_id,
        )

    def on_retriever_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **_more: Any
    ) -> Any:
        """A retriever failed."""
        self._end(RETRIEVER, dict, run_id=run_id, parent_run_id=parent_run_id, error=error)

    def on_retry(self, *_args: Any, **_more: Any) -> Any:
        """Nothing: a retry is a run of its own where it matters; the tracer's version would look for its run tree."""

    def _persist_run(self, run: Any) -> None:
        """Nothing: no run tree is ever made."""

    def _start(
        self,
        kind: RunKind,
        read: ReadFields,
        *,
        run_id: UUID,
        parent_run_id: UUID | None,
        serialized: Mapping[str, Any] | None,
        name: str | None,
    ) -> None:
        try:
            seen = RUNS.get(run_id)
            if seen is not None:
                seen.is_shared = True
            elif self.enabled:
                event = self._open(kind, name or class_name(serialized, otherwise=kind.word), run_id, parent_run_id)
                if event is not None:
                    fields = read()
                    event.capture_inputs(fields.pop("inputs") or {})
                    event.merge(fields)
        except Exception as error:  # noqa: BLE001  the host must not notice
            guard.swallow(error, "start a run")

    def _open(self, kind: RunKind, name: str, run_id: UUID, parent_run_id: UUID | None) -> OpenEvent | None:
        run = Run(run_id, kind, RUNS.get(parent_run_id), self)
        if not RUNS.start(run_id, run):
            return None
        self._start_event(run, name)
        if kind.event_type is EventType.model:
            enter_model(run)
        return run.event

    def _start_event(self, run: Run, name: str) -> None:
        run.event = start_event(run.kind.event_type, name, parent=parent_below(run.above), tracer=self.tracer)

    def _end(
        self,
        kind: RunKind,
        read: ReadFields,
        *,
        run_id: UUID,
        parent_run_id: UUID | None,
        error: BaseException | None = None,
    ) -> None:
        try:
            run = RUNS.take(run_id, self) or self._inferred(kind, run_id, parent_run_id)
            if run is None:
                return
            if run.above is None:
                RUNS.close_below(run, error)
            if run.event is not None:
                _end_event(run, run.event, read, error)
        except Exception as failure:  # noqa: BLE001  the host must not notice
            guard.swallow(failure, "end a run")

    def _inferred(self, kind: RunKind, run_id: UUID, parent_run_id: UUID | None) -> Run | None:
        """A run whose start went to others only (langchain#39633); None when its end has been seen before."""
        if not self.enabled or not RUNS.claim_end(run_id):
            return None
        run = Run(run_id, kind, RUNS.get(parent_run_id), self)
        self._start_event(run, kind.word)
        if run.event is not None:
            run.event.enrich(metadata={"start_inferred": True})
        return run


def _note_stream(run_id: UUID) -> None:
    run = RUNS.get(run_id)
    if run is None or run.has_streamed:
        return
    run.has_streamed = True
    event = run.event
    if event is not None:
        elapsed_ms = (event.channel.now_ns() - event.start_ns) / 1e6
        event.enrich(metadata={"time_to_first_token_ms": elapsed_ms})


def _end_event(run: Run, event: OpenEvent, read: ReadFields, error: BaseException | None) -> None:
    fields: Fields = {}
    with guard("read the end of a run"):
        fields = read()
    failure = fields.pop("failure", None)
    if failure is not None:
        event.set_status(StatusCode.ERROR, failure)
    if error is None:
        (event.suspend if run.is_waiting else event.finish)(**fields)
    elif is_handover(error):
        event.finish(outputs={"result": error.args[0]}, **fields)
    elif is_pause(error):
        if run.above is not None:
            run.above.is_waiting = True  # the graph itself ends as if nothing were missing
        event.suspend(outputs={"interrupts": interrupts(error)}, **fields)
    else:
        event.fail(error, **fields)


def _response_fields(response: LLMResult) -> Fields:
    return {
        "outputs": model_outputs(response),
        "metadata": response_facts(response),
        "usage": usage_of(response),
    }
