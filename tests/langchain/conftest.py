from collections.abc import Iterator

import pytest
from honeyhive_langchain import instrument, uninstrument
from honeyhive_langchain._runs import RUNS


@pytest.fixture
def instrumented() -> Iterator[None]:
    """Every run of the process is recorded."""
    instrument()
    yield
    uninstrument()


@pytest.fixture(autouse=True)
def no_run_stays_open() -> Iterator[None]:
    """After a test every run that started has ended."""
    yield
    assert len(RUNS) == 0
