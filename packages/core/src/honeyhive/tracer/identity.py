"""What a tracer says of itself."""

from functools import cached_property
from typing import TYPE_CHECKING

from opentelemetry import trace

from honeyhive.config.view import view_of
from honeyhive.tracer.core import TracerCore
from honeyhive.tracer.otel import EventTracer
from honeyhive.tracing.propagator import HoneyHivePropagator
from honeyhive.utils.dotdict import DotDict

if TYPE_CHECKING:
    from opentelemetry.propagators.textmap import TextMapPropagator

    from honeyhive.client import HoneyHive
    from honeyhive.tracing.intake import HoneyHiveSpanProcessor


class TracerIdentity(TracerCore):
    """The properties of `HoneyHiveTracer`."""

    @property
    def project(self) -> str | None:
        """The project that events are recorded for."""
        return self.settings.project

    @property
    def project_name(self) -> str | None:
        """The same as `project`."""
        return self.settings.project

    @property
    def source(self) -> str:
        """The environment that events come from."""
        return self.settings.source

    @property
    def source_environment(self) -> str:
        """The same as `source`."""
        return self.settings.source

    @property
    def api_key(self) -> str | None:
        """The API key."""
        return self.settings.api_key

    @property
    def ingestion_api_key(self) -> str | None:
        """The key that sends events, where it is another than the API key."""
        return self.settings.ingestion_api_key

    @property
    def server_url(self) -> str:
        """The base URL of the HoneyHive API."""
        return self.settings.server_url

    @property
    def verbose(self) -> bool:
        """Whether the tracer logs what becomes of events."""
        return self.settings.verbose

    @property
    def session_id(self) -> str:
        """The id of the process's own session, for events outside any request, task or `session` block."""
        return self.own_session.session_id

    @property
    def session_name(self) -> str:
        """The name of the process's own session."""
        return self.own_session.name

    @property
    def is_initialized(self) -> bool:
        """Whether the tracer records: from its making to its `shutdown`."""
        return self.channel.default_session is not None

    @property
    def test_mode(self) -> bool:
        """Whether events go nowhere."""
        return self.settings.test_mode

    @property
    def is_test_mode(self) -> bool:
        """The same as `test_mode`."""
        return self.settings.test_mode

    @property
    def is_evaluation(self) -> bool:
        """Whether the events belong to an experiment: said so, or run, dataset and datapoint are all given."""
        ids = (self.settings.run_id, self.settings.dataset_id, self.settings.datapoint_id)
        return self.settings.is_evaluation or all(ids)

    @property
    def run_id(self) -> str | None:
        """The experiment run that the events belong to."""
        return self.settings.run_id

    @property
    def dataset_id(self) -> str | None:
        """The dataset of that run."""
        return self.settings.dataset_id

    @property
    def datapoint_id(self) -> str | None:
        """The datapoint of that dataset."""
        return self.settings.datapoint_id

    @property
    def destination(self) -> str:
        """Where events go: a URL, or the directory of the journal."""
        return self.settings.destination or str(self.settings.journal_dir)

    @property
    def is_main_provider(self) -> bool:
        """Whether this tracer's provider is OpenTelemetry's global one, which it is only when asked to be."""
        return trace.get_tracer_provider() is self.__dict__.get("provider")

    @cached_property
    def tracer(self) -> EventTracer:
        """An OpenTelemetry Tracer whose spans are events."""
        return EventTracer(self.channel)

    @cached_property
    def propagator(self) -> "TextMapPropagator":
        """Trace Context, Baggage and the signed session as an OpenTelemetry propagator."""
        return HoneyHivePropagator(lambda: self.channel)

    @cached_property
    def span_processor(self) -> "HoneyHiveSpanProcessor":
        """A processor that makes events of this tracer from the spans of any OpenTelemetry SDK provider."""
        from honeyhive.tracing.intake import HoneyHiveSpanProcessor  # noqa: PLC0415  the SDK takes 54 ms to import

        return HoneyHiveSpanProcessor(tracer_instance=self)

    @cached_property
    def client(self) -> "HoneyHive | None":
        """A client of the HoneyHive API with this tracer's key and server; None without a key, and in test mode."""
        settings = self.settings
        if settings.test_mode or not (settings.api_key or settings.ingestion_api_key or settings.data_plane_api_key):
            return None
        from honeyhive.client import HoneyHive  # noqa: PLC0415  httpx and pydantic take half a second to import

        return HoneyHive(
            settings.api_key,
            settings.project,
            ingestion_api_key=settings.ingestion_api_key,
            data_plane_api_key=settings.data_plane_api_key,
            server_url=settings.server_url,
            timeout=settings.http.timeout_s,
            rate_limit_calls=settings.http.rate_limit_calls,
            rate_limit_window=settings.http.rate_limit_window_s,
            max_connections=settings.http.max_connections,
            max_keepalive=settings.http.max_keepalive_connections,
        )

    @cached_property
    def config(self) -> DotDict:
        """The settings by 1.x's names, in its sections ``http``, ``otlp``, ``api``, ``experiment``, ``session``, ``evaluation``."""
        return view_of(self.settings, session_id=self.session_id, session_name=self.session_name)

    def __repr__(self) -> str:
        return (
            f"HoneyHiveTracer(project={self.project!r}, source={self.source!r}, initialized={self.is_initialized}, "
            f"test_mode={self.test_mode}, destination={self.destination!r})"
        )
