"""Bodies and queries as they are on the wire, and replies as models."""

import json
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from honeyhive.client.call import Call, Request
from honeyhive.errors import APIError

M = TypeVar("M", bound=BaseModel)

# Ids of one query: URLs of 8 KB pass everywhere.
_BATCH: Final = 100


def checked(model: type[M], value: M | Mapping[str, Any]) -> M:
    """*value* as *model*; raises pydantic's ``ValidationError`` when it is a mapping that does not fit."""
    return value if isinstance(value, model) else model.model_validate(value)


def body_of(model: BaseModel) -> dict[str, Any]:
    """The body that *model* is sent as: names of the wire, nothing that is None."""
    return model.model_dump(by_alias=True, exclude_none=True)


def in_batches(ids: Sequence[str] | None) -> list[list[str] | None]:
    """*ids* in lists that a query can hold; None once where all are meant."""
    if not ids:
        return [None]
    return [list(ids[start : start + _BATCH]) for start in range(0, len(ids), _BATCH)]


def answered(request: Request, model: type[M]) -> Call[M]:
    """The call that is *request*, whose reply is *model*."""
    return Call([request], lambda replies: parsed(model, replies[0]))


def encode(body: object) -> bytes:
    """*body* as JSON; raises ``TypeError`` or ``ValueError`` for what has no JSON form."""
    try:
        return orjson.dumps(body, to_jsonable_python, orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # an integer over 64 bits or a lone surrogate; anything else fails again, with its type's name
        return json.dumps(to_jsonable_python(body)).encode()


def query_pairs(query: Mapping[str, object]) -> list[tuple[str, str]]:
    """*query* as pairs: a list as ``ids[]=…`` for each item, which stays a list when it has one; a mapping as JSON."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, (list, tuple)):
            items = cast("list[object]", value)
            # A list of conditions is one JSON text; a list of scalars is one pair an item.
            if any(isinstance(item, (Mapping, list, BaseModel)) for item in items):
                pairs.append((name, _json_text([_plain(item) for item in items])))
            else:
                pairs.extend((f"{name}[]", _scalar(item)) for item in items)
        elif isinstance(value, (Mapping, BaseModel)):
            pairs.append((name, _json_text(_plain(cast("object", value)))))
        elif value is not None:
            pairs.append((name, _scalar(value)))
    return pairs


def _plain(value: object) -> object:
    return body_of(value) if isinstance(value, BaseModel) else value


def _json_text(value: object) -> str:
    return encode(value).decode()


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def parsed(model: type[M], data: object) -> M:
    """The reply *data* as *model*: fields it does not know are kept, missing ones are None.

    A field of another type than promised is kept as it came, because the call has had its effect already. Raises
    `APIError` when the reply is no JSON object.
    """
    if data is None:
        data = {}
    if not isinstance(data, Mapping):
        message = f"the reply is {type(data).__name__}, not the object that {model.__name__} is read from"
        raise APIError(message)
    fields = cast("Mapping[str, Any]", data)
    try:
        return model.model_validate(fields)
    except ValidationError:
        return _as_it_came(model, fields)


def _as_it_came(model: type[M], data: Mapping[str, Any]) -> M:
    values: dict[str, Any] = dict(data)
    for name, field in model.model_fields.items():
        alias = field.alias or name
        if alias in values:
            values[name] = _fitted(field.annotation, values.pop(alias))
        elif name not in values:
            values[name] = None if field.is_required() else field.get_default(call_default_factory=True)
    return model.model_construct(None, **values)


def _fitted(annotation: Any, value: Any) -> Any:
    """*value* with the models that *annotation* promises in it, wherever it has their shape."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return parsed(annotation, cast("object", value)) if isinstance(value, Mapping) else value
    arguments = typing.get_args(annotation)
    if isinstance(value, list) and typing.get_origin(annotation) is list:
        items: list[Any] = [_fitted(arguments[0], item) for item in cast("list[Any]", value)]
        return items
    models = [part for part in arguments if typing.get_origin(part) is list or isinstance(part, type)]
    for part in models:
        fitted = _fitted(part, value)
        if fitted is not value:
            return fitted
    return cast("Any", value)
