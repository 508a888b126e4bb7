"""Trims incidents that were closed long ago, and leaves a MAC that shows that the bot did it."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from redis.asyncio import Redis

from bot.store.errors import store_errors, text
from bot.store.keys import Keys
from bot.store.mac_chain import Chain, End
from bot.store.timelines import TimelineStore
from handlers.errors import StoreDown

log = structlog.get_logger()

AT_A_TIME = 100
"""How many are trimmed in one go: each is read once more, and a worker has other things to do."""

TRIMMED = b"trimmed"


class Retention:
    """The closed incidents, by the time of their closing."""

    def __init__(self, redis: Redis, prefix: str, store: TimelineStore, chain: Chain) -> None:
        self._redis, self._keys = redis, Keys(prefix)
        self.store = store
        self._chain = chain

    async def closed_before(self, moment: datetime) -> tuple[str, ...]:
        """Return the ids of the incidents that were closed before a moment of Redis' clock, oldest first."""
        async with store_errors():
            ids = await self._redis.zrangebyscore(self._keys.released(), "-inf", f"({moment.timestamp()}")
        taken_up_again = await self.store.open_incidents()
        closed = (text(each) for each in ids if isinstance(each, bytes))
        return tuple(each for each in closed if each not in taken_up_again)

    async def trim(self, kept_days: int) -> tuple[str, ...]:
        """Remove what was closed so many days ago; leave timelines that were tampered with for people.

        Returns:
            The incidents that were removed, at most a hundred at a time.
        """
        async with store_errors():
            now_s, _ = await self._redis.time()
        before = datetime.fromtimestamp(now_s).astimezone() - timedelta(days=kept_days)
        trimmed = [each for each in (await self.closed_before(before))[:AT_A_TIME] if await self._trim(each)]
        return tuple(trimmed)

    async def _trim(self, incident_id: str) -> bool:
        try:
            walk = await self.store.walk(incident_id)
            tampered = bool(walk.faults)
        except StoreDown:
            raise
        except Exception:
            log.exception("incident_not_trimmed", incident=incident_id)
            tampered = True  # one that cannot be read holds up no other
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            if not tampered:
                # The end that is noted stays: the MAC that follows from it shows that the bot did this.
                proof = self._chain.extend(incident_id, walk.end, TRIMMED)
                pipe.hset(self._keys.trimmed(), incident_id, str(proof))
                pipe.unlink(self._keys.timeline(incident_id), self._keys.thread(incident_id))
                for queue in ("steps", "views"):
                    pipe.zrem(self._keys.due(queue), incident_id)
            pipe.zrem(self._keys.released(), incident_id)
            await pipe.execute()
        return not tampered

    async def was_trimmed(self, incident_id: str) -> bool:
        """Return whether the bot itself removed this timeline, as the MAC that it left shows."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(self._keys.ends(), incident_id)
            pipe.hget(self._keys.trimmed(), incident_id)
            noted, proof = (text(each or b"") for each in await pipe.execute())
        count, _, mac = noted.partition(" ")
        if not proof or not count.isdecimal():
            return False
        end = End(int(count), mac)
        place = b"0-%d" % (end.position + 1)
        entry = (place, {b"event": TRIMMED, b"mac": proof.partition(" ")[2].encode()})
        return not self._chain.walk(incident_id, end, [entry], proof).faults
