"""Whoever calls, before anything is known of him: how many may wait, with how much, and for how long.

A caller waits from his connection until his request is complete, and again after its answer. Beyond the
bounds the one that has waited longest is dropped: an honest request is complete within milliseconds, and so
is not there long enough to become the oldest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from shared.request_deadline import DeadlineProtocol


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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin the wait for the first request."""
        super().connection_made(transport)
        self.callers.waits(self)

    def data_received(self, data: bytes) -> None:
        """Count what came, and read on."""
        self.callers.sent(self, len(data))
        super().data_received(data)

    def on_message_complete(self) -> None:
        """Wait no more: the request is here."""
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
