"""Time by Redis' clock, which all replicas share: whoever sets the clock of one host moves nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from redis.asyncio import Redis

from bot.store.errors import store_errors
from handlers.errors import StoreDown

log = structlog.get_logger()

ASKED_EVERY_S = 10.0

JUMP = timedelta(seconds=2)
"""Further off than so much after ten seconds no clock runs: it was set, or another Redis answers."""

MAX_ROUND_TRIP_S = 1.0
"""An answer that took longer does not say what time it is."""


class RedisTime:
    """`handlers.ports.Time`: what Redis said last, and what has passed since by the process' own stopwatch.

    Until Redis has answered once, the host's clock stands in for it.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        stopwatch: Callable[[], float] = time.monotonic,
        host: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redis, self._stopwatch = redis, stopwatch
        self._said_at, self._said_s = host(), stopwatch()
        self._was_asked = False
        self._newest = self._said_at

    def now(self) -> datetime:
        """Return the present, in UTC; small corrections never make it run backwards."""
        at = self._by_stopwatch()
        if not timedelta() < self._newest - at < JUMP:
            self._newest = at
        return self._newest

    def _by_stopwatch(self) -> datetime:
        return self._said_at + timedelta(seconds=self._stopwatch() - self._said_s)

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        await asyncio.sleep(seconds)

    async def ask(self) -> None:
        """Ask Redis what time it is.

        Raises:
            StoreDown: If it does not answer.
        """
        before_s = self._stopwatch()
        async with store_errors():
            seconds, microseconds = await self._redis.time()
        after_s = self._stopwatch()
        if self._was_asked and after_s - before_s > MAX_ROUND_TRIP_S:
            return
        said = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)
        middle_s = (before_s + after_s) / 2
        off = said - self._said_at - timedelta(seconds=middle_s - self._said_s)
        if abs(off) > JUMP:
            clock = "redis_clock_jumped" if self._was_asked else "host_clock_differs"
            log.warning(clock, seconds=round(off.total_seconds(), 1))
        self._said_at, self._said_s, self._was_asked = said, middle_s, True

    async def keep(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            try:
                await self.ask()
            except StoreDown:
                log.debug("redis_time_unknown")  # the stopwatch goes on
            await asyncio.sleep(ASKED_EVERY_S)
