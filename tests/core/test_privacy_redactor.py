"""The redactor: what it takes for a secret, what it leaves alone, and that it does so in linear time and any encoding."""

import json
import re
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from honeyhive.errors import ConfigurationError
from honeyhive.events import otlp
from honeyhive.events.decode import DecodedSpan, decode_request
from honeyhive.export.redaction import Redactor
from honeyhive.settings import Settings
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

OPENAI = "sk-proj-AbCdEfGhIjKlMnOp0123456789"


def redactor(**options: Any) -> Redactor:
    return Redactor(Settings.from_env({}, **options))


PLAIN = redactor()


def span_of(**attributes: object) -> bytes:
    """One entry of ``ScopeSpans.spans`` with *attributes* as an event of ours has them."""
    parts = [otlp.identity(b"t" * 16, b"s" * 8, b""), otlp.name_and_kind("event", 1), otlp.times(1, 2)]
    parts += [otlp.field_attribute(otlp.encode_key(key), value) for key, value in attributes.items()]
    return otlp.span(parts)


def decoded(entry: bytes) -> DecodedSpan:
    return next(decode_request(otlp.record(otlp.resource({}), {otlp.scope("s"): [entry]})))


# Each in the form that its provider documents; the letters are made up.
SECRETS = {
    "openai-key": OPENAI,
    "openai legacy key": "sk-" + "A1b2C3d4E5f6" * 4,
    "openrouter-key": "sk-or-v1-" + "0a1b2c3d" * 8,
    "anthropic-key": "sk-ant-api03-AbCd_efGh-ijKl0123",
    "langfuse-key": "sk-lf-0a0b0c0d-1111-2222-3333-444455556666",
    "google-key": "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "google-token": "ya29.a0AfH6SMBx1234567890abcdef",
    "aws-key": "AKIAIOSFODNN7EXAMPLE",
    "aws temporary key": "ASIAIOSFODNN7EXAMPLE",
    "azure-key": "a1B2" * 13 + "JQQJ99BAACYeBjFXJ3w3AAABACOGabcd",
    "groq-key": "gsk_AbCdEfGhIjKlMnOpQrSt0123",
    "huggingface-token": "hf_AbCdEfGhIjKlMnOpQrStUvWx",
    "github-token": "ghp_AbCdEfGhIjKlMnOpQrStUvWx0123456789",
    "github fine-grained": "github_pat_11ABCDEFG0123456789_abcdefghij",
    "gitlab-token": "glpat-AbCdEfGhIjKlMnOpQrSt",
    "slack-token": "xoxb-123456789012-abcdefGHIJ",
    "slack-webhook": "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX",
    "stripe-key": "sk_live_AbCdEfGhIjKlMnOp",
    "stripe-secret": "whsec_AbCdEfGhIjKlMnOp0123",
    "langsmith-key": "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789",
    "honeyhive-key": "hh_ingst_" + "aB3" * 8 + "_" + "x" * 64,
    "pinecone-key": "pcsk_AbCdE_FgHiJkLmNoPqRsT",
    "xai-key": "xai-AbCdEfGhIjKlMnOpQrSt",
    "replicate-token": "r8_AbCdEfGhIjKlMnOpQrSt",
    "perplexity-key": "pplx-AbCdEfGhIjKlMnOpQrSt",
    "nvidia-key": "nvapi-AbCdEfGhIjKlMnOpQrSt",
    "tavily-key": "tvly-dev-AbCdEfGhIjKlMnOp",
    "databricks-token": "dapi" + "0a1b2c3d" * 4,
    "npm-token": "npm_" + "AbCdEfGhIj" * 4,
    "pypi-token": "pypi-AgEIcHlwaS5vcmcCJAbCdEf",
    "sendgrid-key": "SG.AbCdEfGhIjKlMnOpQrStUv.AbCdEfGhIjKlMnOpQrStUvWxYz",
    "telegram-token": "12345678:AAH" + "AbCdEfGhIj" * 3,
    "bedrock key": "ABSKQmVkcm9ja0FQSUtleS1hYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5eg==",
    "cerebras-key": "csk-abcdefghijklmnopqrstuvwxyz0123456789",
    "together-key": "tgp_v1_abcdefghijklmnopqrstuvwxyz0123456789abc",
    "elevenlabs-key": "sk_" + "0a1b2c3d" * 6,
    "e2b-key": "e2b_" + "0a1b2c3d" * 5,
    "firecrawl-key": "fc-" + "0a1b2c3d" * 4,
    "grafana-token": "glsa_AbCdEfGhIjKlMnOpQrStUvWxYz012345_0a1b2c3d",
    "newrelic-key": "NRAK-ABCDEFGHIJKLMNOPQRSTUVWXYZ0",
    "supabase-key": "sbp_" + "0a1b2c3d" * 5,
    "shopify-token": "shpat_" + "0a1b2c3d" * 4,
    "atlassian-token": "ATATT3xFfGF0" + "AbCdEfGhIj" * 4,
    "docker-token": "dckr_pat_AbCdEfGhIjKlMnOpQrStUvWx",
    "doppler-token": "dp.pt.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcd",
    "figma-token": "figd_AbCdEfGhIjKlMnOpQrStUvWx",
    "postman-key": "PMAK-0123456789abcdef01234567-0123456789abcdef0123456789abcdef01",
    "age-key": "AGE-SECRET-KEY-1" + "QYQSZQGPQY" * 5,
    "encrypted token": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..abcdefghijk.Ciphertext0123.tagtagtag",
    "jwt with certificates": "eyJ" + "a1B2" * 900 + ".eyJzdWIiOiIxMjM0NSJ9.dozjgNryP4J3jVmNHl0w5N",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.dozjgNryP4J3jVmNHl0w5N",
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\nAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    "private key without end": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nmore of it",
}

