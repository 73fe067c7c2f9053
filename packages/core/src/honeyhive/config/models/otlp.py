"""The config object of delivery."""

from typing import Annotated, ClassVar

from pydantic import Field

from honeyhive.config.models.base import BaseHoneyHiveConfig, with_base
from honeyhive.settings.variables import Variables

_NAMES = {
    "otlp_enabled": "otlp_enabled",
    "otlp_endpoint": "otlp_endpoint",
    "otlp_headers": "otlp_headers",
    "otlp_protocol": "otlp_protocol",
    "batch_size": "batch_size",
    "flush_interval": "flush_interval_s",
    "max_export_batch_size": "max_export_batch_size",
    "export_timeout": "export_timeout_s",
}


class OTLPConfig(BaseHoneyHiveConfig):
    """How events are delivered; times in seconds. The defaults are those that 1.x documents, not those of a tracer here."""

    variables: ClassVar[Variables] = with_base(_NAMES)

    otlp_enabled: bool = True
    otlp_endpoint: str | None = None
    otlp_headers: dict[str, str] | None = Field(default=None, repr=False)
    otlp_protocol: str = "http/json"
    batch_size: Annotated[int, Field(gt=0)] = 100
    flush_interval: Annotated[float, Field(gt=0)] = 5.0
    max_export_batch_size: Annotated[int, Field(gt=0)] = 512
    export_timeout: Annotated[float, Field(gt=0)] = 30.0
