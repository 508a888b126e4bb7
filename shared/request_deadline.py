"""What uvicorn has no setting for, and both the agent and the bot need: bounds on each request.

They are a deadline, a largest head, and how many requests may be sent ahead of their answers.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 65_536
MAX_PIPELINED = 4
"""Requests that a connection may send ahead of its answers; no proxy does, and no bot."""


class DeadlineProtocol(HttpToolsProtocol):
    """One connection: each request, header and body, must be there in time, and its answer be taken in time.

    The time runs from the connection for the first request, and from its first byte for a later one; between
    two the server's keep-alive holds.
    """

    request_s: float = 5.0
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is more than a request's head may be."""
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin the wait for the rest of a request, unless too many are begun.

        Raises:
            ValueError: If they are; uvicorn answers 400 to that.
        """
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests ahead of their answers")
        super().on_message_begin()
        self._expect()

    def on_headers_complete(self) -> None:
        """Stop counting the head."""
        self._in_head = False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Read on, unless the answer was given without the rest: a body that was refused as too large."""
        super().on_body(body)
        if self.cycle.response_complete:
            self.transport.close()

    def on_message_complete(self) -> None:
        """Stop waiting: the request is here."""
        self._in_head, self._head_bytes = True, 0
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
