import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from honeyhive import session, trace
from honeyhive.testing import Recorder

Run = Callable[..., CompletedProcess[str]]
Write = Callable[[Recorder], Path]

CANARY = "c4n4ry"
SECRETS = {
    "HH_API_KEY": f"hh_{CANARY}",
    "HH_OTLP_HEADERS": f"authorization={CANARY}",
    "HH_PROPAGATION_KEY": CANARY,
    "HH_OTLP_ENDPOINT": f"https://collector:4318/x?token={CANARY}",
}


@trace
def step() -> None:
    pass


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_secrets_are_told_as_set_and_never_shown(run: Run, options: list[str]) -> None:
    told = run("doctor", *options, **SECRETS)

    assert told.returncode == 0
    assert CANARY not in told.stdout + told.stderr
    assert "collector:4318" in told.stdout


@pytest.mark.usefixtures("data_dir")
def test_credentials_in_a_url_are_refused_without_showing_them(run: Run) -> None:
    told = run("doctor", HH_OTLP_ENDPOINT=f"https://user:{CANARY}@collector:4318")

    assert told.returncode == 1
    assert "HH_OTLP_HEADERS" in told.stderr
    assert CANARY not in told.stdout + told.stderr


def test_each_setting_has_its_value_and_where_it_comes_from(run: Run, data_dir: Path) -> None:
    told = json.loads(run("doctor", "--json", HH_API_KEY=CANARY, HH_JOURNAL="yes", HH_SOURCE="production").stdout)

    found = {setting["name"]: (setting["value"], setting["origin"]) for setting in told["settings"]}
    assert found["api_key"] == ("set", "HH_API_KEY")
    assert found["source"] == ("production", "HH_SOURCE")
    assert found["data_dir"] == (str(data_dir), "HH_DATA_DIR")
    assert found["journal"] == ("on", "HH_JOURNAL")
    assert found["max_queue_bytes"] == ("128 MiB", "default")
    assert found["propagate_to"] == ("not set", "default")
    assert told["destination"] == "https://api.dp1.us.honeyhive.ai/opentelemetry/v1/traces"
    assert {"honeyhive", "python", "opentelemetry-api", "opentelemetry-sdk"} <= told["versions"].keys()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "{data_dir}/journal"),
        ({"HH_OTLP_ENDPOINT": "http://collector:4318/"}, "http://collector:4318/v1/traces"),
        ({"HH_JOURNAL": "off"}, "nowhere: HH_JOURNAL is off and no destination is set"),
        ({"HH_TEST_MODE": "1"}, "nowhere: HH_TEST_MODE is on"),
        ({"HH_DISABLE_TRACING": "1"}, "nowhere: HH_DISABLE_TRACING is on"),
    ],
)
def test_it_says_where_events_go(run: Run, data_dir: Path, variables: dict[str, str], expected: str) -> None:
    told = run("doctor", "--json", **variables)

    assert json.loads(told.stdout)["destination"] == expected.format(data_dir=data_dir)


def test_it_says_what_the_journal_holds_and_what_of_it_is_lost(run: Run, recorder: Recorder, write: Write) -> None:
    segments: list[Path] = []
    for name in ("first", "second"):
        with session(name):
            step()
        segments.append(write(recorder))
    damaged, torn = (segment.read_bytes() for segment in segments)
    segments[0].write_bytes(damaged.replace(b"first", b"worst", 1))
    segments[1].write_bytes(torn + torn[:10])

    told = run("doctor", "--json")

    journal = json.loads(told.stdout)["journal"]
    assert journal["is_writable"] is True
    assert journal["bytes"] == len(damaged) + len(torn) + 10
    assert (journal["segments"], journal["sessions"]) == (2, 2)
    assert (journal["damaged_records"], journal["torn_bytes"]) == (1, 10)
    assert "1 damaged record, 10 B of torn records" in run("doctor").stdout


def test_a_data_directory_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    told = run("doctor", "--json", HH_DATA_DIR=str(tmp_path / "file"))

    assert json.loads(told.stdout)["journal"]["is_writable"] is False


@pytest.mark.usefixtures("data_dir")
def test_a_misconfiguration_is_told_with_its_remedy(run: Run) -> None:
    told = run("doctor", "--json", HH_TRUST_INCOMING="perhaps")

    assert told.returncode == 1
    assert told.stdout == ""
    assert "trust_incoming is 'perhaps'; it is one of signed, always, never" in told.stderr


@pytest.mark.usefixtures("data_dir")
def test_an_adapter_that_fails_is_shown_beside_those_that_report(run: Run, install: Callable[..., None]) -> None:
    install(
        "doctored",
        "honeyhive.adapters",
        """
        from honeyhive.integration import AdapterReport

        print("a framework that greets")

        def good():
            return AdapterReport(framework="Loom", versions={"loom": "1.2"}, notes=("call instrument() once",))

        def bad():
            raise ModuleNotFoundError("No module named 'loom'")

        def odd():
            return {}
        """,
        good="good",
        bad="bad",
        odd="odd",
    )

    told = json.loads(run("doctor", "--json").stdout)
    shown = run("doctor")

    found = {adapter["name"]: adapter for adapter in told["adapters"]}
    assert found["good"]["framework"] == "Loom"
    assert found["good"]["versions"] == {"loom": "1.2"}
    assert found["good"]["notes"] == ["call instrument() once"]
    assert found["bad"]["failure"] == "ModuleNotFoundError: No module named 'loom'"
    assert "AdapterReport" in found["odd"]["failure"]
    assert shown.returncode == 0
    assert "Loom: loom 1.2" in shown.stdout
    assert "No module named 'loom'" in shown.stdout