# What surrounds a secret may be anything.
AROUND = [("", ""), ("use ", " now"), ("(", ")"), ("key=", "&x=1"), ('"', '"'), ("line\n", "\nline"), ("日本", "語")]


@pytest.mark.parametrize("kind", SECRETS)
def test_credentials_are_known_by_their_form(kind: str) -> None:
    secret = SECRETS[kind]

    for before, after in AROUND:
        for text in (f"{before}{secret}{after}", json.dumps({"a": [f"{before}{secret}{after}"]})):
            clean = PLAIN.text(text)
            assert secret[6:-2] not in clean.replace("\\n", "\n"), text
            assert "[redacted:" in clean


GLUED = ["openai-key", "anthropic-key", "google-key", "github-token", "stripe-key", "langsmith-key", "groq-key"]


@pytest.mark.parametrize("kind", GLUED)
def test_an_unmistakable_key_is_known_although_it_is_glued_to_a_word(kind: str) -> None:
    assert SECRETS[kind][6:-2] not in PLAIN.text(f"thekeyis{SECRETS[kind]}")


def test_a_span_with_a_secret_is_found_by_the_scan_of_its_batch() -> None:
    entries = [span_of(**{"honeyhive_inputs.text": f"ordinary text {number}"}) for number in range(2 * len(SECRETS))]
    for place, secret in enumerate(SECRETS.values()):
        entries[place] = span_of(**{"honeyhive_inputs.text": {"deep": [secret]}})

    assert list(PLAIN.candidates(entries)) == list(range(len(SECRETS)))


