"""Decide which incident may act on a cluster: one run at a time, each with a higher fence."""

from __future__ import annotations

import re

from redis.asyncio import Redis

from bot.store.errors import store_errors, text
from bot.store.keys import Keys
from bot.store.scripts import Script
from handlers.ports import Fence, HeldBy

SANE = re.compile(r"[0-9]{1,16}")
MAX_FENCE = 2**53 - 1
"""The highest integer up to which the script's doubles are exact."""


class RunLocks:
    """`handlers.ports.RunLocks` in two Redis hashes.

    The agents enforce the fence; Redis only has to count higher, so a restored copy does no harm.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        keys, self._redis = Keys(prefix), redis
        self._locks, self._fences = keys.run_slots(), keys.fences()
        self._begin = Script(redis, "run_lock_begin")
        self._end = Script(redis, "holder_forget")

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> Fence | HeldBy:
        """Take the cluster's lock and the next fence, or say who has it."""
        async with store_errors():
            answer = await self._begin(
                locks=self._locks, fences=self._fences, cluster=cluster, incident_id=incident_id, above=above
            )
        return Fence(answer) if isinstance(answer, int) else HeldBy(text(answer))

    async def newest(self, cluster: str) -> int:
        """Return the newest fence that was given out; 0 where there is none that makes sense."""
        async with store_errors():
            stored = text(await self._redis.hget(self._fences, cluster) or b"0")
        return int(stored) if SANE.fullmatch(stored) and int(stored) <= MAX_FENCE else 0

    async def end(self, cluster: str, incident_id: str) -> None:
        """Give the lock back, if it is still this incident's."""
        async with store_errors():
            await self._end(holders=self._locks, held=cluster, holder=incident_id)
