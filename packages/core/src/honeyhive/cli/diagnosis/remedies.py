"""What to fix, in order of importance: lost events first, then what is not as it should be, then what could be better."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from honeyhive.cli import text
from honeyhive.cli.diagnosis.configured import unknown_variables, unread_dotenv
from honeyhive.cli.diagnosis.findings import (
    AdapterFound,
    DestinationFound,
    InstrumentorFound,
    JournalFound,
    Remedy,
    Step,
    StepFound,
    Weight,
)
from honeyhive.cli.diagnosis.surroundings import installed_version
from honeyhive.settings import Settings
from honeyhive.tracing.instrumentors import EXTRAS, extra_of

_CLOCK_DOUBT_S: Final = 5.0
_NEARLY_FULL: Final = 0.9
_UNAUTHORIZED: Final = frozenset({401, 403})
_NO_SUCH_PATH: Final = frozenset({404, 405})
_UNSUITABLE: Final = frozenset({400, 415})
_TOO_MANY: Final = 429
_ADAPTERS_COVER: Final = frozenset({"langchain", "llamaindex"})


def remedies(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    directory: Path,
    destination: DestinationFound,
    journal: JournalFound,
    instrumentors: tuple[InstrumentorFound, ...],
    adapters: tuple[AdapterFound, ...],
) -> tuple[Remedy, ...]:
    """Everything that could be done, what matters most first."""
    found = [
        *_of_recording(settings),
        *_of_destination(settings, destination),
        *_of_journal(settings, journal),
        *_of_variables(environment, directory),
        *_of_adapters(adapters),
        *_of_surroundings(settings, environment),
        *_of_instrumentors(settings, instrumentors, adapters, environment),
    ]
    return tuple(sorted(found, key=lambda remedy: list(Weight).index(remedy.weight)))


def _of_recording(settings: Settings) -> Iterator[Remedy]:
    if settings.disable_tracing:
        yield _warning("nothing is recorded", "unset HH_DISABLE_TRACING (or OTEL_SDK_DISABLED) to trace")
    elif settings.test_mode:
        yield _warning("events are made and counted, and go nowhere", "unset HH_TEST_MODE to keep them")
    elif settings.destination is None and not settings.journal:
        yield _error("events go nowhere", "set HH_API_KEY or HH_OTLP_ENDPOINT, or unset HH_JOURNAL")
    if settings.sample_rate == 0 and not settings.sample_rules and settings.sampler is None:
        kept = "but errors and slow events" if settings.keep_errors or settings.keep_slower_than_ms else "at all"
        yield _warning(
            f"no session is sampled: nothing is recorded {kept}",
            "raise HH_SAMPLE_RATE (or OTEL_TRACES_SAMPLER_ARG) above 0, or unset it (and OTEL_TRACES_SAMPLER)",
        )
    if settings.capture != "all":
        yield _hint(
            f"capture is {settings.capture}", "inputs and outputs are not recorded; that is the policy's purpose"
        )


def _of_destination(settings: Settings, found: DestinationFound) -> Iterator[Remedy]:
    failed = found.failed
    kept = (
        "events wait in the journal until then"
        if settings.journal
        else "until then events are kept in memory, then lost"
    )
    if failed is not None:
        yield _error(
            f"the destination is not reached: {failed.step}: {failed.detail}",
            f"{_action(settings, found, failed)}; {kept}",
        )
    if found.clock_offset_s is not None and abs(found.clock_offset_s) > _CLOCK_DOUBT_S:
        side = "ahead of" if found.clock_offset_s > 0 else "behind"
        yield _warning(
            f"this clock is {abs(found.clock_offset_s):.0f} s {side} the destination's",
            "synchronise it (NTP): events of several machines are ordered by their clocks",
        )
    if not settings.http.verify_ssl:
        yield _warning(
            "certificates are not checked", "unset HH_VERIFY_SSL, and trust your own authority by SSL_CERT_FILE"
        )


def _action(settings: Settings, found: DestinationFound, failed: StepFound) -> str:
    is_collector = settings.otlp_endpoint is not None
    variable = "HH_OTLP_ENDPOINT" if is_collector else "HH_API_URL"
    match failed.step:
        case Step.NAME:
            return f"check the host in {variable}, and that this machine has a network"
        case Step.CONNECTION:
            return f"check host and port in {variable}, that it runs, and that no firewall is between (HH_HTTPS_PROXY for a proxy)"
        case Step.TLS:
            return "trust its authority by SSL_CERT_FILE, or write http:// if it has no TLS"
        case Step.PROXY:
            return (
                "check HH_HTTPS_PROXY and HH_HTTP_PROXY (or HTTPS_PROXY, HTTP_PROXY), and that the proxy may reach it; "
                "HH_NO_PROXY goes past it"
            )
        case Step.ANSWER:
            return _about_status(found.status, variable, is_collector=is_collector)


def _about_status(status: int | None, variable: str, *, is_collector: bool) -> str:
    if status in _UNAUTHORIZED:
        return "set HH_OTLP_HEADERS (authorization=Bearer …)" if is_collector else "set a valid HH_API_KEY"
    if status in _NO_SUCH_PATH:
        return (
            f"{variable} is a base URL, to which the path is added; take a path out of it, or ask where OTLP is served"
        )
    if status in _UNSUITABLE:
        return "set HH_OTLP_PROTOCOL to the other of http/protobuf and http/json"
    if status == _TOO_MANY:
        return "wait, or ask for a higher limit"
    return "ask who runs it; deliveries are tried again"


def _of_journal(settings: Settings, journal: JournalFound) -> Iterator[Remedy]:
    if settings.journal and not journal.is_writable:
        problem = f"{journal.directory} cannot be written"
        action = "make it writable for this user, or set HH_DATA_DIR"
        yield (_error if settings.destination is None else _warning)(problem, action)
    if journal.damaged_records or journal.torn_bytes:
        damaged = text.counted(journal.damaged_records, "damaged record")
        yield _warning(
            f"the journal has {damaged} and {text.size(journal.torn_bytes)} of torn records",
            "readers skip them; look at the disk and at how processes end",
        )
    if journal.bytes > _NEARLY_FULL * journal.max_bytes:
        used = f"{text.size(journal.bytes)} of {text.size(journal.max_bytes)}"
        yield _warning(
            f"the journal is nearly full ({used})",
            "the oldest segments are removed; raise HH_MAX_JOURNAL_BYTES to keep more",
        )


def _of_variables(environment: Mapping[str, str], directory: Path) -> Iterator[Remedy]:
    unread = unread_dotenv(directory, environment)
    if unread:
        yield _warning(
            f".env in this directory assigns {', '.join(unread)}, and nothing reads it",
            "export them, or load the file before HoneyHiveTracer.init (python-dotenv: load_dotenv())",
        )
    for name, nearest in unknown_variables(environment):
        hint = f"did you mean {nearest}?" if nearest else "docs/configuration.md has those that do"
        yield _warning(f"{name} means nothing", hint)
    if environment.get("OTEL_EXPORTER_OTLP_ENDPOINT") and not environment.get("HH_OTLP_ENDPOINT"):
        yield _hint(
            "OTEL_EXPORTER_OTLP_ENDPOINT is not followed: prompts do not go where nobody sent them",
            "set HH_OTLP_ENDPOINT to send events to that collector",
        )
    if environment.get("TRACELOOP_API_KEY"):
        yield _warning("TRACELOOP_API_KEY is set", "unset it where traceloop's instrumentors should record here alone")


def _of_adapters(adapters: tuple[AdapterFound, ...]) -> Iterator[Remedy]:
    for adapter in adapters:
        if adapter.failure is not None:
            yield _warning(
                f"the adapter {adapter.name} does not work: {adapter.failure}",
                f"install its framework, or uninstall honeyhive-{adapter.name}",
            )


def _of_surroundings(settings: Settings, environment: Mapping[str, str]) -> Iterator[Remedy]:
    if environment.get("AWS_LAMBDA_FUNCTION_NAME") and not settings.disable_batch:
        yield _warning(
            "a Lambda function may freeze before its events are delivered",
            "set HH_DISABLE_BATCH=true, or flush at the end of each call",
        )
    if settings.otlp_endpoint is not None and settings.delivery_key is not None:
        yield _hint(
            "events go to the collector; HH_API_KEY serves the API client only",
            "unset HH_OTLP_ENDPOINT to send to HoneyHive",
        )


def _of_instrumentors(
    settings: Settings,
    instrumentors: tuple[InstrumentorFound, ...],
    adapters: tuple[AdapterFound, ...],
    environment: Mapping[str, str],
) -> Iterator[Remedy]:
    chosen = {each.library: each for each in instrumentors if each.is_chosen}
    if chosen and not settings.instrument:
        yield _hint(
            f"instrumentors of {', '.join(sorted(chosen))} are installed",
            'init(instrument="auto") or HH_INSTRUMENT=auto activates them, where the program does not do so itself',
        )
    for each in chosen.values():
        is_quiet = each.distribution.startswith("opentelemetry-") and not environment.get(
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
        )
        if is_quiet:
            yield _hint(
                f"{each.distribution} records no messages by itself",
                "set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only, "
                f"or pip install 'honeyhive[{extra_of(each.library) or each.library}]'",
            )
    covered = {each.library for each in instrumentors}
    has_framework = any(adapter.name in _ADAPTERS_COVER for adapter in adapters)
    for library in sorted(EXTRAS - covered):
        if not has_framework and installed_version(library.replace("_", "-")) is not None:
            yield _hint(
                f"{library} is installed and nothing instruments it", f"pip install 'honeyhive[{extra_of(library)}]'"
            )


def _error(problem: str, action: str) -> Remedy:
    return Remedy(weight=Weight.ERROR, problem=problem, action=action)


def _warning(problem: str, action: str) -> Remedy:
    return Remedy(weight=Weight.WARNING, problem=problem, action=action)


def _hint(problem: str, action: str) -> Remedy:
    return Remedy(weight=Weight.HINT, problem=problem, action=action)