HARMLESS = [
    "task-management-system-overview-2024",
    "the bearer of news",
    "basic understanding of the subject",
    "prompt_tokens: 12, completion_tokens: 7",
    '{"token": "Hel", "logprob": -0.1}',
    "git@github.com:org/repo.git",
    "https://example.org/a/b?c=d#e",
    "mailto:somebody@example.org",
    "def login(password: str, api_key: str | None = None) -> None: ...",
    'client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])',
    "if password == other.password:",
    '{"password": null, "secret": "", "cookie": false}',
    "0f0e0d0c-0b0a-4908-8706-050403020100",
    "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
    '{"a": "\\u003cb\\u003e"}',
    "Zürich — 日本語 🙂",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert PLAIN.text(text) == text


NAMED = [
    ("password=hunter2", "password=[redacted:key]"),
    ("PASSWORD: hunter2, next", "PASSWORD: [redacted:key], next"),
    ("db_password = 'it''s'", None),
    ("{'password': 'hunter2', 'x': 1}", "{'password': '[redacted:key]', 'x': 1}"),
    ('said {"apiKey": "a\\"b", "x": 1} to it', 'said {"apiKey": "[redacted:key]", "x": 1} to it'),
    ('{\\"client_secret\\": \\"a\\\\\\"b\\"}', '{\\"client_secret\\": \\"[redacted:key]\\"}'),
    ("Authorization: Basic dXNlcjpwYXNz\nAccept: */*", "Authorization: [redacted:key]\nAccept: */*"),
    ("Cookie: a=b; session=xyz\nAccept: */*", "Cookie: [redacted:key]\nAccept: */*"),
    ("?x=1&access_token=abc&y=2", "?x=1&access_token=[redacted:key]&y=2"),
    ("credentials={'user': 'x', 'pass': 'hunter2'} end", "credentials=[redacted:key] end"),
    ("https://user:hunter2@host/path", "https://[redacted:url-credentials]@host/path"),
    ("redis://:hunter2@host:6379/0", "redis://[redacted:url-credentials]@host:6379/0"),
    ('{"url": "https:\\/\\/user:hunter2@host"}', '{"url":"https://[redacted:url-credentials]@host"}'),
    ("Proxy-Authorization: Bearer abc", "Proxy-Authorization: [redacted:key]"),
]


@pytest.mark.parametrize(("text", "expected"), NAMED)
def test_values_of_secret_names_are_taken_out_of_running_text(text: str, expected: str | None) -> None:
    clean = PLAIN.text(text)

    assert "hunter2" not in clean
    if expected is not None:
        assert clean == expected


DENIED = [
    "password",
    "db.password",
    "API_KEY",
    "apiKey",
    "x-api-key",
    "http.request.header.set-cookie",
    "AWSSecretAccessKey",
]


@pytest.mark.parametrize("key", DENIED)
@pytest.mark.parametrize("value", ["x", 1234, ["x", "y"], {"a": {"b": "x"}}, 1.5])
def test_the_value_of_a_denied_key_is_taken_out_whatever_it_is(key: str, value: object) -> None:
    found = decoded(
        PLAIN.span(span_of(**{f"honeyhive_inputs.{key}": value, "honeyhive_inputs.deep": {"a": {key: value}}}))
    )

    assert found.attributes[f"honeyhive_inputs.{key}"] == "[redacted:key]"
    assert json.loads(str(found.attributes["honeyhive_inputs.deep"])) == {"a": {key: "[redacted:key]"}}


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_a_denied_key_without_a_value_says_so(value: object) -> None:
    entry = span_of(**{"honeyhive_inputs.password": value})

    assert PLAIN.span(entry) == entry


def test_names_of_the_users_own_are_denied_in_every_spelling() -> None:
    own = redactor(redact_keys=["employeeNumber", "Пароль"])
    text = json.dumps({"employee_number": 7, "EMPLOYEE-NUMBER": 8, "пароль": "x", "number": 9}, ensure_ascii=False)

    assert json.loads(own.text(text)) == {
        "employee_number": "[redacted:key]",
        "EMPLOYEE-NUMBER": "[redacted:key]",
        "пароль": "[redacted:key]",
        "number": 9,
    }


def test_patterns_of_the_users_own_are_taken_out_of_every_leaf() -> None:
    own = redactor(redact_patterns=[r"EMP-\d{6}", re.compile("(?i)project apollo")])
    entry = span_of(**{"honeyhive_inputs.a": {"EMP-123456": "x"}, "honeyhive_inputs.b": "about Project Apollo"})
    found = decoded(own.span(entry)).attributes

    assert list(own.candidates([entry])) == [0]
    assert found["honeyhive_inputs.a"] == '{"[redacted:pattern]":"x"}'
    assert found["honeyhive_inputs.b"] == "about [redacted:pattern]"


def test_patterns_see_names_too_but_not_those_that_conventions_give() -> None:
    own = redactor(redact_patterns=[r"[0-9]+"])
    stock = Span(name="call 1", trace_id=b"t" * 16)
    for key in ("honeyhive_inputs.item 2", "gen_ai.prompt.3.content", "honeyhive_text_keys"):
        stock.attributes.add(key=key).value.array_value.values.add(string_value="inputs.item 2")
    stock.events.add(name="event 4")
    (found,) = ScopeSpans.FromString(own.span(ScopeSpans(spans=[stock]).SerializeToString())).spans

    mark = "[redacted:pattern]"
    assert (found.name, found.events[0].name) == (f"call {mark}", f"event {mark}")
    keys = [one.key for one in found.attributes]
    assert keys == [f"honeyhive_inputs.item {mark}", "gen_ai.prompt.3.content", "honeyhive_text_keys"]
    assert found.attributes[2].value.array_value.values[0].string_value == f"inputs.item {mark}"


def test_a_function_of_the_users_own_sees_every_text_but_no_identity() -> None:
    own = redactor(redact_with=str.upper)
    session_id = "0f0e0d0c-0b0a-4908-8706-050403020100"
    entry = span_of(**{"honeyhive.session_id": session_id, "honeyhive_inputs.a": {"b": "text"}})
    found = decoded(own.span(entry)).attributes

    assert found["honeyhive.session_id"] == session_id
    assert json.loads(str(found["honeyhive_inputs.a"])) == {"B": "TEXT"}


@pytest.mark.swallows
def test_a_function_that_raises_hides_the_text_it_was_to_hide() -> None:
    def failing(text: str) -> str:
        raise RuntimeError(text)

    own = redactor(redact_with=failing)

    assert own.text("anything") == "[redacted:error]"


def test_equal_secrets_have_equal_hashes_in_hash_mode_and_only_with_the_same_key_and_project() -> None:
    options: list[dict[str, Any]] = [
        {"propagation_key": "one", "project": "a"},
        {"propagation_key": "one", "project": "a", "api_key": "another-service"},
        {"propagation_key": "two", "project": "a"},
        {"propagation_key": "one", "project": "b"},
    ]
    first, same, other_key, other_project = (redactor(redact_mode="hash", **one).text(OPENAI) for one in options)

    assert re.fullmatch(r"\[redacted:openai-key:[0-9a-f]{16}\]", first)
    assert first == same
    assert len({first, other_key, other_project}) == 3
    assert redactor(redact_mode="hash", **options[0]).text(OPENAI + "x") != first


class Finding(NamedTuple):
    entity_type: str
    start: int
    end: int


class NameFinder:
    """An analyzer that knows one name, as Presidio's would."""

    def analyze(self, text: str, language: str) -> Sequence[Finding]:
        assert language == "en"
        found = [Finding("PERSON", match.start(), match.end()) for match in re.finditer("Ada Lovelace", text)]
        return [*found, *(Finding("PERSON", one.start, one.start + 3) for one in found)]


def test_personal_data_is_taken_out_by_the_analyzer_given() -> None:
    own = redactor(redact_pii=NameFinder())

    assert own.text("Dear Ada Lovelace, dear Ada Lovelace!") == "Dear [redacted:person], dear [redacted:person]!"
    assert own.text('{"to": "Ada Lovelace"}') == '{"to":"[redacted:person]"}'


def test_personal_data_stays_unless_asked_for() -> None:
    assert PLAIN.text("Dear Ada Lovelace, ada@example.org") == "Dear Ada Lovelace, ada@example.org"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"redact_mode": "hash"}, "HH_PROPAGATION_KEY"),
    ({"redact_mode": "masked"}, "mask, hash"),
    ({"redact_patterns": ["("]}, "no regular expression"),
    ({"redact_patterns": [re.compile(b"x")]}, "not of bytes"),
    ({"redact_with": "upper"}, "function from text to text"),
    ({"redact_pii": "yes"}, "analyze(text, language)"),
    ({"redact_pii": True}, "pip install 'honeyhive[pii]'"),
    ({"capture": "some"}, "all, metadata, none"),
    ({"capture_exclude": ["prompt"]}, "begins with one of inputs"),
    ({"max_event_bytes": 10}, "at least 4096"),
    ({"max_links": 0}, "greater than 0"),
]


