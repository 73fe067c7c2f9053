"""The config objects that a tracer takes."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator

from honeyhive.config.models.base import BaseHoneyHiveConfig, with_base
from honeyhive.events.identity import parse_session_id
from honeyhive.settings.variables import Variables

_READ: Final = (
    "session_name",
    "source",
    "disable_http_tracing",
    "disable_batch",
    "disable_tracing",
    "max_attributes",
    "max_events",
    "max_links",
    "preserve_core_attributes",
    "cache_enabled",
    "cache_max_size",
    "cache_ttl",
    "cache_cleanup_interval",
)
_Count = Annotated[int, Field(gt=0)]


class SpanNameFilter(BaseModel):
    """The beginning of a name."""

    model_config = ConfigDict(validate_assignment=True, extra="forbid")

    type: Literal["prefix"]
    value: str


class SpanNameFilters(BaseModel):
    """Which names are recorded: with *include* only those that begin with one of it, never one that begins with *exclude*."""

    model_config = ConfigDict(validate_assignment=True, extra="forbid")

    include: list[SpanNameFilter] | None = None
    exclude: list[SpanNameFilter] | None = None


def _checked_session_id(value: Any) -> Any:
    """*value* in canonical form; raises ``ValueError`` for a text that is no UUID."""
    if not isinstance(value, str):
        return value
    parsed = parse_session_id(value.strip())
    if parsed is None:
        message = "session_id must be a UUID"
        raise ValueError(message)
    return parsed


class TracerConfig(BaseHoneyHiveConfig):
    """The options of a tracer; see `honeyhive.settings.Settings` for what each means."""

    variables: ClassVar[Variables] = with_base({**{name: name for name in _READ}, "max_span_size": "max_event_bytes"})

    session_name: str | None = None
    source: str = "dev"
    disable_http_tracing: bool = True
    disable_batch: bool = False
    disable_tracing: bool = False
    span_name_filters: SpanNameFilters | None = None
    max_attributes: _Count = 1024
    max_events: _Count = 1024
    max_links: _Count = 128
    max_span_size: _Count = 10 * 1024 * 1024
    preserve_core_attributes: bool = True
    cache_enabled: bool = True
    cache_max_size: int | None = None
    cache_ttl: float | None = None
    cache_cleanup_interval: float | None = None
    requests_session: Any = Field(default=None, repr=False)
    session_id: str | None = None
    inputs: dict[str, Any] | None = Field(default=None, repr=False)
    link_carrier: dict[str, Any] | None = Field(default=None, repr=False)
    is_evaluation: bool = False
    run_id: str | None = None
    dataset_id: str | None = None
    datapoint_id: str | None = None

    _check_session_id = field_validator("session_id", mode="before")(_checked_session_id)

    @field_serializer("requests_session", when_used="json")
    def _name_session(self, value: Any) -> str | None:
        return None if value is None else "<requests.Session>"


class SessionConfig(BaseHoneyHiveConfig):
    """The session of a tracer's process."""

    session_id: str | None = None
    skip_backend_session_creation: bool = False
    inputs: dict[str, Any] | None = Field(default=None, repr=False)
    link_carrier: dict[str, Any] | None = Field(default=None, repr=False)

    _check_session_id = field_validator("session_id", mode="before")(_checked_session_id)


class EvaluationConfig(BaseHoneyHiveConfig):
    """The experiment run that a tracer's events belong to."""

    is_evaluation: bool = False
    run_id: str | None = None
    dataset_id: str | None = None
    datapoint_id: str | None = None
