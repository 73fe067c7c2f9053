"""langsmith's OpenTelemetry exporter: runs with their inputs and outputs as JSON."""

from typing import Final

from honeyhive.events.conventions.langfuse import put_whole
from honeyhive.events.conventions.reading import Reading

_METADATA: Final = "langsmith.metadata."


def read_langsmith(reading: Reading) -> None:
    """Read langsmith's attributes, except usage and what means one field each."""
    put_whole(reading, reading.take("gen_ai.prompt"), reading.take("gen_ai.completion"))
    reading.put_free(reading.take_under(_METADATA))
