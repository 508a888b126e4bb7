"""Hints over Redis that something is due, by the queue's name; whoever misses one looks after a nap."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis

from bot.timeline_store import text

log = structlog.get_logger()

NAP_S = 1.0
"""The longest sleep without looking: a lost wake-up costs at most this."""

AFTER_FAILURE_S = 2.0


class WakeUps:
    """One alarm for each queue."""

    def __init__(self, redis: Redis, prefix: str, names: Iterable[str]) -> None:
        self._redis = redis
        self._channel = f"{prefix}:wake"
        self._alarms = {name: asyncio.Event() for name in names}

    def of(self, name: str) -> asyncio.Event:
        """The alarm of a queue; whoever waits for it clears it before it looks."""
        return self._alarms[name]

    async def listen(self) -> None:
        """Set the alarms of the queues that are named, until cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    while True:
                        heard = await pubsub.get_message(ignore_subscribe_messages=True, timeout=NAP_S)
                        for name in text(heard["data"]).split() if heard else ():
                            if name in self._alarms:
                                self._alarms[name].set()
            except Exception as error:
                log.warning("wake_up_lost", error=str(error))
                await asyncio.sleep(AFTER_FAILURE_S)


async def nap(alarm: asyncio.Event, seconds: float) -> None:
    """Sleep until the alarm, but no longer than this."""
    if seconds <= 0:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await alarm.wait()
