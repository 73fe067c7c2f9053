"""OpenTelemetry GenAI: attributes of every version since 1.27, and the span events that carried messages before 1.37."""

from collections.abc import Mapping
from typing import Any, Final

from honeyhive import semconv
from honeyhive.events.conventions.messages import Record, history, outputs_of
from honeyhive.events.conventions.reading import Reading, items, parsed, text, texts
from honeyhive.events.event import EventType

_PARAMETERS: Final = "gen_ai.request."
_PARAMETER_NAMES: Final = {"choice.count": "n", "reasoning.level": "reasoning_effort"}
_MESSAGE_EVENTS: Final = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE_EVENT: Final = "gen_ai.choice"
_CONTENT_EVENTS: Final = ("gen_ai.content.prompt", "gen_ai.content.completion")
# Nobody waits longer for a first token; what is beyond is no number of seconds.
_MAX_SECONDS: Final = 1e6
_EVALUATION_EVENT: Final = "gen_ai.evaluation.result"


def read_genai(reading: Reading) -> None:
    """Read what stands under ``gen_ai.``, except usage and what means one field each."""
    for name, value in reading.take_under(_PARAMETERS).items():
        reading.put("config", _PARAMETER_NAMES.get(name, name), value)
    tools = [parsed(one) for one in items(reading.take("gen_ai.tool.definitions"))]
    reading.put("config", "tools", tools or None)
    _read_messages(reading)
    _read_tool_call(reading)
    documents = items(reading.take("gen_ai.retrieval.documents"))
    if documents:
        reading.put("outputs", "documents", documents)
    seconds = reading.take("gen_ai.response.time_to_first_chunk")
    if isinstance(seconds, (int, float)) and 0 <= seconds < _MAX_SECONDS:
        reading.put("metadata", semconv.FIRST_TOKEN_MS, seconds * 1000)
    template = {name: reading.take(f"gen_ai.prompt.{name}") for name in ("name", "version")}
    put_template(reading, template, reading.take_under("gen_ai.prompt.variable."))
    _read_evaluations(reading)


def put_history(reading: Reading, records: list[Record]) -> None:
    """Make *records* the messages that went in, unless these are known."""
    if records:
        reading.put("inputs", "chat_history", records)


def put_answers(reading: Reading, records: list[Record]) -> bool:
    """Make *records* the messages that came out, unless these are known, and note why the model stopped.

    Returns whether there were any.
    """
    put_finish_reasons(reading, texts(record.get("finish_reason") for record in records))
    if records and not reading.fields["outputs"].keys() & {"role", "content", "tool_calls"}:
        reading.put_all("outputs", outputs_of(records))
    return bool(records)


def put_finish_reasons(reading: Reading, reasons: list[str]) -> None:
    """Note why the model stopped; each choice of several has a reason of its own."""
    if reasons and not reading.says("metadata", "finish_reason"):
        reading.put("metadata", "finish_reason", reasons[0])
        if len(reasons) > 1:
            reading.put("metadata", "finish_reasons", reasons)


def put_template(reading: Reading, template: Mapping[str, object], variables: Mapping[str, object]) -> None:
    """Note the prompt template that the call was made from, and what it was filled with."""
    known = {name: value for name, value in template.items() if value is not None}
    if known:
        reading.put("config", "template", known)
    if variables:
        reading.put("config", "template_inputs", dict(variables))


def _read_messages(reading: Reading) -> None:
    # The details of an inference may stand in a span event of their own.
    details: dict[str, Any] = {}
    for point in reading.take_points("gen_ai.client.inference.operation.details"):
        details.update(point.attributes)

    def take(name: str) -> object:
        value = reading.take(name)
        return value if value is not None else details.get(name)

    before = [one for one in history(take("gen_ai.system_instructions"), "system") if one.get("content")]
    instructions = _as_instructions(before)
    asked = [*history(take("gen_ai.input.messages")), *_asked_in_events(reading)]
    if instructions and not any(record["role"] == "system" for record in asked):
        asked = [*instructions, *asked]
    put_history(reading, asked)
    reasons = take("gen_ai.response.finish_reasons")
    one_reason = take("gen_ai.response.finish_reason"), take("gen_ai.response.stop_reason")
    older_reason = take("llm.response.finish_reason"), take("llm.response.stop_reason")
    put_finish_reasons(
        reading, texts([*items(reasons), *([reasons] if text(reasons) else ()), *one_reason, *older_reason])
    )
    put_answers(reading, [*history(take("gen_ai.output.messages"), "assistant"), *_answered_in_events(reading)])


def _as_instructions(records: list[Record]) -> list[Record]:
    """System instructions, which are a list of parts without a role, as one message."""
    contents = texts(record.get("content") for record in records)
    if len(contents) != len(records):
        return [{**record, "role": "system"} for record in records]
    return [{"role": "system", "content": "\n".join(contents)}] if contents else []


def _asked_in_events(reading: Reading) -> list[Record]:
    records: list[Record] = []
    for point in reading.take_points(*_MESSAGE_EVENTS, _CONTENT_EVENTS[0]):
        said = point.attributes
        if point.name in _MESSAGE_EVENTS:
            records += history({**said, "role": said.get("role", _MESSAGE_EVENTS[point.name])})
        else:
            records += history(said.get("gen_ai.prompt"))
    return records


def _answered_in_events(reading: Reading) -> list[Record]:
    records: list[Record] = []
    for point in reading.take_points(_CHOICE_EVENT, _CONTENT_EVENTS[1]):
        said = point.attributes
        if point.name == _CHOICE_EVENT:
            records += history({**said, "message": parsed(said.get("message"))}, "assistant")
        else:
            records += history(said.get("gen_ai.completion"), "assistant")
    return records


def _read_tool_call(reading: Reading) -> None:
    arguments = parsed(reading.take("gen_ai.tool.call.arguments", "mcp.request.argument"))
    result = parsed(reading.take("gen_ai.tool.call.result", "mcp.response.value"))
    if reading.event_type is EventType.model:  # there a call is part of an answer
        reading.put("metadata", "tool_arguments", arguments)
        reading.put("metadata", "tool_result", result)
        return
    reading.put_content("inputs", arguments)
    reading.put_content("outputs", result)


def _read_evaluations(reading: Reading) -> None:
    for point in reading.take_points(_EVALUATION_EVENT):
        said = {name.removeprefix("gen_ai.evaluation."): value for name, value in point.attributes.items()}
        put_judgement(reading, "metrics", said.get("name"), said, score="score.value", label="score.label")


def put_judgement(
    reading: Reading,
    field: str,
    name: object,
    said: Mapping[str, object],
    *,
    score: str = "score",
    label: str = "label",
) -> None:
    """Note a score, else a label, as *name* of *field*; ``_label`` and ``_explanation`` of it beside."""
    if not isinstance(name, str) or not name:
        return
    value, told = said.get(score), said.get(label)
    reading.put(field, name, value if value is not None else told)
    reading.put(field, f"{name}_label", None if value is None else text(told))
    reading.put(field, f"{name}_explanation", text(said.get("explanation")))
