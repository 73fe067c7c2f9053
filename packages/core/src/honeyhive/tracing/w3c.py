"""The headers of W3C Trace Context and W3C Baggage: read strictly, written within their limits; pure.

OpenTelemetry's own propagators are not used: they write members of a malformed header into the log, and their limits
differ from release to release.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_plus

from opentelemetry.trace import SpanContext, TraceFlags, TraceState

MAX_BAGGAGE_BYTES: Final = 8192  # W3C Baggage §3.3.2
MAX_BAGGAGE_MEMBERS: Final = 64
MAX_MEMBER_BYTES: Final = 4096
MAX_STATE_MEMBERS: Final = 32  # W3C Trace Context §3.3.1.1
MAX_STATE_CHARACTERS: Final = 512
_LONG_STATE_MEMBER: Final = 128
_MAX_HEADER: Final = 8192
_KNOWN_FLAGS: Final = 0x03  # sampled, random trace id

_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?", re.ASCII)
_STATE_MEMBER: Final = re.compile(
    r"([a-z][_0-9a-z\-*/]{0,255}|[a-z0-9][_0-9a-z\-*/]{0,240}@[a-z][_0-9a-z\-*/]{0,13})="
    r"([\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])",
    re.ASCII,
)
_BAGGAGE_KEY: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_BAGGAGE_VALUE: Final = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*", re.ASCII)
# Not "+", which OpenTelemetry for Python reads as a space.
_SAFE_IN_KEY: Final = "!#$&'*-.^_`|~"
_SAFE_IN_VALUE: Final = "!#$&'()*/:<=>?@[]^_`{|}~.-"
_MEMBER_REST: Final = re.compile(r"[\t\x20-\x2b\x2d-\x7e]*", re.ASCII)


class Member(NamedTuple):
    """One entry of a baggage header: its decoded key and value, and how it was written, properties included."""

    key: str
    value: str
    text: str


def read_span_context(traceparent: str, tracestate: str | None) -> SpanContext | None:
    """The remote span that the two headers name; None when *traceparent* is malformed, and no state for a malformed one.

    A version later than 00 is read by the fields that it shares with 00, as the specification asks.
    """
    if len(traceparent) > _MAX_HEADER:
        return None
    match = _TRACEPARENT.fullmatch(traceparent.strip(" \t"))
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest is not None):
        return None
    if not int(trace_id, 16) or not int(span_id, 16):
        return None
    return SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16) & _KNOWN_FLAGS),
        trace_state=read_trace_state(tracestate) if tracestate else TraceState(),
    )


def read_trace_state(header: str) -> TraceState:
    """The members of a ``tracestate`` header; none of them when one is malformed or doubled, or there are over 32."""
    if len(header) > _MAX_HEADER:
        return TraceState()
    members: dict[str, str] = {}
    for item in filter(None, (item.strip(" \t") for item in header.split(","))):
        match = _STATE_MEMBER.fullmatch(item)
        if match is None or match[1] in members:
            return TraceState()
        members[match[1]] = match[2]
    return TraceState(list(members.items())) if len(members) <= MAX_STATE_MEMBERS else TraceState()


def write_traceparent(span: SpanContext) -> str:
    """The ``traceparent`` header of a span, in version 00."""
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags & _KNOWN_FLAGS:02x}"


def write_trace_state(state: Mapping[str, str]) -> str:
    """The ``tracestate`` header of *state* within 32 members and 512 characters.

    What has to go goes in the order of §3.3.1.5: members over 128 characters, then the ones at the end.
    """
    members = [f"{key}={value}" for key, value in state.items()][:MAX_STATE_MEMBERS]
    length = sum(map(len, members)) + len(members) - 1
    for is_long in (True, False):
        for member in reversed(members.copy()):
            if length <= MAX_STATE_CHARACTERS:
                break
            if not is_long or len(member) > _LONG_STATE_MEMBER:
                members.remove(member)
                length -= len(member) + 1
    return ",".join(members)


def read_baggage(header: str) -> list[Member]:
    """The well-formed members of a ``baggage`` header, as many as the limits allow from its start.

    Of members with one key the last counts, as in OpenTelemetry.
    """
    text = header
    if len(header) > MAX_BAGGAGE_BYTES:
        text = header[: MAX_BAGGAGE_BYTES + 1].rpartition(",")[0]  # whole members only
    found: dict[str, Member] = {}
    for item in text.split(",")[: MAX_BAGGAGE_MEMBERS * 2]:
        member = _read_member(item.strip(" \t"))
        if member is not None:
            found.pop(member.key, None)
            found[member.key] = member
        if len(found) == MAX_BAGGAGE_MEMBERS:
            break
    return list(found.values())


def _read_member(text: str) -> Member | None:
    if not text or len(text) > MAX_MEMBER_BYTES or _MEMBER_REST.fullmatch(text) is None:
        return None
    pair, _, _ = text.partition(";")
    key, equals, value = pair.partition("=")
    key, value = key.strip(" \t"), value.strip(" \t")
    if not equals or _BAGGAGE_KEY.fullmatch(key) is None or _BAGGAGE_VALUE.fullmatch(value) is None:
        return None
    # OpenTelemetry for Python writes a space as "+", and reads it so.
    return Member(unquote_plus(key), unquote_plus(value), text)


def write_member(key: str, value: str) -> str | None:
    """One entry of a baggage header; None for a key that the header cannot hold, or for an entry over 4,096 bytes."""
    name = quote(key, safe=_SAFE_IN_KEY)
    if not name:
        return None
    text = f"{name}={quote(value, safe=_SAFE_IN_VALUE)}"
    return text if len(text) <= MAX_MEMBER_BYTES else None


def write_baggage(
    members: Iterable[str], *, max_bytes: int = MAX_BAGGAGE_BYTES, max_members: int = MAX_BAGGAGE_MEMBERS
) -> str:
    """A ``baggage`` header of *members*, as many from the start as the limits allow."""
    kept: list[str] = []
    length = -1
    for member in members:
        if len(kept) == max_members or length + 1 + len(member) > max_bytes:
            break
        kept.append(member)
        length += 1 + len(member)
    return ",".join(kept)
