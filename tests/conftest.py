"""What every test gets: no setting from the environment, no error of ours swallowed, nothing left current."""

import os
from collections.abc import Iterator

import pytest
from honeyhive.guard import guard
from honeyhive.testing import Recorder, recording
from hypothesis import HealthCheck, settings
from opentelemetry import trace

# Nothing is timed in a test: the machine may be busy with others.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "swallows: the test makes our own code fail on purpose")
    for name in list(os.environ):
        if name.startswith(("HH_", "OTEL_", "LANGSMITH_", "LANGCHAIN_", "OPENAI_")):
            del os.environ[name]


@pytest.fixture(autouse=True)
def no_error_is_swallowed(request: pytest.FixtureRequest) -> Iterator[None]:
    """An error that our guard swallowed fails the test, unless it is marked as making one."""
    guard.swallowed.clear()
    yield
    swallowed = dict(guard.swallowed)
    guard.swallowed.clear()
    if request.node.get_closest_marker("swallows") is None:
        assert swallowed == {}
    else:
        assert swallowed != {}


@pytest.fixture(autouse=True)
def nothing_stays_current() -> Iterator[None]:
    """After a test no span is current."""
    yield
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A tracer in memory as the default one."""
    with recording(project="tests") as recorded:
        yield recorded
