"""Sessions of one tracer."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from honeyhive.guard import guard
from honeyhive.tracer.core import TracerCore
from honeyhive.tracer.resource import program_name
from honeyhive.tracing import blocks
from honeyhive.tracing.blocks import SessionBlock, StartedSession
from honeyhive.tracing.enrichment import enrich_current_session
from honeyhive.tracing.session import SessionScope

Fields = Mapping[str, Any]


class TracerSessions(TracerCore):
    """`HoneyHiveTracer`'s methods that start sessions and say something of them."""

    def session(  # noqa: PLR0913  the fields of a session
        self,
        name: str | None = None,
        *,
        session_id: str | None = None,
        inputs: Fields | None = None,
        outputs: Fields | None = None,
        metadata: Fields | None = None,
        user_properties: Fields | None = None,
        feedback: Fields | None = None,
        metrics: Fields | None = None,
        sampled: bool | None = None,
    ) -> SessionBlock:
        """A session of this tracer for the code inside the block; see `honeyhive.session`."""
        return blocks.session(
            name,
            session_id=session_id,
            inputs=inputs,
            outputs=outputs,
            metadata=metadata,
            user_properties=user_properties,
            feedback=feedback,
            metrics=metrics,
            sampled=sampled,
            channel=self.channel,
        )

    def start_session(  # noqa: PLR0913  the fields of a session
        self,
        name: str | None = None,
        *,
        session_id: str | None = None,
        inputs: Fields | None = None,
        outputs: Fields | None = None,
        metadata: Fields | None = None,
        user_properties: Fields | None = None,
        feedback: Fields | None = None,
        metrics: Fields | None = None,
        sampled: bool | None = None,
    ) -> StartedSession:
        """A session that events from here on belong to, until its ``end`` or that of the work it was started in."""
        return blocks.start_session(
            name,
            session_id=session_id,
            inputs=inputs,
            outputs=outputs,
            metadata=metadata,
            user_properties=user_properties,
            feedback=feedback,
            metrics=metrics,
            sampled=sampled,
            channel=self.channel,
        )

    def create_session(
        self,
        session_name: str | None = None,
        session_id: str | None = None,
        inputs: Fields | None = None,
        metadata: Fields | None = None,
        user_properties: Fields | None = None,
        source: str | None = None,
        skip_api_call: bool = False,
    ) -> str:
        """Start a session for the rest of a request or task, by 1.x's name; its id. There is no network in it.

        It is current here, never on the tracer, and ends with the unit of work (docs/sessions.md). With *skip_api_call*
        and *session_id*, a session that exists elsewhere is joined and no event is written for it.
        """
        return blocks.create_session(
            self.channel, session_name, session_id, inputs, metadata, user_properties, source, skip_api_call
        )

    async def acreate_session(
        self,
        session_name: str | None = None,
        session_id: str | None = None,
        inputs: Fields | None = None,
        metadata: Fields | None = None,
        user_properties: Fields | None = None,
        source: str | None = None,
        skip_api_call: bool = False,
    ) -> str:
        """`create_session` for asynchronous code."""
        return await blocks.acreate_session(
            self.channel, session_name, session_id, inputs, metadata, user_properties, source, skip_api_call
        )

    def with_session(
        self,
        session_name: str | None = None,
        inputs: Fields | None = None,
        metadata: Fields | None = None,
        user_properties: Fields | None = None,
        source: str | None = None,
    ) -> AbstractContextManager[str]:
        """A session for a block, by 1.x's name; the block is given its id."""
        return blocks.with_session(self.channel, session_name, inputs, metadata, user_properties, source)

    def session_start(self) -> str | None:
        """End the session of the process and start the next one; its id. None when the tracer was shut down.

        For programs that work on one thing after another; a server's requests need `session` or `create_session`.
        """
        before = self.channel.default_session
        if before is None:
            return None
        started = SessionScope(self.channel, name=self.settings.session_name or program_name())
        with guard("start a session"):
            before.finish()
            self.channel.default_session = started
            self.__dict__.pop("config", None)  # it tells the session
            started.announce()
        return started.session_id

    def enrich_session(
        self,
        metadata: Fields | None = None,
        inputs: Fields | None = None,
        outputs: Fields | None = None,
        config: Fields | None = None,
        feedback: Fields | None = None,
        metrics: Fields | None = None,
        user_properties: Fields | None = None,
        session_id: str | None = None,
        **more: Any,
    ) -> bool:
        """Add to the session that the caller runs in, or to that of *session_id*, which may be over and elsewhere.

        Unknown keywords become metadata. Whether there was a session to add to.
        """
        return enrich_current_session(
            self.channel,
            session_id=session_id,
            metadata=metadata,
            inputs=inputs,
            outputs=outputs,
            config=config,
            feedback=feedback,
            metrics=metrics,
            user_properties=user_properties,
            **more,
        )
