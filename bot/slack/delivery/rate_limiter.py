"""When Slack takes the next call: its rates are kept in Redis, so any number of processes share them.

Whoever comes too early is given a time of its own and comes back then: those who wait ask no more often, and
one busy channel holds up no other. Nobody overtakes, but who is urgent goes before all who are not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.slack.delivery.web_api import SlackBusy
from bot.store.errors import store_errors
from bot.store.keys import Keys

# A sorted set by time: `*` is when the next place is free, the others are those who wait for theirs, the
# urgent ones with a `!` before their names.
TURN = """
local function turn()
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local every_us, burst = tonumber(ARGV[2]), tonumber(ARGV[3])
local furthest_us = now_us + redis.call('ZCARD', KEYS[1]) * every_us + ARGV[4]
local mine = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
if mine > now_us and mine <= furthest_us then return mine - now_us end
if mine > 0 then
  redis.call('ZREM', KEYS[1], ARGV[1])
  return 0
end
local free = tonumber(redis.call('ZSCORE', KEYS[1], '*') or '0')
if free > furthest_us then free = 0 end
local at = math.max(free, now_us - (burst - 1) * every_us)
redis.call('ZADD', KEYS[1], at + every_us, '*')
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_us - 3600000000)
redis.call('EXPIRE', KEYS[1], 3600 + math.ceil((at - now_us) / 1000000))
if at <= now_us then return 0 end
if string.sub(ARGV[1], 1, 1) == '!' then
  -- It takes the turn of the first who is not urgent, who takes that of the next, and so on.
  local after = string.format('(%.0f', now_us)
  local waiting = redis.call('ZREVRANGEBYSCORE', KEYS[1], string.format('%.0f', at), after, 'WITHSCORES')
  for i = 1, #waiting, 2 do
    if string.sub(waiting[i], 1, 1) ~= '!' then
      redis.call('ZADD', KEYS[1], at, waiting[i])
      at = tonumber(waiting[i + 1])
    end
  end
end
redis.call('ZADD', KEYS[1], at, ARGV[1])
return at - now_us
end
local wait_us = turn()
if wait_us == 0 and KEYS[2] then
  redis.call('HSET', KEYS[2], ARGV[5], ARGV[6])
  redis.call('SET', KEYS[3], 1, 'EX', ARGV[7])
end
return wait_us
"""

REFUSED = """
local time = redis.call('TIME')
local at = time[1] * 1000000 + time[2] + ARGV[3]
redis.call('ZADD', KEYS[1], 0, ARGV[1])
local waiting = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for _, urgent in ipairs({true, false}) do
  for i = 1, #waiting, 2 do
    if (string.sub(waiting[i], 1, 1) == '!') == urgent then
      at = math.max(at, tonumber(waiting[i + 1]))
      redis.call('ZADD', KEYS[1], at, waiting[i])
      at = at + ARGV[2]
    end
  end
end
return 1
"""

MAX_WAIT_S = 120.0
"""Beyond the others' turns nobody waits longer: the clock of Redis may have been set back."""


@dataclass(frozen=True)
class Claim:
    """What is noted in the same step that gives the turn: a field of a hash, and a mark for a while."""

    notes: str
    field: str
    value: str
    mark: str
    mark_life_s: int


@dataclass(frozen=True)
class Rate:
    """One call every so many seconds, after so many at once."""

    every_s: float
    burst: int


POSTS = Rate(every_s=1.0, burst=5)
"""Of one channel. Slack documents one message a second and channel with short bursts, and gives no number."""

EDITS = Rate(every_s=1.2, burst=40)
"""Of the workspace: `chat.update` is in tier 3, fifty a minute, with occasional bursts."""

SEARCHES = EDITS
"""Of the workspace: the methods that read messages are in tier 3 too."""


class RateLimiter:
    """Turns, by what is to be called and who wants to call it."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._keys = Keys(prefix)
        self._turn = redis.register_script(TURN)
        self._refused = redis.register_script(REFUSED)

    @asynccontextmanager
    async def turn(
        self, what: str, who: str, rate: Rate, *, urgent: bool = False, claim: Claim | None = None
    ) -> AsyncIterator[None]:
        """Within it, Slack may be called once.

        Args:
            what: Which of Slack's limits it is.
            who: Who calls; its turn is kept under this name.
            rate: How often.
            urgent: Whether it goes before others.
            claim: Noted with the turn, or not at all.

        Raises:
            SlackBusy: With the time after which it is its turn, by the rate or by Slack's own answer.
        """
        who = f"!{who}" if urgent else who
        await self._take(what, who, rate, claim)
        try:
            yield
        except SlackBusy as busy:
            await self._put_off(what, who, rate, busy.wait_s)
            raise

    async def _take(self, what: str, who: str, rate: Rate, claim: Claim | None) -> None:
        keys: list[str] = [self._keys.pace(what)]
        args: list[str | int] = [who, _us(rate.every_s), rate.burst, _us(MAX_WAIT_S)]
        if claim:
            keys += [claim.notes, claim.mark]
            args += [claim.field, claim.value, claim.mark_life_s]
        async with store_errors():
            wait_us = await self._turn(keys=keys, args=args)
        if wait_us > 0:
            raise SlackBusy(wait_us / 1_000_000)

    async def _put_off(self, what: str, who: str, rate: Rate, after_s: float) -> None:
        """Slack itself asked to wait: this one is the next then, or the next after those who are urgent."""
        async with store_errors():
            await self._refused(keys=[self._keys.pace(what)], args=[who, _us(rate.every_s), _us(after_s)])


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)
