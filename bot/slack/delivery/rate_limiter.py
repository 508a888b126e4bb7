"""Keep Slack's rates in Redis, so that any number of processes share them.

A caller who is too early is given a turn of its own and comes back then, so those who wait ask no more often,
and one busy channel holds up no other. Turns are in order, but who ranks higher goes first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from redis.asyncio import Redis

from bot.slack.delivery.web_api import SlackBusy
from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.scripts import Script

MAX_WAIT_S = 120.0
"""The longest wait beyond the others' turns: a longer one shows that the clock of Redis was set back."""


@dataclass(frozen=True)
class Claim:
    """A record made in the same step that gives the turn: a field of a hash, and a key that expires."""

    notes: str
    field: str
    value: str
    mark: str
    mark_life_s: int


class Rank(Enum):
    """Who goes before whom; the value stands before the caller's name in Redis."""

    CRITICAL_HEADLINE = "!!"
    HEADLINE = "!"
    USUAL = ""
    REFUSED_BEFORE = "~"
    """What Slack has refused before takes no turn from what it may take."""


@dataclass(frozen=True)
class Rate:
    """One call every `every_s` seconds, after `burst` at once."""

    every_s: float
    burst: int


POSTS = Rate(every_s=1.0, burst=5)
"""Of one channel. Slack documents one message a second and channel with short bursts, and gives no number."""

EDITS = Rate(every_s=1.2, burst=40)
"""Of the workspace: `chat.update` is in tier 3, fifty a minute, with occasional bursts."""

SEARCHES = EDITS
"""Of the workspace: the methods that read messages are in tier 3 too."""


class RateLimiter:
    """Gives out turns, for each of Slack's limits."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._keys = Keys(prefix)
        self._take = Script(redis, "slack/turn_take")
        self._put_off = Script(redis, "slack/turn_put_off")

    @asynccontextmanager
    async def turn(
        self, what: str, who: str, rate: Rate, *, rank: Rank = Rank.USUAL, claim: Claim | None = None
    ) -> AsyncIterator[None]:
        """Take a turn, within which Slack may be called once.

        Args:
            what: Which of Slack's limits it is.
            who: Who calls; its turn is kept under this name.
            rate: How often.
            rank: Before whom it goes.
            claim: What to note with the turn; not noted where there is none.

        Raises:
            SlackBusy: With the time after which it is its turn, by the rate or by Slack's own answer.
        """
        turns, every_us = self._keys.pace(what), _us(rate.every_s)
        who = f"{rank.value}{who}"
        async with store_errors():
            wait_us = await self._take(
                turns=turns,
                notes=claim.notes if claim else None,
                mark=claim.mark if claim else None,
                who=who,
                every_us=every_us,
                burst=rate.burst,
                max_wait_us=_us(MAX_WAIT_S),
                field=claim.field if claim else None,
                value=claim.value if claim else None,
                mark_life_s=claim.mark_life_s if claim else None,
            )
        if wait_us > 0:
            raise SlackBusy(wait_us / 1_000_000)
        try:
            yield
        except SlackBusy as busy:
            async with store_errors():
                await self._put_off(turns=turns, who=who, every_us=every_us, after_us=_us(busy.wait_s))
            raise


def _us(seconds: float) -> int:
    return int(seconds * 1_000_000)
