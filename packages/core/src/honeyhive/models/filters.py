"""Which events to export, and the reply."""

from enum import StrEnum

from pydantic import Field

from honeyhive.models.base import Model
from honeyhive.models.events import LegacyEvent


class FilterOperator(StrEnum):
    """How a field is compared; `EventFilter` takes the plain text too."""

    IS = "is"
    IS_NOT = "is not"
    CONTAINS = "contains"
    NOT_CONTAINS = "not contains"
    GREATER_THAN = "greater than"


class FilterFieldType(StrEnum):
    """The type of a filtered field. Ids are ``STRING``; ``ID`` is refused by the server and kept for old imports."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    ID = "id"


class EventFilter(Model):
    """One condition: ``EventFilter(field="session_id", operator="is", value="…")``.

    *field* is a field of an event or a path in one (``metadata.cost``); *value* is text whatever the *type*.
    """

    field: str
    operator: str
    value: str
    type: str = "string"

    def to_dict(self) -> dict[str, str]:
        """The condition as it is sent."""
        return {"field": self.field, "operator": self.operator, "value": self.value, "type": self.type}


def _no_filters() -> list[EventFilter]:
    return []


def _no_events() -> list[LegacyEvent]:
    return []


class EventExportRequest(Model):
    """The body of an export. *limit* is at most 7,500; *date_range* has ``$gte`` and ``$lte`` as ISO texts."""

    project: str
    filters: list[EventFilter] = Field(default_factory=_no_filters)
    date_range: dict[str, str] | None = Field(default=None, alias="dateRange")
    projections: list[str] | None = None
    limit: int | None = 1000
    page: int | None = 1


class EventExportResponse(Model):
    """The events of one page, and how many there are in all."""

    events: list[LegacyEvent] = Field(default_factory=_no_events)
    total_events: int = Field(default=0, alias="totalEvents")
