"""Secrets that come by way of LangChain: in no byte of the journal, wherever in a run they stand.

The same program with the redactor off is the control: there each place is recorded. What is never read has no such control.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PROGRAM = r'''
import contextlib, sys
from honeyhive import HoneyHiveTracer, session
from honeyhive_langchain import instrument
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from pydantic import SecretStr

def secret(place):
    return "sk-proj-" + place + "0123456789abcdef"

class Model(BaseChatModel):
    api_key: SecretStr = SecretStr(secret("secretstr"))
    client: object = None
    base_url: str = f"https://user:{secret('baseurl')}@models.test/v1"

    @property
    def _llm_type(self): return "scripted"

    @property
    def _identifying_params(self):
        return {"model_name": "m", "api_key": self.api_key, "base_url": self.base_url, "client": self.client,
                "default_headers": {"Authorization": "Bearer " + secret("header")}}

    def _get_ls_params(self, stop=None, **more):
        return {"ls_provider": "scripted", "ls_model_name": "m", "ls_stop": [secret("stopword")]}

    def _generate(self, messages, stop=None, run_manager=None, **more):
        message = AIMessage(
            content=[{"type": "reasoning", "reasoning": f"They gave me {secret('reasoning')}."},
                     {"type": "text", "text": f"Your key is {secret('answer')}."}],
            response_metadata={"finish_reason": secret("finishreason"), "model_name": "m"},
            tool_calls=[{"name": "look", "args": {"token": "x", "note": secret("toolcall")}, "id": "1"}],
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(self, messages, stop=None, run_manager=None, **more):
        for piece in ("Your key is ", *secret("stream")):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))

class Unknown:
    def __repr__(self): return secret("unknownobject")
    __str__ = __repr__

class Library(BaseRetriever):
    def _get_relevant_documents(self, query, **more):
        return [Document(secret("document"), metadata={"source": secret("documentsource")}, id=secret("documentid"))]

@tool
def look(note: str) -> str:
    """Looks."""
    return secret("tooloutput")

def fail(value):
    raise ValueError(f"401 for {secret('exception')}")

def program(value):
    model = Model(client=Unknown())
    history = [SystemMessage(secret("system")), HumanMessage(secret("prompt"))]
    config = {"metadata": {"note": secret("metadata")}, "tags": [secret("tag")], "run_name": "run " + secret("runname")}
    model.invoke(history, config)
    model.bind(extra_headers={"x-note": secret("boundheader")}).invoke("hi")
    list(model.stream("hi"))
    look.invoke({"note": secret("toolinput")})
    Library().invoke(secret("query"))
    with contextlib.suppress(ValueError):
        RunnableLambda(fail).invoke(0)
    RunnableLambda(lambda text: {"state": [Unknown(), text]}, name="state").invoke(secret("chaininput"))
    return secret("chainoutput")

tracer = HoneyHiveTracer.init(project="p", redact_secrets=sys.argv[1] == "on")
instrument()
with session("chat"):
    RunnableLambda(program).invoke(0)
assert tracer.flush()
assert not tracer.stats().dropped
'''
UNREAD = {"secretstr", "unknownobject", "header", "boundheader", "baseurl"}
PLACES = sorted({*re.findall(r"secret\([\"'](\w+)[\"']\)", PROGRAM)} - UNREAD)


class Journals(NamedTuple):
    redacted: bytes
    control: bytes


def journal_of(mode: str, directory: Path) -> bytes:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, mode],
        env={**clean, "HH_DATA_DIR": str(directory)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def journals(tmp_path_factory: pytest.TempPathFactory) -> Journals:
    return Journals(*(journal_of(mode, tmp_path_factory.mktemp(mode)) for mode in ("on", "off")))


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_in_a_run_reaches_the_journal_from_no_place(place: str, journals: Journals) -> None:
    secret = f"sk-proj-{place}0123456789abcdef".encode()

    assert secret in journals.control, "the place is not recorded at all"
    assert secret not in journals.redacted
    assert secret[8:-4] not in journals.redacted


@pytest.mark.parametrize("place", sorted(UNREAD))
def test_credentials_of_a_client_and_texts_of_unknown_objects_are_not_read_at_all(
    place: str, journals: Journals
) -> None:
    assert f"{place}0123456789abcdef".encode() not in journals.control
