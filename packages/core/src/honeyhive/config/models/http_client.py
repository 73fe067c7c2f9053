"""The config object of HTTP clients."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from honeyhive.config.models.base import BaseHoneyHiveConfig, with_base
from honeyhive.settings.names import HTTP_NAMES
from honeyhive.settings.variables import Variables

_Seconds = Annotated[float, Field(gt=0)]
_Count = Annotated[int, Field(gt=0)]


class HTTPClientConfig(BaseHoneyHiveConfig):
    """How requests travel; times in seconds. `honeyhive.settings.HTTPSettings` is what clients are made with.

    Proxies of the standard variables (``HTTP_PROXY``, …) apply without being shown here.
    """

    variables: ClassVar[Variables] = with_base(HTTP_NAMES)

    timeout: _Seconds = 30.0
    max_connections: _Count = 10
    max_keepalive_connections: _Count = 20
    keepalive_expiry: _Seconds = 30.0
    pool_timeout: _Seconds = 10.0
    rate_limit_calls: _Count = 100
    rate_limit_window: _Seconds = 60.0
    max_retries: Annotated[int, Field(ge=0)] = 3
    http_proxy: str | None = Field(default=None, repr=False)
    https_proxy: str | None = Field(default=None, repr=False)
    no_proxy: str | None = None
    verify_ssl: bool = True
    follow_redirects: bool = True

    @field_validator("no_proxy", mode="before")
    @classmethod
    def _join(cls, value: Any) -> Any:
        """The variable is read as several hosts; 1.x's field holds them as one text."""
        return ",".join(value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType]
