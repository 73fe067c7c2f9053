"""Secrets by what is around them: signed URLs, command lines, pairs, tags, environments; and what only looks like one."""

import json
import tracemalloc
from typing import Any
from urllib.parse import quote

import pytest
from honeyhive.events import otlp
from honeyhive.export.redaction import Redactor
from honeyhive.settings import Settings
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

SECRET = "hunter2-and-more"  # noqa: S105  made up
PLAIN = Redactor(Settings.from_env({}))

SIGNATURE = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
SIGNED = [
    f"https://b.s3.amazonaws.com/k?X-Amz-Date=2026&X-Amz-Signature={SIGNATURE}",
    f"https://b.s3.amazonaws.com/k?x=1&X-Amz-Security-Token={SIGNATURE}&y=2",
    f"https://storage.googleapis.com/b/o?X-Goog-Signature={SIGNATURE}",
    f"https://d1.cloudfront.net/a.jpg?Expires=1357034400&Signature={SIGNATURE}&Key-Pair-Id=K2J",
    f"https://x.blob.core.windows.net/c?sv=2026&sig={SIGNATURE}%3D&se=2026",
    f"<a href='https://x.blob.core.windows.net/c?sv=2026&amp;sig={SIGNATURE}'>",
    f"https://x.test/reset?token={SIGNATURE}",
    f"https://discord.com/api/webhooks/123456789012345678/{SIGNATURE}",
    f"https://x.webhook.office.com/webhookb2/a@b/IncomingWebhook/{SIGNATURE}/1",
]


@pytest.mark.parametrize("url", SIGNED)
def test_what_makes_a_url_its_own_permission_is_taken_out(url: str) -> None:
    for text in (url, f"see {url} there", json.dumps({"url": url}), json.dumps(url).replace("&", "\\u0026")):
        assert SIGNATURE[:32] not in PLAIN.text(text)


IN_TEXT = [
    f"mysql --password {SECRET} -h db",
    f"tool --db-password={SECRET}",
    f"tool --api-key '{SECRET}' run",
    f"[('authorization', 'Token {SECRET}')]",
    f"[(b'x-api-key', b'{SECRET}'), (b'accept', b'*/*')]",
    f"<password>{SECRET}</password>",
    f"password=b'{SECRET}'",
    f"api_key = f'{SECRET}'",
    f'password = """{SECRET}"""',
    f"Driver=x;Uid=sa;Pwd={SECRET};",
    f"DB_PASSWORD={SECRET}",
    f"PGPASSWORD={SECRET} psql",
    f"X-Vault-Token: {SECRET}",
    f"PRIVATE-TOKEN: {SECRET}",
    f"password1={SECRET}",
    f"password=any!{SECRET}",
    f"password=string.{SECRET}",
    f"api_keys: ['{SECRET}']",
    quote("postgresql://user:" + SECRET + "@host/db", safe=""),
    quote(json.dumps({"api_key": SECRET})),
    quote(json.dumps({"api_key": SECRET}, separators=(",", ":"))),
    f"curl -u user:{SECRET} https://x.test",
    f"curl --user 'user:{SECRET}' https://x.test",
    f"basic_auth=('user', '{SECRET}')",
    f"stringData:\n  password: |\n    {SECRET}\n  user: x",
    f"next=password%3D{SECRET}",
]


@pytest.mark.parametrize("text", IN_TEXT)
def test_the_value_of_a_secret_name_is_found_as_people_and_programs_write_it(text: str) -> None:
    for whole in (text, json.dumps([text]), json.dumps({"a": json.dumps([text])}), f'broken {{"a": {json.dumps(text)}'):
        clean = PLAIN.text(whole)
        assert "hunter2" not in clean, clean


def test_a_variable_of_the_environment_is_taken_out_to_its_end() -> None:
    assert PLAIN.text("USER=me\nDB_PASSWORD=xK9(mP2,vL[q\nHOME=/") == "USER=me\nDB_PASSWORD=[redacted:key]\nHOME=/"


DENIED = [
    "api_keys", "apiKeys", "access_tokens", "password1", "new_password2", "api_key_1", "PGPASSWORD", "dbpassword",
    "password_hash", "passwordConfirmation", "X-Amz-Security-Token", "openai_key", "pwd", "pass_word", "PASS-PHRASE", "csrfmiddlewaretoken",
]  # fmt: skip


