"""The README's snippets, run as they stand; each records what the sentence above it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from honeyhive.events.reader import read_records
from honeyhive.events.sessions import Session, assemble
from honeyhive.export.journal import read_journal

README = Path(__file__).parents[2] / "README.md"
SNIPPETS = dict(
    re.findall(
        r"^\*\*(.+?)\*\*[^\n]*\n(?:[^`\n][^\n]*\n)*\n```python\n(.+?)```", README.read_text(), re.DOTALL | re.MULTILINE
    )
)

# What a user would do next, to see that the snippet works.
USES = {
    "Any function": "",
    "LangChain and LangGraph": "",
    "LlamaIndex": "",
    "FastAPI, Starlette, any ASGI application": """
from starlette.testclient import TestClient
assert TestClient(app).get("/why").json() == "Because."
""",
    "Django": """
import sys, types
from django.http import HttpResponse
from django.urls import path
urls = types.ModuleType("urls")
urls.urlpatterns = [path("why", lambda request: HttpResponse("Because."))]
sys.modules["urls"] = urls
from django.conf import settings
settings.configure(INSTALLED_APPS=INSTALLED_APPS, HONEYHIVE=HONEYHIVE, ROOT_URLCONF=ROOT_URLCONF, SECRET_KEY=SECRET_KEY,
                   ALLOWED_HOSTS=["testserver"])
import django
django.setup()
from django.test import Client
assert Client().get("/why").content == b"Because."
""",
    "Celery": "",
    "Another service": "",
}
RECORDED = {
    "Any function": ["session chat", "tool str.upper"],
    "LangChain and LangGraph": ["session python", "chain upper"],
    "LlamaIndex": ["session python", "tool SummaryIndexRetriever.retrieve"],
    "FastAPI, Starlette, any ASGI application": ["session Support", "chain GET /why"],
    "Django": ["session GET /why", "chain GET /why"],
    "Celery": ["session python", "chain send answer"],
    "Another service": [],
}


def sessions(data_dir: Path) -> list[Session]:
    return assemble(read_records(read_journal(data_dir / "journal").bodies))


def test_every_snippet_is_run_here() -> None:
    assert SNIPPETS.keys() == USES.keys() == RECORDED.keys()


@pytest.mark.parametrize("title", USES)
def test_a_snippet_records_what_it_says(title: str, tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "OTEL_"))}
    finished = subprocess.run(
        [sys.executable, "-c", SNIPPETS[title] + USES[title]],
        env={**clean, "HH_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    assert "honeyhive could not" not in finished.stderr
    found = [f"{event.event_type} {event.event_name}" for one in sessions(tmp_path) for _, event in one.walk()]
    assert found == RECORDED[title]


def test_the_picture_is_one_that_our_own_command_made() -> None:
    picture = (README.parent / "docs" / "session.svg").read_text()

    assert "honeyhive" in picture
    for name in ("POST", "/ask", "search_documentation", "/pages/", "summarise_page"):
        assert name in picture
    assert not re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?https?:", picture)
