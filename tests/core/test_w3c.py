"""Trace Context and Baggage headers: read strictly, written within the limits, whatever arrives."""

import pytest
from honeyhive.tracing.w3c import (
    read_baggage,
    read_span_context,
    read_trace_state,
    write_baggage,
    write_member,
    write_trace_state,
    write_traceparent,
)
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import baggage as otel_baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

state_key = st.from_regex(r"[a-z][a-z0-9_\-*/]{0,20}", fullmatch=True)
state_value = st.from_regex(r"[!-+\--<>-~]{1,40}", fullmatch=True)


@pytest.mark.parametrize(
    "header",
    [
        f"00-{TRACE}-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-01\t",
        f"01-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"fe-{TRACE}-{SPAN}-01-",
    ],
)
def test_a_traceparent_of_this_version_or_a_later_one_is_read(header: str) -> None:
    found = read_span_context(header, None)

    assert found is not None
    assert (f"{found.trace_id:032x}", f"{found.span_id:016x}", found.is_remote) == (TRACE, SPAN, True)
    assert write_traceparent(found) == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01.",
        f"cc-{TRACE}-{SPAN}-01.what",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-0g",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{chr(0x0661) * 32}-{SPAN}-01",
    ],
)
def test_a_malformed_traceparent_counts_as_absent(header: str) -> None:
    assert read_span_context(header, "a=1") is None


def test_flags_that_nobody_knows_yet_are_not_passed_on() -> None:
    found = read_span_context(f"00-{TRACE}-{SPAN}-ff", None)

    assert found is not None
    assert write_traceparent(found).endswith("-03")


@pytest.mark.parametrize(
    "header",
    ["a", "a=", "A=1", "a=1,a=2", "a=1;b=2,é=3", "a=b=c", ",".join(f"k{n}=v" for n in range(33)), "a=1," * 4096],
)
def test_a_malformed_tracestate_is_left_out_and_the_trace_is_kept(header: str) -> None:
    found = read_span_context(f"00-{TRACE}-{SPAN}-01", header)

    assert found is not None
    assert dict(found.trace_state) == {}


@given(st.dictionaries(state_key, state_value, max_size=32))
def test_what_other_vendors_put_into_tracestate_passes_on_in_order(members: dict[str, str]) -> None:
    header = ",".join(f"{key}={value}" for key, value in members.items())

    written = write_trace_state(read_trace_state(header))
    assert len(written) <= 512
    if len(header) <= 512:
        assert written == header


def test_a_tracestate_over_512_characters_loses_its_long_members_first_and_then_the_last() -> None:
    long, short = "l" * 200, "s" * 100
    members = {"own": "1", "a": long, "b": short, "c": short, "d": long, "e": short, "f": short, "g": short}

    assert [item.partition("=")[0] for item in write_trace_state(members).split(",")] == ["own", "b", "c", "e", "f"]
    assert write_trace_state({f"k{number}": "v" for number in range(40)}).count(",") == 31


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_trace_headers_are_read_without_an_error(traceparent: str, tracestate: str) -> None:
    read_span_context(traceparent, tracestate)
    read_span_context(f"00-{TRACE}-{SPAN}-01", tracestate)


@given(st.text(max_size=500))
def test_any_baggage_is_read_without_an_error(header: str) -> None:
    assert write_baggage(member.text for member in read_baggage(header)) is not None


text = st.text(st.characters(codec="utf-8"), max_size=60)


@given(st.dictionaries(text.filter(bool), text, max_size=64))
def test_baggage_that_is_written_is_read_again_by_us_and_by_opentelemetry(values: dict[str, str]) -> None:
    header = write_baggage(member for key, value in values.items() if (member := write_member(key, value)) is not None)
    theirs = W3CBaggagePropagator().extract({"baggage": header}, Context())

    assert header.isascii()
    assert len(header) <= 8192
    found = {member.key: member.value for member in read_baggage(header)}
    assert found.items() <= values.items()
    if len(header) < 6000:
        assert found == values
    # OpenTelemetry strips what it decoded.
    assert otel_baggage.get_all(theirs) == {key.strip(): value.strip() for key, value in found.items()}


def test_baggage_of_opentelemetry_is_read_as_it_was_meant() -> None:
    context = otel_baggage.set_baggage("user name", "Amélie + co, ltd.", Context())
    carrier: dict[str, str] = {}
    W3CBaggagePropagator().inject(carrier, context)

    assert [(member.key, member.value) for member in read_baggage(carrier["baggage"])] == [
        ("user name", "Amélie + co, ltd.")
    ]


def test_malformed_members_of_baggage_are_left_out_one_by_one() -> None:
    header = 'a=1 ; p = 2;q, bad, =3, b b=4, c=\x7f, d=%zz,, e =5, f="6", a=7'

    assert [(member.key, member.value, member.text) for member in read_baggage(header)] == [
        ("d", "%zz", "d=%zz"),
        ("e", "5", "e =5"),
        ("a", "7", "a=7"),
    ]


def test_baggage_is_read_and_written_within_its_limits() -> None:
    many = [f"k{number}=v" for number in range(100)]
    large = [f"k{number}={'v' * 1000}" for number in range(10)]

    assert len(read_baggage(",".join(many))) == write_baggage(many).count(",") + 1 == 64
    assert len(read_baggage(",".join(large))) == write_baggage(large).count(",") + 1 == 8
    assert read_baggage(f"a={'v' * 4095},b=1")[0].key == "b"
    assert write_member("a", "v" * 4095) is None
    assert [member.key for member in read_baggage("," * 9000 + "late=1")] == []


def test_the_trace_headers_agree_with_opentelemetry() -> None:
    carrier = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"}
    theirs = get_current_span(TraceContextTextMapPropagator().extract(carrier, Context())).get_span_context()

    assert read_span_context(carrier["traceparent"], carrier["tracestate"]) == theirs
