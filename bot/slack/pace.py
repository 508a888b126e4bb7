"""When Slack takes the next call: its rates are kept in Redis, so any number of processes share them.

Whoever comes too early is given a time of its own and comes back then: those who wait ask no more often and
overtake nobody, and one busy channel holds up no other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from bot.timeline_store import store_errors
from handlers.errors import SlackDown

# A sorted set by time: `*` is when the next place is free, the others are those who wait for theirs.
TURN = """
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
redis.call('ZADD', KEYS[1], at, ARGV[1])
return at - now_us
"""

REFUSED = """
local time = redis.call('TIME')
local at = time[1] * 1000000 + time[2] + ARGV[3]
local waiting = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
redis.call('ZADD', KEYS[1], at, ARGV[1])
for i = 1, #waiting, 2 do
  at = math.max(at + ARGV[2], tonumber(waiting[i + 1]))
  redis.call('ZADD', KEYS[1], at, waiting[i])
end
return 1
"""


UNSAID_WAIT_S = 1.0

LONGEST_WAIT_S = 120.0
"""Beyond the others' turns nobody waits longer: the clock of Redis may have been set back."""


@dataclass(frozen=True)
class Rate:
    """One call every so many seconds, after so many at once."""

    every_s: float
    burst: int


POSTS = Rate(every_s=1.0, burst=5)
"""Of one channel. Slack documents one message a second and channel with short bursts, and gives no number."""

EDITS = Rate(every_s=1.2, burst=40)
"""Of the workspace: `chat.update` is in tier 3, fifty a minute, with occasional bursts."""


class SlackBusy(SlackDown):
    """Slack takes no more of this kind at the moment; it is posted when its turn comes."""

    def __init__(self, after_s: float) -> None:
        super().__init__()
        self.after_s = after_s


class Pace:
    """Turns, by what is to be called and who wants to call it."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._prefix = prefix
        self._turn = redis.register_script(TURN)
        self._refused = redis.register_script(REFUSED)

    @asynccontextmanager
    async def turn(self, what: str, who: str, rate: Rate) -> AsyncIterator[None]:
        """Within it, Slack may be called once.

        Args:
            what: Which of Slack's limits it is.
            who: Who calls; its turn is kept under this name.
            rate: How often.

        Raises:
            SlackBusy: With the time after which it is its turn, by the rate or by Slack's own answer.
        """
        await self._take(what, who, rate)
        try:
            yield
        except SlackBusy as busy:
            await self._put_off(what, who, rate, busy.after_s)
            raise

    async def _take(self, what: str, who: str, rate: Rate) -> None:
        async with store_errors():
            wait_us = await self._turn(
                keys=[f"{self._prefix}:pace:{what}"],
                args=[who, _us(rate.every_s), rate.burst, _us(LONGEST_WAIT_S)],
            )
        if wait_us > 0:
            raise SlackBusy(wait_us / 1_000_000)

    async def _put_off(self, what: str, who: str, rate: Rate, after_s: float) -> None:
        """Slack itself asked to wait: this one is the next then, and all others come behind it."""
        async with store_errors():
            await self._refused(
                keys=[f"{self._prefix}:pace:{what}"], args=[who, _us(rate.every_s), _us(after_s)]
            )


def asked_to_wait_s(headers: Mapping[str, str]) -> float:
    """What an answer with status 429 asks for."""
    asked = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return float(asked) if asked.isdecimal() else UNSAID_WAIT_S


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)
