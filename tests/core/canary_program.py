"""Puts a secret of its own into each place where a program can put one; run by test_privacy_canary.

Each function of PLACES gets a secret that names its place. The last argument, ``off``, records everything as it is.
"""

import asyncio
import base64
import contextlib
import dataclasses
import json
import logging
import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pydantic
from honeyhive import HoneyHiveTracer, enrich_session, enrich_span, session, trace
from honeyhive.integration import EventType, Usage, start_event, wrap_stream
from opentelemetry import baggage, context
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import Link, SpanContext, Status, StatusCode, TraceFlags, TraceState

Place = Callable[[str], object]
PLACES: dict[str, Place] = {}
UNREAD: dict[str, Place] = {}


def secret_of(place: str) -> str:
    """A key in OpenAI's form that names its place."""
    return "sk-proj-" + place.replace("_", "") + "0123456789abcdef"


def place(function: Place) -> Place:
    """A place that is recorded."""
    PLACES[function.__name__] = function
    return function


def unread(function: Place) -> Place:
    """A place that is never read, whatever the settings."""
    UNREAD[function.__name__] = function
    return function


@trace(event_name="echo")
def echo(value: Any = None, *rest: Any, **named: Any) -> Any:
    return value


def identity(value: str) -> str:
    return value


def keywords(**named: str) -> None:
    """Takes any keyword."""


@trace(event_name="nothing")
def nothing() -> None:
    """An event without content."""


@place
def argument(secret: str) -> None:
    trace(event_name="argument", capture_outputs=False)(identity)(secret)


@place
def keyword_argument(secret: str) -> None:
    trace(event_name="keyword", capture_outputs=False)(keywords)(deep=secret)


@place
def output(secret: str) -> None:
    trace(event_name="output", capture_inputs=False)(identity)(secret)


@place
def inside_prose(secret: str) -> None:
    echo(f"Please call the API with {secret}, thanks.")


@place
def dict_value(secret: str) -> None:
    echo({"a": [{"b": secret}]})


@place
def dict_key(secret: str) -> None:
    echo({"a": {secret: 1}})


@place
def json_text(secret: str) -> None:
    echo(json.dumps({"a": json.dumps({"b": json.dumps([secret])})}))


@place
def escaped_json(secret: str) -> None:
    escaped = "".join(f"\\u{ord(character):04x}" for character in secret[:8]) + secret[8:]
    echo('{"a": "' + escaped + '"}')


@place
def broken_json(secret: str) -> None:
    echo('log: {"a": {"b": "' + secret + '", "c": ')


@place
def large_text(secret: str) -> None:
    echo("x" * 6000 + " " + secret + " " + "y" * 6000)


@place
def dataclass_field(secret: str) -> None:
    @dataclasses.dataclass
    class Client:
        base: str
        credential_text: str

    echo(Client("https://api.test", secret))


@place
def pydantic_field(secret: str) -> None:
    class Client(pydantic.BaseModel):
        base: str

    echo(Client(base=secret))


@place
def set_item(secret: str) -> None:
    echo({secret})


@place
def tuple_item(secret: str) -> None:
    echo((1, secret))


@place
def url_credentials(secret: str) -> None:
    echo(f"postgresql://admin:{secret}@db.internal:5432/app")


@place
def header_value(secret: str) -> None:
    echo({"headers": {"Authorization": f"Bearer {secret}", "X-Api-Key": secret}})


@place
def header_pairs(secret: str) -> None:
    echo([["cookie", f"session={secret}"], {"name": "authorization", "value": secret}])


@place
def exception_message(secret: str) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        raise ValueError(f"401 for key {secret}")

    with contextlib.suppress(ValueError):
        failing()


@place
def exception_cause(secret: str) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        try:
            {}[secret]
        except KeyError as error:
            raise RuntimeError("lookup failed") from error

    with contextlib.suppress(RuntimeError):
        failing()


@place
def exception_note(secret: str) -> None:
    @trace(event_name="failing")
    def failing() -> None:
        error = ValueError("no")
        error.add_note(f"tried {secret}")
        raise error

    with contextlib.suppress(ValueError):
        failing()


@place
def metadata(secret: str) -> None:
    @trace(event_name="enriched")
    def enriched() -> None:
        enrich_span(metadata={"note": secret})

    enriched()


@place
def metrics(secret: str) -> None:
    @trace(event_name="enriched")
    def enriched() -> None:
        enrich_span(metrics={"label": secret})

    enriched()


