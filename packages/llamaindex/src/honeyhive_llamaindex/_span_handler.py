"""LlamaIndex's spans as events: entered, exited, dropped."""

import inspect
from collections.abc import Mapping
from typing import Any

from honeyhive import HoneyHiveTracer
from honeyhive.integration import OpenEvent, guard, start_event
from llama_index_instrumentation.span import BaseSpan
from llama_index_instrumentation.span_handlers import BaseSpanHandler
from opentelemetry import trace

from honeyhive_llamaindex._classify import Role, event_name_of, event_type_of, operation_of, role_of, stream_of
from honeyhive_llamaindex._messages import config_of_model, inputs_of, outputs_of
from honeyhive_llamaindex._runs import Run, RunTable


class SpanHandler(BaseSpanHandler[BaseSpan]):
    """Opens an event for each span that is kept, and ends it with the span or with the stream that the span returned.

    LlamaIndex swallows whatever a handler raises, without a word; therefore each hook has our guard around it. The hooks
    return None: LlamaIndex then keeps no record of its own, and the run table is the only one.
    """

    _runs: RunTable
    _tracer: HoneyHiveTracer | None = None
    _is_accepting: bool = True

    def __init__(self, runs: RunTable) -> None:
        super().__init__()
        self._runs = runs

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows the handler by."""
        return "HoneyHiveSpanHandler"

    def use(self, tracer: HoneyHiveTracer | None) -> None:
        """Record with *tracer* from now on."""
        self._tracer = tracer

    def retire(self) -> None:
        """Open nothing new; what is open still ends."""
        self._is_accepting = False

    def new_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,
        instance: Any | None = None,
        parent_span_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **kwargs: Any,  # noqa: ARG002  the framework's signature
    ) -> None:
        """A span was entered."""
        if self._is_accepting:
            with guard("open a LlamaIndex event"):
                self._runs.add(self._open(id_, bound_args, instance, parent_span_id, tags or {}))

    def prepare_to_exit_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,  # noqa: ARG002  the framework's signature
        instance: Any | None = None,  # noqa: ARG002  the framework's signature
        result: Any | None = None,
        **kwargs: Any,  # noqa: ARG002  the framework's signature
    ) -> None:
        """A span's function returned *result*."""
        with guard("end a LlamaIndex event"):
            run = self._runs.get(id_)
            if run is not None:
                self._exit(run, result)

    def prepare_to_drop_span(
        self,
        id_: str,
        bound_args: inspect.BoundArguments,  # noqa: ARG002  the framework's signature
        instance: Any | None = None,  # noqa: ARG002  the framework's signature
        err: BaseException | None = None,
        **kwargs: Any,  # noqa: ARG002  the framework's signature
    ) -> None:
        """A span's function raised *err*."""
        with guard("fail a LlamaIndex event"):
            run = self._runs.get(id_)
            if run is not None:
                self._runs.close(run, err if err is not None else GeneratorExit())

    def _open(
        self,
        span_id: str,
        arguments: inspect.BoundArguments,
        instance: object,
        parent_id: str | None,
        tags: Mapping[str, object],
    ) -> Run:
        parent = self._runs.enclosing(parent_id)
        operation = operation_of(span_id)
        role = role_of(operation, instance, None if parent is None else parent.role)
        ambient = trace.get_current_span()
        run = Run(
            span_id=span_id,
            name=operation if role is None else event_name_of(operation, role, instance),
            role=role,
            parent=parent,
            ambient=ambient,
            above=_event_above(parent, ambient),
        )
        if role is not None:
            inputs = inputs_of(role, arguments, tags)
            run.event = start_event(event_type_of(role), run.name, parent=run.above, inputs=inputs, tracer=self._tracer)
            if run.event is not None and role in {Role.LLM, Role.EMBEDDING}:
                run.event.enrich(config=config_of_model(instance))
        return run

    def _exit(self, run: Run, result: Any) -> None:
        stream = stream_of(result)
        if run.event is not None and run.role is not None and stream is None:
            with guard("read a LlamaIndex result"):
                run.event.enrich(outputs=outputs_of(run.role, result))
        self._runs.leave(run, stream)


def _event_above(parent: Run | None, ambient: trace.Span) -> OpenEvent | None:
    """LlamaIndex's event that a span inside *parent* nests under; None when what is current decides.

    Nearest wins: another current span than at the parent's entry was opened inside the parent. A parent whose function has
    returned is different: its stream is consumed, or its thread runs, under whatever happens to be current there.
    """
    if parent is None or (parent.ambient is not ambient and not parent.has_exited):
        return None
    return parent.enclosing
