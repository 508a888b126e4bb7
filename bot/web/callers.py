"""Whoever calls, before anything is known of him: how many may wait, with how much, and for how long.

A caller waits from his connection until his request is complete, and again after its answer. Beyond the
bounds the one that has waited longest is dropped: an honest request is complete within milliseconds, and so
is not there long enough to become the oldest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from agent.request_deadline import DeadlineProtocol

MAX_HEAD_BYTES = 65_536
MAX_PIPELINED = 4
"""Requests that a connection may send ahead of its answers; no proxy does."""


@dataclass
class Callers:
    """Those that wait, longest first, with the bytes that each has sent of an unfinished request."""

    max_waiting: int = 256
    max_waiting_bytes: int = 32 * 1024 * 1024
    _waiting: dict[CallerProtocol, int] = field(default_factory=dict)
    _bytes: int = 0

    def waits(self, caller: CallerProtocol) -> None:
        """Let one wait from now on."""
        self.leaves(caller)
        self._waiting[caller] = 0
        if len(self._waiting) > self.max_waiting:
            self._drop_oldest()

    def sent(self, caller: CallerProtocol, count: int) -> None:
        """Count what one has sent of a request that is not complete."""
        if caller in self._waiting:
            self._waiting[caller] += count
            self._bytes += count
            while self._bytes > self.max_waiting_bytes:
                self._drop_oldest(with_bytes=True)

    def leaves(self, caller: CallerProtocol) -> None:
        """Take one out: his request is complete, or he is gone."""
        self._bytes -= self._waiting.pop(caller, 0)

    def _drop_oldest(self, *, with_bytes: bool = False) -> None:
        oldest = next(each for each, count in self._waiting.items() if count or not with_bytes)
        self.leaves(oldest)
        oldest.transport.abort()


class CallerProtocol(DeadlineProtocol):
    """One connection to the bot's port."""

    callers: Callers
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request."""
        super().connection_made(transport)
        self.callers.waits(self)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is more than a request's head may be."""
        self.callers.sent(self, len(data))
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin with a request, unless too many are begun.

        Raises:
            ValueError: If they are; uvicorn answers 400 to that.
        """
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests ahead of their answers")
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting the head."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait no more: the request is here."""
        self._in_head, self._head_bytes = True, 0
        self.callers.leaves(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self.callers.waits(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more: nobody is there."""
        self.callers.leaves(self)
        super().connection_lost(exc)


def protocol_for(callers: Callers) -> type[CallerProtocol]:
    """Make the protocol of a server, which uvicorn takes as a class."""

    class Bound(CallerProtocol):
        """A caller of this server."""

    Bound.callers = callers
    return Bound
