"""Places in single events of ours."""

import dataclasses
import json
import os
import urllib.parse
from typing import Any

import pydantic
from honeyhive import enrich_span, session, trace
from honeyhive.integration import EventType, Usage, start_event
from opentelemetry import baggage, context
from opentelemetry.trace import SpanContext
from places import echo, identity, keywords, nothing, place, unread


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
    event.finish(config={"model": secret}, usage=Usage(input_tokens=1, output_tokens=1))


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
def own_key_place(secret: str) -> None:
    echo(f"{secret} beside {os.environ['HH_API_KEY']} and {os.environ['HH_OTLP_HEADERS'].partition('=')[2]}")


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


@place
def url_encoded(secret: str) -> None:
    echo("next=" + urllib.parse.quote(f'https://x.test/?q={{"note": "{secret}"}}', safe=""))


@place
def command_line(secret: str) -> None:
    echo(["curl", "-H", f"X-Note: {secret}", "https://x.test"])


@place
def model_response(secret: str) -> None:
    event = start_event(
        EventType.model, "model", inputs={"messages": [{"role": "user", "content": [{"text": secret}]}]}
    )
    assert event is not None
    event.finish(outputs={"choices": [{"message": {"tool_calls": [{"arguments": json.dumps({"note": secret})}]}}]})


@place
def new_name(secret: str) -> None:
    event = start_event(EventType.tool, "named")
    assert event is not None
    event.update_name(f"named {secret}")
    event.end()
