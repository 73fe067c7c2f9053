"""Signatures of sessions, and the hosts that may be told of one."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from honeyhive.errors import ConfigurationError
from honeyhive.settings import Settings
from honeyhive.settings.hosts import target_of
from honeyhive.tracing.audience import may_tell
from honeyhive.tracing.trust import Doubt, sign_session, signing_keys, verify_session
from hypothesis import given
from hypothesis import strategies as st

SESSION = "0f0e0d0c-0b0a-4908-8706-050403020100"
NOW_S = 1_800_000_000


def settings(environment: dict[str, str] | None = None, **options: Any) -> Settings:
    return Settings.from_env(environment or {}, **options)


def doubt(sender: Settings, receiver: Settings) -> Doubt | None:
    verdict = verify_session(sign_session(SESSION, sender), receiver)
    assert verdict.session_id == SESSION
    return verdict.doubt


def test_services_with_one_api_key_trust_each_other() -> None:
    assert doubt(settings(api_key="a"), settings(api_key="a")) is None
    assert doubt(settings(api_key="a"), settings(api_key="b")) is Doubt.UNKNOWN_KEY


def test_services_with_different_keys_trust_each_other_through_a_shared_one() -> None:
    shared = {"HH_PROPAGATION_KEY": "shared"}

    assert doubt(settings(shared, api_key="a"), settings(shared, api_key="b")) is None


def keyed(*keys: str) -> list[Settings]:
    return [settings({"HH_PROPAGATION_KEY": key, "HH_API_KEY": "a"} if key else {"HH_API_KEY": "a"}) for key in keys]


@pytest.mark.parametrize("steps", [keyed("old", "old, new", "new, old", "new"), keyed("", "a,new", "new,a", "new")])
def test_a_key_is_replaced_step_by_step_without_a_broken_session(steps: list[Settings]) -> None:
    """While a step is rolled out, services of before and after it talk to each other."""
    for before, after in pairwise(steps):
        assert [doubt(one, other) for one in (before, after) for other in (before, after)] == [None] * 4
    assert doubt(steps[0], steps[-1]) is Doubt.UNKNOWN_KEY


def test_a_blank_propagation_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="propagation_key is blank"):
        settings({"HH_PROPAGATION_KEY": " , "})


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0, None), (86_000, None), (86_600, None), (87_000, Doubt.EXPIRED), (-200, None), (-400, Doubt.EXPIRED)],
)
def test_a_signature_expires_with_some_tolerance_for_clocks(age_s: int, expected: Doubt | None) -> None:
    token = sign_session(SESSION, settings(api_key="a"), now_s=NOW_S - age_s)

    assert verify_session(token, settings(api_key="a"), now_s=NOW_S).doubt is expected


def test_how_long_a_signature_is_valid_can_be_set() -> None:
    strict = settings({"HH_PROPAGATION_MAX_AGE": "60"}, api_key="a")
    token = sign_session(SESSION, strict, now_s=NOW_S - 400)

    assert verify_session(token, strict, now_s=NOW_S).doubt is Doubt.EXPIRED
    assert verify_session(token, settings(api_key="a"), now_s=NOW_S).doubt is None


def test_another_project_is_another_session_space() -> None:
    assert doubt(settings(api_key="a", project="p"), settings(api_key="a", project="q")) is Doubt.WRONG_PROJECT


@pytest.mark.parametrize("part", range(1, 7))
def test_no_part_of_a_signed_session_can_be_changed(part: int) -> None:
    parts = sign_session(SESSION, settings(api_key="a")).split(".")
    parts[part] = {1: SESSION.replace("0f", "1f"), 5: "u"}.get(part, "0" * len(parts[part]))

    verdict = verify_session(".".join(parts), settings(api_key="a"))
    assert verdict.doubt in {Doubt.BAD_MAC, Doubt.UNKNOWN_KEY}


def test_a_signed_session_tells_neither_key_nor_project() -> None:
    token = sign_session(SESSION, settings(api_key="the-key", project="the-project"))

    assert "the-" not in token
    assert "the-" not in bytes.fromhex(token.rpartition(".")[2]).decode("latin-1")


@given(st.text())
def test_any_token_is_judged_without_an_error(token: str) -> None:
    assert verify_session(token, settings(api_key="a")).doubt is not None


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=6, max_size=8))
def test_any_token_about_a_session_is_judged_without_an_error(parts: list[str]) -> None:
    verdict = verify_session(".".join(["1", SESSION, *parts[2:]]), settings(api_key="a"))
    assert verdict.doubt is not None


def test_without_any_key_the_processes_of_a_machine_share_one_that_others_cannot_read(tmp_path: Path) -> None:
    first, second = settings(data_dir=tmp_path), settings(data_dir=tmp_path, project=None)

    assert signing_keys(first) == signing_keys(second)
    assert (tmp_path / "propagation.key").stat().st_mode & 0o777 == 0o600
    assert doubt(first, settings(data_dir=tmp_path / "another")) is Doubt.UNKNOWN_KEY
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["propagation.key"]


READ_KEY = """
import os, sys
from honeyhive.settings import Settings
from honeyhive.tracing.trust import signing_keys
def refuse(*_): raise PermissionError
for name in sys.argv[2:]: setattr(os, name, refuse)
print(signing_keys(Settings.from_env({}, data_dir=sys.argv[1]))[0].hex())
"""


@pytest.mark.parametrize(
    ("before", "impossible"),
    [
        (None, ["link"]),  # file systems without hard links
        (b"half", []),  # a disk that was full
        (b"k" * 32, ["link", "mkdir", "open"]),  # a directory that is read-only
    ],
)
def test_the_key_of_a_machine_is_shared_where_it_can_only_be_read_or_not_be_linked(
    tmp_path: Path, before: bytes | None, impossible: list[str]
) -> None:
    if before is not None:
        (tmp_path / "propagation.key").write_bytes(before)
    command = [sys.executable, "-c", READ_KEY, str(tmp_path), *impossible]
    keys = {subprocess.run(command, capture_output=True, check=True).stdout for _ in range(2)}

    assert keys == {(tmp_path / "propagation.key").read_bytes().hex().encode() + b"\n"}
    assert [path.name for path in tmp_path.iterdir()] == ["propagation.key"]


def test_threads_that_are_the_first_to_sign_sign_with_one_key(tmp_path: Path) -> None:
    own = settings(data_dir=tmp_path, journal=False)
    start = threading.Barrier(8)

    def sign(_number: int) -> bytes:
        start.wait()
        return signing_keys(own)[0]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(sign, range(8)))) == 1


@pytest.mark.parametrize(
    ("url", "options", "expected"),
    [
        ("http://127.0.0.1:1/x", {}, True),
        ("http://[::1]/x", {}, True),
        ("http://pages/x", {}, True),
        ("http://pages_v2/x", {}, True),
        ("http://pages.prod.svc.cluster.local/x", {}, True),
        ("http://db.internal./x", {}, True),
        ("https://api.openai.com/v1", {}, False),
        ("https://8.8.8.8/", {}, False),
        ("https://10.0.0.8/", {}, False),
        ("https://localhost.evil.com/", {}, False),
        ("https://api.partner.com/", {"propagate_to": ("*.partner.com",)}, True),
        ("https://API.partner.com./", {"propagate_to": ("*.Partner.com",)}, True),
        ("https://partner.com.evil.org/", {"propagate_to": ("*.partner.com",)}, False),
        ("https://evilpartner.com/", {"propagate_to": ("*.partner.com",)}, False),
        ("https://partner.com/", {"propagate_to": ("*.partner.com",)}, False),
        ("http://partner.com/", {"propagate_to": "partner.com"}, True),
        ("https://partner.com/", {"propagate_to": "partner.com:443"}, True),
        ("https://partner.com:8443/", {"propagate_to": "partner.com:443"}, False),
        ("https://a.partner.com:8443/", {"propagate_to": "*.partner.com:8443"}, True),
        ("http://[2001:db8::1]:80/", {"propagate_to": "[2001:db8::1]:80"}, True),
        ("http://[2001:db8::1]/", {"propagate_to": "2001:db8::1"}, True),
        ("https://anything.example/", {"propagate_to": "*"}, True),
        ("https://api.anthropic.com/", {"propagate_to": "*"}, False),
        ("https://us-central1.aiplatform.googleapis.com/", {"propagate_to": "*.googleapis.com"}, False),
        ("https://us-central1-aiplatform.googleapis.com/", {"propagate_to": "*.googleapis.com"}, False),
        ("https://bedrock-runtime.us-east-1.amazonaws.com/", {"propagate_to": "*.amazonaws.com"}, False),
        ("https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com/", {"propagate_to": "*.amazonaws.com"}, False),
        ("https://runtime.sagemaker.us-gov-west-1.amazonaws.com/", {"propagate_to": "*.amazonaws.com"}, False),
        ("https://dashscope-intl.aliyuncs.com/", {"propagate_to": "*"}, False),
        ("https://x.execute-api.us-east-1.amazonaws.com/", {"propagate_to": "*.amazonaws.com"}, True),
        ("http://localhost:8080/v1", {"model_hosts": ("localhost",), "propagate_to": ("localhost",)}, False),
        ("http://u:p@llm:8000/v1", {"model_hosts": ("LLM:8000",)}, False),
        ("http://llm:9000/v1", {"model_hosts": ("llm:8000",)}, True),
        ("http://public/x", {"propagate_not_to": "public"}, False),
        ("http://a.b.internal/x", {"propagate_not_to": "*.b.internal", "propagate_to": "a.b.internal"}, False),
        ("http://gateway:8080/x", {"propagate_not_to": "gateway:80"}, True),
        ("http://localhost:11434/", {"model_hosts": "127.0.0.1:11434"}, False),
        ("http://[::1]:11434/", {"model_hosts": "0.0.0.0:11434"}, False),
        ("http://127.0.0.1:11435/", {"model_hosts": "localhost:11434"}, True),
        ("http://[2001:0db8:0:0::1]/", {"propagate_not_to": "2001:db8::1", "propagate_to": "*"}, False),
        ("http://[2001:db8::1]/", {"propagate_not_to": "[2001:DB8:0::1]", "propagate_to": "*"}, False),
        ("http://[::ffff:10.0.0.8]/", {"propagate_not_to": "10.0.0.8", "propagate_to": "*"}, False),
        ("http://167772168/", {"propagate_not_to": "10.0.0.8", "propagate_to": "*"}, False),
        ("http://0xa.8/", {"propagate_to": "*"}, False),
        ("http://3scale/", {}, True),
        ("no url", {}, False),
        ("http:///path", {}, False),
        ("http://134744072/", {}, False),
        ("http://0x8080808/", {}, False),
        ("http://evil.example\\@localhost/", {}, False),
        ("http://evil\u3002example/", {}, False),
        ("http://%65vil/", {}, False),
        ("http://localhost:99999999/", {}, False),
    ],
)
def test_only_private_and_listed_hosts_are_told_the_session(url: str, options: dict[str, Any], expected: bool) -> None:
    assert may_tell(url, settings(**options)) is expected


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({"OPENAI_BASE_URL": "http://localhost:8000/v1"}, "http://localhost:8000/v1/chat"),
        ({"OLLAMA_HOST": "127.0.0.1:11434"}, "http://127.0.0.1:11434/api"),
        ({"ANTHROPIC_BASE_URL": "http://llm-gateway"}, "http://llm-gateway:80/v1/messages"),
        ({"OPENAI_BASE_URL": "http://[::1]:8000"}, "http://[::1]:8000/"),
    ],
)
def test_a_model_provider_that_the_environment_names_is_never_told(environment: dict[str, str], url: str) -> None:
    assert may_tell(url, settings())
    assert not may_tell(url, settings(environment))
    assert not may_tell(url, settings(environment, propagate_to="*", model_hosts="another"))


@pytest.mark.parametrize(
    "pattern", ["https://api.example.com", "api.example.com/v1", "a b", "", "*.*", "exa*ple.com", "134744072"]
)
def test_a_pattern_that_names_no_host_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="propagate_to has"):
        settings(propagate_to=(pattern,))


@given(st.text())
def test_any_url_is_judged_without_an_error(url: str) -> None:
    target_of(url)
    may_tell(url, settings())
