"""Attribute and header names on the wire: HoneyHive's own, and the OpenTelemetry names the suite writes.

Sources: ``facts/honeyhive-api.md`` §5 for the ``honeyhive*`` names, OpenTelemetry semantic conventions 1.44 for the rest.
The GenAI constants of ``opentelemetry-semantic-conventions`` are marked as moved, so this table is kept here.
"""

from typing import Final

SCOPE_NAME: Final = "honeyhive"

# Identity of an event.
SESSION_ID: Final = "honeyhive.session_id"
PROJECT: Final = "honeyhive.project"
SOURCE: Final = "honeyhive.source"
EVENT_TYPE: Final = "honeyhive_event_type"
EVENT_TYPE_RAW: Final = "honeyhive_event_type_raw"
EVENT_NAME: Final = "honeyhive_event_name"
EVENT_ID: Final = "honeyhive_event_id"
PARENT_ID: Final = "honeyhive_parent_id"
ERROR: Final = "honeyhive_error"

# Names of text values that look like JSON (``inputs.query``), so that a reader leaves them as text.
TEXT_KEYS: Final = "honeyhive_text_keys"

# A mapping of the event record travels as one attribute a key, named ``honeyhive_<field>.<key>``.
FIELD_PREFIX: Final = "honeyhive_"
FIELDS: Final = ("inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties")

# Names of `honeyhive.update` spans: a later word on an event that has been written already.
UPDATE_SPAN: Final = "honeyhive.update"
UPDATE_TARGET: Final = "honeyhive.update.event_id"

# Usage and price, in an event's metadata.
PROMPT_TOKENS: Final = "prompt_tokens"
COMPLETION_TOKENS: Final = "completion_tokens"
TOTAL_TOKENS: Final = "total_tokens"
CACHE_READ_TOKENS: Final = "cache_read_input_tokens"
CACHE_WRITE_TOKENS: Final = "cache_write_input_tokens"
REASONING_TOKENS: Final = "reasoning_tokens"
INPUT_AUDIO_TOKENS: Final = "input_audio_tokens"
OUTPUT_AUDIO_TOKENS: Final = "output_audio_tokens"
COST: Final = "cost"
COST_SOURCE: Final = "cost_source"
COST_PRICE_DATE: Final = "cost_price_date"
# The `COST_SOURCE` of a cost that the provider or its instrumentor reported.
REPORTED: Final = "reported"

FIRST_TOKEN_MS: Final = "time_to_first_token_ms"  # noqa: S105  a metadata name, not a password
STATUS: Final = "status"

# OpenTelemetry.
ERROR_TYPE: Final = "error.type"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
SERVICE_NAME: Final = "service.name"
PROCESS_PID: Final = "process.pid"
GEN_AI_OPERATION: Final = "gen_ai.operation.name"
OPENINFERENCE_KIND: Final = "openinference.span.kind"

# Carriers.
TRACESTATE_KEY: Final = "hh"
BAGGAGE_SESSION: Final = "honeyhive-session"
BAGGAGE_EVENT: Final = "honeyhive-event"