@pytest.mark.parametrize(("options", "remedy"), WRONG)
def test_settings_that_cannot_be_used_are_told_with_the_remedy(options: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(remedy)):
        Settings.from_env({}, **options)


def test_settings_are_read_from_the_environment() -> None:
    settings = Settings.from_env(
        {
            "HH_CAPTURE": "METADATA",
            "HH_CAPTURE_EXCLUDE": "inputs.prompt, outputs.*",
            "HH_REDACT_SECRETS": "off",
            "HH_REDACT_KEYS": "a, b",
            "HH_REDACT_PATTERNS": '["EMP-[0-9]+"]',
            "HH_REDACT_MODE": "hash",
            "HH_PROPAGATION_KEY": "shared",
            "HH_MAX_SPAN_SIZE": "10000",
            "HH_MAX_SESSION_BYTES": "20000",
            "HH_MAX_ATTRIBUTES": "3",
            "HH_MAX_EVENTS": "4",
            "HH_MAX_LINKS": "5",
        }
    )

    assert settings.capture == "metadata"
    assert settings.capture_exclude == ("inputs.prompt", "outputs.*")
    assert (settings.redact_secrets, settings.redact_keys) == (False, ("a", "b"))
    assert [pattern.pattern for pattern in settings.redact_patterns] == ["EMP-[0-9]+"]
    assert settings.redact_mode == "hash"
    assert (settings.max_event_bytes, settings.max_session_bytes) == (10_000, 20_000)
    assert (settings.max_attributes, settings.max_events, settings.max_links) == (3, 4, 5)


