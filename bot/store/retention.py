"""Trim incidents that were closed long ago, and leave a MAC that shows that the bot did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from redis.asyncio import Redis

from bot.store.errors import WHO_ELSE, store_errors, text
from bot.store.incident_history import IncidentHistoryStore
from bot.store.keys import Keys
from bot.store.mac_chain import Chain, End
from bot.store.queues.due_queue import ID, OF_INCIDENTS
from bot.store.timelines import TimelineStore
from handlers.errors import Quarantined, StoreDown

log = structlog.get_logger()

AT_A_TIME = 100
"""How many are trimmed in one go: each is read once more, and a worker has other things to do."""

TRIMMED = b"trimmed"
MAX_DIGITS = 18


@dataclass(frozen=True)
class Trimmed:
    """When an incident was closed and its events were removed; None where an older proof does not say."""

    closed_at: datetime | None = None
    at: datetime | None = None

    @classmethod
    def parse(cls, told: str) -> Trimmed:
        """Read what `str` gives; what cannot be read is as if it had not been said, and proves nothing."""
        try:
            closed_at, at = map(datetime.fromisoformat, told.split(" "))
        except ValueError:
            return cls()
        return cls(closed_at, at)

    def __str__(self) -> str:
        return f"{self.closed_at.isoformat()} {self.at.isoformat()}" if self.closed_at and self.at else ""

    @property
    def words(self) -> str:
        """Return the two times for a person, with a blank before them."""
        closed_at, at = self.closed_at, self.at
        return f" (closed {closed_at:%Y-%m-%d}, trimmed {at:%Y-%m-%d})" if closed_at and at else ""

    def as_event(self) -> bytes:
        """Return the bytes that the proof's MAC is over."""
        return b" ".join(filter(None, (TRIMMED, str(self).encode())))


class Retention:
    """The closed incidents, by the time of their closing."""

    def __init__(self, redis: Redis, prefix: str, store: TimelineStore, chain: Chain) -> None:
        self._redis, self._keys = redis, Keys(prefix)
        self.store = store
        self.past = IncidentHistoryStore(redis, prefix)
        self._chain = chain

    async def closed_before(self, moment: datetime) -> tuple[str, ...]:
        """Return the ids of the incidents that were closed before a moment of Redis' clock, oldest first."""
        async with store_errors():
            ids = await self._redis.zrangebyscore(self._keys.released(), "-inf", f"({moment.timestamp()}")
        taken_up_again = await self.store.open_incidents()
        foreign = [each for each in ids if isinstance(each, bytes) and not ID.fullmatch(each)]
        if foreign:
            log.error("released_entry_not_ours", entries=len(foreign), hint=WHO_ELSE)
            async with store_errors():
                await self._redis.zrem(self._keys.released(), *foreign)
        closed = (text(each) for each in ids if isinstance(each, bytes) and each not in foreign)
        return tuple(each for each in closed if each not in taken_up_again)

    async def trim(self, kept_days: int) -> tuple[str, ...]:
        """Remove what was closed so many days ago; leave timelines that were tampered with for people.

        Returns:
            The incidents that were removed, at most a hundred at a time.
        """
        async with store_errors():
            now_s, _ = await self._redis.time()
        now = datetime.fromtimestamp(now_s).astimezone()
        before = now - timedelta(days=kept_days)
        ids = (await self.closed_before(before))[:AT_A_TIME]
        trimmed = tuple([each for each in ids if await self._trim(each, before, now)])
        await self.past.note_kept_since(now, before if trimmed else None)
        return trimmed

    async def _trim(self, incident_id: str, before: datetime, now: datetime) -> bool:
        """Remove one; what Redis says of its age is believed only where its genuine events say so too."""
        try:
            incident = await self.store.reload(incident_id)
        except Quarantined:
            incident = None
        except StoreDown:
            raise
        except Exception:
            log.exception("incident_not_trimmed", incident=incident_id)
            incident = None  # one that cannot be read holds up no other
        trimmed = None
        if incident and incident.closed and not incident.running and incident.closed.at < before:
            trimmed = Trimmed(closed_at=incident.closed.at, at=now)
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            if trimmed and incident:
                # The end that is noted stays: the MAC that follows from it shows that the bot did this.
                end = End(incident.position, incident.mac)
                proof = self._chain.extend(incident_id, end, trimmed.as_event())
                pipe.hset(self._keys.trimmed(), incident_id, f"{proof} {trimmed}")
                pipe.unlink(self._keys.timeline(incident_id), self._keys.thread(incident_id))
                pipe.zrem(self._keys.unshown(), incident_id)
                for queue in OF_INCIDENTS:
                    pipe.zrem(self._keys.due(queue), incident_id)
            pipe.zrem(self._keys.released(), incident_id)
            await pipe.execute()
        return trimmed is not None

    async def was_trimmed(self, incident_id: str) -> Trimmed | None:
        """Return when the bot itself removed this timeline, as its MAC shows; None if it did not."""
        async with store_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(self._keys.ends(), incident_id)
            pipe.hget(self._keys.trimmed(), incident_id)
            noted, proof = (text(each or b"") for each in await pipe.execute())
        count, _, mac = noted.partition(" ")
        position, _, rest = proof.partition(" ")
        proof_mac, _, told = rest.partition(" ")
        if not proof_mac or not count.isdecimal() or len(count) > MAX_DIGITS:
            return None
        end, trimmed = End(int(count), mac), Trimmed.parse(told)
        entry = (b"0-%d" % (end.position + 1), {b"event": trimmed.as_event(), b"mac": proof_mac.encode()})
        faults = self._chain.walk(incident_id, end, [entry], f"{position} {proof_mac}").faults
        return None if faults else trimmed
