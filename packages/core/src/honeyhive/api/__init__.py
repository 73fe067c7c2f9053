"""The client under 1.x's import path: ``from honeyhive.api import HoneyHive``."""

from honeyhive.client import (
    APIConfig,
    APIError,
    ChartsAPI,
    ConfigurationsAPI,
    DatapointsAPI,
    DatasetsAPI,
    EvaluatorsAPI,
    EventsAPI,
    ExperimentsAPI,
    HoneyHive,
    HTTPException,
    MetricsAPI,
    MetricVersionsAPI,
    MissingApiKeyError,
    SessionsAPI,
)

EvaluationsAPI = ExperimentsAPI
SessionAPI = SessionsAPI

__all__ = [
    "APIConfig",
    "APIError",
    "ChartsAPI",
    "ConfigurationsAPI",
    "DatapointsAPI",
    "DatasetsAPI",
    "EvaluationsAPI",
    "EvaluatorsAPI",
    "EventsAPI",
    "ExperimentsAPI",
    "HTTPException",
    "HoneyHive",
    "MetricVersionsAPI",
    "MetricsAPI",
    "MissingApiKeyError",
    "SessionAPI",
    "SessionsAPI",
]
