"""OTLP as JSON: the bytes of a request, field by field, in the form that HoneyHive's 1.x sends or that collectors expect."""

import base64
import math
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson

from honeyhive.events.wire import read_fields

_DOUBLE: Final = struct.Struct("<d")
_UINT64: Final = struct.Struct("<Q")
_SIGN_BIT: Final = 1 << 63

_SPAN_KINDS: Final = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUS_CODES: Final = ("UNSET", "OK", "ERROR")

_Read = Callable[[Any, "_Form"], object]
_ReadMessage = Callable[[Any, "_Form"], dict[str, object]]


class _Form:
    """How to write what the two dialects write in two ways.

    1.x writes enums by name, ``parentSpanId: null`` at a root, and a number that JSON has not as text
    (``facts/honeyhive-api.md`` §4.4); *strict* is the protobuf JSON mapping of OTLP.
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict

    def enum(self, prefix: str, names: tuple[str, ...], number: int) -> object:
        return number if self.strict or number >= len(names) else f"{prefix}_{names[number]}"


def to_otlp_json(body: bytes, *, strict: bool) -> bytes:
    """*body*, an ``ExportTraceServiceRequest``, as JSON; raises `WireError` on bytes that are none.

    *strict* for collectors; otherwise 1.x's own dialect, which HoneyHive's cloud is known to take.
    """
    form = _Form(strict=strict)
    resources = [_resource_spans(value, form) for number, value in read_fields(body) if number == 1]
    return orjson.dumps({"resourceSpans": resources})


def _text(value: Any, _form: _Form) -> str:
    return value.decode("utf-8", "replace")


def _hex(value: Any, _form: _Form) -> str:
    return value.hex()


def _number(value: Any, _form: _Form) -> int:
    return value


def _digits(value: Any, _form: _Form) -> str:
    return str(value)


def _message(fields: "dict[int, tuple[str, _Read, bool]]", **defaults: Callable[[_Form], object]) -> _ReadMessage:
    """A reader of a message: by field number its name, how its value is read, and whether there may be several."""

    def read(value: Any, form: _Form) -> dict[str, object]:
        found: dict[str, Any] = {name: default(form) for name, default in defaults.items()}
        for number, item in read_fields(value):
            if number not in fields:
                continue
            name, inner, is_list = fields[number]
            if is_list:
                found.setdefault(name, []).append(inner(item, form))
            else:
                found[name] = inner(item, form)
        return found

    return read


def _any_value(value: Any, form: _Form) -> dict[str, object]:
    for number, item in read_fields(value):
        match number:
            case 1:
                return {"stringValue": _text(item, form)}
            case 2:
                return {"boolValue": bool(item)}
            case 3:
                signed = int(item) - (1 << 64) if int(item) >= _SIGN_BIT else int(item)
                return {"intValue": str(signed)}
            case 4:
                return _double(_DOUBLE.unpack(_UINT64.pack(int(item)))[0], form)
            case 5:
                return {"arrayValue": {"values": [_any_value(one, form) for one in _members(item)]}}
            case 6:
                return {"kvlistValue": {"values": [_key_value(one, form) for one in _members(item)]}}
            case 7:
                return {"bytesValue": base64.b64encode(bytes(item)).decode()}
            case _:
                continue
    return {}


def _double(number: float, form: _Form) -> dict[str, object]:
    if math.isfinite(number):
        return {"doubleValue": number}
    named = "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    return {"doubleValue": named} if form.strict else {"stringValue": str(number)}


def _members(value: Any) -> Iterator[Any]:
    return (item for number, item in read_fields(value) if number == 1)


def _kind(value: Any, form: _Form) -> object:
    return form.enum("SPAN_KIND", _SPAN_KINDS, value)


def _code(value: Any, form: _Form) -> object:
    return form.enum("STATUS_CODE", _STATUS_CODES, value)


def _nothing(_form: _Form) -> list[object]:
    return []


_key_value: Final = _message({1: ("key", _text, False), 2: ("value", _any_value, False)})
_resource: Final = _message(
    {1: ("attributes", _key_value, True), 2: ("droppedAttributesCount", _number, False)}, attributes=_nothing
)
_scope: Final = _message(
    {
        1: ("name", _text, False),
        2: ("version", _text, False),
        3: ("attributes", _key_value, True),
        4: ("droppedAttributesCount", _number, False),
    }
)
_point: Final = _message(
    {
        1: ("timeUnixNano", _digits, False),
        2: ("name", _text, False),
        3: ("attributes", _key_value, True),
        4: ("droppedAttributesCount", _number, False),
    },
    attributes=_nothing,
)
_link: Final = _message(
    {
        1: ("traceId", _hex, False),
        2: ("spanId", _hex, False),
        3: ("traceState", _text, False),
        4: ("attributes", _key_value, True),
        5: ("droppedAttributesCount", _number, False),
        6: ("flags", _number, False),
    },
    attributes=_nothing,
)
_status: Final = _message({2: ("message", _text, False), 3: ("code", _code, False)}, code=lambda form: _code(0, form))
_span_fields: Final = _message(
    {
        1: ("traceId", _hex, False),
        2: ("spanId", _hex, False),
        3: ("traceState", _text, False),
        4: ("parentSpanId", _hex, False),
        5: ("name", _text, False),
        6: ("kind", _kind, False),
        7: ("startTimeUnixNano", _digits, False),
        8: ("endTimeUnixNano", _digits, False),
        9: ("attributes", _key_value, True),
        10: ("droppedAttributesCount", _number, False),
        11: ("events", _point, True),
        12: ("droppedEventsCount", _number, False),
        13: ("links", _link, True),
        14: ("droppedLinksCount", _number, False),
        15: ("status", _status, False),
        16: ("flags", _number, False),
    },
    attributes=_nothing,
    events=_nothing,
)


def _span(value: Any, form: _Form) -> object:
    found = _span_fields(value, form)
    return found if form.strict else {"parentSpanId": None, "status": {"code": _code(0, form)}, **found}


_scope_spans: Final = _message(
    {1: ("scope", _scope, False), 2: ("spans", _span, True), 3: ("schemaUrl", _text, False)}, spans=_nothing
)
_resource_spans: Final = _message(
    {1: ("resource", _resource, False), 2: ("scopeSpans", _scope_spans, True), 3: ("schemaUrl", _text, False)},
    scopeSpans=_nothing,
)
