import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def logging_stays_as_it_was() -> Iterator[None]:
    """A worker inside the test process sets the root logger's level for good; later tests read warnings from it."""
    level = logging.root.level
    yield
    logging.root.setLevel(level)
