"""The record of a diagnosis: plain values, for people and for ``--json``."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum

DEFAULT = "default"
ARGUMENT = "argument"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SettingFound:
    """One setting: its value as it may be shown, its environment variable, and where it comes from.

    ``origin`` is a variable's name, ``argument`` (of the program's own tracer) or ``default``.
    """

    name: str
    value: str
    variable: str | None
    origin: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JournalFound:
    """The journal directory, and what a reader makes of it."""

    directory: str
    is_writable: bool
    segments: int
    bytes: int
    max_bytes: int
    sessions: int
    torn_bytes: int
    damaged_records: int


class Step(StrEnum):
    """A step on the way to the destination."""

    NAME = "name lookup"
    CONNECTION = "connection"
    TLS = "TLS"
    PROXY = "proxy"
    ANSWER = "answer"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StepFound:
    """How one step went, in words, and how long it took."""

    step: Step
    is_well: bool
    detail: str
    took_ms: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFound:
    """Where events go, and whether they get there.

    ``steps`` is empty where nothing was tried: there is no destination, or ``--offline`` was given. ``status`` is that of the
    answer to a request without events. ``clock_offset_s`` is how far this machine's clock is ahead of the destination's.
    """

    shown: str
    is_remote: bool
    is_tried: bool = False
    steps: tuple[StepFound, ...] = ()
    status: int | None = None
    clock_offset_s: float | None = None

    @property
    def failed(self) -> StepFound | None:
        """The first step that did not go well."""
        return next((step for step in self.steps if not step.is_well), None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentorFound:
    """An installed GenAI instrumentor, and whether ``instrument="auto"`` activates it; if not, why."""

    library: str
    distribution: str
    version: str
    is_chosen: bool
    reason: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OtherFound:
    """Another instrumentation in this environment: how it is seen, and how it gets along with this package."""

    name: str
    evidence: str
    note: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AdapterFound:
    """What one installed adapter reports, or why it cannot."""

    name: str
    framework: str | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()
    failure: str | None = None


class Weight(StrEnum):
    """How much a remedy matters: events are lost, something is not as it should be, something could be better."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """Something to fix: what is wrong, and what to do."""

    weight: Weight
    problem: str
    action: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything of it; ``remedies`` has what matters most first."""

    remedies: tuple[Remedy, ...]
    destination: DestinationFound
    journal: JournalFound
    process: Mapping[str, str]
    instrumentors: tuple[InstrumentorFound, ...]
    others: tuple[OtherFound, ...]
    adapters: tuple[AdapterFound, ...]
    versions: Mapping[str, str]
    settings: tuple[SettingFound, ...]

    @property
    def is_well(self) -> bool:
        """Whether no events are lost."""
        return all(remedy.weight is not Weight.ERROR for remedy in self.remedies)
