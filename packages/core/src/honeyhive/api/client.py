"""1.x's other import path of the client: ``from honeyhive.api.client import HoneyHive``."""

from honeyhive.client import (
    ChartsAPI,
    ConfigurationsAPI,
    DatapointsAPI,
    DatasetsAPI,
    EvaluatorsAPI,
    EventsAPI,
    ExperimentsAPI,
    HoneyHive,
    MetricsAPI,
    MetricVersionsAPI,
    SessionsAPI,
)

__all__ = [
    "ChartsAPI",
    "ConfigurationsAPI",
    "DatapointsAPI",
    "DatasetsAPI",
    "EvaluatorsAPI",
    "EventsAPI",
    "ExperimentsAPI",
    "HoneyHive",
    "MetricVersionsAPI",
    "MetricsAPI",
    "SessionsAPI",
]
