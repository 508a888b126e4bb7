"""What uvicorn has no setting for, and both the agent and the bot need: a deadline for each request."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class DeadlineProtocol(HttpToolsProtocol):
    """One connection: each request, header and body, must be there in time, and its answer be taken in time.

    The time runs from the connection for the first request, and from its first byte for a later one; between
    two the server's keep-alive holds.
    """

    request_s: float = 5.0
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def on_message_begin(self) -> None:
        """Begin the wait for the rest of a request."""
        super().on_message_begin()
        self._expect()

    def on_body(self, body: bytes) -> None:
        """Read on, unless the answer was given without the rest: a body that was refused as too large."""
        super().on_body(body)
        if self.cycle.response_complete:
            self.transport.close()

    def on_message_complete(self) -> None:
        """Stop waiting: the request is here."""
        self._stop_waiting()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting: nobody is there."""
        self._stop_waiting()
        self._stop_unread()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin the wait for an answer to be taken, of which no more fits into the buffers."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.request_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting: it is being taken."""
        self._stop_unread()
        super().resume_writing()

    def _expect(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.request_s, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
