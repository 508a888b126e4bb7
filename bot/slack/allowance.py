"""How often one person may make the bot ask Slack, counted in Redis for all processes together."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.store.errors import store_errors
from bot.store.keys import Keys
from bot.store.scripts import Script

LIFE_S = 60
"""Slack's tiers are a minute's."""


class Allowance:
    """Counts uses a person and a minute."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._keys, self._take = Keys(prefix), Script(redis, "slack/allowance_take")

    async def take(self, what: str, person: str, at_most: int) -> bool:
        """Count one use of something by a person; return whether it is within the allowance.

        Raises:
            StoreDown: If Redis does not say.
        """
        async with store_errors():
            uses: int = await self._take(uses=self._keys.asked(what, person), life_s=LIFE_S)
        return uses <= at_most
