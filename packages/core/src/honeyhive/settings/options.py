"""The keyword arguments of a tracer, for type checkers and editors."""

import os
from collections.abc import Mapping
from typing import Literal, TypedDict

TrustIncoming = Literal["signed", "always", "never"]


class TracerOptions(TypedDict, total=False):
    """The keyword arguments of `honeyhive.HoneyHiveTracer`; see `Settings` for what each means."""

    api_key: str | None
    project: str | None
    source: str
    server_url: str
    session_name: str | None
    session_id: str | None
    otlp_endpoint: str | None
    otlp_headers: Mapping[str, str]
    data_dir: str | os.PathLike[str]
    journal: bool
    disable_tracing: bool
    test_mode: bool
    service_name: str | None
    flush_interval_s: float
    export_timeout_s: float
    max_queue_bytes: int
    max_journal_bytes: int
    overload_wait_ms: float
    propagation_key: str | None
    propagate_to: tuple[str, ...]
    model_hosts: tuple[str, ...]
    trust_incoming: TrustIncoming