def test_the_size_has_its_name_of_1x_too() -> None:
    assert Settings.from_env({}, max_span_size=9999).max_event_bytes == 9999


def test_what_was_redacted_stays_as_it_is_in_a_second_pass() -> None:
    hashed = redactor(redact_mode="hash", propagation_key="k")
    for texts in (PLAIN, hashed):
        for text in (*SECRETS.values(), *(text for text, _ in NAMED), '{"password": "x", "a": ["' + OPENAI + '"]}'):
            once = texts.text(text)
            assert texts.text(once) == once


def test_redaction_of_bytes_of_any_kind_leaves_the_rest_of_a_span_as_it_was() -> None:
    stock = Span(
        name="n", trace_id=b"t" * 16, span_id=b"s" * 8, start_time_unix_nano=7, flags=0x301, trace_state=f"a={OPENAI}"
    )
    stock.attributes.add(key="bytes").value.bytes_value = OPENAI.encode()
    stock.attributes.add(key="number").value.int_value = -3
    stock.attributes.add(key="list").value.array_value.values.add(string_value=OPENAI)
    pair = stock.attributes.add(key="map").value.kvlist_value.values.add(key="cookie")
    pair.value.double_value = 1.5
    stock.events.add(name=f"e {OPENAI}", time_unix_nano=9).attributes.add(key="k").value.string_value = OPENAI
    stock.links.add(trace_id=b"l" * 16, trace_state=f"b={OPENAI}").attributes.add(key="k").value.string_value = OPENAI
    stock.status.message = OPENAI
    stock.dropped_attributes_count = 5
    entry = ScopeSpans(spans=[stock]).SerializeToString()

    (found,) = ScopeSpans.FromString(PLAIN.span(entry)).spans

    assert OPENAI not in str(found)
    assert found.attributes[0].value.bytes_value == b"[redacted:openai-key]"
    assert found.attributes[3].value.kvlist_value.values[0].value.string_value == "[redacted:key]"
    kept = (found.trace_id, found.span_id, found.start_time_unix_nano, found.flags, found.dropped_attributes_count)
    assert kept == (b"t" * 16, b"s" * 8, 7, 0x301, 5)
    assert found.attributes[1].value.int_value == -3
    assert found.links[0].trace_id == b"l" * 16


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=JSON, levels=st.integers(0, 4), name=st.sampled_from(sorted(SECRETS)), is_ascii=st.booleans())
def test_a_secret_is_found_at_any_level_of_json_in_json(value: Any, levels: int, name: str, is_ascii: bool) -> None:
    secret = SECRETS[name]
    tree: Any = {"around": value, "here": [f"it is {secret} ok"]}
    for _ in range(levels):
        tree = {"inner": json.dumps(tree, ensure_ascii=is_ascii)}
    entry = span_of(**{"honeyhive_outputs.result": tree})

    assert list(PLAIN.candidates([entry])) == [0]
    clean = PLAIN.span(entry)
    found: Any = json.loads(str(decoded(clean).attributes["honeyhive_outputs.result"]))
    for _ in range(levels):
        found = json.loads(found["inner"])
    assert secret not in found["here"][0]
    assert found["here"][0].startswith("it is [redacted:")


