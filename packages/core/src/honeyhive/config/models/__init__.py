"""Config objects: pydantic models that read ``HH_*`` when they are made and refuse fields they do not know."""

from honeyhive.config.models.api_client import APIClientConfig
from honeyhive.config.models.base import BaseHoneyHiveConfig
from honeyhive.config.models.experiment import ExperimentConfig
from honeyhive.config.models.http_client import HTTPClientConfig
from honeyhive.config.models.otlp import OTLPConfig
from honeyhive.config.models.tracer import (
    EvaluationConfig,
    SessionConfig,
    SpanNameFilter,
    SpanNameFilters,
    TracerConfig,
)

__all__ = [
    "APIClientConfig",
    "BaseHoneyHiveConfig",
    "EvaluationConfig",
    "ExperimentConfig",
    "HTTPClientConfig",
    "OTLPConfig",
    "SessionConfig",
    "SpanNameFilter",
    "SpanNameFilters",
    "TracerConfig",
]
