"""Chat messages of any convention as HoneyHive's records: role, content, tool calls."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from honeyhive.events.conventions.reading import items, mapping, parsed, text
from honeyhive.events.media import describe_base64

Record = dict[str, Any]

# langchain's serialised messages (langsmith) name their class, the others a role.
_ROLES: Final = {
    "human": "user",
    "HumanMessage": "user",
    "HumanMessageChunk": "user",
    "ai": "assistant",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "model": "assistant",
    "system": "system",
    "SystemMessage": "system",
    "tool": "tool",
    "ToolMessage": "tool",
}
_KEPT: Final = ("name", "tool_call_id", "finish_reason")
# langchain has a list of messages for each prompt of a batch; nothing is deeper.
_DEPTH: Final = 3
_MEDIA: Final = ("image", "audio", "video", "document", "blob", "file")


def history(value: object, role: str = "user", *, depth: int = _DEPTH) -> list[Record]:
    """The messages in *value*: a list of them, one, a mapping with ``messages``, or a text, which *role* said."""
    found = parsed(value)
    if isinstance(found, Mapping):
        told = cast("Mapping[str, Any]", found)
        inner: object = told.get("messages")
        is_list = isinstance(inner, (list, str)) and depth > 0
        return history(cast("object", inner), role, depth=depth - 1) if is_list else _messages(told, role)
    if isinstance(found, list):
        records: list[Record] = []
        for one in cast("list[object]", found):
            if isinstance(one, list) and depth > 0:
                records += history(cast("object", one), role, depth=depth - 1)
            else:
                records += _messages(cast("object", one), role)
        return records
    return [{"role": role, "content": found}] if isinstance(found, str) and found else []


def looks_like_messages(value: object) -> bool:
    """Whether *value* is a list of messages, or a mapping that has one: each a mapping that tells who said it."""
    found = parsed(value)
    if isinstance(found, Mapping):
        found = cast("Mapping[str, object]", found).get("messages")
    while isinstance(found, list) and len(cast("list[object]", found)) == 1 and isinstance(found[0], list):
        found = cast("list[object]", found[0])
    told = cast("list[object]", found) if isinstance(found, list) else []
    return bool(told) and all(isinstance(one, Mapping) and _told_role(cast("Record", one)) for one in told)


def answers_in(value: object) -> list[Record]:
    """The answers in a model's whole output: a text, a message, messages, or a response with choices; none in another."""
    found = parsed(value)
    told = mapping(found)
    if isinstance(found, str):
        return [{"role": "assistant", "content": found}] if found else []
    choices = told.get("choices", told.get("generations"))
    if isinstance(choices, list):
        return history(cast("list[object]", choices), "assistant")
    is_message = _told_role(told) is not None or looks_like_messages(found)
    return history(found, "assistant") if is_message else []


def said(record: Mapping[str, Any]) -> Record:
    """*record*, a model's answer, as ``outputs``: without what belongs into the metadata."""
    return {key: value for key, value in record.items() if key != "finish_reason"}


def outputs_of(records: list[Record]) -> Record:
    """The ``outputs`` of a model event: its first answer, and all of them as ``candidates`` where there are more."""
    answers = [said(record) for record in records]
    if not answers:
        return {}
    return {**answers[0], "candidates": answers} if len(answers) > 1 else answers[0]


def tool_call(value: object) -> Record:
    """A call that a model asks for, as ``{id, name, arguments}``; what is unknown is left out."""
    told = mapping(value)
    told = mapping(told.get("tool_call")) or told
    function = mapping(told.get("function")) or told
    arguments = next((function[name] for name in ("arguments", "args", "input") if name in function), None)
    call = {"id": told.get("id"), "name": function.get("name"), "arguments": parsed(arguments)}
    return {key: part for key, part in call.items() if part is not None}


def _messages(value: object, role: str) -> list[Record]:
    """The records of one message: more than one where it answers several tool calls."""
    if isinstance(value, str):
        return [{"role": role, "content": value}] if value else []
    told = _inner(mapping(value))
    if not told:
        return []
    role = _told_role(told) or role
    record: Record = {"role": role}
    parts = told.get("parts")
    if isinstance(parts, list):
        answers = _read_parts(record, cast("list[object]", parts))
    else:
        answers = []
        _read_content(record, told)
    calls = [tool_call(call) for call in items(told.get("tool_calls"))]
    if calls:
        record["tool_calls"] = [*record.get("tool_calls", ()), *calls]
    if told.get("function_call") is not None:
        record["function_call"] = parsed(told["function_call"])
    record.update({name: told[name] for name in _KEPT if text(told.get(name))})
    call_id = text(told.get("id"))
    if role == "tool" and call_id and "tool_call_id" not in record:
        record["tool_call_id"] = call_id
    has_more = len(record) > 1 or not answers
    return [*([record] if has_more else ()), *answers]


