"""What is read of the program at all: the capture policy (design decision 12)."""

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from honeyhive import semconv
from honeyhive.settings import Settings

_CONTENT: Final = frozenset({"inputs", "outputs", "config"})
# Names of span attributes that say what happened, not with what: measures, names of things, states.
_PLAIN_ENDS: Final = (
    ".count",
    ".duration",
    ".id",
    ".kind",
    ".method",
    ".model",
    ".name",
    ".operation",
    ".port",
    ".provider",
    ".request_type",
    ".scheme",
    ".span_kind",
    ".status_code",
    ".system",
    ".type",
    ".version",
)
_PLAIN_STARTS: Final = (
    "gen_ai.usage.",
    "llm.token_count.",
    "llm.cost.",
    "llm.usage.",
    "code.",
    "thread.",
    "network.",
    "otel.",
)
_PLAIN_NAMES: Final = frozenset(
    {semconv.GEN_AI_OPERATION, semconv.OPENINFERENCE_KIND, semconv.ERROR_TYPE, semconv.SERVICE_NAME}
)
# They begin as plain ones do, and quote messages.
_CONTENT_NAMES: Final = frozenset({"code.stacktrace", "otel.status_description"})
# What we say of an event ourselves: how it ended, and that its session is not whole.
_OWN: Final = frozenset({semconv.STATUS, "partial"})
_MODEL: Final = frozenset({"model", "provider"})
_FOREIGN_INPUTS: Final = (
    "gen_ai.input.",
    "gen_ai.prompt",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "input.",
    "langfuse.observation.input",
    "langfuse.trace.input",
    "llm.input_messages",
    "llm.prompt",
    "traceloop.entity.input",
)
_OWN_BODIES: Final = (f"{semconv.FIELD_PREFIX}inputs.", f"{semconv.FIELD_PREFIX}outputs.")
_FOREIGN_OUTPUTS: Final = (
    "gen_ai.completion",
    "gen_ai.output.",
    "gen_ai.tool.call.result",
    "langfuse.observation.output",
    "langfuse.trace.output",
    "llm.output_messages",
    "output.",
    "retrieval.documents",
    "traceloop.entity.output",
)


@dataclasses.dataclass(frozen=True, slots=True)
class CapturePolicy:
    """Answers what may be read. There is none (None) where everything may, so that the common case costs one look.

    ``reads_content`` is whether inputs, outputs, config, and the content of spans are read; ``reads_metadata`` whether anything
    is beside names, times and status. *excluded* are keys (``inputs.prompt``) and whole fields (``outputs.*``).
    """

    reads_content: bool
    reads_metadata: bool
    excluded: frozenset[str] = frozenset()

    def reads_field(self, field: str) -> bool:
        """Whether anything of *field* (``inputs``, ``metadata``, …) may be read."""
        if not self.reads_metadata or (not self.reads_content and field in _CONTENT):
            return False
        return field not in self.excluded and f"{field}.*" not in self.excluded

    def reads(self, field: str, key: str) -> bool:
        """Whether *key* of *field* may be read, whatever its value is."""
        return self.reads_field(field) and f"{field}.{key}" not in self.excluded

    def read(self, field: str, values: Mapping[str, object]) -> dict[str, object]:
        """Those of *values* of *field* that may be read; without content, of a config its numbers and the model's name."""
        if field == "config" and self.reads_metadata and not self.reads_content:
            values = {key: value for key, value in values.items() if key in _MODEL or isinstance(value, (int, float))}
        elif not self.reads_field(field):
            return {key: values[key] for key in _OWN & values.keys()} if field == "metadata" else {}
        return {key: value for key, value in values.items() if f"{field}.{key}" not in self.excluded}

    def error(self, text: str, kind: str) -> str:
        """What is recorded of an error called *kind* that says *text*."""
        return text if self.reads_content else kind if self.reads_metadata else "error"

    def reads_attribute(self, key: str) -> bool:
        """Whether the span attribute *key* may be read: without content, only what names and measures."""
        field, _, item = key.removeprefix(semconv.FIELD_PREFIX).partition(".")
        if key.startswith(semconv.FIELD_PREFIX) and field in semconv.FIELDS:
            return self.reads(field, item)
        if not self.reads_content:
            return self.reads_metadata and is_plain(key)
        return not self.excluded or (foreign := _field_of(key)) is None or self.reads_field(foreign)

    def reads_point(self, name: str) -> bool:
        """Whether the span event *name* may be read; those of the GenAI conventions are nothing but content."""
        return self.reads_content or (self.reads_metadata and not name.startswith("gen_ai."))

    def attributes(self, attributes: Mapping[str, Any] | None) -> dict[str, Any]:
        """Those of a span's *attributes* that may be read."""
        return {key: value for key, value in (attributes or {}).items() if self.reads_attribute(key)}


def is_body(key: str) -> bool:
    """Whether the span attribute *key* is, or in another convention becomes, a part of inputs or outputs."""
    return key.startswith(_OWN_BODIES) or _field_of(key) is not None


def _field_of(key: str) -> str | None:
    """The field that the span attribute *key* of another convention becomes, where it is inputs or outputs."""
    if key.startswith(_FOREIGN_INPUTS):
        return "inputs"
    return "outputs" if key.startswith(_FOREIGN_OUTPUTS) else None


@lru_cache(4096)
def is_plain(key: str) -> bool:
    """Whether the span attribute *key* is one of those that hold no content: anything unknown may hold some."""
    if key in _CONTENT_NAMES:
        return False
    return key in _PLAIN_NAMES or key.startswith(_PLAIN_STARTS) or key.endswith(_PLAIN_ENDS)


def capture_of(settings: Settings) -> CapturePolicy | None:
    """The policy of *settings*; None where everything is read."""
    if settings.capture == "all" and not settings.capture_exclude:
        return None
    return CapturePolicy(
        reads_content=settings.capture == "all",
        reads_metadata=settings.capture != "none",
        excluded=frozenset(settings.capture_exclude),
    )
