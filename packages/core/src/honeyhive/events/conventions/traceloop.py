"""traceloop (OpenLLMetry): its own attributes beside OpenTelemetry's, and the indexed messages it wrote before these."""

from typing import Final

from honeyhive import semconv
from honeyhive.events.conventions.genai import arguments_of, put_answers, put_history, put_template
from honeyhive.events.conventions.messages import history
from honeyhive.events.conventions.reading import Reading, items, mapping, parsed

_PROPERTIES: Final = "traceloop.association.properties."
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
        reading.put_content("inputs", arguments_of(given))
    made = parsed(reading.take("traceloop.entity.output", "gen_ai.task.output"))
    if not reading.fields["outputs"]:
        reading.put_content("outputs", mapping(made).get("outputs", made))
    _read_properties(reading)
    chunks = reading.take_points(*_CHUNK_EVENTS)
    if chunks:
        first_ns = min(chunk.time_ns for chunk in chunks)
        reading.put("metadata", semconv.FIRST_TOKEN_MS, max(0, first_ns - reading.start_ns) / 1e6)


def _function(value: object) -> object:
    return {name: parsed(part) for name, part in mapping(value).items()}


def _read_properties(reading: Reading) -> None:
    """Read a user's own properties; HoneyHive's 1.x wrote its identity among them, which the reader has taken."""
    properties = reading.take_under(_PROPERTIES)
    user = properties.pop("user_id", None)
    reading.put("metadata", "user_id", user)
    reading.put("user_properties", "user_id", user)
    reading.put_free(properties)