@given(before=st.text(max_size=20), after=st.text(max_size=20), escape=st.sets(st.integers(0, 29)))
def test_a_secret_is_found_behind_escapes_in_json_that_is_whole_and_that_is_not(
    before: str, after: str, escape: set[int]
) -> None:
    escaped = "".join(
        f"\\u{ord(character):04x}" if index in escape else character for index, character in enumerate(OPENAI)
    )
    for text in ('{"a": ' + json.dumps(before)[:-1] + " " + escaped + '"}', f"{before} {escaped} {after}"):
        entry = span_of(**{"honeyhive_inputs.a": text})
        assert list(PLAIN.candidates([entry])) == [0]
        clean = PLAIN.text(text)
        assert OPENAI not in re.sub(r"\\u00([2-7][0-9a-f])", lambda match: chr(int(match[1], 16)), clean)


@given(
    attributes=st.dictionaries(st.text(), st.text() | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats())
)
def test_redaction_keeps_every_span_readable(attributes: dict[str, Any]) -> None:
    own = redactor(redact_with=str)
    entry = otlp.span([otlp.attribute(key, value) for key, value in attributes.items()])

    assert own.span(entry) == entry or PLAIN.span(entry) != entry
    assert len(decoded(PLAIN.span(entry)).attributes) == len(decoded(entry).attributes)


def test_a_duplicate_member_of_json_hides_nothing() -> None:
    assert OPENAI not in PLAIN.text('{"k": "' + OPENAI + '", "k": "y"}')


MALICIOUS = [
    "eyJ", "-eyJ", "sk-", "password=", 'password="', "password: '", "cookie:", "authorization:", "bearer:", "bearer ",
    "hh_", "://", "-----BEGIN ", "-----BEGIN PRIVATE KEY", "\\u005cu", '\\"', "JQQJ99", "basic ", "credentials={", "SG.",
    "password>", "--password ", "('password', '", 'password="""', "PASSWORD=", "&token=", "?sig=", "%3d", "%22%3a", "%25", "eyJa.",
]  # fmt: skip


@pytest.mark.parametrize("piece", MALICIOUS)
def test_text_made_to_be_slow_takes_no_longer_than_its_length_demands(piece: str) -> None:
    text = piece * ((1 << 19) // len(piece))
    done = threading.Event()

    def work() -> None:
        PLAIN.text(text)
        done.set()

    threading.Thread(target=work, daemon=True).start()

    assert done.wait(30.0), "it hangs"


def test_json_a_thousand_levels_deep_is_redacted() -> None:
    for depth in (200, 1000, 10_000):
        assert OPENAI not in PLAIN.text("[" * depth + f'"{OPENAI}"' + "]" * depth)


def test_threads_share_a_redactor() -> None:
    results: list[str] = []

    def work() -> None:
        results.extend(PLAIN.text(f"{OPENAI} {number}") for number in range(200))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(set(results)) == sorted(f"[redacted:openai-key] {number}" for number in range(200))


def test_attributes_are_redacted_for_processors_in_the_form_they_have() -> None:
    given_attributes = {"a": OPENAI, "b": ("x", OPENAI), "c": 3, "password": "x", "d": True}

    assert PLAIN.attributes(given_attributes) == {
        "a": "[redacted:openai-key]",
        "b": ("x", "[redacted:openai-key]"),
        "c": 3,
        "password": "[redacted:key]",
        "d": True,
    }
