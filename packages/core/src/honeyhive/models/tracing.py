"""The parameters of a traced function, as 1.x's decorators kept them."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class TracingParams(BaseModel):
    """What may be said of an event where it is traced; any other name is kept too."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="allow")

    event_type: str | None = None
    event_name: str | None = None
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    feedback: dict[str, Any] | None = None
    error: Exception | None = None
    event_id: str | None = None
