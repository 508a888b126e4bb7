"""What outlives an incident: which incidents were released when, and ends that came before their firings."""

from __future__ import annotations

from redis.asyncio import Redis

from bot.store.alert_index import ends_of, keys_of
from bot.store.errors import store_errors, text
from bot.store.keys import ENDS_LIFE_S, MAX_ENDS, Keys
from bot.store.scripts import Script
from handlers.domain.alerts import Alert, IncidentIdentity


class IncidentHistoryStore:
    """`handlers.ports.IncidentHistory` over Redis; `TimelineStore` writes the releases and reads the ends."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._keys = Keys(prefix)
        self._remember_ends = Script(redis, "ends_remember")
        self._claim_alerts = Script(redis, "alerts_claim")

    async def remember_ends(self, identity: IncidentIdentity, alerts: tuple[Alert, ...]) -> str | None:
        """Keep ends that came before their firings; return the id of the incident that is open by now."""
        async with store_errors():
            open_id = await self._remember_ends(
                open=self._keys.open(),
                early_ends=self._keys.early_ends(),
                identity=identity.key,
                alerts=ends_of(alerts),
                ends_life_s=ENDS_LIFE_S,
                max_ends=MAX_ENDS,
            )
        return text(open_id) or None

    async def claim_alerts(self, incident_id: str, alerts: tuple[Alert, ...]) -> bool:
        """Note where alerts belong; return `False`, and note nothing, if another open incident knows one."""
        async with store_errors():
            return bool(
                await self._claim_alerts(
                    open=self._keys.open(),
                    homes=self._keys.homes(),
                    incident_id=incident_id,
                    alerts=keys_of(alerts),
                )
            )

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
