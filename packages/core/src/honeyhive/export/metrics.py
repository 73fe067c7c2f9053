"""OpenTelemetry metrics on a meter provider of the user's: what model calls use and take, and our own account.

Names are those of the GenAI conventions (``facts/agents.md`` §6), where they have one; docs/metrics.md is the table. Events are
read back from their bytes, in the worker, so that those of third parties count like our own and no caller pays.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from honeyhive import __about__, semconv
from honeyhive.events import otlp
from honeyhive.events.decode import decode_request
from honeyhive.events.event import Event, EventType
from honeyhive.events.reader import read_span
from honeyhive.guard import guard

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

    from honeyhive.export.outlet import Stats

Attributes = dict[str, str]

_MS_PER_S: Final = 1000
_USAGE: Final = {
    "input_tokens": semconv.PROMPT_TOKENS,
    "output_tokens": semconv.COMPLETION_TOKENS,
    "cache_read.input_tokens": semconv.CACHE_READ_TOKENS,
    "cache_write.input_tokens": semconv.CACHE_WRITE_TOKENS,
    "reasoning.output_tokens": semconv.REASONING_TOKENS,
}
_TOKEN_TYPES: Final = {"input": semconv.PROMPT_TOKENS, "output": semconv.COMPLETION_TOKENS}
# The buckets that the conventions advise for durations of model calls and for tokens.
_DURATIONS_S: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)


class Account(Protocol):
    """What is watched of one tracer."""

    @property
    def claims(self) -> Mapping[str, int]:
        """Sessions that were named and not continued, by reason."""
        ...

    @property
    def labels(self) -> Attributes:
        """Whose account it is, as attributes."""
        ...

    def stats(self) -> "Stats":
        """The account at this moment."""
        ...


class Metrics:
    """The instruments of one meter provider, shared by the tracers that were given it."""

    def __init__(self, provider: Any) -> None:
        meter = provider.get_meter(semconv.SCOPE_NAME, __about__.__version__)
        self._accounts: weakref.WeakSet[Account] = weakref.WeakSet()
        self._queue_bytes: Callable[[], int] = int
        self._model_durations = meter.create_histogram(
            "gen_ai.client.inference.duration",
            unit="s",
            description="Duration of model calls",
            explicit_bucket_boundaries_advisory=_DURATIONS_S,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens of model calls, by type",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._usage = {
            key: meter.create_counter(
                f"gen_ai.client.inference.usage.{name}", unit="{token}", description=f"Sum of {name} of model calls"
            )
            for name, key in _USAGE.items()
        }
        self._durations = meter.create_histogram(
            "honeyhive.event.duration",
            unit="s",
            description="Duration of events, by type and status",
            explicit_bucket_boundaries_advisory=_DURATIONS_S,
        )
        self._watch(meter)

    def _watch(self, meter: Any) -> None:
        event, counter = "{event}", meter.create_observable_counter
        counter("honeyhive.events.accepted", [self._observe(_accepted)], event, "Events that were recorded")
        counter("honeyhive.events.delivered", [self._observe(_delivered)], event, "Events that arrived")
        counter("honeyhive.events.dropped", [self._observe(_dropped)], event, "Events that will not arrive, by reason")
        counter("honeyhive.claims", [self._observe(_claims)], "{session}", "Sessions not continued, by reason")
        meter.create_observable_up_down_counter(
            "honeyhive.events.pending", [self._observe(_pending)], event, "Events on their way"
        )
        meter.create_observable_up_down_counter(
            "honeyhive.queue.size", [self._observe_queue], "By", "Bytes that wait for the worker"
        )

    def watch(self, account: Account, queue_bytes: Callable[[], int]) -> None:
        """Observe *account* as long as it lives, and the process's queue."""
        self._accounts.add(account)
        self._queue_bytes = queue_bytes

    def record(self, span: bytes, labels: Attributes) -> None:
        """Record what the event in *span*, an entry of ``ScopeSpans.spans``, took and used."""
        with guard("record metrics"):
            for decoded in decode_request(otlp.record(b"", {b"": [span]})):
                event = read_span(decoded)
                if isinstance(event, Event) and not _is_announcement(event):
                    self._record(event, labels)

    def _record(self, event: Event, labels: Attributes) -> None:
        status = str(event.metadata.get(semconv.STATUS, "ok"))
        seconds = event.duration / _MS_PER_S
        kind = {"honeyhive.event.type": str(event.event_type), "honeyhive.event.status": status}
        self._durations.record(seconds, {**labels, **kind})
        if event.event_type is EventType.model:
            self._record_model(event, {**labels, **_model_attributes(event)}, seconds)

    def _record_model(self, event: Event, attributes: Attributes, seconds: float) -> None:
        failed = {"error.type": _error_type(event)} if event.error is not None else {}
        self._model_durations.record(seconds, {**attributes, **failed})
        for key, counter in self._usage.items():
            count = _count(event, key)
            if count is not None:
                counter.add(count, attributes)
        for kind, key in _TOKEN_TYPES.items():
            count = _count(event, key)
            if count is not None:
                self._tokens.record(count, {**attributes, "gen_ai.token.type": kind})

    def _observe(
        self, values_of: Callable[[Account], Mapping[str | None, int]]
    ) -> "Callable[[CallbackOptions], Iterable[Observation]]":
        from opentelemetry.metrics import Observation  # noqa: PLC0415  only with a meter provider

        def observe(_options: "CallbackOptions") -> "Iterator[Observation]":
            for account in list(self._accounts):
                for reason, value in values_of(account).items():
                    named = {} if reason is None else {"reason": reason}
                    yield Observation(value, {**account.labels, **named})

        return observe

    def _observe_queue(self, _options: "CallbackOptions") -> "Iterator[Observation]":
        from opentelemetry.metrics import Observation  # noqa: PLC0415  only with a meter provider

        yield Observation(self._queue_bytes())


_known: Final[weakref.WeakKeyDictionary[Any, Metrics]] = weakref.WeakKeyDictionary()


def metrics_for(provider: Any) -> Metrics:
    """The instruments on *provider*, made once for each."""
    if provider not in _known:
        _known[provider] = Metrics(provider)
    return _known[provider]


def _is_announcement(event: Event) -> bool:
    """Whether this is a session's event as it is written at its start, to be known early."""
    return event.event_type is EventType.session and event.duration == 0


def _accepted(account: Account) -> Mapping[str | None, int]:
    return {None: account.stats().accepted}


def _delivered(account: Account) -> Mapping[str | None, int]:
    return {None: account.stats().delivered}


def _pending(account: Account) -> Mapping[str | None, int]:
    return {None: account.stats().pending}


def _dropped(account: Account) -> Mapping[str | None, int]:
    return {**account.stats().dropped}


def _claims(account: Account) -> Mapping[str | None, int]:
    return {**account.claims}


def _model_attributes(event: Event) -> Attributes:
    named = {
        semconv.GEN_AI_OPERATION: event.metadata.get("operation_name", "chat"),
        "gen_ai.provider.name": event.config.get("provider"),
        "gen_ai.request.model": event.config.get("model"),
        "gen_ai.response.model": event.metadata.get("response_model"),
    }
    return {name: value for name, value in named.items() if isinstance(value, str)}


def _error_type(event: Event) -> str:
    explicit = event.metadata.get(semconv.ERROR_TYPE)
    return explicit if isinstance(explicit, str) else "_OTHER"


def _count(event: Event, key: str) -> int | None:
    value = event.metadata.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
