"""What all config objects have in common."""

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from honeyhive.settings import DEFAULT_API_URL
from honeyhive.settings.checks import check_url
from honeyhive.settings.environment import rows_of
from honeyhive.settings.keys import check_typed_key
from honeyhive.settings.variables import Variables, read_variables

_CONNECTION = ("api_key", "ingestion_api_key", "server_url", "project", "test_mode", "verbose")


class BaseHoneyHiveConfig(BaseModel):
    """The connection; each field that the caller leaves out is read from the environment when the object is made.

    Raises ``pydantic.ValidationError`` (a ``ValueError``) for an unknown field or a value that cannot be used, and
    `honeyhive.errors.ConfigurationError` for a variable that cannot be read.
    """

    model_config = ConfigDict(
        validate_assignment=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True
    )

    variables: ClassVar[Variables] = rows_of({name: name for name in _CONNECTION})

    api_key: str | None = Field(default=None, repr=False)
    ingestion_api_key: str | None = Field(default=None, repr=False)
    server_url: str = DEFAULT_API_URL
    project: str | None = None
    test_mode: bool = False
    verbose: bool = False

    _from_environment: frozenset[str] = PrivateAttr(default=frozenset())

    def __init__(self, **data: Any) -> None:
        data = {name: value for name, value in data.items() if value is not None or self._may_be_none(name)}
        read = read_variables(os.environ, self.variables)
        found = {name: value for name, value in read.items() if name not in data}
        super().__init__(**found, **data)
        self._from_environment = frozenset(found)

    @classmethod
    def _may_be_none(cls, name: str) -> bool:
        """Whether None says something of field *name*; for the others it means, as in 1.x, that nothing was given."""
        field = cls.model_fields.get(name)
        return field is None or field.default is None or field.is_required() or field.default_factory is not None

    def given(self, *, with_environment: bool) -> dict[str, Any]:
        """The fields that were set: by the caller and, if wanted, from the environment."""
        names = self.model_fields_set if with_environment else self.model_fields_set - self._from_environment
        return {name: getattr(self, name) for name in names}

    @field_validator("api_key", "ingestion_api_key", "project", mode="before")
    @classmethod
    def _strip(cls, value: Any) -> Any:
        """A blank text is none."""
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("ingestion_api_key")
    @classmethod
    def _check_ingestion_key(cls, value: str | None) -> str | None:
        check_typed_key("ingestion_api_key", value)
        return value

    @field_validator("server_url", mode="before")
    @classmethod
    def _check_server_url(cls, value: Any) -> Any:
        if value is None or (isinstance(value, str) and not value.strip()):
            return DEFAULT_API_URL
        if isinstance(value, str):
            value = value.strip().rstrip("/")
            check_url("server_url", value)
        return value


def with_base(names: Mapping[str, str]) -> Variables:
    """The variables of the connection, and those of *names*: fields, and what `Settings` calls them."""
    return (*BaseHoneyHiveConfig.variables, *rows_of(names))
