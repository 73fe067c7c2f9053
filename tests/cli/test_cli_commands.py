import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from honeyhive import __version__

Run = Callable[..., CompletedProcess[str]]
Install = Callable[..., None]

GREET = """
    import typer
    from typing import Annotated

    def greet(name: str, loud: Annotated[bool, typer.Option(help="Shout.")] = False):
        "Greet somebody."
        print(f"hello {name}" + "!" * loud)
    """


def test_a_joined_command_is_listed_by_its_summary_without_being_imported(run: Run, install: Install) -> None:
    install("joined_listed", "honeyhive.commands", "raise AssertionError", greet="greet")

    helped = run("--help")
    listed = run("sessions", "--data-dir", "/nowhere")

    assert helped.returncode == 0
    assert "greet" in helped.stdout
    assert "What joined_listed is for." in helped.stdout
    assert "no sessions" in listed.stderr
    assert "joined_listed" not in sys.modules


def test_a_joined_command_is_loaded_when_it_is_invoked(run: Run, install: Install) -> None:
    install("joined_greeting", "honeyhive.commands", GREET, greet="greet")

    assert run("greet", "Ada", "--loud").stdout == "hello Ada!\n"
    assert "Greet somebody." in run("greet", "--help").stdout


def test_a_joined_command_that_cannot_be_imported_is_a_message(run: Run, install: Install) -> None:
    install("joined_broken", "honeyhive.commands", "import a_framework_that_is_missing", greet="greet")

    failed = run("greet")

    assert failed.returncode == 1
    assert "the command 'greet' of joined_broken cannot be imported" in failed.stderr
    assert "a_framework_that_is_missing" in failed.stderr


def test_a_joined_command_replaces_none_of_ours(run: Run, install: Install) -> None:
    install("joined_thief", "honeyhive.commands", GREET, sessions="greet")

    assert "no sessions" in run("sessions", "--data-dir", "/nowhere").stderr


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version").stdout == f"honeyhive {__version__}\n"


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_the_command_line_says_how_to_get_it(missing: str) -> None:
    program = f"""
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
from honeyhive.cli import main
main()
"""
    outcome = python("-c", program)

    assert outcome.returncode == 2
    assert outcome.stdout == ""
    assert outcome.stderr == "The command line needs: pip install 'honeyhive[cli]'\n"


def test_the_library_imports_nothing_of_the_command_line() -> None:
    program = "import sys, honeyhive.cli; print({'typer', 'rich'} & set(sys.modules))"

    assert python("-c", program).stdout == "set()\n"


def test_a_reader_that_leaves_early_is_no_error(two_processes: Path) -> None:
    command = [sys.executable, "-m", "honeyhive.cli", "show", "last", "--json", "--data-dir", str(two_processes)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def python(*arguments: str) -> CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
