"""What outlives an incident: which incidents were released when, and ends that came before their firings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis

from bot.store.errors import WHO_ELSE, store_errors, text
from bot.store.keys import Keys
from handlers.domain.alerts import Alert, IncidentIdentity

log = structlog.get_logger()

EARLY_END_LIFE_S = 3600


def early_ends(kept: Iterable[bytes]) -> dict[str, Alert]:
    """Return the ends that came before their firings, by fingerprint; those that can be read."""
    found: dict[str, Alert] = {}
    for each in kept:
        try:
            alert = Alert.model_validate_json(each)
        except ValidationError as error:
            log.error("early_end_unreadable", error=str(error), hint=WHO_ELSE)
        else:
            found[alert.fingerprint] = alert
    return found


class IncidentHistoryStore:
    """`handlers.ports.IncidentHistory` over Redis; `TimelineStore` writes the releases and reads the ends."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._keys = Keys(prefix)

    async def remember_ends(self, identity: IncidentIdentity, alerts: tuple[Alert, ...]) -> None:
        """Keep ends that came before their firings; both come within minutes, or never."""
        if alerts:
            ends: dict[Any, Any] = {alert.fingerprint: alert.model_dump_json() for alert in alerts}
            key = self._keys.overtaken(identity.key)
            async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping=ends)
                pipe.expire(key, EARLY_END_LIFE_S)
                await pipe.execute()

    async def previous(self, identity: IncidentIdentity) -> str | None:
        """Return the id of the incident of this identity that was released last."""
        async with store_errors():
            found = await self._redis.hget(self._keys.previous(), identity.key)
        return text(found) if found else None

    async def released_within(self, seconds: float) -> tuple[str, ...]:
        """Return the ids of the incidents that were released in the last seconds, by Redis' clock."""
        async with store_errors():
            now_s, _ = await self._redis.time()
            ids = await self._redis.zrangebyscore(self._keys.released(), now_s - seconds, "+inf")
        return tuple(text(each) for each in ids if isinstance(each, bytes))
