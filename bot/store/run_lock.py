"""Which incident may act on a cluster, and with which fence: one run at a time, each above the one before."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.store.scripts import FORGET
from bot.store.timelines import store_errors, text
from handlers.ports import Lock, LockedBy

BEGIN = """
local holder = redis.call('HGET', KEYS[1], ARGV[1])
if holder and holder ~= ARGV[2] then return holder end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local fence = math.max(tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0'), tonumber(ARGV[3])) + 1
redis.call('HSET', KEYS[2], ARGV[1], string.format('%.0f', fence))
return fence
"""


class RunLocks:
    """`handlers.ports.RunLocks` in two Redis hashes.

    The agents hold the fence; what Redis counts only has to be higher, so a restored copy does no harm.
    """

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._slots = f"{prefix}:run-slots"
        self._fences = f"{prefix}:fences"
        self._begin = redis.register_script(BEGIN)
        self._end = redis.register_script(FORGET)

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> Lock | LockedBy:
        """Take the cluster's lock and its next fence, or return who holds it."""
        async with store_errors():
            answer = await self._begin(keys=[self._slots, self._fences], args=[cluster, incident_id, above])
        return Lock(answer) if isinstance(answer, int) else LockedBy(text(answer))

    async def end(self, cluster: str, incident_id: str) -> None:
        """Give the slot back."""
        async with store_errors():
            await self._end(keys=[self._slots], args=[cluster, incident_id])