@place
def feedback(secret: str) -> None:
    @trace(event_name="enriched")
    def enriched() -> None:
        enrich_span(feedback={"comment": secret})

    enriched()


@place
def user_properties(secret: str) -> None:
    @trace(event_name="enriched")
    def enriched() -> None:
        enrich_span(user_properties={"user_id": secret})

    enriched()


@place
def config(secret: str) -> None:
    event = start_event(EventType.model, "model", inputs={"prompt": "hi"})
    assert event is not None
    event.finish(
        config={"model": "gpt-4o", "extra_body": {"note": secret}}, usage=Usage(input_tokens=1, output_tokens=1)
    )


@place
def model_parameter(secret: str) -> None:
    event = start_event(EventType.model, "model")
    assert event is not None
    event.finish(config={"model": secret})


@place
def error_text(secret: str) -> None:
    @trace(event_name="enriched")
    def enriched() -> None:
        enrich_span(error=f"failed with {secret}")

    enriched()


@place
def event_name(secret: str) -> None:
    trace(event_name=f"call {secret}")(lambda: None)()


@place
def own_attribute(secret: str) -> None:
    event = start_event(EventType.tool, "attributed", attributes={"http.url": f"https://x.test/?q={secret}"})
    assert event is not None
    event.end()


@place
def attribute_key(secret: str) -> None:
    event = start_event(EventType.tool, "attributed", attributes={secret: 1})
    assert event is not None
    event.end()


@place
def own_span_event(secret: str) -> None:
    event = start_event(EventType.tool, "attributed")
    assert event is not None
    event.add_event("note", {"text": secret})
    event.end()


@place
def own_link(secret: str) -> None:
    event = start_event(EventType.tool, "attributed")
    assert event is not None
    event.add_link(SpanContext(1, 2, is_remote=True), {"text": secret})
    event.end()


@place
def stream_item(secret: str) -> None:
    @trace(event_name="stream")
    def stream() -> Generator[str]:
        yield from ("the key is ", secret)

    list(stream())


@place
def split_stream_item(secret: str) -> None:
    @trace(event_name="stream")
    def stream() -> Generator[str]:
        yield from secret

    list(stream())


@place
def async_stream_item(secret: str) -> None:
    @trace(event_name="stream")
    async def stream() -> AsyncGenerator[dict[str, str]]:
        yield {"delta": secret}

    async def consume() -> None:
        async for _ in stream():
            pass

    asyncio.run(consume())


@place
def wrapped_stream_item(secret: str) -> None:
    event = start_event(EventType.model, "wrapped")
    assert event is not None
    list(wrap_stream(iter([secret]), event))


@place
def session_name(secret: str) -> None:
    with session(name=f"chat {secret}"):
        nothing()


@place
def session_inputs(secret: str) -> None:
    with session(name="chat", inputs={"question": secret}):
        nothing()


@place
def session_outputs(secret: str) -> None:
    with session(name="chat", outputs={"answer": secret}):
        nothing()


@place
def session_properties(secret: str) -> None:
    with session(name="chat", user_properties={"user_id": secret}):
        nothing()


@place
def session_metadata(secret: str) -> None:
    with session(name="chat"):
        enrich_session(metadata={"note": secret})


@place
def session_feedback(secret: str) -> None:
    with session(name="chat", feedback={"comment": secret}):
        nothing()


@place
def session_error(secret: str) -> None:
    with contextlib.suppress(ValueError), session(name="chat"):
        raise ValueError(f"failed with {secret}")


@place
def update_of_finished_event(secret: str) -> None:
    HERE.tracer.enrich_span(event_id="0a0b0c0d-0e0f-4a0b-8c0d-0e0f0a0b0c0d", feedback={"comment": secret})


@place
def update_of_finished_session(secret: str) -> None:
    with session(name="chat") as block:
        session_id = block.session_id
    HERE.tracer.enrich_session(session_id=session_id, metadata={"note": secret})


def foreign(name: str = "foreign", **options: Any) -> otel.Span:
    """A span of a third party on our provider."""
    tracer = HERE.tracer.provider.get_tracer("some.library", "1.0")
    return tracer.start_span(name, **options)


@place
def foreign_attribute(secret: str) -> None:
    foreign(attributes={"gen_ai.prompt.0.content": secret}).end()


