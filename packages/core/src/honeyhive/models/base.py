"""What the models of the HoneyHive API have in common."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

T = TypeVar("T")


class Model(BaseModel):
    """A model that keeps the fields of newer servers, and is built when it is first used.

    A field that has another name on the wire takes both.
    """

    model_config = ConfigDict(
        populate_by_name=True,
        validate_assignment=True,
        extra="allow",
        protected_namespaces=(),
        defer_build=True,
    )


class Envelope(Model):
    """A model that holds another in a field of its own; it takes what is inside without it, as 1.x's documentation has it."""

    @model_validator(mode="before")
    @classmethod
    def _enclosed(cls, data: Any) -> Any:
        (name,) = cls.model_fields
        is_inside = isinstance(data, Mapping) and name not in data
        return {name: cast("object", data)} if is_inside else cast("object", data)


class _MayBeAbsent:
    """Marks a field that the API promises in a reply, and that is None where a server leaves it out."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(core_schema.nullable_schema(handler(source)), default=None)


# The type is the promised one, so that programs need not ask for None after each field of each reply.
Reply = Annotated[T, _MayBeAbsent()]
