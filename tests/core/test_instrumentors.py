"""Instrumentors of other packages on our provider, with the real client library against a provider on this machine."""

import asyncio
import importlib
import json
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import openai
import pytest
from honeyhive import session, trace
from honeyhive.errors import ConfigurationError
from honeyhive.events.event import Event
from honeyhive.integration import start_event, suppress
from honeyhive.models import EventType
from honeyhive.testing import MemoryTracer, Recorder, recording
from honeyhive.tracing.instrumentors import EXTRAS, choices, extra_of, normalized
from honeyhive_langchain import HoneyHiveCallbackHandler
from langchain_openai import ChatOpenAI
from openinference.instrumentation.openai import OpenAIInstrumentor
from pydantic import SecretStr

# Without types of its own: loaded by name.
OTelOpenAIInstrumentor: Any = importlib.import_module("opentelemetry.instrumentation.genai.openai").OpenAIInstrumentor

USAGE = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
MODEL = "gpt-4o"
MESSAGES: Any = [{"role": "user", "content": "why"}]


class Provider(BaseHTTPRequestHandler):
    """Chat completions as OpenAI's API answers them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        head = {"id": "c1", "created": 1, "model": "gpt-4o-2024-08-06"}
        if asked.get("stream"):
            self._stream(head)
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": "because"}, "finish_reason": "stop"}
        answer = json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": USAGE}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _stream(self, head: Mapping[str, object]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for text in ("be", "cause"):
            self._chunk(head, [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}])
        self._chunk(head, [{"index": 0, "delta": {}, "finish_reason": "stop"}])
        self._chunk(head, [], USAGE)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def _chunk(self, head: Mapping[str, object], choices: list[object], usage: object = None) -> None:
        chunk = {**head, "object": "chat.completion.chunk", "choices": choices, "usage": usage}
        self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
def instrumented() -> Iterator[Callable[..., Recorder]]:
    """Make a recorder whose tracer has instrumentors on; they are off again after the test."""
    made: list[Any] = []

    def make(**options: Any) -> Recorder:
        context = recording(project="tests", **options)
        recorder = context.__enter__()
        made.append((context, recorder))
        return recorder

    yield make
    for context, recorder in reversed(made):
        recorder.tracer.shutdown()
        context.__exit__(None, None, None)
    assert not OpenAIInstrumentor().is_instrumented_by_opentelemetry
    assert not OTelOpenAIInstrumentor().is_instrumented_by_opentelemetry


def ask(client: openai.OpenAI) -> str | None:
    return client.chat.completions.create(model=MODEL, messages=MESSAGES).choices[0].message.content


def stream(client: openai.OpenAI) -> str:
    options: Any = {"include_usage": True}
    chunks = client.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True, stream_options=options)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def model_events(recorder: Recorder) -> list[Event]:
    return [event for event in recorder.events() if event.event_type == EventType.model]


def tokens(recorder: Recorder) -> tuple[int, int]:
    told = [event.metadata for event in recorder.events()]
    return sum(each.get("prompt_tokens", 0) for each in told), sum(each.get("completion_tokens", 0) for each in told)


@pytest.mark.parametrize("instrument", ["auto", "openai", ["OpenAI"], ["azure-openai", "auto"]])
@pytest.mark.parametrize("call", [ask, stream])
def test_calls_of_an_installed_client_are_traced_by_its_name_or_by_auto(
    instrumented: Callable[..., Recorder], client: openai.OpenAI, call: Callable[[openai.OpenAI], str], instrument: Any
) -> None:
    recorder = instrumented(instrument=instrument)

    with session("chat") as block:
        assert call(client) == "because"

    (event,) = recorder.events()
    assert (event.event_type, event.session_id) == (EventType.model, block.session_id)
    assert event.config["model"].startswith(MODEL)
    assert event.inputs["chat_history"] == [{"role": "user", "content": "why"}]
    assert (event.outputs["role"], event.outputs["content"]) == ("assistant", "because")
    assert tokens(recorder) == (7, 2)
    assert event.metadata["cost"] > 0


def test_an_asynchronous_call_is_traced_below_the_event_that_makes_it(
    instrumented: Callable[..., Recorder], url: str
) -> None:
    recorder = instrumented(instrument="auto")

    @trace(event_name="answer")
    async def answer() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
            await client.chat.completions.create(model=MODEL, messages=MESSAGES)

    asyncio.run(answer())

    assert [line.split()[0] for line in recorder.tree().splitlines()[1:]] == ["tool", "model"]


def test_the_instrumentation_of_opentelemetry_works_as_well(
    instrumented: Callable[..., Recorder], client: openai.OpenAI
) -> None:
    recorder = instrumented(instrumentors=[OTelOpenAIInstrumentor()])

    assert ask(client) == stream(client) == "because"

    assert [event.event_type for event in recorder.events()] == [EventType.model, EventType.model]
    assert all(event.config["model"] == MODEL for event in recorder.events())
    assert tokens(recorder) == (14, 4)


@pytest.mark.parametrize("call", [ask, stream])
@pytest.mark.parametrize("order", [1, -1])
def test_two_instrumentors_of_one_client_make_one_event_of_a_call(
    instrumented: Callable[..., Recorder], client: openai.OpenAI, call: Callable[[openai.OpenAI], str], order: int
) -> None:
    recorder = instrumented(instrumentors=[OpenAIInstrumentor, OTelOpenAIInstrumentor][::order])

    assert call(client) == "because"

    (event,) = recorder.events()
    assert event.inputs["chat_history"] == [{"role": "user", "content": "why"}]
    assert tokens(recorder) == (7, 2)


@pytest.mark.parametrize("call", [ask, stream])
def test_a_call_inside_a_model_event_of_an_adapter_is_one_model_event_with_usage_once(
    instrumented: Callable[..., Recorder], client: openai.OpenAI, call: Callable[[openai.OpenAI], str]
) -> None:
    recorder = instrumented(instrument="auto")
    event = start_event(EventType.model, "framework")
    assert event is not None
    with event.activate():
        call(client)
    event.finish(metadata=USAGE)

    (model,) = model_events(recorder)
    assert model.event_name != "framework"
    assert tokens(recorder) == (7, 2)


@pytest.mark.parametrize("is_streaming", [False, True])
def test_a_langchain_model_and_its_client_are_one_model_event_with_usage_once(
    instrumented: Callable[..., Recorder], url: str, *, is_streaming: bool
) -> None:
    recorder = instrumented(instrument="auto")
    model = ChatOpenAI(model=MODEL, base_url=url, api_key=SecretStr("none"), stream_usage=True, max_retries=0)
    config: Any = {"callbacks": [HoneyHiveCallbackHandler()]}

    with session("chat"):
        if is_streaming:
            assert "".join(str(chunk.content) for chunk in model.stream("why", config)) == "because"
        else:
            assert model.invoke("why", config).content == "because"

    assert [line.split()[0] for line in recorder.tree().splitlines()] == ["session", "chain", "model"]
    assert tokens(recorder) == (7, 2)


def test_suppression_leaves_the_calls_of_instrumented_clients_out(
    instrumented: Callable[..., Recorder], client: openai.OpenAI
) -> None:
    recorder = instrumented(instrument="auto")
    with suppress():
        assert ask(client) == "because"

    assert recorder.spans() == []


def test_after_shutdown_the_client_is_as_it_was(client: openai.OpenAI) -> None:
    before = openai.OpenAI.request
    with recording(instrument="auto") as recorder:
        assert OpenAIInstrumentor().is_instrumented_by_opentelemetry
        recorder.tracer.shutdown()

    assert openai.OpenAI.request is before
    assert ask(client) == "because"


def test_an_instrumentor_that_is_active_already_keeps_its_provider_and_stays_active(
    instrumented: Callable[..., Recorder], client: openai.OpenAI
) -> None:
    first = instrumented(instrument="auto")
    second = MemoryTracer(instrument="auto")

    ask(client)
    with second.session("chat"):
        ask(client)
    second.shutdown()
    ask(client)

    assert len(first.events()) == 2
    assert len(second.recorder.events()) == 1  # in a session of its own, whoever's provider the client is on


def test_an_instrumentor_of_several_tracers_goes_on_with_those_that_are_left(client: openai.OpenAI) -> None:
    before = openai.OpenAI.request
    first, second, third = (MemoryTracer(instrument="openai", fixed=False) for _ in range(3))
    ask(client)
    second.shutdown()
    first.shutdown()
    ask(client)
    third.shutdown()

    assert openai.OpenAI.request is before
    assert [len(tracer.recorder.events()) for tracer in (first, second, third)] == [1, 0, 1]


def test_a_disabled_tracer_activates_nothing() -> None:
    with recording(instrument="auto", disable_tracing=True):
        assert not OpenAIInstrumentor().is_instrumented_by_opentelemetry


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("anthropic", "pip install 'honeyhive[anthropic]'"),
        ("Google-AI", "pip install 'honeyhive[google]'"),
        ("mistral", "pip install 'honeyhive[mistral]'"),
        ("opnai", "did you mean 'openai'?"),
        ("zzz", "known are anthropic, auto"),
    ],
)
def test_a_name_that_cannot_be_instrumented_is_an_error_with_its_remedy(name: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match="instrument=") as raised:
        MemoryTracer(instrument=["openai", name])

    assert remedy in str(raised.value)
    assert not OpenAIInstrumentor().is_instrumented_by_opentelemetry


def test_an_object_that_is_no_instrumentor_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="instrumentors has a int"):
        MemoryTracer(instrumentors=[3])


def test_names_of_1x_extras_and_of_libraries_mean_the_same_instrumentor() -> None:
    assert {normalized(name) for name in ("google", "google-ai", "google_genai", "Gemini")} == {"google_genai"}
    assert normalized("aws-bedrock") == "bedrock"


def test_every_extra_that_a_message_names_exists_and_installs_one_instrumentor() -> None:
    declared = metadata("honeyhive")
    extras = set(declared.get_all("Provides-Extra") or [])
    requirements = declared.get_all("Requires-Dist") or []
    for name in EXTRAS:
        extra = extra_of(name)
        assert extra in extras
        (needed,) = [text for text in requirements if f"extra == '{extra}'" in text]
        assert needed.startswith("openinference-instrumentation-")
        assert normalized(needed.partition(">")[0].removeprefix("openinference-instrumentation-")) == name


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a distribution that has one instrumentor, and needs *requires*."""
    names: list[str] = []

    def install_it(name: str, entry: str, source: str, *requires: str) -> None:
        information = tmp_path / f"{name}-1.0.dist-info"
        information.mkdir()
        needed = [f"Requires-Dist: {text}" for text in requires]
        information.joinpath("METADATA").write_text(
            "\n".join(["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *needed, ""])
        )
        information.joinpath("entry_points.txt").write_text(
            f"[opentelemetry_instrumentor]\n{entry} = {name}:Instrumentor\n"
        )
        tmp_path.joinpath(f"{name}.py").write_text(textwrap.dedent(source))
        monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
        importlib.invalidate_caches()
        names.append(name)

    yield install_it
    for name in names:
        sys.modules.pop(name, None)


GENAI = "opentelemetry-util-genai"
BROKEN = """
    class Instrumentor:
        def instrument(self, **options):
            raise RuntimeError("the library has changed")
"""


def reasons() -> dict[str, str | None]:
    return {choice.instrumentor.distribution: choice.reason_against for choice in choices()}


def test_what_fails_while_it_is_activated_is_told_once_and_stops_nothing(
    instrumented: Callable[..., Recorder],
    install: Callable[..., None],
    client: openai.OpenAI,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install("brokenai", "pytest", BROKEN, GENAI)
    install("notthere", "xdist", "raise ModuleNotFoundError('gone')", GENAI)

    recorder = instrumented(instrument="auto")
    ask(client)

    told = [record.getMessage() for record in caplog.records if record.name == "honeyhive"]
    assert [message.partition(" could")[0] for message in told] == ["honeyhive: brokenai 1.0"]
    assert "the library has changed" in told[0]
    assert len(recorder.events()) == 1


def test_auto_leaves_out_what_it_must(install: Callable[..., None]) -> None:
    install("absentai", "absentai", BROKEN, GENAI, "absent-library>=1; extra == 'instruments'")
    install("oldai", "oldai", BROKEN, GENAI, "pytest>=999; extra == 'instruments'")
    install("unreadable", "unreadable", BROKEN, GENAI, "pytest>=1.*!!; extra == 'instruments'")
    install("httpinstrumentor", "pytest", BROKEN)
    install("chains", "langchain", BROKEN, GENAI, "langchain-core; extra == 'instruments'")

    found = reasons()

    assert found["openinference-instrumentation-openai"] is None
    assert found["opentelemetry-instrumentation-genai-openai"] == "openinference-instrumentation-openai is preferred"
    assert found["absentai"] == "absent-library is not installed"
    assert (found["oldai"] or "").startswith("it needs pytest")
    assert found["unreadable"] == "its requirements cannot be read"
    assert found["chains"] == "honeyhive-langchain records this framework"
    assert "httpinstrumentor" not in found


NOTED = """
    providers = []

    class Instrumentor:
        def instrument(self, **options):
            providers.append(options["tracer_provider"])

        def uninstrument(self):
            providers.clear()
"""


def test_an_instrumentor_that_is_not_about_models_is_activated_by_its_name_only(install: Callable[..., None]) -> None:
    install("quiet", "pytest", NOTED)

    with recording(instrument="pytest") as recorder:
        noted: Any = importlib.import_module("quiet")
        assert noted.providers == [recorder.tracer.provider]
        recorder.tracer.shutdown()
        assert noted.providers == []


def test_the_extras_of_1x_install_instrumentors_and_no_client() -> None:
    declared = metadata("honeyhive")
    extras = {
        name for name in declared.get_all("Provides-Extra") or [] if name.startswith(("openinference", "traceloop"))
    }
    requirements = declared.get_all("Requires-Dist") or []

    assert {"openinference-openai", "openinference-aws-bedrock", "traceloop-google-ai"} <= extras
    for extra in extras:
        needed = [text for text in requirements if f"extra == '{extra}'" in text]
        assert needed
        assert all(
            text.startswith(("honeyhive[", "openinference-", "opentelemetry-instrumentation-")) for text in needed
        )


def test_a_library_that_is_missing_or_unsuitable_is_an_error_by_name(install: Callable[..., None]) -> None:
    install("absentai", "absentai", BROKEN, GENAI, "absent-library>=1; extra == 'instruments'")

    with pytest.raises(ConfigurationError, match="absentai is installed, but absent-library is not installed"):
        MemoryTracer(instrument="absentai")


SEPARATE = """
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    is_foreign = {is_foreign}
    if is_foreign:
        theirs = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(theirs))
        trace.set_tracer_provider(provider)
    before = trace.get_tracer_provider()

    import honeyhive
    from honeyhive.testing import MemoryTracer

    tracer = MemoryTracer(instrument="auto")
    assert trace.get_tracer_provider() is before

    @honeyhive.trace(event_name="ours")
    def ours():
        with trace.get_tracer("web").start_as_current_span("their request"):
            with tracer.provider.get_tracer("openinference.x").start_as_current_span("our call"):
                pass

    ours()
    assert [event.event_name for event in tracer.recorder.events()] == ["ours", "our call"]
    if is_foreign:
        assert [span.name for span in theirs.get_finished_spans()] == ["their request"]
"""


@pytest.mark.parametrize("is_foreign", [False, True])
def test_the_global_provider_is_left_alone_and_each_backend_gets_its_own_spans(*, is_foreign: bool) -> None:
    program = textwrap.dedent(SEPARATE.format(is_foreign=is_foreign))

    subprocess.run([sys.executable, "-c", program], check=True)


def test_importing_this_package_loads_no_sdk_and_no_instrumentor() -> None:
    program = (
        "import honeyhive, sys; print([n for n in sys.modules if 'opentelemetry.sdk' in n or 'instrumentor' in n])"
    )

    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert told.stdout.strip() == "[]"
