"""Two TCP connections spliced into one, each direction with the delay of its own path."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, cast

Mode = Literal["open", "drop", "refuse"]


@dataclass
class Path:
    """What happens to bytes from one node to another: one direction of one port of one pair."""

    mode: Mode = "open"
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    loss: float = 0.0

    def draw_delay_s(self) -> float:
        """Return the one-way delay of the next bytes: uniform in delay ± jitter."""
        return max(0.0, self.delay_ms + random.uniform(-self.jitter_ms, self.jitter_ms)) / 1000  # noqa: S311


@dataclass(eq=False)
class Splice:
    """A connection through a link. One that lost bytes cannot go on, and is reset when its path heals."""

    near: Stream
    far: Stream
    lost_bytes: bool = False
    opening: asyncio.Task[None] | None = field(default=None, repr=False)

    def abort(self) -> None:
        """Reset both ends."""
        if self.opening is not None:
            self.opening.cancel()
        for stream in (self.near, self.far):
            stream.abort()

    @property
    def closed(self) -> bool:
        """Return whether both ends are gone for good."""
        return self.opening is None and self.near.closed and self.far.closed


class Stream(asyncio.Protocol):
    """One end of a splice: what it receives goes along `path` and leaves at the other end, in order."""

    def __init__(self, path: Path) -> None:
        self.splice: Splice | None = None
        self.closed = True
        self._path = path
        self._transport: asyncio.Transport | None = None
        self._queue: deque[tuple[float, bytes | None]] = deque()  # None is the end of the stream
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hold what comes until the other end is there."""
        self.closed = False
        self._transport = cast("asyncio.Transport", transport)
        self._transport.pause_reading()

    def resume(self) -> None:
        """Begin to read."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Send bytes on their way, or lose them."""
        self._forward(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the other end, unless the path drops it: then the other end hears nothing."""
        self.closed = True
        self._forward(None)

    def abort(self) -> None:
        """Reset this end."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()

    def _forward(self, data: bytes | None) -> None:
        if self.splice is None:
            return
        if self._path.mode == "drop":
            self.splice.lost_bytes = True
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + self._path.draw_delay_s()
        if self._queue:
            due = max(due, self._queue[-1][0])
        self._queue.append((due, data))
        if len(self._queue) == 1:
            self._flush()

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue and self._queue[0][0] <= loop.time():
            self._deliver(self._queue.popleft()[1])
        if self._queue:
            self._timer = loop.call_at(self._queue[0][0], self._flush)

    def _deliver(self, data: bytes | None) -> None:
        splice = cast("Splice", self.splice)
        other = splice.far if self is splice.near else splice.near
        if other._transport is None or other._transport.is_closing():
            return
        if data is None:
            other._transport.close()
        else:
            other._transport.write(data)