@place
def foreign_attribute_list(secret: str) -> None:
    foreign(attributes={"gen_ai.request.stop_sequences": ["a", secret]}).end()


@place
def foreign_denied_header(secret: str) -> None:
    hidden = base64.b64encode(secret.encode()).decode()
    foreign(attributes={"http.request.header.authorization": [hidden], "plain": secret}).end()


@place
def foreign_span_name(secret: str) -> None:
    foreign(f"GET {secret}").end()


@place
def foreign_span_event(secret: str) -> None:
    span = foreign()
    span.add_event("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps([{"content": secret}])})
    span.end()


@place
def foreign_span_event_name(secret: str) -> None:
    span = foreign()
    span.add_event(f"called {secret}")
    span.end()


@place
def foreign_link(secret: str) -> None:
    foreign(links=[Link(SpanContext(1, 2, is_remote=True), {"text": secret})]).end()


@place
def foreign_status(secret: str) -> None:
    span = foreign()
    span.set_status(Status(StatusCode.ERROR, f"failed with {secret}"))
    span.end()


@place
def foreign_exception(secret: str) -> None:
    span = foreign()
    span.record_exception(ValueError(f"failed with {secret}"))
    span.end()


@place
def foreign_trace_state(secret: str) -> None:
    state = TraceState([("vendor", secret)])
    parent = SpanContext(11, 12, is_remote=True, trace_flags=TraceFlags(1), trace_state=state)
    foreign(context=otel.set_span_in_context(otel.NonRecordingSpan(parent))).end()


@place
def foreign_scope_name(secret: str) -> None:
    HERE.tracer.provider.get_tracer(f"library {secret}").start_span("foreign").end()


@place
def foreign_scope_attribute(secret: str) -> None:
    HERE.tracer.provider.get_tracer("library", "1", None, {"text": secret}).start_span("foreign").end()


@place
def own_key_place(secret: str) -> None:
    echo(f"{secret} beside {os.environ['HH_API_KEY']} and {os.environ['HH_OTLP_HEADERS'].partition('=')[2]}")


@place
def resource_attribute(secret: str) -> None:
    """In OTEL_RESOURCE_ATTRIBUTES, set by whoever runs this."""
    assert secret in os.environ["OTEL_RESOURCE_ATTRIBUTES"]


class Printing(SpanProcessor):
    """A user's own processor that tells on its output what it is given."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        print("start", span.name, dict(span.attributes or {}), span.resource.attributes)  # noqa: T201  what it is for

    def on_end(self, span: ReadableSpan) -> None:
        print("end", span.to_json())  # noqa: T201  what it is for


@unread
def secret_str(secret: str) -> None:
    class Client(pydantic.BaseModel):
        key: pydantic.SecretStr

    echo(Client(key=pydantic.SecretStr(secret)), pydantic.SecretStr(secret))


@unread
def some_bytes(secret: str) -> None:
    echo(secret.encode(), bytearray(secret.encode()))


@unread
def unknown_object(secret: str) -> None:
    class Client:
        def __repr__(self) -> str:
            return f"Client({secret})"

        __str__ = __repr__

    echo(Client())


@unread
def user_baggage(secret: str) -> None:
    token = context.attach(baggage.set_baggage("user", secret))
    nothing()
    context.detach(token)


@unread
def environment_variable(secret: str) -> None:
    os.environ["SOME_API_KEY"] = secret
    nothing()


@unread
def failure_of_our_own(secret: str) -> None:
    class Hostile(str):
        __slots__ = ()

        def encode(self, *arguments: Any, **named: Any) -> bytes:
            raise ValueError(secret)

    with session(name="hostile"):
        echo(Hostile("text"))


class HERE:
    """The tracer of this program."""

    tracer: HoneyHiveTracer


def main() -> None:
    logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
    is_off = sys.argv[1:] == ["off"]
    HERE.tracer = HoneyHiveTracer.init(project="canaries", redact_secrets=not is_off, verbose=True)
    if not is_off:
        HERE.tracer.provider.add_span_processor(Printing())
    for name, put in {**PLACES, **UNREAD}.items():
        put(secret_of(name))
    flushed = HERE.tracer.flush()
    stats = HERE.tracer.stats()
    print("report", json.dumps({"flushed": flushed, "redacted": stats.redacted, "dropped": dict(stats.dropped)}))  # noqa: T201  what it is for


if __name__ == "__main__":
    main()
