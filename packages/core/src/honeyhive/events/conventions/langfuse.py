"""langfuse's SDK: whole inputs and outputs as JSON."""

import datetime as dt
from typing import Final

from honeyhive import semconv
from honeyhive.events.conventions.genai import put_answers, put_history, put_template
from honeyhive.events.conventions.messages import answers_in, history, looks_like_messages
from honeyhive.events.conventions.openinference import put_parameters
from honeyhive.events.conventions.reading import Reading, mapping, parsed, text
from honeyhive.events.event import EventType

_OBSERVATION: Final = "langfuse.observation."


def read_langfuse(reading: Reading) -> None:
    """Read langfuse's attributes, except usage and what means one field each."""
    put_parameters(reading, mapping(reading.take(f"{_OBSERVATION}model.parameters")))
    prompt = {name: reading.take(f"{_OBSERVATION}prompt.{name}") for name in ("name", "version")}
    put_template(reading, prompt, {})
    put_whole(reading, reading.take(f"{_OBSERVATION}input"), reading.take(f"{_OBSERVATION}output"))
    _read_first_token(reading)
    level = text(reading.take(f"{_OBSERVATION}level"))
    message = text(reading.take(f"{_OBSERVATION}status_message"))
    reading.put("metadata", "level", level)
    reading.put("metadata", "status_message", message)
    if level == "ERROR":
        reading.error = message or "error"
    for prefix in (f"{_OBSERVATION}metadata.", "langfuse.trace.metadata."):
        reading.put_free({key: parsed(value) for key, value in reading.take_under(prefix).items()})


def put_whole(reading: Reading, given: object, made: object) -> None:
    """Put a whole input and output into the event: messages for a model, mappings and values for the rest."""
    given, made = parsed(given), parsed(made)
    is_model = reading.event_type is EventType.model
    if given is not None and not reading.fields["inputs"]:
        if is_model and looks_like_messages(given):
            put_history(reading, history(given))
        elif is_model and isinstance(given, str):
            put_history(reading, history([given]))
        else:
            reading.put_content("inputs", given)
    if made is None or reading.fields["outputs"]:
        return
    if not (is_model and put_answers(reading, answers_in(made))):
        reading.put_content("outputs", made)


def _read_first_token(reading: Reading) -> None:
    """Read when the first token came, a time in ISO 8601 (as JSON: quoted)."""
    told = parsed(reading.take(f"{_OBSERVATION}completion_start_time"))
    if not isinstance(told, str):
        return
    try:
        first = dt.datetime.fromisoformat(told)
    except ValueError:
        return
    if first.tzinfo is None:
        first = first.replace(tzinfo=dt.UTC)
    elapsed_ms = first.timestamp() * 1000 - reading.start_ns / 1e6
    if elapsed_ms >= 0:
        reading.put("metadata", semconv.FIRST_TOKEN_MS, elapsed_ms)
