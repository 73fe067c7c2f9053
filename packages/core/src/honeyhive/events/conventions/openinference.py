"""OpenInference: messages, documents and content spread over indexed attributes."""

from collections.abc import Mapping
from typing import Any, Final

from honeyhive import semconv
from honeyhive.events.conventions.genai import (
    put_answers,
    put_finish_reasons,
    put_history,
    put_judgement,
    put_template,
)
from honeyhive.events.conventions.messages import Record, answers_in, history, looks_like_messages
from honeyhive.events.conventions.reading import Reading, items, mapping, parsed, text, texts
from honeyhive.events.event import EventType

_FIRST_PIECE: Final = "First Token Stream Event"
_NOT_PARAMETERS: Final = frozenset({"messages", "model", "input", "contents"})


def read_openinference(reading: Reading) -> None:
    """Read OpenInference's attributes, except usage and what means one field each."""
    _read_model_call(reading)
    _read_documents(reading)
    _read_embeddings(reading)
    _read_tool(reading)
    _read_values(reading)
    _read_evaluations(reading)
    for point in reading.take_points(_FIRST_PIECE)[:1]:
        reading.put("metadata", semconv.FIRST_TOKEN_MS, max(0, point.time_ns - reading.start_ns) / 1e6)
    free = mapping(reading.attributes.get("metadata"))
    if free:
        reading.take("metadata")
        reading.put_free(free)


def put_parameters(reading: Reading, parameters: Mapping[str, Any]) -> None:
    """Note the parameters of a model call, except what is told elsewhere on the same span."""
    for name, value in parameters.items():
        if name not in _NOT_PARAMETERS:
            reading.put("config", name, value)


def _read_model_call(reading: Reading) -> None:
    put_history(reading, history(reading.take_indexed("llm.input_messages")))
    prompts = [mapping(mapping(one).get("prompt")).get("text") for one in items(reading.take_indexed("llm.prompts"))]
    put_history(reading, history(texts(prompts)))
    put_answers(reading, history(reading.take_indexed("llm.output_messages"), "assistant"))
    choices = [
        mapping(mapping(one).get("completion")).get("text") for one in items(reading.take_indexed("llm.choices"))
    ]
    put_answers(reading, history(texts(choices), "assistant"))
    reading.put("outputs", "function_call", parsed(reading.take("llm.function_call")))
    put_finish_reasons(reading, texts([reading.take("llm.finish_reason")]))
    tools = [_tool_definition(one) for one in items(reading.take_indexed("llm.tools"))]
    if tools:
        reading.put("config", "tools", tools)
    put_parameters(reading, mapping(reading.take("llm.invocation_parameters")))
    put_parameters(reading, mapping(reading.take("embedding.invocation_parameters")))
    template = {
        "content": reading.take("llm.prompt_template.template"),
        "version": reading.take("llm.prompt_template.version"),
        **{name: reading.take(f"prompt.{name}") for name in ("id", "vendor", "url")},
    }
    put_template(reading, template, mapping(reading.take("llm.prompt_template.variables")))


def _tool_definition(value: object) -> object:
    told = mapping(value)
    told = mapping(told.get("tool")) or told
    return parsed(told["json_schema"]) if "json_schema" in told else dict(told)


def _read_documents(reading: Reading) -> None:
    for prefix in ("reranker.input_documents", "input.documents"):
        _put_documents(reading, "inputs", prefix)
    for prefix in ("retrieval.documents", "reranker.output_documents", "output.documents"):
        _put_documents(reading, "outputs", prefix)


def _put_documents(reading: Reading, field: str, prefix: str) -> None:
    spread, whole = reading.take_indexed(prefix), reading.take(prefix)
    documents = [_document(one) for one in items(spread) or items(whole)]
    if documents:
        reading.put(field, "documents", documents)


def _document(value: object) -> Record:
    told = mapping(value)
    told = mapping(told.get("document")) or told
    return {name: parsed(part) if name == "metadata" else part for name, part in told.items()}


def _read_embeddings(reading: Reading) -> None:
    """Read what was embedded; of the vectors only how many there are and how long, as everywhere here."""
    told = [mapping(mapping(one).get("embedding")) for one in items(reading.take_indexed("embedding.embeddings"))]
    if not told:
        return
    embedded = texts(one.get("text") for one in told)
    if embedded:
        reading.put("inputs", "texts", embedded)
    vectors = [items(one.get("vector")) for one in told]
    if vectors[0]:
        reading.put_all("outputs", {"count": len(vectors), "dimensions": len(vectors[0])})


def _read_tool(reading: Reading) -> None:
    """Read ``tool.parameters``: the arguments of the call for some instrumentors, their schema for others."""
    parameters = parsed(reading.take("tool.parameters"))
    told = mapping(parameters)
    is_schema = isinstance(told.get("properties"), Mapping) or "$schema" in told
    has_arguments = text(reading.attributes.get("input.value")) is not None or bool(reading.fields["inputs"])
    if is_schema or has_arguments:
        reading.put("metadata", "tool_parameters", parameters)
    else:
        reading.put_content("inputs", parameters)
    reading.put("metadata", "tool_parameters", parsed(reading.take("tool.json_schema")))


def _read_values(reading: Reading) -> None:
    """Read ``input.value`` and ``output.value``, the whole once more: used only where nothing more exact was said."""
    is_model = reading.event_type is EventType.model
    given, made = parsed(reading.take("input.value")), parsed(reading.take("output.value"))
    if given is not None and not reading.fields["inputs"]:
        if is_model and looks_like_messages(given):
            put_history(reading, history(given))
        elif isinstance(given, str) and reading.attributes.get(semconv.OPENINFERENCE_KIND) == "RETRIEVER":
            reading.put("inputs", "query", given)
        else:
            reading.put_content("inputs", given)
    if made is None or reading.fields["outputs"]:
        return
    if not (is_model and put_answers(reading, answers_in(made))):
        reading.put_content("outputs", made)


def _read_evaluations(reading: Reading) -> None:
    """Read evaluations as metrics, and what people annotated as feedback."""
    for one in items(reading.take_indexed("evaluations")):
        said = mapping(mapping(one).get("evaluation"))
        put_judgement(reading, "metrics", said.get("name"), said)
    for one in items(reading.take_indexed("annotations")):
        said = mapping(mapping(one).get("annotation"))
        put_judgement(reading, "feedback", said.get("name"), said)
