"""The client of the HoneyHive API: `HoneyHive`."""

from honeyhive.client.charts import ChartsAPI
from honeyhive.client.client import HoneyHive
from honeyhive.client.configurations import ConfigurationsAPI
from honeyhive.client.datapoints import DatapointsAPI
from honeyhive.client.datasets import DatasetsAPI
from honeyhive.client.evaluators import EvaluatorsAPI
from honeyhive.client.events import EventsAPI
from honeyhive.client.executor import APIConfig
from honeyhive.client.experiments import ExperimentsAPI
from honeyhive.client.metrics import MetricsAPI, MetricVersionsAPI
from honeyhive.client.sessions import SessionsAPI
from honeyhive.errors import APIError, HTTPException, MissingApiKeyError

__all__ = [
    "APIConfig",
    "APIError",
    "ChartsAPI",
    "ConfigurationsAPI",
    "DatapointsAPI",
    "DatasetsAPI",
    "EvaluatorsAPI",
    "EventsAPI",
    "ExperimentsAPI",
    "HTTPException",
    "HoneyHive",
    "MetricVersionsAPI",
    "MetricsAPI",
    "MissingApiKeyError",
    "SessionsAPI",
]