def _inner(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message itself, where a convention wraps it."""
    for name in ("message", "kwargs", "data"):
        wrapped = told.get(name)
        if isinstance(wrapped, Mapping):
            inner = cast("Mapping[str, Any]", wrapped)
            if "kwargs" in inner and isinstance(inner["kwargs"], Mapping):  # a generation around a message
                inner = {**inner, **cast("Mapping[str, Any]", inner["kwargs"])}
            return {**{key: part for key, part in told.items() if key != name}, **inner}
        if isinstance(wrapped, str) and name == "message" and "content" not in told:
            return {**told, **(mapping(wrapped) or {"content": wrapped})}
    return told


def _told_role(told: Mapping[str, Any]) -> str | None:
    inner = _inner(told)
    names = inner.get("id") if inner.get("type") == "constructor" or told.get("lc") == 1 else None
    last = cast("list[object]", names)[-1] if isinstance(names, list) and names else None
    candidates = (inner.get("role"), last, inner.get("type"))
    found = next((one for one in candidates if isinstance(one, str) and one), None)
    if found is None or (found == inner.get("type") and found not in _ROLES):
        return None
    return _ROLES.get(found, found)


def _read_content(record: Record, told: Mapping[str, Any]) -> None:
    parts = told.get("contents", told.get("content"))
    if isinstance(parts, str):
        inner = parsed(parts)
        parts = inner if _are_parts(inner) else parts
    if not isinstance(parts, list):
        record["content"] = _plain_content(parts)
        return
    _read_parts(record, cast("list[object]", parts))


def _plain_content(content: object) -> object:
    return content if content is not None else ""


def _are_parts(value: object) -> bool:
    told = cast("list[object]", value) if isinstance(value, list) else []
    return bool(told) and all(isinstance(part, Mapping) and "type" in part for part in told)


def _read_parts(record: Record, parts: Iterable[object]) -> list[Record]:
    """Put *parts* into *record*, and return the messages that are answers of tools among them."""
    content: list[object] = []
    reasoning: list[str] = []
    calls: list[Record] = []
    answers: list[Record] = []
    for part in parts:
        told = mapping(part)
        told = mapping(told.get("message_content")) or told
        match told.get("type"):
            case "text" | "output_text" | "input_text":
                content.append({"type": "text", "text": told.get("content", told.get("text", ""))})
            case "reasoning" | "thinking":
                reasoning.append(str(told.get("content") or told.get("text") or told.get("thinking") or ""))
            case "tool_call" | "tool_use" | "server_tool_call":
                inner = told.get("server_tool_call")
                calls.append(tool_call({**told, "arguments": inner} if inner is not None else told))
            case "tool_call_response" | "tool_result" | "server_tool_call_response":
                answers.append(_tool_answer(told))
            case _:
                content.append(_other_part(told) if told else part)
    record["content"] = _joined(content)
    if reasoning:
        record["reasoning"] = "\n".join(reasoning)
    if calls:
        record["tool_calls"] = calls
    if not content and (answers and not calls and not reasoning):
        del record["content"]
    return answers


def _joined(content: list[object]) -> object:
    """Parts that are all text as one text; else as they are."""
    told = [cast("Mapping[str, object]", part).get("text") for part in content if isinstance(part, Mapping)]
    if len(told) == len(content) and all(isinstance(one, str) for one in told):
        return "\n".join(cast("list[str]", told))
    return content


def _tool_answer(told: Mapping[str, Any]) -> Record:
    names = ("response", "result", "server_tool_call_response", "content")
    content = next((told[name] for name in names if name in told), "")
    call_id = told.get("id", told.get("tool_use_id"))
    return {"role": "tool", "content": content, **({"tool_call_id": call_id} if isinstance(call_id, str) else {})}


def _other_part(told: Mapping[str, Any]) -> object:
    """A part that is not text; media by its hash, type and size, everything else as it is."""
    kind = text(told.get("mime_type"))
    for name in ("content", "data", "url"):
        described = _media(told.get(name), kind)
        if described is not None:
            return {"type": told.get("modality", told.get("type")), **_without_type(described)}
    for name in (*_MEDIA, "image_url", "input_audio"):
        inner = mapping(told.get(name))
        inner = mapping(inner.get(name)) or inner
        for key in ("url", "data", "file_data"):
            described = _media(inner.get(key), kind)
            if described is not None:
                return {"type": told.get("type", name), **_without_type(described)}
    return dict(told)


def _media(value: object, kind: str | None) -> dict[str, object] | None:
    if not isinstance(value, str) or not (kind or value.startswith("data:")):
        return None
    return describe_base64(value, kind)


def _without_type(described: Mapping[str, object]) -> dict[str, object]:
    return {key: part for key, part in described.items() if key != "type"}
