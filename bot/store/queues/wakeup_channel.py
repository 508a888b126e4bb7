"""Hints over Redis' pub/sub that queues have something due. A lost hint costs one poll, see `Timing`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from redis.asyncio import Redis

from bot.store.keys import Keys
from bot.timing import DEFAULT_TIMING, Timing

log = structlog.get_logger()

DELAY_S = {"steps": 0.01}
"""What there is to show goes first: a step keeps the process busy, and then waits for nodes anyway."""


class WakeupChannel:
    """One alarm for each queue; a hint is the names of the queues to wake, with spaces between them."""

    def __init__(
        self, redis: Redis, prefix: str, names: Iterable[str], timing: Timing = DEFAULT_TIMING
    ) -> None:
        self._redis, self._channel, self._timing = redis, Keys(prefix).wake(), timing
        self._alarms = {name: asyncio.Event() for name in names}

    def of(self, name: str) -> asyncio.Event:
        """Return the alarm of a queue. Who waits for it clears it before looking into the queue."""
        return self._alarms[name]

    async def listen(self) -> None:
        """Set the alarms of the queues that are named, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    while True:
                        hint = await pubsub.get_message(
                            ignore_subscribe_messages=True, timeout=self._timing.poll_s
                        )
                        for name in hint["data"].decode().split() if hint else ():
                            if name in self._alarms:
                                loop.call_later(DELAY_S.get(name, 0.0), self._alarms[name].set)
            except Exception as error:
                log.warning("wake_up_lost", error=str(error))
                await asyncio.sleep(self._timing.after_failure_s)
