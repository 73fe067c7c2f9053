"""`HoneyHive`: the client of the HoneyHive API."""

import dataclasses
import inspect
from types import TracebackType
from typing import Any, Final, Never, Self

from honeyhive.client.charts import ChartsAPI
from honeyhive.client.configurations import ConfigurationsAPI
from honeyhive.client.datapoints import DatapointsAPI
from honeyhive.client.datasets import DatasetsAPI
from honeyhive.client.evaluators import EvaluatorsAPI
from honeyhive.client.events import EventsAPI
from honeyhive.client.executor import APIConfig, HTTPExecutor
from honeyhive.client.experiments import ExperimentsAPI
from honeyhive.client.metrics import MetricsAPI, MetricVersionsAPI
from honeyhive.client.retry import Retries
from honeyhive.client.sessions import SessionsAPI
from honeyhive.deprecation import warn_deprecated
from honeyhive.errors import ConfigurationError
from honeyhive.settings import Settings
from honeyhive.settings.checks import unknown_option
from honeyhive.settings.http import HTTPSettings
from honeyhive.utils.retry import RetryConfig


class HoneyHive:
    """The HoneyHive API, or any server that implements it.

    ``client.datasets.list()`` waits in the caller's thread, ``await client.datasets.list_async()`` does not hold up the event
    loop; every method has both forms. Nothing is sent before the first call. One client serves any number of threads and
    event loops and keeps its connections; `close` or a ``with`` block closes them, and so does the end of the program.

    *api_key*, *ingestion_api_key*, *data_plane_api_key*, *project* and *base_url* (*server_url* is its older name) come from
    ``HH_API_KEY``, ``HH_INGESTION_API_KEY``, ``HH_DATA_PLANE_API_KEY``, ``HH_PROJECT`` and ``HH_API_URL`` where not given.
    *project* is named in what is written and exported unless that names another. A call with ``project_id`` is about
    that project and goes with the data plane's key, for which no other stands in. *timeout* is seconds for one request (5;
    ``HH_API_TIMEOUT``). *retry_config* is a `honeyhive.utils.RetryConfig` (three further attempts; ``HH_MAX_RETRIES``).
    *rate_limit_calls* in *rate_limit_window* seconds and *max_connections*, *max_keepalive* bound the load. *test_mode* and
    *verbose* are only kept, as in 1.x.

    Raises `ConfigurationError` for an unknown argument, naming the nearest, and for a value that cannot be used; a call raises
    `MissingApiKeyError` before it sends anything, `HTTPException` (an `APIError`) when the server refuses, and httpx's errors
    when there is no answer.
    """

    def __init__(  # noqa: PLR0913  the arguments of 1.x
        self,
        api_key: str | None = None,
        project: str | None = None,
        *,
        ingestion_api_key: str | None = None,
        data_plane_api_key: str | None = None,
        base_url: str | None = None,
        server_url: str | None = None,
        cp_base_url: str | None = None,
        timeout: float | None = None,
        retry_config: Any = None,
        rate_limit_calls: int | None = None,
        rate_limit_window: float | None = None,
        max_connections: int | None = None,
        max_keepalive: int | None = None,
        test_mode: bool | None = None,
        verbose: bool | None = None,
        tracer_instance: object = None,
        **unknown: Never,
    ) -> None:
        for name in unknown:
            raise ConfigurationError(unknown_option(name, _ARGUMENTS))
        for name, value in (("cp_base_url", cp_base_url), ("tracer_instance", tracer_instance)):
            if value is not None:
                warn_deprecated(f"HoneyHive({name}=…)", "HoneyHive() without it; it has no effect")
        keys = {"api_key": api_key, "ingestion_api_key": ingestion_api_key, "data_plane_api_key": data_plane_api_key}
        given: dict[str, object] = {**keys, "server_url": base_url or server_url}
        if project is not None:
            given["project"] = project
        settings = Settings.from_env(**given)
        http = _adjusted(
            settings.http,
            timeout_s=timeout,
            rate_limit_calls=rate_limit_calls,
            rate_limit_window_s=rate_limit_window,
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive,
        )
        self.project: Final = settings.project
        self.timeout: Final = timeout
        self.test_mode: Final = bool(test_mode)
        self.verbose: Final = bool(verbose)
        self.ingestion_api_key: Final = settings.ingestion_api_key or ""
        self.data_plane_api_key: Final = settings.data_plane_api_key or ""
        self.api_config: Final = APIConfig(
            settings.server_url,
            http.verify_ssl,
            settings.api_key or "",
            http.timeout_s,
        )
        given_retries = None if retry_config is None else RetryConfig.from_optional(retry_config)
        self.retry_config: Final = given_retries or RetryConfig(max_retries=http.max_retries)
        self._executor = HTTPExecutor(
            self.api_config,
            http,
            Retries(http.max_retries, given_retries),
            {"ingestion": self.ingestion_api_key, "data_plane": self.data_plane_api_key},
        )
        self.charts: Final = ChartsAPI(self._executor)
        self.configurations: Final = ConfigurationsAPI(self._executor)
        self.datapoints: Final = DatapointsAPI(self._executor)
        self.datasets: Final = DatasetsAPI(self._executor)
        self.evaluators: Final = EvaluatorsAPI(self._executor)
        self.events: Final = EventsAPI(self._executor, self.project)
        self.experiments: Final = ExperimentsAPI(self._executor, self.project)
        self.evaluations: Final = self.experiments
        self.metrics: Final = MetricsAPI(self._executor)
        self.metric_versions: Final = MetricVersionsAPI(self._executor)
        self.sessions: Final = SessionsAPI(self._executor, self.project)

    @property
    def api_key(self) -> str:
        """The project API key; empty where there is none."""
        return self.api_config.access_token or ""

    @property
    def server_url(self) -> str:
        """The base URL of the API; what is set here holds from the next call on."""
        return self.api_config.base_path

    @server_url.setter
    def server_url(self, value: str) -> None:
        self.api_config.base_path = value

    def close(self) -> None:
        """Close the connections of threads; the next call opens new ones."""
        self._executor.close()

    async def aclose(self) -> None:
        """Close the connections of threads and of this event loop; those of other loops close with their loops."""
        await self._executor.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"HoneyHive(base_url={self.server_url!r}, project={self.project!r})"


_ARGUMENTS: Final = set(inspect.signature(HoneyHive).parameters) - {"unknown"}


def _adjusted(settings: HTTPSettings, **given: float | None) -> HTTPSettings:
    return dataclasses.replace(settings, **{name: value for name, value in given.items() if value is not None})
