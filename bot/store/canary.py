"""The canary's flag: while it is up, the bot's metrics say so, and the shipped rule NeumannCanary fires."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.store.errors import WrongType, store_errors, text
from bot.store.keys import CANARY_LIFE_S, Keys


class CanaryFlag:
    """One flag for all processes; it falls by itself where whoever raised it dies."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        keys = Keys(prefix)
        self._redis, self._key, self._home = redis, keys.canary(), keys.canary_home()

    async def hoist(self, cluster: str) -> None:
        """Let the canary fire for a cluster."""
        async with store_errors():
            await self._redis.set(self._key, cluster, ex=CANARY_LIFE_S)

    async def lower(self) -> None:
        """Let it resolve."""
        async with store_errors():
            await self._redis.delete(self._key)

    async def came_home(self) -> None:
        """Note that it went all the way, by Redis' clock."""
        async with store_errors():
            now_s, _ = await self._redis.time()
            await self._redis.set(self._home, int(now_s))

    async def last_home_s(self) -> int:
        """Return when it last did, in seconds since 1970; 0 where it never has."""
        try:
            async with store_errors():
                kept = await self._redis.get(self._home)
        except WrongType:
            return 0
        said = text(kept) if kept else ""
        return int(said) if said.isdigit() and len(said) < 13 else 0

    async def cluster(self) -> str:
        """Return the cluster for which it is up; nothing where it is down."""
        try:
            async with store_errors():
                kept = await self._redis.get(self._key)
        except WrongType:
            return ""
        return text(kept) if kept else ""
