"""Which incidents are due: a sorted set by time, taken under a lease that the holder renews.

Times come from Redis' own clock, so replicas need not agree on the time. Marking twice is marking once;
what is marked while it is held stays due, and is taken again after the release.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.store.errors import store_errors, text
from bot.store.keys import Keys

LEASE_S = 15.0

TAKE = """
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local others = {}
for i = 3, #ARGV do others[ARGV[i]] = true end
local found, first = nil, 0
repeat
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now_us, 'WITHSCORES', 'LIMIT', first, 16)
  for i = 1, #due, 2 do
    local lease = redis.call('HGET', KEYS[2], due[i])
    local is_free = not lease or tonumber(string.match(lease, '^(%d+):')) < now_us
    if is_free and not others[due[i]] then
      if found then return {found[1], found[2], '0', found[3]} end
      redis.call('HSET', KEYS[2], due[i], string.format('%.0f:%s', now_us + ARGV[1], ARGV[2]))
      found = {due[i], due[i + 1], redis.call('HGET', KEYS[3], due[i]) or ''}
    end
  end
  first = first + 16
until #due == 0 or first >= 512
local after = string.format('(%.0f', now_us)
local later = redis.call('ZRANGEBYSCORE', KEYS[1], after, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local later_us = later[2] and string.format('%.0f', later[2] - now_us) or '-1'
return {found and found[1] or false, found and found[2] or '', later_us, found and found[3] or ''}
"""

RENEW = """
local lease = redis.call('HGET', KEYS[1], ARGV[1])
if not lease or string.match(lease, ':(.*)$') ~= ARGV[3] then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1],
  string.format('%.0f:%s', time[1] * 1000000 + time[2] + ARGV[2], ARGV[3]))
return 1
"""

RELEASE = """
local lease = redis.call('HGET', KEYS[2], ARGV[1])
if not lease or string.match(lease, ':(.*)$') ~= ARGV[2] then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[1], time[1] * 1000000 + time[2], ARGV[1])
  redis.call('PUBLISH', ARGV[5], ARGV[6])
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[1])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) == ARGV[3] then
  if tonumber(ARGV[4]) < 0 then
    redis.call('ZREM', KEYS[1], ARGV[1])
    return 1
  end
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[1], time[1] * 1000000 + time[2] + ARGV[4], ARGV[1])
end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
"""

MARK = """
local time = redis.call('TIME')
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], time[1] * 1000000 + time[2], ARGV[i]) end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return #ARGV - 2
"""


@dataclass(frozen=True)
class Taken:
    """A due incident that this process holds for now.

    `next_in_s` is when the next one is due, 0 where one can be taken now, `None` where there is none. `end`
    is where the timeline ends, as it is noted: whoever knows it up to there need not read it.
    """

    incident_id: str
    token: str
    score: str
    next_in_s: float | None = None
    end: str = ""


class DueQueue:
    """One sorted set of what is due, and who holds which."""

    def __init__(self, redis: Redis, prefix: str, name: str) -> None:
        keys = Keys(prefix)
        self._due, self._leases, self._ends = keys.due(name), keys.leases(name), keys.ends()
        self.name, self._wake = name, keys.wake()
        self._take = redis.register_script(TAKE)
        self._renew = redis.register_script(RENEW)
        self._release = redis.register_script(RELEASE)
        self._mark = redis.register_script(MARK)

    async def take(self, but: Iterable[str] = ()) -> Taken | float | None:
        """A due incident; else in how many seconds the next one is due; `None` where there is none.

        Args:
            but: Incidents that are left for other replicas to take.
        """
        token = secrets.token_hex(8)
        async with store_errors():
            found, score, later_us, end = await self._take(
                keys=[self._due, self._leases, self._ends], args=[int(LEASE_S * 1_000_000), token, *but]
            )
        next_in_s = None if float(later_us) < 0 else float(later_us) / 1_000_000
        if not found:
            return next_in_s
        return Taken(found.decode(), token, score.decode(), next_in_s, text(end))

    async def renew(self, taken: Taken) -> bool:
        """Hold it for another lease; false where somebody else has it by now."""
        async with store_errors():
            held = await self._renew(
                keys=[self._leases], args=[taken.incident_id, int(LEASE_S * 1_000_000), taken.token]
            )
        return bool(held)

    async def release(self, taken: Taken, due_again_in_s: float | None) -> None:
        """Give it back; it is due again then, unless something has marked it due since.

        Where the lease had run out it is due now: what was done without it may have undone newer work.
        """
        again_us = -1 if due_again_in_s is None else int(max(due_again_in_s, 0) * 1_000_000)
        async with store_errors():
            await self._release(
                keys=[self._due, self._leases],
                args=[taken.incident_id, taken.token, taken.score, again_us, self._wake, self.name],
            )

    async def mark(self, *incident_ids: str) -> None:
        """Make incidents due now."""
        if incident_ids:
            async with store_errors():
                await self._mark(keys=[self._due], args=[self._wake, self.name, *incident_ids])


class Queues:
    """All there are: steps and redraws of incidents, and the chores of no incident."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self.steps, self.views, self.chores = (
            DueQueue(redis, prefix, name) for name in ("steps", "views", "chores")
        )
