"""Other conventions' spans in HoneyHive's terms: OpenTelemetry GenAI, OpenInference, traceloop, langfuse, langsmith."""

from honeyhive.events.conventions.foreign import ModelCall, concerns, model_call_of, read_conventions
from honeyhive.events.conventions.kinds import event_type_of
from honeyhive.events.conventions.reading import Reading

__all__ = ["ModelCall", "Reading", "concerns", "event_type_of", "model_call_of", "read_conventions"]