@pytest.mark.parametrize("key", DENIED)
@pytest.mark.parametrize("value", ["x", 7, ["x"], {"a": "x"}])
def test_a_secret_name_is_known_in_the_plural_with_a_number_and_glued(key: str, value: Any) -> None:
    assert json.loads(PLAIN.text(json.dumps({key: value}))) == {key: "[redacted:key]"}
    assert PLAIN.attributes({key: "x"}) == {key: "[redacted:key]"}


HARMLESS = [
    "Invalid token: unexpected end",
    '{"invalid_token": "foo"}',
    "sk-estimators-with-defaults",
    "ls__init__method_name_with_length",
    "password=password, user=user, db_password=db_password",
    "api_key: ${API_KEY}",
    "api_key=$API_KEY",
    "secret_key: {{ x.secret_key }}",
    "password: ****",
    "https://x.test/?api_key=REDACTED&x=1",
    "Authorization: [Filtered]",
    "docker run --user 1000:1000 -u node:node -v a:b image",
    "https://REDACTED:REDACTED@x.test/",
    "--passwordless mode",
    "fields = ['password', 'email', 'name']",
    "https://x.test/list?token=next&signature=short",
    "https://x.test/?next=https%3A%2F%2Fy.test%2F%3Fa%3Db",
    "<password></password>",
    "tokens: 12, input_ids: [1, 2]",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "git sha 3de5af5c3ab8ff13720e8ad9047dd39466b3c897 of branch secret",
    "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWx call_abcdefghijklmnopqrstuvwx toolu_01AbCdEfGhIjKlMn",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert PLAIN.text(text) == text


def test_arguments_of_a_command_line_are_read_as_such() -> None:
    arguments = ["prog", "--db-password", SECRET, "--verbose", "--api-key", "--other", "plain"]
    kept = ["prog", "--db-password", "[redacted:key]", "--verbose", "--api-key", "--other", "plain"]
    stock = Span(name="n")
    values = stock.attributes.add(key="process.command_args").value.array_value.values
    for argument in arguments:
        values.add(string_value=argument)
    entry = ScopeSpans(spans=[stock]).SerializeToString()
    (found,) = ScopeSpans.FromString(PLAIN.span(entry)).spans

    assert list(PLAIN.candidates([entry])) == [0]
    assert [value.string_value for value in found.attributes[0].value.array_value.values] == kept
    assert json.loads(PLAIN.text(json.dumps(arguments))) == kept
    assert PLAIN.attributes({"process.command_args": arguments}) == {"process.command_args": tuple(kept)}


def test_a_span_whose_secret_is_told_by_its_surroundings_is_a_candidate() -> None:
    for text in (*SIGNED, *IN_TEXT):
        for value in (text, {"deep": [text]}):
            attribute = otlp.field_attribute(otlp.encode_key("honeyhive_inputs.text"), value)
            entry = otlp.span([otlp.identity(b"t" * 16, b"s" * 8, b""), attribute])
            assert list(PLAIN.candidates([entry])) == [0], text


def test_long_keys_are_not_kept_in_memory() -> None:
    own = Redactor(Settings.from_env({}))
    tracemalloc.start()
    try:
        for number in range(40):
            text = json.dumps({f"{number}" + "k" * 500_000 + " password": "hunter2"})
            assert "hunter2" not in own.text(text)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 5_000_000


def test_the_schema_of_a_tool_stays_readable_and_a_value_in_it_does_not() -> None:
    password = {"type": "string", "description": "The password to log in with", "minLength": 8}
    schema = {
        "type": "object",
        "properties": {"password": password, "user": {"type": "string"}},
        "required": ["password", "user"],
    }
    tool = json.dumps({"name": "login", "parameters": schema}, separators=(",", ":"))

    assert PLAIN.text(tool) == tool
    for hidden in ("default", "const", "example", "value"):
        assert "hunter2" not in PLAIN.text(json.dumps({"password": {**password, hidden: SECRET}}))
    assert "hunter2" not in PLAIN.text(json.dumps({"password": {"type": SECRET, "description": "x"}}))
    assert PLAIN.text(json.dumps({"required": ["password", f"Bearer {SECRET}"]})).endswith(
        '"Bearer [redacted:bearer-token]"]}'
    )
