"""Two instrumentations of one library see the same call twice: which of the two spans is recorded.

It is told by who made the spans, never by what they are called: one is directly inside the other, and their scopes are
instrumentations of the same provider's client library.
"""

import re
from functools import lru_cache
from typing import Any, Final, Literal

# Clients of providers: one call of theirs is one span. Frameworks nest spans of their own and are not listed.
_CLIENTS: Final = frozenset(
    {
        "anthropic",
        "bedrock",
        "cohere",
        "google_genai",
        "google_generativeai",
        "groq",
        "litellm",
        "mistralai",
        "ollama",
        "openai",
        "replicate",
        "together",
        "vertexai",
    }
)
_OPENINFERENCE: Final = "openinference.instrumentation."
_OPENTELEMETRY: Final = "opentelemetry.instrumentation."
_GENAI: Final = "genai."
_VERSION: Final = re.compile(r"_v\d+$")


def which_to_leave_out(outer: Any, inner: Any) -> Literal["outer", "inner"] | None:
    """Of two nested spans, told by their instrumentation scopes, the one that says less; None when both are to be kept.

    OpenInference has messages, parameters and usage on its spans without being asked, OpenTelemetry's own GenAI
    instrumentations only where the environment says so, others are older forms of the two.
    """
    if outer is None or inner is None or outer is inner or outer.name == inner.name:
        return None
    first, second = _made_by(outer.name), _made_by(inner.name)
    if first is None or second is None or first[0] != second[0]:
        return None
    return "outer" if second[1] < first[1] else "inner"


@lru_cache(256)
def _made_by(scope_name: str) -> tuple[str, int] | None:
    """The client library that a scope instruments, and the rank of the instrumentation."""
    if scope_name.startswith(_OPENINFERENCE):
        rest, rank = scope_name.removeprefix(_OPENINFERENCE), 0
    elif scope_name.startswith(_OPENTELEMETRY):
        rest = scope_name.removeprefix(_OPENTELEMETRY)
        is_genai = rest.startswith(_GENAI)
        rest = rest.removeprefix(_GENAI)
        rank = 1 if is_genai or _VERSION.search(rest.partition(".")[0]) else 2
    else:
        return None
    library = _VERSION.sub("", rest.partition(".")[0])
    return (library, rank) if library in _CLIENTS else None
