"""The headers of a message, as values: what is kept, replaced, cut and understood."""

import types

import pytest
from honeyhive_celery import _carrier

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FIRST = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


def test_a_trace_parent_is_the_users_only_on_a_first_message_that_we_did_not_write() -> None:
    assert _carrier.brings_own_trace({"traceparent": PARENT}, retries=0)
    assert not _carrier.brings_own_trace({"traceparent": PARENT}, retries=1)
    assert not _carrier.brings_own_trace({"traceparent": PARENT, "honeyhive-enqueued-at": "1"}, retries=0)
    assert not _carrier.brings_own_trace({}, retries=0)


def test_what_an_earlier_message_left_is_replaced_and_the_users_headers_stay() -> None:
    headers: dict[str, object] = {"tenant": "acme", "honeyhive-creation": FIRST, "honeyhive-previous": FIRST}
    _carrier.write(headers, {"traceparent": PARENT}, enqueued_at_s=1.5)

    assert headers == {"tenant": "acme", "traceparent": PARENT, "honeyhive-enqueued-at": "1.500000"}


def test_a_carrier_stays_below_two_kilobytes_whatever_the_trace_state() -> None:
    state = ",".join(["hh=00f067aa0ba902b7", *(f"vendor{number}={'x' * 200}" for number in range(31))])
    received = {"traceparent": PARENT, "tracestate": state, "baggage": f"honeyhive-session={'s' * 100}"}
    headers: dict[str, object] = {}
    _carrier.write(headers, received, enqueued_at_s=1e9, creation=_carrier.creation_of(received), previous=PARENT)

    assert sum(len(name) + len(str(value)) for name, value in headers.items()) < 2048
    assert str(headers["tracestate"]).startswith("hh=00f067aa0ba902b7,vendor0=")


def test_a_retry_belongs_under_the_first_publish_of_its_message() -> None:
    first = {"traceparent": FIRST, "tracestate": "hh=00f067aa0ba902b7", "baggage": "honeyhive-session=s"}
    creation = _carrier.creation_of(first)
    assert creation is not None
    carried = {"baggage": "honeyhive-session=s", "honeyhive-creation": creation}
    second = {"traceparent": PARENT, "tracestate": "hh=b7ad6b7169203331", **carried}

    assert _carrier.parent_carrier(second) == {**second, **first}
    assert _carrier.creation_of(second) == creation
    assert _carrier.creation_of({}) is None


def test_a_first_publish_of_another_session_is_nobodys_parent() -> None:
    assert _carrier.creation_of({"traceparent": FIRST, "tracestate": "hh=00f067aa0ba902b7"}) is None


def test_headers_are_read_from_the_request_and_else_from_its_nested_headers() -> None:
    request = types.SimpleNamespace(traceparent=PARENT, headers={"traceparent": FIRST, "baggage": "a=b"}, tracestate=7)

    assert _carrier.read(request) == {"traceparent": PARENT, "baggage": "a=b"}
    assert _carrier.read(types.SimpleNamespace(headers=None)) == {}


@pytest.mark.parametrize(
    ("enqueued_at", "eta", "waited_ms"),
    [
        ("100.0", None, 2500.0),
        ("100.0", "1970-01-01T00:01:42+00:00", 500.0),
        ("100.0", "1970-01-01T00:01:42", 500.0),
        ("103.0", None, 0.0),
        ("soon", None, None),
        ("100.0", "tomorrow", None),
        (None, None, None),
    ],
)
def test_the_wait_counts_from_when_the_task_could_have_started(
    enqueued_at: str | None, eta: str | None, waited_ms: float | None
) -> None:
    carrier = {} if enqueued_at is None else {"honeyhive-enqueued-at": enqueued_at}

    assert _carrier.queue_wait_ms(carrier, eta=eta, started_at_s=102.5) == waited_ms
