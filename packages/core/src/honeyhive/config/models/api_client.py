"""The config object of the API client."""

from pydantic import Field

from honeyhive.config.models.base import BaseHoneyHiveConfig
from honeyhive.config.models.http_client import HTTPClientConfig


class APIClientConfig(BaseHoneyHiveConfig):
    """The API client's connection, and how its requests travel."""

    http_config: HTTPClientConfig = Field(default_factory=HTTPClientConfig)
