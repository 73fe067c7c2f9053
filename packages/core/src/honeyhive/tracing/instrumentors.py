"""Instrumentors of other packages, found by their entry points and activated on our provider: ``init(instrument="auto")``.

An instrumentor belongs to GenAI when it is OpenInference's or needs one of the packages that OpenTelemetry's and
traceloop's GenAI instrumentations share; those of HTTP clients and databases are activated only by name.
"""

import dataclasses
import difflib
import logging
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import TYPE_CHECKING, Any, Final

from honeyhive.errors import ConfigurationError
from honeyhive.lateload import late_imports

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

AUTO: Final = "auto"
_LOG: Final = logging.getLogger("honeyhive")
_OPENINFERENCE: Final = "openinference_instrumentor"
_OPENTELEMETRY: Final = "opentelemetry_instrumentor"
_ADAPTERS: Final = "honeyhive.adapters"
_GENAI: Final = frozenset({"opentelemetry-util-genai", "opentelemetry-semantic-conventions-ai"})
# Of each instrumentor that is active through us, the providers it was wanted for: it has the first, the others wait.
_held: Final[dict[type, list[Any]]] = {}
_REQUIREMENT_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS: Final = re.compile(r"[-_. ]+")

# The names of instrumentors, by what users call the libraries.
_ALIASES: Final = {
    "agents": "openai_agents",
    "aws_bedrock": "bedrock",
    "azure_openai": "openai",
    "claude": "anthropic",
    "claude_agent": "claude_agent_sdk",
    "gemini": "google_genai",
    "genai": "google_genai",
    "google": "google_genai",
    "google_ai": "google_genai",
    "llamaindex": "llama_index",
    "mistral": "mistralai",
    "vertex": "vertexai",
    "vertex_ai": "vertexai",
}
# The extras of this package, where they are not called like the library.
_EXTRAS: Final = {"google_genai": "google", "mistralai": "mistral"}
EXTRAS: Final = frozenset(
    {
        "anthropic",
        "bedrock",
        "claude_agent_sdk",
        "google_adk",
        "google_genai",
        "groq",
        "litellm",
        "mcp",
        "mistralai",
        "ollama",
        "openai",
        "openai_agents",
        "vertexai",
    }
)
_FRAMEWORKS: Final = {"langchain": "langchain", "llama_index": "llamaindex"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Instrumentor:
    """One installed instrumentor of one library; ``obstacle`` says why it cannot work here, if it cannot."""

    name: str
    distribution: str
    version: str
    entry_point: EntryPoint
    is_genai: bool
    rank: int
    obstacle: str | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An installed GenAI instrumentor, and why ``instrument="auto"`` does not activate it (None: it does)."""

    instrumentor: Instrumentor
    reason_against: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Active:
    """An instrumentor that was activated here, and is to be undone here."""

    name: str
    instrumentor: Any
    provider: "TracerProvider"


def normalized(name: str) -> str:
    """*name* of a library or extra as instrumentors are called: ``google-ai`` is ``google_genai``."""
    plain = _SEPARATORS.sub("_", name.strip().lower())
    return _ALIASES.get(plain, plain)


def extra_of(name: str) -> str | None:
    """The extra of this package that installs an instrumentor of the library *name*, if there is one."""
    return _EXTRAS.get(name, name.replace("_", "-")) if name in EXTRAS else None


def installed() -> list[Instrumentor]:
    """Every installed instrumentor, those of one library together and the preferred first."""
    found: dict[tuple[str, str], Instrumentor] = {}
    for group in (_OPENINFERENCE, _OPENTELEMETRY):
        for entry_point in entry_points(group=group):
            distribution = entry_point.dist
            if distribution is not None and (entry_point.value, distribution.name) not in found:
                found[entry_point.value, distribution.name] = _described(entry_point, distribution)
    return sorted(found.values(), key=lambda each: (each.name, each.rank, each.distribution))


def _described(entry_point: EntryPoint, distribution: Any) -> Instrumentor:
    needed = {_requirement_name(text) for text in distribution.requires or ()}
    is_openinference = entry_point.value.startswith("openinference.")
    # OpenInference first: messages, parameters and usage without being asked, stable releases, one form for all libraries.
    rank = 0 if is_openinference else 1 if "opentelemetry-util-genai" in needed else 2
    name = normalized(entry_point.name)
    return Instrumentor(
        name=name,
        distribution=distribution.name,
        version=distribution.version,
        entry_point=entry_point,
        is_genai=is_openinference or not _GENAI.isdisjoint(needed),
        rank=rank,
        obstacle=_obstacle(distribution, name),
    )


def _requirement_name(requirement: str) -> str:
    found = _REQUIREMENT_NAME.match(requirement)
    return "" if found is None else _SEPARATORS.sub("-", found[0]).lower()


def _obstacle(distribution: Any, name: str) -> str | None:
    """What is wrong with the library that the instrumentor is for: not installed, or not in a version that suits."""
    if not any("extra ==" in text and "instruments" in text for text in distribution.requires or ()):
        return None if _is_installed(name) else f"{name.replace('_', '-')} is not installed"
    with late_imports():
        # Every instrumentor needs the package that this is in.
        from opentelemetry.instrumentation.dependencies import (  # noqa: PLC0415  only where there is an instrumentor
            get_dist_dependency_conflicts,
        )

        try:
            conflict = get_dist_dependency_conflicts(distribution)
        except ValueError:  # `packaging`'s own, for what somebody wrote into metadata
            return "its requirements cannot be read"
    if conflict is None:
        return None
    wanted = str(conflict.required or " or ".join(map(str, conflict.required_any)))
    found = str(conflict.found or " and ".join(map(str, conflict.found_any or ())) or "None")
    library = wanted.partition(";")[0].strip()
    if found == "None":
        return f"{_requirement_name(library)} is not installed"
    return f"it needs {library}, and {found} is installed"


def _is_installed(name: str) -> bool:
    try:
        version(name.replace("_", "-"))
    except PackageNotFoundError:
        return False
    return True


def choices() -> list[Choice]:
    """The installed GenAI instrumentors, each with what ``instrument="auto"`` thinks of it: one a library, and not where
    an adapter of this suite records the framework.
    """  # noqa: D205  one sentence
    adapters = {entry_point.name for entry_point in entry_points(group=_ADAPTERS)}
    chosen: dict[str, Instrumentor] = {}
    result: list[Choice] = []
    for each in installed():
        if not each.is_genai:
            continue
        reason = each.obstacle
        if reason is None and _FRAMEWORKS.get(each.name) in adapters:
            reason = f"honeyhive-{_FRAMEWORKS[each.name]} records this framework"
        elif reason is None and each.name in chosen:
            reason = f"{chosen[each.name].distribution} is preferred"
        if reason is None:
            chosen[each.name] = each
        result.append(Choice(instrumentor=each, reason_against=reason))
    return result


def activate(
    instrument: str | Iterable[str] | None, instrumentors: Iterable[Any], provider: "TracerProvider"
) -> list[Active]:
    """Activate instrumentors on *provider* and return those that now are, for `deactivate`.

    *instrument* is ``"auto"`` (every library that has an instrumentor installed) or names of libraries; *instrumentors* are
    instrumentors themselves, or what makes one when called. One that is active already stays as it is; one of ours goes over
    to *provider* when the tracer that has it lets go. Raises
    `ConfigurationError`, before anything is activated, for a name without an installed instrumentor or library, and for
    an object that is no instrumentor. What fails later is logged, and the program goes on without it.
    """
    found = _chosen(_names(instrument))
    for given in instrumentors:
        _check(given)
    loaded = [(each.name, f"{each.distribution} {each.version}", each.entry_point.load) for each in found]
    made = [(_called(given), _called(given), lambda given=given: given) for given in instrumentors]
    active = [_activated(name, label, load, provider) for name, label, load in (*loaded, *made)]
    return [each for each in active if each is not None]


def deactivate(active: Iterable[Active]) -> None:
    """Undo `activate`; an instrumentor that other tracers wanted too goes on with the next of them."""
    for each in active:
        held = _held.get(_kind(each.instrumentor), [each.provider])
        is_first = held[0] is each.provider
        held[:] = [provider for provider in held if provider is not each.provider]
        if not is_first:
            continue
        try:
            each.instrumentor.uninstrument()
            if held:
                each.instrumentor.instrument(tracer_provider=held[0])
            else:
                _held.pop(_kind(each.instrumentor), None)
        except Exception as error:  # noqa: BLE001  another package's code; the program ends or goes on
            _LOG.warning("honeyhive: the instrumentor of %s could not be undone (%s)", each.name, type(error).__name__)


def _names(instrument: str | Iterable[str] | None) -> list[str]:
    if instrument is None:
        return []
    names = instrument.split(",") if isinstance(instrument, str) else list(instrument)
    return list(dict.fromkeys(normalized(name) for name in names if name.strip()))


def _chosen(names: Sequence[str]) -> list[Instrumentor]:
    if not names:
        return []
    found = {name: _required(name) for name in names if name != AUTO}
    if AUTO in names:
        for choice in choices():
            if choice.reason_against is None:
                found.setdefault(choice.instrumentor.name, choice.instrumentor)
    return list(found.values())


def _required(name: str) -> Instrumentor:
    """The instrumentor of the library *name*; raises `ConfigurationError` with the remedy when none can work."""
    everything = installed()
    of_name = [each for each in everything if each.name == name]
    usable = next((each for each in of_name if each.obstacle is None), None)
    if usable is not None:
        return usable
    extra = extra_of(name)
    if of_name:
        message = f"instrument={name!r}: {of_name[0].distribution} is installed, but {of_name[0].obstacle}"
    elif extra is not None:
        message = f"instrument={name!r}: no instrumentor of it is installed; pip install 'honeyhive[{extra}]'"
    else:
        known = sorted({AUTO, *EXTRAS, *(each.name for each in everything)})
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(known)}"
        message = f"instrument={name!r}: there is no instrumentor of that name; {hint}"
    raise ConfigurationError(message)


def _check(given: Any) -> None:
    if not callable(getattr(given, "instrument", None)) and not callable(given):
        message = (
            f"instrumentors has a {type(given).__name__}; each is an instrumentor, such as OpenAIInstrumentor(), "
            "or a function without arguments that makes one"
        )
        raise ConfigurationError(message)


def _called(given: Any) -> str:
    kind = given if isinstance(given, type) or not hasattr(given, "instrument") else type(given)
    return getattr(kind, "__qualname__", type(given).__qualname__)


def _activated(name: str, label: str, load: Any, provider: "TracerProvider") -> Active | None:
    try:
        with late_imports():
            made = load()
            instrumentor = made() if isinstance(made, type) or not hasattr(made, "instrument") else made
            if getattr(instrumentor, "is_instrumented_by_opentelemetry", False):
                return _shared(name, label, instrumentor, provider)
            instrumentor.instrument(tracer_provider=provider)
        if not getattr(instrumentor, "is_instrumented_by_opentelemetry", True):
            _LOG.warning("honeyhive: %s refused to be activated; honeyhive doctor says more", label)
            return None
    except Exception as error:  # noqa: BLE001  another package's code; the program goes on without it
        _LOG.warning("honeyhive: %s could not be activated (%s: %s)", label, type(error).__name__, error)
        return None
    if hasattr(instrumentor, "is_instrumented_by_opentelemetry"):
        _held[_kind(instrumentor)] = [provider]
    return Active(name, instrumentor, provider)


def _shared(name: str, label: str, instrumentor: Any, provider: "TracerProvider") -> Active | None:
    held = _held.get(_kind(instrumentor))
    if held is None:
        _LOG.info("honeyhive: %s is active already; it keeps its provider", label)
        return None
    held.append(provider)
    return Active(name, instrumentor, provider)


def _kind(instrumentor: object) -> type:
    return type(instrumentor)
