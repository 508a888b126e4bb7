"""Which incident may act on a cluster, and with which fence: one run at a time, each above the one before."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.store.errors import store_errors, text
from bot.store.keys import Keys
from bot.store.scripts import FORGET

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
        keys = Keys(prefix)
        self._slots, self._fences = keys.run_slots(), keys.fences()
        self._begin = redis.register_script(BEGIN)
        self._end = redis.register_script(FORGET)

    async def begin(self, cluster: str, incident_id: str, *, above: int) -> int | str:
        """Take the slot and the next fence; a slot that is taken names its incident."""
        async with store_errors():
            answer = await self._begin(keys=[self._slots, self._fences], args=[cluster, incident_id, above])
        return answer if isinstance(answer, int) else text(answer)

    async def end(self, cluster: str, incident_id: str) -> None:
        """Give the slot back."""
        async with store_errors():
            await self._end(keys=[self._slots], args=[cluster, incident_id])
