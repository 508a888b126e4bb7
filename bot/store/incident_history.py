"""What outlives an incident: which incidents were released when, and ends that came before their firings."""

from __future__ import annotations

from datetime import UTC, datetime

from redis.asyncio import Redis

from bot.store.alert_index import ends_of, keys_of
from bot.store.errors import WrongType, store_errors, text
from bot.store.keys import ENDS_LIFE_S, MAX_ENDS, Keys
from bot.store.scripts import Script
from handlers.domain.alerts import Alert, IncidentIdentity

MAX_SECONDS_DIGITS = 10
"""Of a time in seconds since 1970, up to the year 2286."""


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

    async def released_last(self, count: int) -> tuple[str, ...]:
        """Return the ids of the incidents that were released last, newest first."""
        async with store_errors():
            ids = await self._redis.zrevrange(self._keys.released(), 0, count - 1)
        return tuple(text(each) for each in ids if isinstance(each, bytes))

    async def kept_since(self) -> datetime | None:
        """Return since when every closed incident is kept; `None` where nothing that can be read says so."""
        try:
            async with store_errors():
                noted = text(await self._redis.get(self._keys.history_since()) or b"")
        except WrongType:
            return None
        is_time = noted.isdecimal() and len(noted) <= MAX_SECONDS_DIGITS
        return datetime.fromtimestamp(int(noted), UTC) if is_time else None

    async def note_kept_since(self, now: datetime, trimmed_before: datetime | None) -> None:
        """Note since when every closed incident is kept: the bot's first look, or the end of a trimming.

        A bot of before noted nothing: then it is since the oldest that is left.
        """
        async with store_errors():
            left = await self._redis.zrange(self._keys.released(), 0, 0, withscores=True)
            first_s = (trimmed_before or now).timestamp()
            oldest_s = float(left[0][1]) if left else first_s
            await self._redis.set(
                self._keys.history_since(), int(oldest_s if 0 < oldest_s < first_s else first_s), nx=True
            )
        if trimmed_before and ((since := await self.kept_since()) is None or since < trimmed_before):
            async with store_errors():
                await self._redis.set(self._keys.history_since(), int(trimmed_before.timestamp()))
