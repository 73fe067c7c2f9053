"""traceloop (OpenLLMetry): its own attributes beside OpenTelemetry's, and the indexed messages it wrote before these."""

from typing import Final

from honeyhive import semconv
from honeyhive.events.conventions.genai import put_answers, put_history, put_template
from honeyhive.events.conventions.messages import history
from honeyhive.events.conventions.reading import Reading, items, mapping, parsed

_PROPERTIES: Final = "traceloop.association.properties."
# What traceloop's handler of LangChain's callbacks writes beside inputs and outputs.
_BESIDE: Final = frozenset({"kwargs", "tags", "metadata"})
_CHUNK_EVENTS: Final = ("gen_ai.content.completion.chunk", "llm.content.completion.chunk")


def read_traceloop(reading: Reading) -> None:
    """Read traceloop's attributes, except usage and what means one field each."""
    template = {
        "name": reading.take("traceloop.prompt.key"),
        "version": reading.take("traceloop.prompt.version"),
        "content": reading.take("traceloop.prompt.template"),
    }
    put_template(reading, template, mapping(reading.take("traceloop.prompt.template_variables")))
    put_history(reading, history(items(reading.take_indexed("gen_ai.prompt"))))
    put_answers(reading, history(items(reading.take_indexed("gen_ai.completion")), "assistant"))
    functions = items(reading.take_indexed("llm.request.functions"))
    if functions:
        reading.put("config", "tools", [_function(one) for one in functions])
    given = reading.take("traceloop.entity.input", "gen_ai.task.input")
    if not reading.fields["inputs"]:
        reading.put_content("inputs", _arguments_of(given))
    made = reading.take("traceloop.entity.output", "gen_ai.task.output")
    if not reading.fields["outputs"]:
        reading.put_content("outputs", _enclosed(made, ("outputs", "output")))
    _read_properties(reading)
    chunks = reading.take_points(*_CHUNK_EVENTS)
    if chunks:
        first_ns = min(chunk.time_ns for chunk in chunks)
        reading.put("metadata", semconv.FIRST_TOKEN_MS, max(0, first_ns - reading.start_ns) / 1e6)


def _arguments_of(value: object) -> object:
    """What a step was called with: a function's arguments, or what a framework's callback was given."""
    told = mapping(value)
    if set(told) == {"args", "kwargs"}:
        positional = items(told["args"])
        return {**({"args": positional} if positional else {}), **mapping(told["kwargs"])}
    return _enclosed(value, ("inputs", "input_str"))


def _enclosed(value: object, names: tuple[str, ...]) -> object:
    """The first of *names* in *value*, where a callback has put it beside its own ``kwargs``; else the whole, a user's own."""
    told = mapping(value)
    found = next((told[name] for name in names if told.get(name) is not None), None)
    is_callbacks = found is not None and "kwargs" in told and not told.keys() - _BESIDE - set(names)
    return parsed(found) if is_callbacks else parsed(value)


def _function(value: object) -> object:
    return {name: parsed(part) for name, part in mapping(value).items()}


def _read_properties(reading: Reading) -> None:
    """Read a user's own properties; HoneyHive's 1.x wrote its identity among them, which the reader has taken."""
    properties = reading.take_under(_PROPERTIES)
    user = properties.pop("user_id", None)
    reading.put("metadata", "user_id", user)
    reading.put("user_properties", "user_id", user)
    reading.put_free(properties)
