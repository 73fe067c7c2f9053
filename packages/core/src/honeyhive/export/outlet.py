"""Where one tracer's spans go, and the account of them."""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from honeyhive import semconv
from honeyhive.export.account import Account, Inherited
from honeyhive.export.journal.segment import LOCAL
from honeyhive.lateload import late_imports
from honeyhive.settings import Settings

if TYPE_CHECKING:
    from honeyhive.export.metrics import Metrics
    from honeyhive.export.screening import Screen


@dataclasses.dataclass(frozen=True, slots=True)
class Stats:
    """What became of a tracer's events: ``accepted == delivered + pending + sum(dropped.values())`` at every moment.

    Delivered means acknowledged by the destination, or written where the journal is the destination.
    """

    accepted: int
    delivered: int
    pending: int
    dropped: Mapping[str, int]
    redacted: int = 0
    """Texts that something was taken out of."""
    claims: Mapping[str, int] = dataclasses.field(default_factory=dict[str, int])
    """Sessions that requests named and that were not continued, by reason (docs/propagation.md); they are no events."""
    shed_events: int = 0
    """Events that went on without inputs and outputs, because there was no room for them (``metadata.shed_bytes``)."""
    shed_bytes: int = 0
    inherited: Inherited = dataclasses.field(default_factory=Inherited)
    """Events of processes that ended before; they are in no other number."""


class Outlet(Account):
    """One tracer's way out: the resource its spans are sent under, their destination, and their account."""

    def __init__(self, settings: Settings, resource: Callable[[], bytes]) -> None:
        super().__init__()
        self.settings = settings
        self._resource = resource
        self._encoded_resource: bytes | None = None
        self.metrics = None if settings.meter_provider is None else _metrics_for(settings.meter_provider)
        self.claims: Counter[str] = Counter()
        self.inheritance: Account | None = None
        self._screen: Screen | None = None

    @property
    def screen(self) -> "Screen":
        """What spans pass before they leave, made by the worker at the first of them."""
        if self._screen is None:
            with late_imports():
                from honeyhive.export.screening import Screen  # noqa: PLC0415  dozens of patterns, for the worker only

            self._screen = Screen(self.settings, self.drop)
        return self._screen

    @property
    def resource(self) -> bytes:
        """The resource's bytes, made once a process."""
        if self._encoded_resource is None:
            self._encoded_resource = self._resource()
        return self._encoded_resource

    @property
    def fingerprint(self) -> str:
        """The name of its destination."""
        return fingerprint_of(self.settings)

    @property
    def labels(self) -> dict[str, str]:
        """Whose events these are, as attributes of metrics."""
        named = {semconv.PROJECT: self.settings.project, semconv.SOURCE: self.settings.source}
        return {name: value for name, value in named.items() if value is not None}

    def stats(self) -> Stats:
        """The account at this moment."""
        with self._lock:
            settled = self._delivered + self._dropped.total()
            # An event is settled after it was accepted, so this order never shows a negative rest.
            accepted = self.entered + self.refused
            dropped = MappingProxyType(dict(self._dropped))
            redacted = 0 if self._screen is None else self._screen.redactor.count
            claims = MappingProxyType(dict(self.claims))
            inherited = Inherited() if self.inheritance is None else self.inheritance.inherited()
            return Stats(
                accepted=accepted,
                delivered=self._delivered,
                pending=accepted - settled,
                dropped=dropped,
                redacted=redacted,
                claims=claims,
                shed_events=self.shed_events,
                shed_bytes=self.shed_bytes,
                inherited=inherited,
            )

    def reset_after_fork(self) -> None:
        """Start the account of a forked child: its parent's events are its parent's."""
        claims = self.claims  # the channel's own, which counts on
        claims.clear()
        self.__init__(self.settings, self._resource)
        self.claims = claims


def fingerprint_of(settings: Settings) -> str:
    """Names destination, key (a collector's headers) and project without telling them: replay goes where segments belong."""
    destination = settings.destination
    if destination is None:
        return LOCAL
    # Headers may hold a token, or name the tenant of a collector that many share.
    headers = "\0".join(f"{name.lower()}={value}" for name, value in sorted(settings.otlp_headers.items()))
    key = settings.delivery_key if settings.otlp_endpoint is None else headers
    identity = "\0".join((destination, key or "", settings.project or ""))
    return hashlib.sha256(identity.encode()).hexdigest()[:12]


def _metrics_for(provider: Any) -> "Metrics":
    with late_imports():
        from honeyhive.export.metrics import metrics_for  # noqa: PLC0415  only with a meter provider

        return metrics_for(provider)
