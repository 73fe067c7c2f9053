"""Trace, session and baggage by hand: what adapters and HTTP clients do for their users."""

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context

from honeyhive import http_clients
from honeyhive.tracer.core import TracerCore
from honeyhive.tracing import distributed
from honeyhive.tracing.subprocesses import subprocess_environment

if TYPE_CHECKING:
    import httpx


class TracerCarriers(TracerCore):
    """`HoneyHiveTracer`'s methods for propagation."""

    def inject_context(self, carrier: MutableMapping[str, Any]) -> None:
        """Write trace, session and baggage of what is current into *carrier*: a mutable mapping or a list of pairs.

        The caller says whom the carrier goes to, so no host is asked for.
        """
        distributed.inject_context(self.channel, carrier)

    def inject(self, carrier: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The same as `inject_context`; returns *carrier*."""
        distributed.inject_context(self.channel, carrier)
        return carrier

    def extract_context(self, carrier: object) -> Context | None:
        """The context that *carrier* brings, for ``opentelemetry.context.attach``; None when it brings nothing."""
        return distributed.extract_context(self.channel, carrier)

    def link(self, carrier: MutableMapping[str, Any]) -> str:
        """Continue here what *carrier* brings, until `unlink`; an empty *carrier* is filled with what is current instead."""
        return distributed.link(self.channel, carrier)

    def unlink(self, token: str) -> None:
        """Make current again what was so before the `link` that returned *token*."""
        distributed.unlink(token)

    def get_baggage(self, key: str) -> str | None:
        """The baggage value under *key*; under ``session_id``, ``project`` and ``source``, what events here have of those."""
        return distributed.get_baggage(self.channel, key)

    def set_baggage(self, key: str, value: object) -> None:
        """Set baggage for what comes in this thread or task, until the traced call, session or request around it ends."""
        distributed.set_baggage(key, value)

    def subprocess_environment(self, environment: Mapping[str, str] | None = None) -> dict[str, str]:
        """*environment* (``os.environ`` unless given) with what lets a process started with it continue this session."""
        return subprocess_environment(self.channel, environment)

    def httpx_transport(
        self, wrapped: "httpx.BaseTransport | None" = None, *, is_recorded: bool | None = None
    ) -> "httpx.BaseTransport":
        """A transport for ``httpx.Client`` that passes trace and session on; see `honeyhive.http_clients`."""
        return http_clients.httpx_transport(self, wrapped, is_recorded=is_recorded)

    def async_httpx_transport(
        self, wrapped: "httpx.AsyncBaseTransport | None" = None, *, is_recorded: bool | None = None
    ) -> "httpx.AsyncBaseTransport":
        """A transport for ``httpx.AsyncClient`` that passes trace and session on; see `honeyhive.http_clients`."""
        return http_clients.async_httpx_transport(self, wrapped, is_recorded=is_recorded)
