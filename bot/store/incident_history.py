"""What outlives an incident: which were released when, and ends that came before their firings."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from bot.store.timelines import store_errors, text
from handlers.domain.alerts import Alert, IncidentIdentity

EARLY_END_LIFE_S = 3600


class IncidentHistoryStore:
    """`handlers.ports.IncidentHistory` over Redis; `TimelineStore` writes the releases and reads the ends."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        self._previous, self._released = f"{prefix}:previous", f"{prefix}:released"

    def _ends(self, identity: IncidentIdentity) -> str:
        return f"{self._prefix}:overtaken:{identity.key}"

    async def remember_ends(self, identity: IncidentIdentity, alerts: tuple[Alert, ...]) -> None:
        """Keep ends that came before their firings; both come within minutes, or never."""
        if alerts:
            ends: dict[Any, Any] = {alert.fingerprint: alert.model_dump_json() for alert in alerts}
            async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(self._ends(identity), mapping=ends)
                pipe.expire(self._ends(identity), EARLY_END_LIFE_S)
                await pipe.execute()

    async def previous(self, identity: IncidentIdentity) -> str | None:
        """The id of the incident of this identity that was released last."""
        async with store_errors():
            found = await self._redis.hget(self._previous, identity.key)
        return text(found) if found else None

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        """Ids of the incidents that were released within so many seconds before now, by Redis' clock."""
        async with store_errors():
            now_s, _ = await self._redis.time()
            ids = await self._redis.zrangebyscore(self._released, now_s - seconds, "+inf")
        return tuple(text(each) for each in ids if isinstance(each, bytes))
