"""What a traced function, class or block is told: the keywords of `trace`, checked once."""

import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, TypedDict, TypeVar, cast

from honeyhive.deprecation import warn_deprecated
from honeyhive.errors import ConfigurationError
from honeyhive.events.event import EventType
from honeyhive.settings.checks import unknown_option
from honeyhive.tracing.channel import Channel
from honeyhive.tracing.enrichment import error_text
from honeyhive.tracing.fields import Fields, mapping_of
from honeyhive.tracing.session import checked_session_id

# What may be traced; it comes back with its type unchanged.
F = TypeVar("F", bound="Callable[..., Any] | classmethod[Any, ..., Any]")

_FIELDS: Final = ("inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties")
_FUNCTION_TYPES: Final = (EventType.model, EventType.tool, EventType.chain, EventType.generic)


class TracerLike(Protocol):
    """What a tracer is to its events: a channel. Anything on the way to a `HoneyHiveTracer` has one."""

    @property
    def channel(self) -> Channel:
        """Where its events go."""
        ...


class TraceKeywords(TypedDict, total=False):
    """The keywords of `trace` beside event type and name."""

    source: str | None
    project: str | None
    session_id: str | None
    session_name: str | None
    user_id: str | None
    user_properties: Fields | None
    config: Fields | None
    span_config: Fields | None
    metadata: Fields | None
    inputs: Fields | None
    outputs: Fields | None
    metrics: Fields | None
    feedback: Fields | None
    error: BaseException | str | None
    event_id: str | None
    tracer: TracerLike | Callable[[], TracerLike] | Callable[[Any], TracerLike] | None
    tracer_instance: TracerLike | Callable[[], TracerLike] | Callable[[Any], TracerLike] | None
    capture_inputs: bool
    capture_outputs: bool
    include_inputs: bool
    include_outputs: bool
    ignore_arguments: Iterable[str]


KEYWORDS: Final = frozenset(TraceKeywords.__annotations__)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """The same for every call: what `trace` was told, in the form that calls use."""

    event_type: EventType = EventType.tool
    event_name: str | None = None
    tracer: Any = None
    capture_inputs: bool = True
    capture_outputs: bool = True
    ignore_arguments: frozenset[str] = frozenset()
    fields: Mapping[str, Fields] = dataclasses.field(default_factory=dict[str, Fields])
    error: str | None = None
    event_id: str | None = None
    session_id: str | None = None
    session_name: str | None = None
    project: str | None = None
    source: str | None = None
    attributes: Fields = dataclasses.field(default_factory=dict[str, object])

    @property
    def is_special(self) -> bool:
        """Whether events need more than their function's name, arguments and result."""
        named = (self.error, self.event_id, self.session_id, self.session_name, self.project, self.source)
        return bool(self.fields or self.attributes) or any(value is not None for value in named)


def options_of(
    event_type: EventType | str | None, event_name: str | None, keywords: Mapping[str, Any], *, stacklevel: int = 4
) -> TraceOptions:
    """The options that *keywords* ask for.

    Raises `ConfigurationError` for an unknown keyword, naming the nearest, and for a session id that is not a UUID.
    *stacklevel* is that of a warning about the event type.
    """
    for name in keywords:
        if name not in KEYWORDS:
            known = {*KEYWORDS, "event_type", "event_name"}
            message = f"{unknown_option(name, known)} (values of your own go into metadata={{…}})"
            raise ConfigurationError(message)
    known_type = _event_type(event_type, stacklevel=stacklevel + 1)
    fields = _fields(keywords)
    if known_type is None:
        fields["metadata"] = {"event_type": str(event_type), **fields.get("metadata", {})}
    error = keywords.get("error")
    tracer = keywords.get("tracer")
    return TraceOptions(
        event_type=known_type or EventType.tool,
        event_name=event_name,
        tracer=tracer if tracer is not None else keywords.get("tracer_instance"),
        capture_inputs=keywords.get("capture_inputs", True) and keywords.get("include_inputs", True),
        capture_outputs=keywords.get("capture_outputs", True) and keywords.get("include_outputs", True),
        ignore_arguments=_names(keywords.get("ignore_arguments", ())),
        fields=fields,
        error=None if error is None else error_text(error),
        event_id=keywords.get("event_id"),
        session_id=checked_session_id(keywords.get("session_id")),
        session_name=keywords.get("session_name"),
        project=keywords.get("project"),
        source=keywords.get("source"),
    )


def _event_type(wanted: EventType | str | None, *, stacklevel: int) -> EventType | None:
    """The event type called *wanted*, ``tool`` for None; None for a name that is no type, as 1.x's examples have it."""
    if wanted is None:
        return EventType.tool
    if wanted in _FUNCTION_TYPES:
        return EventType(wanted)
    known = ", ".join(_FUNCTION_TYPES)
    warn_deprecated(f"event_type={str(wanted)!r}", f"one of {known} (it is recorded as a tool)", stacklevel=stacklevel)
    return None


def _fields(keywords: Mapping[str, Any]) -> dict[str, Fields]:
    said = {name: mapping_of(keywords.get(name)) for name in _FIELDS}
    said["config"] = {**mapping_of(keywords.get("span_config")), **said["config"]}
    if keywords.get("user_id") is not None:
        said["user_properties"] = {"user_id": keywords["user_id"], **said["user_properties"]}
    return {name: values for name, values in said.items() if values}


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset((names,) if isinstance(names, str) else names)


def tracer_finder(tracer: Any) -> Callable[[tuple[object, ...]], Any] | None:
    """How to find the tracer of one call from its arguments; None when *tracer* is one, or None.

    1.x's documents give a function in a tracer's place: one without parameters, or one that gets the method's ``self``.
    """
    if tracer is None or hasattr(tracer, "channel") or not callable(tracer):
        return None
    function = cast("Callable[..., Any]", tracer)
    code = getattr(function, "__code__", None)
    given = len(getattr(function, "__defaults__", None) or ()) + isinstance(function, types.MethodType)
    takes_receiver = code is not None and code.co_argcount > given
    return (lambda args: function(*args[:1])) if takes_receiver else (lambda _args: function())
