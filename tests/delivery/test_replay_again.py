"""`honeyhive replay` that is stopped in the middle, and run again."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from honeyhive import semconv
from honeyhive.cli.errors import CommandError
from honeyhive.cli.replay import replay
from honeyhive.events import otlp
from honeyhive.export.journal import Journal
from honeyhive.export.journal.segment import LOCAL

if TYPE_CHECKING:
    from conftest import Far


def record(name: str, *attributes: bytes) -> bytes:
    identity = otlp.identity(b"t" * 16, name.encode().ljust(8)[:8], b"")
    span = otlp.span([identity, otlp.name_and_kind(name, 1), *attributes])
    return otlp.record(otlp.resource({}), {otlp.scope("honeyhive"): [span]})


def write(directory: Path, *records: bytes) -> None:
    journal = Journal(directory / "journal", max_bytes=1 << 30)
    for one in records:
        journal.append(LOCAL, one)
    journal.close()


def test_what_arrived_before_a_failure_is_not_sent_again(
    far: "Far", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HH_OTLP_ENDPOINT", far.url)
    large = otlp.attribute("text", "x" * 1_200_000)
    write(tmp_path, *(record(name, large) for name in ("first", "second", "third")))
    far.posts = [200, 503]

    with pytest.raises(CommandError, match="1 event arrived before"):
        replay(data_dir=tmp_path)
    replay(data_dir=tmp_path)

    assert [seen.names for seen in far.seen] == [["first"], ["second"], ["second"], ["third"]]


def test_an_update_waits_for_its_event(far: "Far", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_API_URL", far.url)
    monkeypatch.setenv("HH_API_KEY", "hh_key")
    said = otlp.attribute(semconv.UPDATE_TARGET, "f9a3c5d0-0000-4000-8000-000000000001")
    write(tmp_path, record(semconv.UPDATE_SPAN, said, otlp.attribute(f"{semconv.FIELD_PREFIX}feedback.rating", 5)))
    far.puts = [404, 200]

    replay(data_dir=tmp_path)

    assert [seen.method for seen in far.seen] == ["PUT", "PUT"]
