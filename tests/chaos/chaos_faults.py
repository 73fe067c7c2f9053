"""What can go wrong with one answer of a collector."""

import email.utils
import time
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one request is answered: the fields say in which order things go wrong."""

    reads: bool = True
    """Whether the body is read; if not, the connection is reset in the middle of it."""
    wait_s: float = 0.0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    retry_in_s: float | None = None
    """``Retry-After``, as the date that is so far away."""
    body: bytes = b""
    rejects: int = 0
    """How many of the events of a request are not taken, although its status is a good one."""
    drip_s: float = 0.0
    """Between one byte of the answer and the next."""
    sends: int | None = None
    """How many bytes of the answer are sent before the connection is closed; all, unless given."""
    closes: bool = False
    """Whether the connection is closed after the answer, which does not say so."""

    @property
    def takes(self) -> bool:
        """Whether the collector has what it was sent."""
        return self.reads and self.status // 100 == 2

    @property
    def is_doubtful(self) -> bool:
        """Whether the collector may have what the sender must send again."""
        return self.takes and (self.sends is not None or self.wait_s > 0 or self.drip_s > 0)

    def answer(self) -> bytes:
        """The whole answer as it would be without a fault."""
        headers = {"Content-Length": str(len(self.body)), **self.headers}
        if self.retry_in_s is not None:
            headers["Retry-After"] = email.utils.formatdate(time.time() + self.retry_in_s, usegmt=True)
        lines = [f"HTTP/1.1 {self.status} As scripted", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join((*lines, "", "")).encode() + self.body


OK = Fault()
RESET = Fault(reads=False)
SILENCE = Fault(sends=0)
HALF_AN_ANSWER = Fault(sends=12)
CLOSED_AFTER_200 = Fault(closes=True)
_PROTOBUF = {"Content-Type": "application/x-protobuf"}
MALFORMED_PARTIAL_SUCCESS = Fault(body=b"\x0a\xff\xff\xff\x07what", headers=_PROTOBUF)


def answering(status: int, **headers: str) -> Fault:
    """Nothing but a status, and headers such as ``retry_after``."""
    return Fault(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def rejecting(count: int) -> Fault:
    """A partial success: all of a request is taken but for its first *count* events."""
    said = ExportTracePartialSuccess(rejected_spans=count, error_message="not these")
    body = ExportTraceServiceResponse(partial_success=said).SerializeToString()
    return Fault(rejects=count, body=body, headers=_PROTOBUF)
